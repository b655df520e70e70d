"""Law 9: a book that says `trusted` equals the venue's; one that cannot be proved gives no numbers.

The oracle is the venue itself: it knows its ladders and what it has sent. Its sizes are powers of two, each used once, so
that no two ladders have the same total.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from typing import Any, TypeAlias

import pytest
from attrs import Factory, define
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto import BookChanged, BookNotTrusted, BookView, Config, Lost, Open, Restored, Session, Wait
from tests.coinex_proto.harness.scripts import START, text
from tests.coinex_proto.harness.tiny import Ladder, Tiny
from tests.coinex_proto.harness.wire import Peer, sources

Levels: TypeAlias = dict[str, int]
MARKETS = ("A", "B")
CONFIG = Config(retry_first=True)


def numbers(book: BookView) -> Levels:
    return {str(price): int(size) for price, size in book.bids if size}


@define
class Venue:
    """A venue, its ladders and the line to one session; `proved` is what each ladder was when its last push was made."""

    session: Session = Factory(lambda: Session(Tiny(), sources(), CONFIG))
    now: float = START
    peer: Peer = Factory(Peer)
    ladders: dict[str, Levels] = Factory(lambda: {market: {} for market in MARKETS})
    proved: dict[str, Levels] = Factory(dict)
    changes: int = 0
    is_silent: bool = False
    is_replying: bool = True
    watched: set[str] = Factory(set)
    late: deque[tuple[str, Levels, Any]] = Factory(deque)
    lost: set[str] = Factory(set)
    """Markets of which `Lost` came and `Restored` has not."""
    heard_at: float = START

    # The line ---------------------------------------------------------------------------------------------------------

    def connect(self) -> None:
        step = self.session.next_step(self.now)
        if isinstance(step, Wait):
            self.now = step.until
            step = self.session.next_step(self.now)
        assert isinstance(step, Open)
        self.session.connected(self.now)
        self.peer, self.watched = Peer(), set()
        self.late.clear()
        self.peer.receive(self.session.data_to_send())
        self.deliver(self.peer.accept())

    def drop(self) -> None:
        self.session.disconnected(self.now)
        self.check()
        self.connect()

    def deliver(self, data: bytes) -> None:
        if not self.is_silent:
            self.heard_at = self.now
            self.session.receive_data(data, self.now)

    def settle(self) -> None:
        """Answer what was asked, and look at what came out."""
        while requests := self.peer.receive(self.session.data_to_send()):
            for request in map(json.loads, requests):
                if self.is_replying:
                    self.answer(request)
        self.check()
        if self.session.wants_close:
            self.drop()

    def answer(self, request: dict[str, Any]) -> None:
        verb = request["do"]
        if verb == "ladder":
            market = request["market"]
            self.watched.add(market)
            self.push(market, {"ladder": self.whole(market)})
            return
        if verb.startswith("leave ladder"):
            self.watched.discard(verb[-1])
        self.deliver(text({"ok": verb}))

    # What is sent -----------------------------------------------------------------------------------------------------

    def whole(self, market: str) -> dict[str, Any]:
        levels = self.ladders[market]
        return {"market": market, "whole": True, "levels": list(levels.items()), "total": sum(levels.values())}

    def change(self, market: str, price: str) -> dict[str, Any]:
        self.changes += 1
        levels = self.ladders[market]
        levels[price] = 2**self.changes
        return {"market": market, "whole": False, "levels": [(price, levels[price])], "total": sum(levels.values())}

    def push(self, market: str, value: Any) -> None:
        if not self.is_silent:
            self.proved[market] = dict(self.ladders[market])
        self.deliver(text(value))

    # The oracle -------------------------------------------------------------------------------------------------------

    def check(self) -> None:
        while (event := self.session.next_event()) is not None:
            match event:
                case Lost(topics=topics):
                    self.lost |= {str(topic.key[1]) for topic in topics}
                case Restored(topics=topics):
                    self.lost -= {str(topic.key[1]) for topic in topics}
                case BookChanged(market=market, book=book):
                    assert market not in self.lost
                    assert book.trusted
        for status in self.session.topics():
            market = str(status.topic.key[1])
            book = self.session.book(Ladder(market))
            assert book.trusted is self.session.trusted(Ladder(market))
            if not book.trusted:
                with pytest.raises(BookNotTrusted):
                    _ = book.bids
                continue
            assert market not in self.lost
            assert numbers(book) == self.proved[market]
            assert self.now - self.heard_at <= CONFIG.ping_interval + CONFIG.ping_timeout


# What happens ---------------------------------------------------------------------------------------------------------

Happening: TypeAlias = tuple[Any, ...]
markets = st.sampled_from(MARKETS)
prices = st.sampled_from(["1", "2", "3"])
happenings: st.SearchStrategy[Happening] = st.one_of(
    st.tuples(st.sampled_from(["change", "change", "change", "lose", "repeat", "spoil", "delay"]), markets, prices),
    st.tuples(st.sampled_from(["whole", "want", "leave"]), markets),
    st.tuples(st.just("pass"), st.sampled_from([0.1, 1.0, 5.0, 11.0, 20.0, 29.0])),
    st.tuples(st.sampled_from(["drop", "late", "silent", "loud", "mute", "replying"])),
)


def happen(venue: Venue, happening: Happening) -> None:  # noqa: C901  (one case a fault)
    match happening:
        case ("change", market, price):
            value = venue.change(market, price)
            if market in venue.watched:
                venue.push(market, {"push": value})
        case ("lose", market, price):
            venue.change(market, price)
        case ("repeat", market, price):
            value = venue.change(market, price)
            if market in venue.watched:
                venue.push(market, {"push": value})
                venue.push(market, {"push": value})
        case ("spoil", market, price):
            value = venue.change(market, price)
            venue.deliver(text({"push": {**value, "total": value["total"] + 1}}))
        case ("delay", market, price):
            value = venue.change(market, price)
            venue.late.append((market, dict(venue.ladders[market]), value))
        case ("late",):
            while venue.late:
                market, levels, value = venue.late.popleft()
                if not venue.is_silent:
                    venue.proved[market] = levels
                venue.deliver(text({"push": value}))
                venue.check()
        case ("whole", market):
            venue.push(market, {"push": venue.whole(market)})
        case ("want", market):
            venue.session.subscribe(Ladder(market), now=venue.now)
        case ("leave", market):
            venue.session.unsubscribe(Ladder(market), now=venue.now)
            venue.lost.discard(market)
        case ("pass", seconds):
            go_on(venue, seconds)
        case ("drop",):
            venue.drop()
        case ("silent",) | ("loud",):
            venue.is_silent = happening == ("silent",)
        case ("mute",) | ("replying",):
            venue.is_replying = happening == ("replying",)
        case _:
            raise AssertionError(happening)
    venue.settle()


def go_on(venue: Venue, seconds: float) -> None:
    until = venue.now + seconds
    while (due := venue.session.next_deadline()) is not None and due <= until:
        venue.now = max(venue.now, due)
        venue.session.handle_timeout(venue.now)
        venue.settle()
    venue.now = max(venue.now, until)


@given(story=st.lists(happenings, max_size=30))
def test_b1_b2_b3_b11_a_trusted_book_is_the_venues(story: Sequence[Happening]) -> None:
    venue = Venue()
    venue.session.subscribe(Ladder("A"), now=venue.now)
    venue.connect()
    venue.settle()
    for happening in story:
        happen(venue, happening)


@given(story=st.lists(happenings, max_size=30))
def test_when_the_faults_end_every_wanted_book_is_proved_again(story: Sequence[Happening]) -> None:
    venue = Venue()
    venue.session.subscribe(Ladder("A"), now=venue.now)
    venue.connect()
    venue.settle()
    for happening in story:
        happen(venue, happening)
    for last in (("loud",), ("replying",), ("pass", 120.0), ("want", "A"), ("pass", 1.0), ("whole", "A")):
        happen(venue, last)
    assert venue.session.trusted(Ladder("A"))
    assert numbers(venue.session.book(Ladder("A"))) == venue.ladders["A"]
