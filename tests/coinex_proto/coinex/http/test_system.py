from __future__ import annotations

from coinex_proto.coinex.http import parse
from coinex_proto.coinex.http.system import Maintain, Ping, Time


def test_a_ping_is_answered() -> None:
    assert parse(Ping(), 200, b'{"code": 0, "data": {"result": "pong"}, "message": "OK"}').result == "pong"


def test_the_time_is_in_milliseconds() -> None:
    assert parse(Time(), 200, b'{"code": 0, "data": {"timestamp": 1642231731234}}').timestamp == 1642231731234


def test_a_maintenance_without_protection_period_is_read() -> None:
    body = b'{"code": 0, "data": [{"started_at": 1, "ended_at": 2, "scope": ["SPOT"]}]}'
    (window,) = parse(Maintain(), 200, body)
    assert (window.scope, window.protect_duration_start) == (("SPOT",), None)
