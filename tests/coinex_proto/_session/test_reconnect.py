"""The reconnect plan: when to try again, when to stop, and how long to wait."""

from __future__ import annotations

from itertools import pairwise

import pytest

from coinex_proto import (
    Backoff,
    Config,
    ConnectFailed,
    HandshakeRefused,
    LoginRefused,
    ProxyError,
    Retrying,
    Session,
    Sources,
    Stop,
)
from coinex_proto._session.reconnect import Ending, ReconnectPolicy
from tests.coinex_proto.harness.sessions import connected
from tests.coinex_proto.harness.tiny import Own, Price, Tiny
from tests.coinex_proto.harness.wire import sources

SLOWEST = b"\xff" * 16
QUICKEST = bytes(16)
WALL = 1_700_000_000
"""Tue, 14 Nov 2023 22:13:20 GMT."""


def policy(jitter: bytes = SLOWEST, config: Config = Config(retry_first=True)) -> ReconnectPolicy:  # noqa: B008  (frozen)
    return ReconnectPolicy(config, Sources(lambda: WALL * 10**9, lambda count: jitter[:count]))


def ending(
    error: ConnectFailed | None = None,
    login_error: LoginRefused | None = None,
    ended_in_opening: bool = False,
    ready_at: float | None = None,
    code: int | None = None,
) -> Ending:
    return Ending(
        error=error,
        login_error=login_error,
        ended_in_opening=ended_in_opening,
        ready_at=ready_at,
        why=f"closed by the peer ({code})",
        code=code,
    )


def refused(status: int, **headers: str) -> HandshakeRefused:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return HandshakeRefused("no", status=status, headers=named)


def waited(step: Stop | float) -> float:
    assert isinstance(step, float)
    return step


def test_the_wait_grows_to_a_ceiling() -> None:
    it = policy()
    waits = [waited(it.after(ending(ConnectFailed("no")), 0.0)) for _ in range(9)]
    assert waits == pytest.approx([0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0])


def test_the_wait_is_at_least_a_tenth_of_its_step() -> None:
    it = policy(QUICKEST)
    waits = [waited(it.after(ending(ConnectFailed("no")), 100.0)) for _ in range(3)]
    assert waits == pytest.approx([100.05, 100.1, 100.2])


def test_s19_the_growth_starts_anew_only_after_a_stable_time() -> None:
    it = policy()
    for _ in range(4):
        it.after(ending(ready_at=0.0), 29.9)
    assert waited(it.after(ending(ready_at=0.0), 29.9)) == pytest.approx(29.9 + 8.0)
    assert waited(it.after(ending(ready_at=0.0), 30.0)) == pytest.approx(30.5)


@pytest.mark.parametrize("is_answered", [False, True], ids=["after the sign-in", "after the subscription"])
def test_s19_a_venue_that_ends_each_connection_soon_is_asked_at_a_growing_pace(is_answered: bool) -> None:
    session = Session(Tiny(password="pw"), Sources(sources().wall_time_ns, lambda count: SLOWEST[:count]), Config())
    session.subscribe(Own(), Price("A"), now=0.0)
    now, pauses = 0.0, []
    for _ in range(7):
        wire = connected(session, now)
        for said in ({"hello": "n"}, {"ok": "login"}, {"ok": "greet"}):
            wire.say(now, said)
        if is_answered:
            wire.say(now, {"ok": "watch"}, {"price": "1", "market": "A"})
            assert session.trusted(Own(), Price("A"))
        session.disconnected(now + 1.0, "closed")
        (retrying,) = [event for event in wire.events() if isinstance(event, Retrying)]
        pauses.append(retrying.at - now - 1.0)
        now = retrying.at
    assert all(after >= 1.9 * before for before, after in pairwise(pauses[:6]))
    assert retrying.attempt == 7


def test_s1_a_refused_login_is_the_end() -> None:
    error = LoginRefused(1, "no")
    assert policy().after(ending(login_error=error), 0.0) == Stop(error)


@pytest.mark.parametrize("was_ever_ready", [False, True])
def test_s17_a_login_that_the_venue_is_too_busy_for_is_tried_again_for_ever_at_a_growing_pace(
    was_ever_ready: bool,
) -> None:
    error = LoginRefused(23002, "", retryable=True)
    it = policy(config=Config())
    it.was_ever_ready = was_ever_ready
    waits = [waited(it.after(ending(login_error=error), 0.0)) for _ in range(40)]
    assert waits[:4] == pytest.approx([1.0, 1.0, 2.0, 4.0])
    assert waits[-1] == pytest.approx(30.0)


def test_a_key_that_worked_is_refused_for_good_only_where_the_venue_says_so_in_documented_words() -> None:
    unclear = LoginRefused(29999, "", may_pass=True)
    it = policy(config=Config())
    assert it.after(ending(login_error=unclear), 0.0) == Stop(unclear)
    it.was_ever_ready = True
    assert all(isinstance(it.after(ending(login_error=unclear), 0.0), float) for _ in range(40))
    error = LoginRefused(21002, "")
    assert it.after(ending(login_error=error), 0.0) == Stop(error)


@pytest.mark.parametrize("code", [1008, 3000, 3003])
def test_logins_answered_by_a_close_that_refuses_say_how_the_last_connection_ended(code: int) -> None:
    it = policy()
    steps = [it.after(ending(ended_in_opening=True, code=code), 0.0) for _ in range(3)]
    assert f"the last one: closed by the peer ({code}); check key" in str(steps[-1])
    it.was_ever_ready = True
    assert all(isinstance(it.after(ending(ended_in_opening=True, code=code), 0.0), float) for _ in range(40))


@pytest.mark.parametrize("code", [None, 1000, 1001, 1005, 1006, 1011, 1012, 1013, 1014, 4000, 4999])
@pytest.mark.parametrize("was_ever_ready", [False, True])
def test_an_end_during_the_sign_in_that_says_nothing_of_the_key_is_never_final(
    code: int | None, was_ever_ready: bool
) -> None:
    it = policy(config=Config())
    it.was_ever_ready = was_ever_ready
    waits = [waited(it.after(ending(ended_in_opening=True, code=code), 0.0)) for _ in range(40)]
    assert waits[:4] == pytest.approx([0.5, 1.0, 2.0, 4.0])
    assert waits[-1] == pytest.approx(30.0)


def test_the_first_connection_that_fails_is_the_end_unless_wished_otherwise() -> None:
    error = ConnectFailed("no")
    it = policy(config=Config())
    assert it.after(ending(error), 0.0) == Stop(error)
    assert isinstance(policy().after(ending(error), 0.0), float)


def test_later_failures_are_retried() -> None:
    it = policy(config=Config())
    it.was_ever_ready = True
    assert isinstance(it.after(ending(ConnectFailed("no")), 0.0), float)


@pytest.mark.parametrize("status", [401, 403, 407])
def test_h2_a_refusal_of_the_caller_is_the_end_before_the_first_ready_only(status: int) -> None:
    it = policy()
    error = refused(status)
    assert it.after(ending(error), 0.0) == Stop(error)
    it.was_ever_ready = True
    assert all(isinstance(it.after(ending(error), 0.0), float) for _ in range(40))


@pytest.mark.parametrize("status", [400, 404, 426, 503])
def test_h1_a_first_connection_that_is_refused_is_the_end_unless_wished_otherwise(status: int) -> None:
    error = refused(status)
    assert policy(config=Config()).after(ending(error), 0.0) == Stop(error)


@pytest.mark.parametrize("status", [200, 302, 400, 404, 408, 425, 426, 429, 500, 502, 503, 504])
def test_h4_what_may_pass_is_retried(status: int) -> None:
    assert isinstance(policy().after(ending(refused(status)), 0.0), float)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 120 ", 120.0),
        ("0", 0.5),
        ("86400", 900.0),
        ("9" * 400, 900.0),
        ("Tue, 14 Nov 2023 22:15:20 GMT", 120.0),
        ("Tue, 14 Nov 2023 22:11:20 GMT", 0.5),
        ("Wed, 14 Nov 2029 22:11:20 GMT", 900.0),
        ("soon", 0.5),
        ("-5", 0.5),
        ("1.5", 0.5),
        ("", 0.5),
        ("١٢", 0.5),
        ("Tue, 99 Nov 2023 99:99:99 GMT", 0.5),
        ("Mon, 01 Jan 0000 00:00:00 GMT", 0.5),
    ],
)
def test_h3_retry_after_is_heeded_within_reason(value: str, seconds: float) -> None:
    assert waited(policy().after(ending(refused(503, retry_after=value)), 0.0)) == pytest.approx(seconds)


def test_h3_the_longer_of_retry_after_and_back_off_counts() -> None:
    it = policy(config=Config(retry_first=True, backoff=Backoff(first=20.0)))
    assert waited(it.after(ending(refused(503, retry_after="5")), 0.0)) == pytest.approx(20.0)


@pytest.mark.parametrize(("status", "is_final"), [(407, True), (403, False), (502, False), (None, False)])
def test_n29_a_wrong_login_for_a_proxy_is_not_tried_again_even_where_first_failures_are(
    status: int | None, is_final: bool
) -> None:
    error = ProxyError("no", status=status)
    assert isinstance(policy().after(ending(error), 0.0), Stop if is_final else float)
    assert policy(config=Config()).after(ending(error), 0.0) == Stop(error)


def test_n29_a_login_for_a_proxy_that_was_good_once_is_tried_again() -> None:
    it = policy(config=Config())
    it.was_ever_ready = True
    assert isinstance(it.after(ending(ProxyError("no", status=407)), 0.0), float)


def test_x18_nobody_can_make_us_sign_in_more_than_a_few_times_a_minute() -> None:
    it, now, logins = policy(), 0.0, 0
    it.was_ever_ready = True
    while now < 3600.0:
        ready_at = now if logins % 2 else None  # accepts every other one, and ends it at once
        now = waited(it.after(ending(ended_in_opening=ready_at is None, ready_at=ready_at), now))
        logins += 1
    assert logins < 130


def test_another_end_in_between_starts_the_count_of_refusing_closes_anew() -> None:
    it = policy()
    for _ in range(5):
        assert isinstance(it.after(ending(ended_in_opening=True, code=1008), 0.0), float)
        assert isinstance(it.after(ending(ended_in_opening=True, code=1008), 0.0), float)
        assert isinstance(it.after(ending(ConnectFailed("no")), 0.0), float)
