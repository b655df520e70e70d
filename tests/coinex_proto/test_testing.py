"""The laws for any venue hold where they should, and find what breaks them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, field, frozen

from coinex_proto import (
    Command,
    Event,
    Inbound,
    Lost,
    Outgoing,
    RequestId,
    Session,
    Unrecognised,
    coinex,
    coinflex,
    qfex,
    testing,
)
from coinex_proto.testing import (
    CUTS,
    HOSTILE,
    JUNK,
    LAWS,
    MAX_TIMERS,
    Law,
    Recording,
    a_replay_gives_the_same_again,
    events_are_the_same_however_bytes_are_cut,
    events_are_the_same_whenever_they_are_taken,
    nothing_that_a_peer_says_raises,
    timers_come_to_rest,
    what_cannot_be_trusted_is_said_at_the_end_of_the_line,
)
from tests.coinex_proto.harness.tiny import Ladder, Price, PriceUpdate, Tiny

MESSAGES = (
    {"ok": "watch", "result": None},
    {"price": "1.50", "market": "A"},
    {"ladder": {"market": "A", "whole": True, "levels": [["1", "2"]], "total": "2"}},
    {"push": {"market": "A", "whole": False, "levels": [["3", "4"]], "total": "6"}},
)
TINY = Recording(
    dialect=Tiny(), topics=(Price("A"), Ladder("A")), messages=tuple(json.dumps(value).encode() for value in MESSAGES)
)
DATA = Path(__file__).parent.parent / "data"


def recorded(name: str) -> tuple[bytes, ...]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return tuple(json.dumps(found).encode() for line in lines if (found := json.loads(line).get("message")))


VENUES = {
    "tiny": TINY,
    "coinex": Recording(
        dialect=coinex.spot(),
        topics=(coinex.Ticker("BTCUSDT"), coinex.Trades("BTCUSDT")),
        messages=recorded("coinex-ws-examples.jsonl")[:12],
    ),
    "coinflex": Recording(dialect=coinflex.live(), messages=recorded("coinflex-examples.jsonl")[:12]),
    "qfex": Recording(
        dialect=qfex.mds(), topics=(qfex.Bbo("AAPL-USD"),), messages=recorded("qfex-examples.jsonl")[:12]
    ),
}


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("venue", VENUES)
def test_a_law_holds(venue: str, law: Law) -> None:
    law(VENUES[venue])


@frozen(kw_only=True)
class Raising(Tiny):
    def decode(self, payload: bytes) -> Sequence[Inbound]:
        found: Any = json.loads(payload)
        return super().decode(payload) if found else ()


@frozen(kw_only=True)
class Poisoned(Tiny):
    def decode(self, payload: bytes) -> Sequence[Inbound]:
        found = super().decode(payload)
        poison: Any = Decimal("NaN")
        return tuple(evolve(one, price=poison) if isinstance(one, PriceUpdate) else one for one in found)


@frozen(kw_only=True)
class Forgetful(Tiny):
    calls: list[int] = field(factory=list)

    def decode(self, payload: bytes) -> Sequence[Inbound]:
        self.calls.append(1)
        return (Unrecognised(raw=payload, why=str(len(self.calls))),)


@pytest.mark.parametrize(
    ("dialect", "law", "error"),
    [
        (Raising(), nothing_that_a_peer_says_raises, ValueError),
        (Poisoned(), nothing_that_a_peer_says_raises, AssertionError),
        (Forgetful(), a_replay_gives_the_same_again, AssertionError),
    ],
)
def test_a_law_finds_what_breaks_it(dialect: Tiny, law: Law, error: type[Exception]) -> None:
    with pytest.raises(error):
        law(evolve(TINY, dialect=dialect))


# What a law does ------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Listening(Tiny):
    heard: list[bytes] = field(factory=list)

    def decode(self, payload: bytes) -> Sequence[Inbound]:
        self.heard.append(payload)
        return super().decode(payload)


def heard_by(law: Law, *messages: bytes) -> list[bytes]:
    """What a dialect gets to read of these messages."""
    dialect = Listening()
    law(evolve(TINY, dialect=dialect, messages=messages))
    return dialect.heard


@pytest.mark.parametrize("size", [0, 1, 125, 126, 2**16 - 1, 2**16])
def test_a_message_of_any_size_is_heard_whole_once_in_each_way_of_cutting(size: int) -> None:
    messages = (b"x" * size, b"{}")
    assert heard_by(events_are_the_same_however_bytes_are_cut, *messages) == [*messages] * (1 + len(CUTS))


def test_each_member_is_left_out_and_replaced_and_of_a_list_the_first_three() -> None:
    message = b'{"a":[1.50,2,3,4],"b":"c"}'
    heard = heard_by(nothing_that_a_peer_says_raises, message)
    wanted = [*JUNK, message[:13], message[:-1], message + b"x"]
    wanted += [b'{"a":%b,"b":"c"}' % hostile for hostile in HOSTILE]
    rests = ((b"[%b,2,3,4]", b"[2,3,4]"), (b"[1.50,%b,3,4]", b"[1.50,3,4]"), (b"[1.50,2,%b,4]", b"[1.50,2,4]"))
    for replaced, shorter in rests:
        wanted += [b'{"a":%b,"b":"c"}' % (replaced % hostile) for hostile in HOSTILE]
        wanted.append(b'{"a":%b,"b":"c"}' % shorter)
    wanted.append(b'{"b":"c"}')
    wanted += [b'{"a":[1.50,2,3,4],"b":%b}' % hostile for hostile in HOSTILE]
    wanted.append(b'{"a":[1.50,2,3,4]}')
    assert heard[: len(wanted)] == wanted


def test_each_broken_message_comes_in_the_middle_of_the_recording_and_before_it_all_again() -> None:
    messages = (b'"one"', b'"two"')
    heard = heard_by(nothing_that_a_peer_says_raises, *messages)
    broken = [*JUNK, *(part for one in messages for part in (one[:2], one[:-1], one + b"x"))]
    assert heard[: len(broken)] == broken
    assert heard[len(broken) :] == [part for one in broken for part in (messages[0], one, *messages)]


def test_a_message_that_comes_twice_is_broken_once_and_one_that_is_compressed_only_cut() -> None:
    packed = gzip.compress(b'{"a":1}', mtime=0)
    heard = heard_by(nothing_that_a_peer_says_raises, packed, packed)
    broken = [packed[: len(packed) // 2], packed[:-1], packed + b"x"]
    assert heard[: len(JUNK) + 4] == [*JUNK, *broken, b'{"a":1}']


# What it finds --------------------------------------------------------------------------------------------------------


def finds(law: Law, why: str, **changes: Any) -> None:
    with pytest.raises(AssertionError, match=why):
        law(evolve(TINY, **changes))


@pytest.mark.parametrize(
    ("law", "why"),
    [
        (events_are_the_same_however_bytes_are_cut, "in reads of 1 bytes, number 1 is"),
        (events_are_the_same_whenever_they_are_taken, "taken after each read, number 1 is"),
        (a_replay_gives_the_same_again, "played again, number 1 is"),
    ],
)
def test_a_dialect_that_remembers_an_earlier_connection_is_found_out(law: Law, why: str) -> None:
    finds(law, why, dialect=Forgetful())


@frozen(kw_only=True)
class Numbering(Tiny):
    """Whose requests differ from one session to the next."""

    calls: list[int] = field(factory=list)

    def encode(self, command: Command[Any], request_id: RequestId) -> Outgoing:
        self.calls.append(1)
        return evolve(super().encode(command, request_id), text=b"%d" % len(self.calls))


@pytest.mark.parametrize("law", [events_are_the_same_whenever_they_are_taken, a_replay_gives_the_same_again])
def test_requests_that_are_not_the_same_again_are_found(law: Law) -> None:
    finds(law, "bytes to send", dialect=Numbering())


@frozen(kw_only=True, eq=False)
class Changing(PriceUpdate):
    """Which is another one in every copy."""

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__


@frozen(kw_only=True)
class Nested(PriceUpdate):
    levels: object = ()


@frozen(kw_only=True)
class Odd(Tiny):
    """Which makes this of every price."""

    made: Any

    def decode(self, payload: bytes) -> Sequence[Inbound]:
        return tuple(self.made if isinstance(one, PriceUpdate) else one for one in super().decode(payload))


def test_an_update_that_does_not_survive_pickling_is_found() -> None:
    finds(a_replay_gives_the_same_again, "is another after pickling", dialect=Odd(made=Changing(market="A", price="1")))


def test_what_is_nothing_that_can_come_in_is_found() -> None:
    finds(nothing_that_a_peer_says_raises, "'1.50' is no Inbound", dialect=Odd(made="1.50"))


@pytest.mark.parametrize(
    "place",
    [
        lambda number: number,
        lambda number: (Decimal(1), number),
        lambda number: [[number]],
        lambda number: {"bid": number},
        lambda number: Nested(market="A", price="1", levels=number),
    ],
)
def test_a_number_that_is_none_is_found_wherever_it_is(place: Callable[[Decimal], object]) -> None:
    for number in (Decimal("NaN"), Decimal("-Infinity")):
        made = Nested(market="A", price="1", levels=place(number))
        finds(nothing_that_a_peer_says_raises, "a number that is not finite", dialect=Odd(made=made))


# What it finds in a session -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000])
def test_a_session_that_loses_a_read_of_that_size_is_found(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    receive, long = Session.receive_data, b'{"price":"1","market":"A"%b}' % (b" " * 3000)

    def losing(self: Session, data: bytes, now: float) -> None:
        receive(self, b"" if len(data) == size else data, now)

    monkeypatch.setattr(Session, "receive_data", losing)
    finds(events_are_the_same_however_bytes_are_cut, f"in reads of {size} bytes", messages=(long,))


def test_a_session_that_forgets_events_that_were_not_taken_at_once_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    receive = Session.receive_data

    def forgetting(self: Session, data: bytes, now: float) -> None:
        while self.next_event() is not None:
            pass
        receive(self, data, now)

    monkeypatch.setattr(Session, "receive_data", forgetting)
    price = b'{"price":"%d","market":"A"}'
    messages = [price % number for number in range(3)]
    law, why = events_are_the_same_whenever_they_are_taken, r"number 0 is PriceUpdate\(.*'0'\).* otherwise .*'2'\)"
    finds(law, why, messages=messages)


def test_a_session_that_raises_where_its_events_are_taken_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def raising(self: Session) -> Event | None:
        raise ZeroDivisionError

    monkeypatch.setattr(Session, "next_event", raising)
    with pytest.raises(ZeroDivisionError):
        nothing_that_a_peer_says_raises(TINY)


@pytest.mark.parametrize(
    ("method", "broken", "why"),
    [
        ("handle_timeout", lambda self, now: None, "a timer that was served is due again at once"),
        ("next_deadline", lambda self: None, "a silent peer was not found out"),
        ("trusted", lambda self, *topics: True, "topics of a dead connection are trusted"),
    ],
)
def test_a_session_whose_timers_do_not_work_is_found(
    monkeypatch: pytest.MonkeyPatch, method: str, broken: object, why: str
) -> None:
    monkeypatch.setattr(Session, method, broken)
    finds(timers_come_to_rest, why)


def test_timers_without_end_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    times = count(100)
    monkeypatch.setattr(Session, "next_deadline", lambda self: next(times) / 100)
    monkeypatch.setattr(Session, "handle_timeout", lambda self, now: None)
    finds(timers_come_to_rest, f"{MAX_TIMERS} timers within 3600 s")


def test_as_many_timers_as_are_no_loop_yet_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[float] = []
    monkeypatch.setattr(Session, "handle_timeout", lambda self, now: served.append(now))
    monkeypatch.setattr(
        Session, "next_deadline", lambda self: 1.0 + 0.1 * len(served) if len(served) < MAX_TIMERS - 1 else None
    )
    finds(timers_come_to_rest, "a silent peer was not found out")
    assert len(served) == MAX_TIMERS - 1


def test_a_session_that_raises_where_the_events_of_its_timers_are_taken_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    serve = Session.handle_timeout

    def raising(self: Session) -> Event | None:
        raise ZeroDivisionError

    def serving(self: Session, now: float) -> None:
        serve(self, now)
        monkeypatch.setattr(Session, "next_event", raising)

    monkeypatch.setattr(Session, "handle_timeout", serving)
    with pytest.raises(ZeroDivisionError):
        timers_come_to_rest(TINY)


def test_what_a_session_says_at_the_end_of_the_line_belongs_to_a_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    ended, said, next_event = count(), list[Event](), Session.next_event
    disconnected = Session.disconnected

    def disconnecting(self: Session, now: float, why: str) -> None:
        disconnected(self, now, why)
        if next(ended):
            said.append(Unrecognised(raw=b"", why="one more"))

    monkeypatch.setattr(Session, "disconnected", disconnecting)
    monkeypatch.setattr(Session, "next_event", lambda self: next_event(self) or (said.pop() if said else None))
    finds(a_replay_gives_the_same_again, r"played again, there are (\d+), and otherwise (?!\1)\d+")


@pytest.mark.parametrize("law", [a_replay_gives_the_same_again, nothing_that_a_peer_says_raises])
def test_an_update_that_cannot_be_written_as_json_is_found(monkeypatch: pytest.MonkeyPatch, law: Law) -> None:
    monkeypatch.setattr(testing, "to_json", lambda event: "{")
    with pytest.raises(json.JSONDecodeError):
        law(TINY)


def test_a_connection_that_fails_before_it_was_ready_is_tried_again_unless_a_config_says_otherwise() -> None:
    assert Recording(dialect=Tiny(), messages=()).config.retry_first


def test_a_session_that_trusts_without_a_connection_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    trusted = Session.trusted
    law = what_cannot_be_trusted_is_said_at_the_end_of_the_line
    monkeypatch.setattr(Session, "trusted", lambda self, *topics: topics == (Price("A"),) or trusted(self, *topics))
    finds(law, "topics without a connection are trusted")


def test_a_session_that_does_not_say_what_is_lost_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    next_event = Session.next_event

    def silent(self: Session) -> Event | None:
        while isinstance(event := next_event(self), Lost):
            pass
        return event

    monkeypatch.setattr(Session, "next_event", silent)
    finds(what_cannot_be_trusted_is_said_at_the_end_of_the_line, r"not told that they are lost: .*Price\(market='A'\)")
