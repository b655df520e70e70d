"""Which topics are live, and what comes out when they are not, by transcripts through a session."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from attrs import evolve, frozen

from coinex_proto import (
    BookChanged,
    BookNotTrusted,
    Closed,
    Command,
    Config,
    Event,
    Inbound,
    Lost,
    Restored,
    Session,
    Subscribed,
    Topic,
    Unrecognised,
    Update,
)
from tests.coinex_proto.harness.sessions import asked, connected, ladder, price, reconnected, run_to, trades
from tests.coinex_proto.harness.tiny import Do, Ladder, LadderBook, LadderUpdate, Own, Price, PriceUpdate, Tiny, Trade
from tests.coinex_proto.harness.wire import Wire

A = Ladder("A")


def book_of(*levels: tuple[str, int]) -> dict[str, Any]:
    return {"ladder": ladder("A", dict(levels))}


def push(levels: dict[str, int], *, whole: bool = False, total: int | None = None) -> dict[str, Any]:
    return {"push": ladder("A", levels, whole=whole, total=total)}


def proved(config: Config = Config(retry_first=True), venue: Tiny = Tiny()) -> tuple[Session, Wire]:  # noqa: B008
    """A live book of one level, {1: 5}, since 1.0."""
    session, wire = asked(A, config=config, venue=venue)
    wire.say(1.0, book_of(("1", 5)))
    wire.sent()
    assert session.trusted(A)
    return session, wire


# Live, lost, restored -------------------------------------------------------------------------------------------------


def test_a_public_topic_is_live_with_its_first_push_only() -> None:
    session, wire = asked(Price("A"))
    wire.say(1.0, {"ok": "watch"})
    assert [status.state for status in session.topics()] == ["acknowledged"]
    wire.say(2.0, price("A"))
    (status,) = session.topics()
    assert (status.state, status.last_update_at) == ("live", 2.0)


def test_a_private_topic_is_live_with_its_acknowledgement() -> None:
    session, wire = asked(Own(), venue=Tiny(password="pw"))
    assert not session.trusted()
    wire.say(1.0, {"hello": "n"}, {"ok": "login"}, {"ok": "greet"})
    assert session.trusted(Own())


def test_the_end_of_the_line_is_one_event_for_all_topics_and_says_since_when() -> None:
    session, wire = asked(Price("A"), Trade("A"), Price("B"))
    wire.say(1.0, {"ok": "watch"}, price("A"), trades("A", 1))
    wire.say(5.0, {"ok": "ping"})
    session.disconnected(9.0)
    lost, closed, _ = wire.events()
    assert isinstance(lost, Lost)
    assert (lost.topics, lost.since) == ((Price("A"), Trade("A")), 5.0)
    assert isinstance(closed, Closed)
    assert session.stats.gaps == 1
    assert [status.state for status in session.topics()] == ["lost", "lost", "wanted"]


def test_each_topic_is_restored_when_its_data_is_back() -> None:
    session, wire = asked(Price("A"), Price("B"))
    wire.say(1.0, {"ok": "watch"}, price("A"), price("B"))
    session.disconnected(9.0)
    lost = wire.events()[0]
    assert isinstance(lost, Lost)
    wire = connected(session, 20.0)
    wire.events()
    assert wire.say(21.0, {"ok": "watch"}) == [Subscribed(topic=Price("A")), Subscribed(topic=Price("B"))]
    assert not session.trusted()
    first = Restored(topics=(Price("B"),), since=1.0, until=22.0, why=lost.why)
    assert wire.say(22.0, price("B")) == [first, PriceUpdate(market="B", price="1")]
    assert wire.say(23.0, price("A"))[0] == Restored(topics=(Price("A"),), since=1.0, until=23.0, why=lost.why)
    assert session.trusted()


def test_private_topics_are_restored_together() -> None:
    session, wire = asked(Own(), venue=Tiny(password="pw"))
    opening: tuple[dict[str, str], ...] = ({"hello": "n"}, {"ok": "login"}, {"ok": "greet"})
    wire.say(1.0, *opening)
    session.disconnected(2.0)
    wire.events()
    wire = connected(session, 9.0)
    events = wire.say(10.0, *opening)
    assert [type(event).__name__ for event in events] == ["Ready", "Subscribed", "Restored"]


def test_a_line_that_breaks_twice_is_lost_since_the_first_time() -> None:
    session, wire = asked(Price("A"))
    wire.say(1.0, {"ok": "watch"}, price("A"))
    session.disconnected(2.0)
    wire.events()
    connected(session, 10.0)
    session.disconnected(11.0)
    wire = connected(session, 20.0)
    assert not [event for event in wire.events() if isinstance(event, Lost)]
    restored = wire.say(21.0, price("A"))[0]
    assert isinstance(restored, Restored)
    assert (restored.since, restored.until) == (1.0, 21.0)


def test_what_nobody_wants_is_neither_trusted_nor_lost() -> None:
    session, wire = asked(Price("A"))
    wire.say(1.0, {"ok": "watch"}, price("A"))
    session.unsubscribe(Price("A"), now=2.0)
    assert not session.trusted(Price("A"))
    assert not session.trusted()
    session.disconnected(3.0)
    assert [type(event).__name__ for event in wire.events()] == ["Closed", "Retrying"]


def test_all_markets_are_live_with_any_market() -> None:
    session, wire = asked(Price())
    wire.say(1.0, {"ok": "watch"}, price("X"))
    assert session.trusted(Price())


# Silence --------------------------------------------------------------------------------------------------------------


def test_n17_a_silent_topic_is_lost_and_asked_for_again() -> None:
    session, wire = asked(Price("A"), Price("B"), config=Config(silent_after=5.0, retry_first=True))
    wire.say(1.0, {"ok": "watch"}, price("A"), price("B"))
    wire.say(3.0, price("B"))
    wire.sent()
    assert run_to(wire, 6.0) == [Lost(topics=(Price("A"),), since=1.0, why="silent for 5 s")]
    assert wire.sent() == [{"do": "leave", "markets": ["A"]}]
    assert session.trusted(Price("B"))
    wire.say(7.0, {"ok": "leave"}, price("B"))
    assert wire.sent() == [{"do": "watch", "markets": ["A"]}]
    restored = Restored(topics=(Price("A"),), since=1.0, until=8.0, why="silent for 5 s")
    assert wire.say(8.0, {"ok": "watch"}, price("A"))[1] == restored


def test_topics_that_fall_silent_together_are_one_event() -> None:
    _, wire = asked(Price("A"), Price("B"), config=Config(silent_after=5.0, retry_first=True))
    wire.say(1.0, {"ok": "watch"}, price("A"), price("B"))
    assert run_to(wire, 6.0) == [Lost(topics=(Price("A"), Price("B")), since=1.0, why="silent for 5 s")]


def test_private_topics_may_be_silent() -> None:
    session, wire = asked(Own(), venue=Tiny(password="pw"), config=Config(silent_after=5.0, retry_first=True))
    wire.say(0.0, {"hello": "n"}, {"ok": "login"}, {"ok": "greet"})
    run_to(wire, 19.0)
    assert session.trusted(Own())


def test_silence_of_a_single_market_under_all_asks_for_all_again() -> None:
    _, wire = asked(Price(), Price("A"), config=Config(silent_after=5.0, retry_first=True))
    wire.say(1.0, {"ok": "watch"}, price("A"))
    wire.say(3.0, price("B"))
    wire.sent()
    first, second = run_to(wire, 6.0)
    assert (first, second) == (
        Lost(topics=(Price("A"),), since=1.0, why="silent for 5 s"),
        Lost(topics=(Price(),), since=6.0, why="asked for again"),
    )
    assert wire.sent() == [{"do": "leave", "markets": []}]


# Books ----------------------------------------------------------------------------------------------------------------


def test_a_proved_push_brings_the_book() -> None:
    session, wire = proved()
    update, changed = wire.say(2.0, push({"2": 3}, total=8))
    assert isinstance(update, LadderUpdate)
    assert isinstance(changed, BookChanged)
    assert (changed.topic, changed.market, changed.book.received_at) == (A, "A", 2.0)
    assert [(int(p), int(s)) for p, s in changed.book.bids] == [(2, 3), (1, 5)]
    wire.say(3.0, push({"2": 4}, total=9))
    assert changed.book.bids[0][1] == 3
    assert session.book(A).bids[0][1] == 4
    assert (session.stats.checksums_passed, session.stats.checksums_failed) == (3, 0)


def test_b1_a_mismatch_is_lost_before_the_update_and_gives_no_numbers() -> None:
    session, wire = proved()
    view = session.book(A)
    lost, update = wire.say(2.0, push({"2": 3}, total=9))
    assert lost == Lost(topics=(A,), since=1.0, why="the total does not agree")
    assert isinstance(update, LadderUpdate)
    with pytest.raises(BookNotTrusted):
        _ = view.bids
    assert len(view.unproved.bids) == 2
    assert [type(event) for event in wire.say(3.0, push({"2": 4}, total=9))] == [LadderUpdate]
    restored, _, changed = wire.say(4.0, push({"1": 7}, whole=True))
    assert restored == Restored(topics=(A,), since=1.0, until=4.0, why="the total does not agree")
    assert isinstance(changed, BookChanged)
    assert view.best_bid is not None
    assert session.stats.checksums_failed == 1


def test_b2_a_difference_before_the_whole_book_proves_nothing() -> None:
    session, wire = asked(A)
    assert [type(event) for event in wire.say(1.0, push({"1": 5}))] == [LadderUpdate]
    assert not session.trusted(A)
    assert session.topics()[0].why == "waiting for the whole ladder"


def test_b1_an_unproved_book_is_asked_for_three_times_at_a_slower_pace_then_it_waits() -> None:
    session, wire = proved()
    now, asked_at = 2.0, []
    while now < 200.0:
        wire.say(now, push({"2": 3}, total=99))
        run_to(wire, now + 0.5)
        for request in wire.sent():
            if request["do"] == "leave ladder A":
                asked_at.append(now)
                wire.say(now, {"ok": "leave ladder A"}, {"ladder": ladder("A", {"1": 5}, total=99)})
            elif request["do"] == "ping":
                wire.say(now, {"ok": "ping"})
        now += 1.0
    assert asked_at == [7.0, 17.0, 37.0]
    assert not session.trusted(A)
    wire.say(now, push({"1": 5}, whole=True))
    assert session.trusted(A)


def test_a_book_that_was_proved_again_is_asked_for_as_soon_as_the_first_time() -> None:
    _, wire = proved()
    wire.say(2.0, push({"2": 3}, total=99))
    run_to(wire, 7.0)
    assert wire.sent() == [{"do": "leave ladder A"}]
    wire.say(8.0, {"ok": "leave ladder A"}, book_of(("1", 5)))
    wire.sent()
    wire.say(9.0, push({"2": 3}, total=99))
    run_to(wire, 13.9)
    assert wire.sent() == []
    run_to(wire, 14.0)
    assert wire.sent() == [{"do": "leave ladder A"}]


def test_a_book_that_is_proved_again_is_not_asked_for_again() -> None:
    _, wire = proved()
    wire.say(2.0, push({"2": 3}, total=99))
    wire.say(3.0, push({"1": 5}, whole=True))
    run_to(wire, 19.0)
    assert wire.sent() == []


def test_b11_a_reconnect_needs_the_whole_book_anew() -> None:
    session, wire = proved()
    view = session.book(A)
    session.disconnected(2.0)
    assert not view.trusted
    wire = connected(session, 10.0)
    wire.say(11.0, push({"2": 3}, total=8))
    assert not session.trusted(A)
    wire.say(12.0, book_of(("1", 5), ("2", 3)))
    assert len(view.bids) == 2
    assert session.book(A) is view


def test_the_view_of_a_book_that_is_wanted_no_more_gives_no_numbers() -> None:
    session, wire = proved()
    view = session.book(A)
    session.unsubscribe(A, now=2.0)
    assert not view.trusted
    session.subscribe(A, now=3.0)
    wire.say(4.0, {"ok": "leave ladder A"}, book_of(("1", 5)))
    assert not view.trusted
    assert session.book(A).trusted


def test_pushes_between_the_end_and_the_next_request_do_not_prove_a_book() -> None:
    session, wire = proved()
    session.unsubscribe(A, now=2.0)
    session.subscribe(A, now=2.0)
    assert [type(event) for event in wire.say(2.5, push({"1": 7}, whole=True))] == [LadderUpdate]
    assert not session.trusted(A)


class OwedBook(LadderBook):
    """A whole ladder is owed every ten seconds."""

    def apply(self, update: Any) -> str | None:
        if update.whole:
            self.due = update.received_at + 10.0
        return super().apply(update)

    def reset(self) -> None:
        super().reset()
        self.due = None


class Owing(Tiny):
    def book(self, topic: Topic[Any]) -> LadderBook | None:
        return OwedBook() if isinstance(topic, Ladder) else None


def test_a_book_without_its_whole_push_in_time_is_lost_and_asked_for_again() -> None:
    _, wire = proved(venue=Owing())
    wire.say(9.0, push({"2": 3}, total=8))
    (lost,) = run_to(wire, 11.0)
    assert lost == Lost(topics=(A,), since=9.0, why="no whole book within its time")
    assert wire.sent() == [{"do": "leave ladder A"}]


def test_a_whole_push_in_time_puts_the_next_off() -> None:
    session, wire = proved(venue=Owing())
    wire.say(10.0, push({"1": 5}, whole=True))
    run_to(wire, 19.0)
    assert session.trusted(A)


def test_the_reason_is_the_one_that_comes_first() -> None:
    config = Config(retry_first=True, silent_after=4.0)
    _, wire = proved(config, Owing())
    assert run_to(wire, 5.0) == [Lost(topics=(A,), since=1.0, why="silent for 4 s")]
    _, wire = proved(evolve(config, silent_after=14.0), Owing())
    assert run_to(wire, 11.0) == [Lost(topics=(A,), since=1.0, why="no whole book within its time")]


class ToldBook(LadderBook):
    """It cannot tell by itself that a push is missing."""

    def missed(self) -> None:
        self.is_whole = False


class Telling(Tiny):
    def book(self, topic: Topic[Any]) -> LadderBook | None:
        return ToldBook() if isinstance(topic, Ladder) else None

    def decode(self, payload: bytes) -> Sequence[Inbound]:
        if b"unreadable" in payload:
            return (Unrecognised(raw=payload, why="unreadable", concerns=("ladder", "A")),)
        return super().decode(payload)


def test_d16_a_book_that_could_not_tell_is_told_what_was_missed() -> None:  # law 9
    session, wire = proved(venue=Telling())
    unread, lost = wire.say(2.0, {"unreadable": 1})
    assert isinstance(unread, Unrecognised)
    assert lost == Lost(topics=(A,), since=1.0, why="a push could not be read")
    wire.say(3.0, push({"2": 3}, total=8))
    assert not session.trusted(A)
    wire.say(4.0, push({"1": 5}, whole=True))
    assert session.trusted(A)


@frozen(kw_only=True)
class Step(Update):
    """A difference, or where counting begins."""

    is_merged: ClassVar[bool] = True
    by: int
    is_whole: bool = False

    @property
    def topic_key(self) -> tuple[str, str]:
        return ("count", "A")


class Sum:
    """Adds steps up."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.total: int | None = None
        self.has_missed = False

    def missed(self) -> None:
        self.has_missed = True

    def merge(self, update: Update) -> Step | None:
        assert isinstance(update, Step)
        if self.has_missed:
            return None
        if update.is_whole:
            self.total = update.by
            return update
        self.total = None if self.total is None else self.total + update.by
        return None if self.total is None else Step(by=self.total, is_whole=True)


@frozen
class Count(Topic[Step]):
    event: ClassVar[type[Event]] = Step

    @property
    def key(self) -> tuple[str, str]:
        return ("count", "A")

    def merger(self) -> Sum:
        return Sum()


class Counting(Tiny):
    def decode(self, payload: bytes) -> Sequence[Inbound]:
        found = json.loads(payload)
        if "unreadable" in found:
            return (Unrecognised(raw=payload, why="unreadable", concerns=("count", "A")),)
        return (Step(**found["step"]),) if "step" in found else super().decode(payload)

    def _requests(self, verb: str, topics: Sequence[Topic[Any]]) -> Sequence[tuple[Command[Any], Sequence[Topic[Any]]]]:
        return [(Do(verb=f"{verb} count"), (topic,)) for topic in topics]


def counting() -> tuple[Session, Wire]:
    session, wire = asked(Count(), venue=Counting())
    wire.events()
    return session, wire


def test_a_topic_of_differences_brings_whole_updates_and_is_live_with_the_first() -> None:
    session, wire = counting()
    assert wire.say(1.0, {"step": {"by": 5}}) == []
    assert not session.trusted(Count())
    assert wire.say(2.0, {"step": {"by": 3, "is_whole": True}}) == [Step(by=3, is_whole=True)]
    assert session.trusted(Count())
    (update,) = wire.say(3.0, {"step": {"by": 4}})
    assert update == Step(by=7, is_whole=True)
    assert isinstance(update, Step)
    assert (update.received_at, update.raw) == (3.0, b'{"step": {"by": 4}}')


def test_what_was_merged_before_counts_no_more_on_a_new_connection() -> None:
    session, wire = counting()
    wire.say(2.0, {"step": {"by": 3, "is_whole": True}})
    wire = reconnected(session, 3.0)
    wire.events()
    assert wire.say(64.0, {"step": {"by": 4}}) == []
    assert not session.trusted(Count())


def test_d16_what_is_merged_from_differences_is_asked_for_again_when_one_was_missed() -> None:
    session, wire = counting()
    wire.say(2.0, {"step": {"by": 3, "is_whole": True}})
    wire.sent()
    wire.say(2.1, {"ok": "watch count"})
    unread, lost = wire.say(3.0, {"unreadable": 1})
    assert isinstance(unread, Unrecognised)
    assert lost == Lost(topics=(Count(),), since=2.0, why="a push could not be read")
    assert wire.say(4.0, {"step": {"by": 4}}) == []
    run_to(wire, 8.0)
    assert wire.sent() == [{"do": "leave count"}]
    wire.say(8.0, {"ok": "leave count"})
    assert wire.sent() == [{"do": "watch count"}]
    restored, _ = wire.say(9.0, {"step": {"by": 9, "is_whole": True}})
    assert isinstance(restored, Restored)
    assert session.trusted(Count())
