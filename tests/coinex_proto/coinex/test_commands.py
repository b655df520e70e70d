"""Requests: their wire form and how their answers are read."""

from decimal import Decimal
from typing import Any

import pytest

from coinex_proto.coinex import Ping, Raw, ServerTime
from coinex_proto.coinex.commands import Sign, SocketCommand, Subscribe, Unsubscribe
from coinex_proto.errors import PayloadError, UsageError


@pytest.mark.parametrize(
    ("command", "method", "params"),
    [
        (Ping(), "server.ping", {}),
        (ServerTime(), "server.time", {}),
        (Raw("x.y", {"a": [1]}), "x.y", {"a": [1]}),
        (Raw("server.ping"), "server.ping", {}),
        (Raw("old.call", []), "old.call", []),
        (Subscribe(kind="state", parameter="market_list", values=("A",)), "state.subscribe", {"market_list": ("A",)}),
        (Unsubscribe(kind="notice", parameter="channels", values=(101,)), "notice.unsubscribe", {"channels": (101,)}),
    ],
)
def test_each_command_has_its_wire_form(command: SocketCommand[Any], method: str, params: Any) -> None:
    assert command.wire() == (method, params)
    assert not command.is_private
    assert command.order() is None


@pytest.mark.parametrize(
    ("body", "result"), [(b'{"result":"pong"}', "pong"), (b"", None), (b"{}", None), (b'"pong"', None)]
)
def test_a_ping_gives_the_venues_word(body: bytes, result: str | None) -> None:
    assert Ping().parse(body) == result


@pytest.mark.parametrize("body", [b'{"timestamp":1700490703564}', b'{"timestamp":"1700490703564"}'])
def test_the_servers_time_may_be_a_number_or_its_text(body: bytes) -> None:
    assert ServerTime().parse(body) == 1700490703564


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"timestamp":null}',
        b'{"timestamp":true}',
        b'{"timestamp":"soon"}',
        b'{"timestamp":1.5}',
        b"nul",
    ],
)
def test_d13_an_answer_without_a_time_is_a_payload_error(body: bytes) -> None:
    with pytest.raises(PayloadError):
        ServerTime().parse(body)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"", None),
        (b"{}", {}),
        (b'{"a":[1,null,true]}', {"a": [1, None, True]}),
        (b'"pong"', "pong"),
        (b"1.10", Decimal("1.10")),
    ],
)
def test_a_raw_request_gives_plain_values_with_exact_numbers(body: bytes, value: object) -> None:
    found = Raw("server.time").parse(body)
    assert found == value
    assert str(found) == str(value)


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b"1" * 10_000])
def test_d6_d7_d8_a_body_that_cannot_be_read_is_a_payload_error(body: bytes) -> None:
    with pytest.raises(PayloadError) as caught:
        Raw("server.time").parse(body)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("method", ["", 5, None, b"server.time"])
def test_a_raw_request_needs_a_method(method: Any) -> None:
    with pytest.raises(UsageError, match="Raw"):
        Raw(method)


def test_acknowledgements_have_no_result() -> None:
    sign: SocketCommand[Any] = Sign(access_id="a", signed_str="b", timestamp=1)
    subscribe: SocketCommand[Any] = Subscribe(kind="state", parameter="market_list", values=())
    unsubscribe: SocketCommand[Any] = Unsubscribe(kind="state", parameter="market_list", values=())
    assert [command.parse(b"{}") for command in (sign, subscribe, unsubscribe)] == [None, None, None]


def test_a_command_without_a_wire_form_says_so() -> None:
    with pytest.raises(NotImplementedError, match="SocketCommand"):
        SocketCommand().wire()


def test_the_sign_in_says_the_very_time_that_was_signed() -> None:
    sign = Sign(access_id="a", signed_str="b", timestamp=1)
    assert sign.wire() == ("server.sign", {"access_id": "a", "signed_str": "b", "timestamp": 1})
    assert repr(sign) == "Sign(timestamp=1)"
