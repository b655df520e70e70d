"""The opening alone: which command is next, and what ends it."""

from __future__ import annotations

import pytest

from coinex_proto import Answer, Endpoint, LoginRefused, Refusal, UsageError
from coinex_proto._connection.sign_in import SignIn
from coinex_proto._connection.venue_clock import Clock
from tests.coinex_proto.harness.tiny import Do, Signer, Time, Tiny
from tests.coinex_proto.harness.tiny import Login as Sign
from tests.coinex_proto.harness.wire import sources

ENDPOINT = Endpoint(host="tiny.test", port=443)
YES = Answer(keys=("login",))
SECRET = Signer("pw")
CLOCK = Answer(keys=("login",), refusal=Refusal(code="clock", is_clock=True))


def login(dialect: Tiny, clock: Clock | None = None) -> SignIn:
    return SignIn(dialect, sources(), clock if clock is not None else Clock(), ENDPOINT)


def test_without_credentials_there_is_nothing_to_send() -> None:
    opening = login(Tiny())
    assert opening.begin()
    assert opening.command is None


def test_it_waits_for_the_challenge_and_takes_only_the_first() -> None:
    opening = login(Tiny(password="pw"))
    assert not opening.begin()
    assert not opening.is_under_way
    assert opening.challenged(b"one")
    assert not opening.challenged(b"two")
    assert opening.begin()
    assert opening.command == Sign(signature=SECRET.sign("one/1700000000"))


def begun(dialect: Tiny, clock: Clock | None = None) -> SignIn:
    opening = login(dialect, clock)
    opening.challenged(b"n")
    opening.begin()
    return opening


def test_the_commands_come_one_after_the_other() -> None:
    opening = begun(Tiny(password="pw"))
    assert opening.command is not None
    under_way = [opening.is_under_way]
    assert opening.answered(YES)
    assert opening.command == Do(verb="greet")
    under_way.append(opening.is_under_way)
    opening.went_unanswered()
    assert [*under_way, opening.is_under_way] == [True, True, False]
    assert opening.command is None


@pytest.mark.parametrize("answer", [CLOCK, Answer(keys=("login",), body=b"null")], ids=["refused", "unreadable"])
def test_s6_a_login_that_was_refused_is_not_kept(answer: Answer) -> None:
    class Strict(Tiny):
        def opening(self, start: object) -> tuple[Time]:
            return (Time(),)

    opening = login(Strict(password="pw"))
    opening.begin()
    with pytest.raises(LoginRefused):
        opening.answered(answer)
    assert (opening.command, opening.is_under_way) == (None, False)


@pytest.mark.parametrize(
    ("refusal", "hint"),
    [
        (Refusal(code="no"), "check key, secret and clock"),
        (Refusal(code="no", hint="make a new key"), "make a new key; check key, secret and clock"),
        (Refusal(code="no", hint="check the address list"), "check the address list"),
        (Refusal(code="busy", hint="wait a minute", retryable=True), "wait a minute"),
    ],
)
def test_a_refusal_says_what_to_do_and_what_to_check_where_that_is_of_use(refusal: Refusal, hint: str) -> None:
    opening = begun(Tiny(password="pw"))
    with pytest.raises(LoginRefused) as raised:
        opening.answered(Answer(keys=("login",), refusal=refusal))
    assert str(raised.value).endswith(f": {hint}") or str(raised.value).endswith(f"; {hint}")


def test_s4_the_clock_is_asked_once_and_moves_the_date() -> None:
    clock = Clock()
    opening = begun(Tiny(password="pw", clock=Time()), clock)
    assert opening.command is not None
    assert not opening.answered(CLOCK)
    clock.observe(1_700_000_000 * 10**9, 1_700_000_000 * 10**9, 1_700_000_100_000, 0.0)
    opening.begin()
    assert opening.command == Sign(signature=SECRET.sign("n/1700000100"))
    with pytest.raises(LoginRefused, match="ours is -100"):
        opening.answered(CLOCK)


def test_a_clock_that_cannot_be_asked_is_a_refusal() -> None:
    opening = begun(Tiny(password="pw"))
    assert opening.command is not None
    with pytest.raises(LoginRefused, match="check key, secret and clock"):
        opening.answered(CLOCK)


def test_x15_a_dialect_that_cannot_make_the_opening_refuses_the_login() -> None:
    class Broken(Tiny):
        def opening(self, start: object) -> None:
            raise UsageError("no token")

    with pytest.raises(LoginRefused, match="no token"):
        login(Broken(password="pw")).begin()
