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
