"""From one connection of a session to the next."""

from __future__ import annotations

import pytest

from coinex_proto import (
    Closed,
    CloseReason,
    Config,
    ConnectFailed,
    LoginRefused,
    Open,
    Retrying,
    Stop,
    UsageError,
    Wait,
)
from coinex_proto._session.connecting import Connecting
from tests.coinex_proto.harness.tiny import Tiny
from tests.coinex_proto.harness.wire import sources

LOST = Closed(reason=CloseReason(code=1006, text="gone"))


def connecting(config: Config = Config(retry_first=True)) -> Connecting:  # noqa: B008  (frozen)
    return Connecting(Tiny(), config, sources())


def test_an_attempt_that_fails_is_followed_by_a_pause_and_another() -> None:
    it = connecting()
    assert isinstance(it.next_step(0.0), Open)
    retrying = it.disconnected("refused", 1.0, was_connected=False)
    assert isinstance(retrying, Retrying)
    assert it.next_step(1.0) == Wait(retrying.at)
    assert isinstance(it.next_step(retrying.at), Open)
    assert it.opening_since == retrying.at


def test_the_first_failure_is_the_end_unless_it_is_to_be_retried() -> None:
    it = connecting(Config())
    it.next_step(0.0)
    assert it.disconnected("refused", 1.0, was_connected=False) is None
    step = it.next_step(2.0)
    assert isinstance(step, Stop)
    assert isinstance(step.error, ConnectFailed)
    assert str(step.error).endswith(": refused")
    assert it.is_stopped


def test_only_the_first_time_ready_is_the_first() -> None:
    it = connecting()
    found = []
    for now in (1.0, 2.0):
        it.next_step(now * 100)
        it.connected()
        found.append(it.ready(now))
        it.closed(LOST)
        it.disconnected("", now, was_connected=True)
    assert found == [False, True]


def test_a_refused_login_is_final() -> None:
    it = connecting()
    it.next_step(0.0)
    it.connected()
    it.login_failed(error := LoginRefused(1, "no"))
    it.closed(LOST)
    assert it.disconnected("", 1.0, was_connected=True) is None
    assert it.next_step(1.0) == Stop(error)


def test_x18_the_wait_goes_on_growing_where_attempts_fail_after_a_long_connection() -> None:
    it = connecting()
    it.next_step(0.0)
    it.connected()
    it.ready(0.0)
    it.closed(LOST)
    retrying = it.disconnected("", 3600.0, was_connected=True)
    attempts = []
    for _ in range(10):
        assert retrying is not None
        it.next_step(retrying.at)
        retrying = it.disconnected("refused", retrying.at, was_connected=False)
        assert retrying is not None
        attempts.append(retrying.attempt)
    assert attempts == list(range(2, 12))
    assert retrying is not None
    assert retrying.why.endswith(": refused")


def test_who_gives_up_after_a_time_stops_then_and_says_what_the_last_attempt_said() -> None:
    it = connecting(Config(retry_first=True, give_up_after=60.0))
    step, now = it.next_step(100.0), 100.0
    while not isinstance(step, Stop):
        if isinstance(step, Wait):
            now = step.until
        else:
            it.disconnected("refused", now, was_connected=False)
        step = it.next_step(now)
    assert now == 160.0
    assert isinstance(step.error, ConnectFailed)
    assert "60 s" in str(step.error)
    assert str(step.error).endswith(": refused")


def test_the_time_after_which_to_give_up_begins_anew_with_each_ready() -> None:
    it = connecting(Config(give_up_after=60.0))
    now = 0.0
    for _ in range(5):
        assert isinstance(it.next_step(now), Open)
        it.connected()
        it.ready(now)
        now += 3600.0
        it.closed(LOST)
        retrying = it.disconnected("", now, was_connected=True)
        assert retrying is not None
        now = retrying.at


def test_who_gives_up_gets_what_the_venue_said_of_the_sign_in() -> None:
    it = connecting(Config(give_up_after=0.01))
    it.next_step(0.0)
    it.connected()
    it.login_failed(error := LoginRefused(23002, "", retryable=True))
    it.closed(LOST)
    it.disconnected("", 1.0, was_connected=True)
    assert it.next_step(1.0) == Stop(error)


def test_after_a_stop_nothing_is_retried() -> None:
    it = connecting()
    it.next_step(0.0)
    it.connected()
    it.stop()
    it.closed(LOST)
    assert it.disconnected("", 1.0, was_connected=True) is None
    assert it.next_step(1.0) == Stop(None)


def test_steps_out_of_order_are_refused() -> None:
    it = connecting()
    with pytest.raises(UsageError, match="answers the Open"):
        it.connected()
    with pytest.raises(UsageError, match="ends what the Open"):
        it.check_begun()
