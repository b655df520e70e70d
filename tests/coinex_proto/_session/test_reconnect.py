"""The reconnect plan: when to try again, when to stop, and how long to wait."""

from __future__ import annotations

import pytest
from attrs import evolve

from coinex_proto import Backoff, Config, ConnectFailed, HandshakeRefused, LoginRefused, ProxyError, Sources, Stop
from coinex_proto._session.reconnect import Ending, ReconnectPolicy

SLOWEST = b"\xff\xff\xff\xff"
QUICKEST = b"\x00\x00\x00\x00"
WALL = 1_700_000_000
"""Tue, 14 Nov 2023 22:13:20 GMT."""


def policy(jitter: bytes = SLOWEST, config: Config = Config(retry_first=True)) -> ReconnectPolicy:  # noqa: B008  (frozen)
    return ReconnectPolicy(config, Sources(lambda: WALL * 10**9, lambda count: jitter[:count]))


def ending(
    error: ConnectFailed | None = None,
    login_error: LoginRefused | None = None,
    ended_in_opening: bool = False,
    ready_at: float | None = None,
) -> Ending:
    return Ending(error=error, login_error=login_error, ended_in_opening=ended_in_opening, ready_at=ready_at)


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


def test_s1_a_refused_login_is_the_end() -> None:
    error = LoginRefused(1, "no")
    assert policy().after(ending(login_error=error), 0.0) == Stop(error)


def test_s17_a_login_that_the_venue_is_too_busy_for_is_tried_again_twice_at_a_pace() -> None:
    error = LoginRefused(23002, "", retryable=True)
    it = policy(QUICKEST, Config())
    assert [it.after(ending(login_error=error), 0.0) for _ in range(3)] == [1.0, 1.0, Stop(error)]


def test_logins_without_answer_say_how_the_last_connection_ended() -> None:
    it = policy()
    steps = [it.after(evolve(ending(ended_in_opening=True), why="closed by the peer (1011)"), 0.0) for _ in range(3)]
    assert "the last one: closed by the peer (1011); check key" in str(steps[-1])


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
@pytest.mark.parametrize("was_ever_ready", [False, True])
def test_h2_a_refusal_of_the_caller_is_the_end_at_any_time(status: int, was_ever_ready: bool) -> None:
    it = policy()
    it.was_ever_ready = was_ever_ready
    error = refused(status)
    assert it.after(ending(error), 0.0) == Stop(error)


@pytest.mark.parametrize("status", [400, 404, 426])
def test_h1_other_refusals_are_the_end_before_the_first_ready_only(status: int) -> None:
    it = policy()
    error = refused(status)
    assert it.after(ending(error), 0.0) == Stop(error)
    it.was_ever_ready = True
    assert isinstance(it.after(ending(error), 0.0), float)


@pytest.mark.parametrize("status", [200, 302, 408, 425, 429, 500, 502, 503, 504])
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


def test_x18_three_logins_without_answer_are_a_refusal() -> None:
    it = policy()
    assert isinstance(it.after(ending(ended_in_opening=True), 0.0), float)
    assert isinstance(it.after(ending(ended_in_opening=True), 0.0), float)
    step = it.after(ending(ended_in_opening=True), 0.0)
    assert isinstance(step, Stop)
    assert isinstance(step.error, LoginRefused)


def test_a_login_that_worked_starts_the_count_anew() -> None:
    it = policy()
    for _ in range(5):
        assert isinstance(it.after(ending(ended_in_opening=True), 0.0), float)
        assert isinstance(it.after(ending(ended_in_opening=True), 0.0), float)
        assert isinstance(it.after(ending(ready_at=0.0), 0.0), float)
