"""From one connection of a session to the next."""

from __future__ import annotations

import pytest

from coinex_proto import (
    Closed,
    CloseReason,
    Config,
    ConnectFailed,
    Endpoint,
    HandshakeRefused,
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


WITH_KEY = Tiny(endpoint=Endpoint(host="tiny.test", port=443, target="/?key=k", carries_credentials=True))


def connecting(
    config: Config = Config(retry_first=True),  # noqa: B008  (frozen)
    venue: Tiny = Tiny(),  # noqa: B008
) -> Connecting:
    return Connecting(venue, config, sources())


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
        assert it.connected() == Tiny().endpoint
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


def ended(it: Connecting, now: float, reason: CloseReason) -> Retrying | None:
    """A connection that opens and ends like that before it was ready."""
    it.next_step(now)
    it.connected()
    it.closed(Closed(reason=reason))
    return it.disconnected("", now, was_connected=True)


def refused_upgrade(status: int) -> CloseReason:
    return CloseReason(code=1006, text="", error=HandshakeRefused("no", status=status, body="nö".encode()))


@pytest.mark.parametrize("status", [401, 403])
def test_an_upgrade_with_a_key_in_it_that_is_answered_by_401_or_403_is_a_refused_login(status: int) -> None:
    it = connecting(venue=WITH_KEY)
    assert ended(it, 0.0, refused_upgrade(status)) is None
    step = it.next_step(1.0)
    assert isinstance(step, Stop)
    assert isinstance(step.error, LoginRefused)
    assert (step.error.code, step.error.message, step.error.may_pass, step.error.retryable) == (
        status,
        "nö",
        True,
        False,
    )
    assert isinstance(step.error.__cause__, HandshakeRefused)


def test_after_it_was_ready_once_such_an_answer_may_pass() -> None:
    it = connecting(venue=WITH_KEY)
    it.next_step(0.0)
    it.connected()
    it.ready(0.0)
    it.closed(LOST)
    it.disconnected("", 1.0, was_connected=True)
    assert isinstance(ended(it, 100.0, refused_upgrade(403)), Retrying)


@pytest.mark.parametrize(
    ("venue", "reason"),
    [(WITH_KEY, refused_upgrade(402)), (WITH_KEY, refused_upgrade(404)), (WITH_KEY, LOST.reason)],
    ids=["402", "404", "no answer"],
)
def test_any_other_end_of_an_upgrade_with_a_key_is_tried_again(venue: Tiny, reason: CloseReason) -> None:
    assert isinstance(ended(connecting(venue=venue), 0.0, reason), Retrying)


def test_a_refused_upgrade_without_a_key_is_no_refused_login() -> None:
    it = connecting()
    assert ended(it, 0.0, refused_upgrade(403)) is None
    step = it.next_step(1.0)
    assert isinstance(step, Stop)
    assert isinstance(step.error, HandshakeRefused)


def test_what_the_venue_said_itself_of_the_login_goes_before_its_status() -> None:
    it = connecting(venue=WITH_KEY)
    it.next_step(0.0)
    it.connected()
    it.login_failed(error := LoginRefused(7, "no"))
    it.closed(Closed(reason=refused_upgrade(403)))
    it.disconnected("", 0.0, was_connected=True)
    assert it.next_step(1.0) == Stop(error)


POLICY = CloseReason(code=1008, text="policy")


def test_three_logins_in_a_row_that_end_in_a_close_for_policy_are_a_refusal() -> None:
    it = connecting()
    assert [type(ended(it, 1000.0 * time, POLICY)) for time in range(3)] == [Retrying, Retrying, type(None)]
    step = it.next_step(5000.0)
    assert isinstance(step, Stop)
    assert isinstance(step.error, LoginRefused)


def test_a_close_after_ready_or_of_an_upgrade_that_failed_is_no_refused_login() -> None:
    it = connecting()
    for number in range(4):
        it.next_step(1000.0 * number)
        it.connected()
        it.ready(1000.0 * number)
        it.closed(Closed(reason=POLICY))
        assert isinstance(it.disconnected("", 1000.0 * number, was_connected=True), Retrying)
    it = connecting()
    never_open = CloseReason(code=1008, text="", error=ConnectFailed("no"))
    assert [type(ended(it, 1000.0 * time, never_open)) for time in range(4)] == [Retrying] * 4


def test_an_attempt_that_never_connected_tells_nothing_of_the_connection_before() -> None:
    it = connecting()
    for number in range(4):
        ended(it, 1000.0 * number, POLICY) if number < 2 else it.next_step(1000.0 * number)
        if number >= 2:
            retrying = it.disconnected("refused", 1000.0 * number, was_connected=False)
            assert isinstance(retrying, Retrying)
            assert retrying.why == "cannot connect to tiny.test:443: refused"


def test_the_retry_says_how_the_connection_ended_and_a_reason_of_the_driver_is_taken_as_it_is() -> None:
    it = connecting()
    retrying = ended(it, 0.0, LOST.reason)
    assert retrying is not None
    assert (retrying.why, retrying.attempt) == ("gone (1006)", 1)
    it.next_step(1000.0)
    retrying = it.disconnected(ConnectFailed("the name does not exist"), 1000.0, was_connected=False)
    assert retrying is not None
    assert retrying.why == "the name does not exist"
    it.next_step(2000.0)
    retrying = it.disconnected("", 2000.0, was_connected=False)
    assert retrying is not None
    assert retrying.why == "cannot connect to tiny.test:443"


def test_a_stop_is_kept_and_the_first_one_counts() -> None:
    it = connecting(Config())
    it.next_step(0.0)
    it.disconnected("refused", 1.0, was_connected=False)
    it.stop()
    step = it.next_step(2.0)
    assert isinstance(step, Stop)
    assert isinstance(step.error, ConnectFailed)


def test_the_time_to_give_up_counts_from_the_first_attempt_and_again_from_each_end() -> None:
    it = connecting(Config(retry_first=True, give_up_after=60.0))
    it.next_step(100.0)
    retrying = it.disconnected("refused", 159.5, was_connected=False)
    assert retrying is not None
    assert it.next_step(159.5) == Wait(min(retrying.at, 160.0))
    assert isinstance(it.next_step(160.0), Stop)
    it = connecting(Config(retry_first=True, give_up_after=60.0))
    it.next_step(0.0)
    it.connected()
    it.ready(0.0)
    it.closed(LOST)
    it.disconnected("", 1000.0, was_connected=True)
    assert isinstance(it.next_step(1059.0), Open)
    assert isinstance(it.next_step(1060.0), Stop)
