"""What may be set, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import attrs
import pytest

from coinex_proto import Backoff, Config, Endpoint, UsageError, coinex

POSITIVE = [
    "open_timeout",
    "login_timeout",
    "request_timeout",
    "close_timeout",
    "ping_interval",
    "ping_timeout",
    "silent_after",
    "private_check_interval",
    "give_up_after",
    "requests_per_second",
]
WHOLE = ["queue_size", "max_request_bytes", "max_message_bytes"]


@pytest.mark.parametrize("name", POSITIVE)
@pytest.mark.parametrize("value", [0, -1.0, math.nan, math.inf, "1", True, [1]])
def test_times_are_numbers_above_zero(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=rf"Config\({name}="):
        Config(**{name: value})


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "9", None])
def test_sizes_are_whole_numbers(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=rf"Config\({name}="):
        Config(**{name: value})


@pytest.mark.parametrize("name", ["retry_first", "backoff"])
@pytest.mark.parametrize("value", [None, 1, "yes"])
def test_what_is_neither_is_of_its_type(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=rf"Config\({name}={value!r}\): must be a (bool|Backoff)"):
        Config(**{name: value})


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "9"])
def test_so_many_messages_is_a_whole_number_or_none(value: Any) -> None:
    with pytest.raises(UsageError, match=r"Config\(max_unreadable="):
        Config(max_unreadable=value)
    assert Config().max_unreadable == 100
    assert Config(max_unreadable=None).max_unreadable is None


def test_silence_may_be_allowed() -> None:
    assert Config().silent_after is None
    assert Config(silent_after=1).silent_after == 1


@pytest.mark.parametrize("name", ["first", "factor", "ceiling", "stable_after"])
def test_a_back_off_is_made_of_numbers_above_zero(name: str) -> None:
    with pytest.raises(UsageError, match=rf"Backoff\({name}="):
        Backoff(**{name: 0.0})


def test_steps_grow_by_the_factor_up_to_the_ceiling() -> None:
    backoff = Backoff(first=1.0, factor=3.0, ceiling=20.0)
    assert [backoff.step(failures) for failures in (1, 2, 3, 4)] == pytest.approx([1.0, 3.0, 9.0, 20.0])
    assert backoff.step(10**9) == 20.0


@pytest.mark.parametrize("factor", [1e-300, 0.5, 1.0, 1e300])
def test_no_factor_and_no_count_of_failures_overflows(factor: float) -> None:
    assert 0.0 <= Backoff(factor=factor).step(10**6) <= 30.0


def test_what_may_carry_a_key_is_not_shown() -> None:
    endpoint = Endpoint(host="h", port=1, target="/?key=S3CRET", headers=(("x-key", "S3CRET"),))
    assert "S3CRET" not in repr(endpoint)


def test_what_holds_where_nothing_is_set() -> None:
    """As the documentation of the settings says."""
    defaults = {one.name: one.default for one in attrs.fields(Config)}
    assert defaults == {
        "open_timeout": 10.0,
        "login_timeout": 10.0,
        "request_timeout": 10.0,
        "close_timeout": 2.0,
        "ping_interval": 20.0,
        "ping_timeout": 8.0,
        "silent_after": None,
        "private_check_interval": 60.0,
        "every_read": False,
        "queue_size": 10_000,
        "max_request_bytes": 4096,
        "requests_per_second": 10.0,
        "max_message_bytes": 16_777_216,
        "max_message_values": 100_000,
        "max_unreadable": 100,
        "renew_every": None,
        "topics_per_connection": None,
        "lines": 1,
        "doubled": None,
        "retry_first": False,
        "backoff": Backoff(first=0.5, factor=2.0, ceiling=30.0, stable_after=30.0),
        "give_up_after": None,
        "recorder": None,
        "flight_recorder": None,
    }
    waits = [Backoff().step(failures) for failures in range(1, 9)]
    assert waits == pytest.approx([0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0])
    assert Backoff().stable_after == 30.0


def test_an_endpoint_is_encrypted_and_names_nobody_unless_it_says_so() -> None:
    endpoint = Endpoint(host="h", port=1)
    assert (endpoint.tls, endpoint.target, endpoint.headers, endpoint.carries_credentials) == (True, "/", (), False)
    assert endpoint == Endpoint(host="h", port=1, carries_credentials=True), "it is the same place"


@pytest.mark.parametrize("value", [0, -1.0, math.nan, "1", True])
def test_a_connection_is_renewed_after_a_time_above_zero_on_request_or_never(value: Any) -> None:
    assert [Config(renew_every=good).renew_every for good in (None, 1.0, math.inf)] == [None, 1.0, math.inf]
    with pytest.raises(UsageError, match=r"Config\(renew_every="):
        Config(renew_every=value)


@pytest.mark.parametrize("name", ["max_message_values", "topics_per_connection"])
def test_a_limit_is_a_whole_number_of_at_least_one_or_none(name: str) -> None:
    settings: list[Any] = [{name: value} for value in (1, None, 0)]
    assert [getattr(Config(**setting), name) for setting in settings[:2]] == [1, None]
    with pytest.raises(UsageError, match=rf"Config\({name}=0\)"):
        Config(**settings[2])


def test_doubled_topics_may_be_of_several_classes_or_all() -> None:
    assert Config(lines=2, doubled=(coinex.Depth, coinex.Trades)).doubled == (coinex.Depth, coinex.Trades)
    assert Config(lines=2).doubled is None


def test_settings_never_change() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Config().open_timeout = 1.0  # type: ignore[misc]


@pytest.mark.parametrize("value", [0, 3, -1, 1.5, True, "2", None])
def test_there_are_one_or_two_lines(value: Any) -> None:
    with pytest.raises(UsageError, match=r"Config\(lines=.*must be 1 or 2"):
        Config(lines=value)


@pytest.mark.parametrize(
    "value", [(), [coinex.Depth], coinex.Depth, (coinex.Depth("BTCUSDT"),), "Depth", (int,), (coinex.Depth, str)]
)
def test_doubled_topics_are_named_by_their_classes(value: Any) -> None:
    with pytest.raises(UsageError, match=r"must be a tuple of classes of topics"):
        Config(lines=2, doubled=value)
