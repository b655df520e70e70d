"""Trust without a session: numbers in a row, and what could not be read."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from attrs import frozen

from coinex_proto import (
    OrderFact,
    RequestId,
    Topic,
    TopicKey,
)
from coinex_proto._session import trust as module
from coinex_proto._session.trust import RESYNC_AFTER
from coinex_proto.ids import ANYTHING
from tests.coinex_proto._session.alone import A, Alone, ladder, price, reading
from tests.coinex_proto.harness.tiny import (
    Ladder,
    LadderBook,
    Own,
    Price,
    PriceUpdate,
    Trade,
)

# Numbers in a row -----------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Numbered(PriceUpdate):
    has_sequence: ClassVar[bool] = True
    sequence: int | None = None


def number(market: str, count: int | None) -> Numbered:
    return Numbered(market=market, price="1", sequence=count)


@pytest.mark.parametrize(
    ("pushes", "gaps"),
    [
        ([("A", 1), ("A", 2)], 0),
        ([("A", 1), ("A", 3)], 1),
        ([("A", 1), ("B", 2), ("A", 3)], 0),
        ([("A", 1), ("B", 9), ("A", 2)], 0),
        ([("A", 1), ("B", 9), ("A", 11)], 1),
        ([("A", 5), ("A", 4)], 0),
        ([("A", 1), ("A", None), ("A", 3)], 1),
        ([("A", 3), ("B", 9)], 0),
    ],
)
def test_a_jump_along_the_connection_and_along_the_topic_is_a_gap(
    pushes: list[tuple[str, int | None]], gaps: int
) -> None:
    alone = Alone()
    alone.want(Price("A"))
    alone.want(Price("B"))
    for market, count in pushes:
        alone.take(number(market, count), 1.0)
    assert alone.stats.gaps == gaps


def test_a_gap_is_lost_since_the_last_update_and_over_at_once() -> None:
    alone = Alone()
    alone.want(Price("A"))
    alone.take(number("A", 1), 1.0)
    assert alone.take(number("A", 5), 4.0) == [
        "lost price/A since 1: a gap in the sequence numbers", "restored price/A 1 to 4", "Numbered",
    ]  # fmt: skip


def test_a_gap_is_told_after_the_books_of_the_same_read() -> None:
    alone, _, book = reading()
    alone.want(Price("A"))
    alone.take(number("A", 1), 2.0)
    alone.take(ladder(), 2.0)
    alone.take(number("A", 5), 2.0)
    assert book.reads == [1]


def test_after_an_unread_message_the_next_number_along_the_connection_is_no_gap() -> None:
    alone = Alone()
    alone.want(Price("A"))
    alone.take(number("A", 1), 1.0)
    alone.trust.unread()
    alone.take(number("A", 3), 2.0)
    assert alone.stats.gaps == 0


def test_on_a_new_connection_numbers_begin_anew() -> None:
    alone = Alone()
    known = alone.want(Price("A"))
    alone.take(number("A", 1), 1.0)
    alone.trust.connection_lost(1.0, "", private_since=1.0)
    gaps = alone.stats.gaps
    alone.trust.expect(known.subscription)
    alone.take(number("A", 9), 2.0)
    assert alone.stats.gaps == gaps


def test_where_there_are_too_many_markets_only_the_connections_number_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_KEYS", 2)
    alone = Alone()
    alone.want(Price())
    for count, market in enumerate("ABC", 1):
        alone.take(number(market, count), 1.0)
    assert alone.trust._sequences == {None: 3, ("price", "C"): 3}
    alone.trust.unread()
    for count, market in enumerate("DE", 4):
        alone.take(number(market, count), 1.0)
    assert alone.stats.gaps == 0


# Holes ----------------------------------------------------------------------------------------------------------------


def holes(alone: Alone, *concerns: TopicKey, now: float = 5.0) -> list[Topic[Any]]:
    return [known.subscription.topic for known in alone.trust.missed(concerns, now, "unreadable")]


def test_what_could_not_be_read_is_missing_where_it_may_belong() -> None:
    alone = Alone()
    for topic in (Price("A"), Price("B"), Trade("A"), Own()):
        alone.live(topic)
    assert holes(alone, ("price", "A")) == []
    assert alone.told() == ["lost price/A since 5: unreadable"]
    assert holes(alone, ("trade", None)) == [Trade("A")]
    assert alone.told() == ["lost trade/A since 5: unreadable"]
    assert holes(alone, ("price", "B", "of a kind")) == []
    assert alone.told() == ["lost price/B since 5: unreadable"]
    assert holes(alone, ANYTHING) == [Own()]


def test_a_hole_is_since_the_last_update() -> None:
    alone = Alone()
    alone.live(Price("A"))
    alone.take(price(), 3.0)
    holes(alone, ("price", "A"))
    assert alone.told() == ["lost price/A since 3: unreadable"]


def test_all_markets_hear_once_a_connection_of_each_market_and_which() -> None:
    alone = Alone()
    known = alone.live(Price())
    assert holes(alone, ("price", "A")) == [Price()]
    assert alone.told() == ["lost price/None since 5: unreadable: A"]
    alone.trust.resume([known], 5.0, are_orders_asked=False)
    alone.told()
    assert holes(alone, ("price", "A")) == []
    assert holes(alone, ("price", "B")) == [Price()]
    alone.trust.resume([known], 5.0, are_orders_asked=False)
    assert holes(alone, ("price", None)) == [Price()]
    alone.trust.connection_lost(6.0, "", private_since=6.0)
    alone.trust.expect(known.subscription)
    alone.trust.mark_live([known], 7.0)
    assert holes(alone, ("price", "A")) == [Price()]


def test_all_markets_hear_of_so_many_markets_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_KEYS", 1)
    alone = Alone()
    known = alone.live(Price())
    assert holes(alone, ("price", "A")) == [Price()]
    alone.trust.resume([known], 5.0, are_orders_asked=False)
    assert holes(alone, ("price", "B")) == []


def test_a_hole_in_a_book_waits_for_its_proof() -> None:
    alone = Alone()
    known = alone.want(A, LadderBook())
    alone.take(ladder(), 1.0)
    assert holes(alone, ("ladder", None)) == []
    assert (known.unproved_since, known.unproved_why, alone.due()) == (5.0, "unreadable", 5.0 + RESYNC_AFTER)
    waiting = alone.want(Ladder("B"), LadderBook())
    holes(alone, ("ladder", "B"))
    assert waiting.unproved_since is None, "it waits for its first state, and finds out by itself"


def test_topics_that_tell_of_orders_wait_until_those_were_asked_about() -> None:
    alone = Alone()
    own, public = alone.live(Own()), alone.live(Price("A"))
    alone.trust.lose([own, public], 1.0, "hole")
    alone.told()
    alone.trust.resume([own, public], 2.0, are_orders_asked=True)
    assert alone.told() == ["restored price/A 1 to 2"]
    alone.trust.orders_asked(3.0)
    assert alone.told() == ["restored own/None 1 to 3"]
    alone.trust.orders_asked(4.0)
    assert alone.told() == []


@pytest.mark.parametrize("is_held", [True, False])
def test_what_waited_for_orders_and_is_wanted_no_more_or_not_asked_for_stays_lost(is_held: bool) -> None:
    alone = Alone()
    own = alone.live(Own())
    alone.trust.lose([own], 1.0, "hole")
    alone.trust.resume([own], 2.0, are_orders_asked=True)
    if is_held:
        alone.trust.withdraw([own.subscription], 2.5, "")
    else:
        own.subscription.let_go("x")
    alone.told()
    alone.trust.orders_asked(3.0)
    assert (alone.told(), own.is_live) == ([], False)


def test_the_restored_says_how_many_orders_are_unknown_still() -> None:
    alone = Alone()
    own, public = alone.live(Own()), alone.live(Price("A"))
    for number_, state in enumerate(("live", "unknown", "unknown")):
        alone.orders.sending(OrderFact(client_order_id=state + str(number_), state="sending"), RequestId(number_), 0.0)
        alone.orders.apply(OrderFact(client_order_id=state + str(number_), state=state), 0.0)  # type: ignore[arg-type]
    alone.trust.lose([own, public], 1.0, "hole")
    alone.told()
    alone.trust.mark_live([public], 2.0)
    alone.trust.mark_live([own], 2.0)
    assert alone.told() == ["restored price/A 1 to 2", "restored own/None 1 to 2, 2 unknown"]


def test_topics_that_a_peer_cannot_vouch_for_are_lost_and_a_book_begins_anew() -> None:
    alone = Alone()
    book = LadderBook()
    known = alone.want(A, book)
    alone.take(ladder(), 1.0)
    other = alone.want(Price("A"))
    alone.take(price(), 2.0)
    known.unproved_since, known.unproved_why = 1.0, "something"
    alone.trust.interrupted([A.key, Price("A").key, Price("Z").key], 3.0, "no relay")
    assert alone.told() == ["lost ladder/A+price/A since 1: no relay"]
    assert known.view is not None
    assert (known.view.why, book.is_whole, known.unproved_why) == ("no relay", False, "no relay")
    assert alone.take(ladder(whole=False), 4.0) == ["LadderUpdate"]
    assert alone.take(price(), 4.0)[0] == "restored price/A 1 to 4"
    other.subscription.let_go("x")
    alone.trust.interrupted([Price("A").key], 5.0, "no relay")
    assert alone.told() == []


def test_a_topic_that_was_neither_acknowledged_nor_pushed_is_asked_for_again() -> None:
    alone = Alone()
    silent, live, own = alone.want(Price("A")), alone.live(Price("B")), alone.want(Own())
    alone.trust.unanswered([known.subscription for known in (silent, live, own)], 1.0)
    assert [known.unproved_since for known in (silent, live, own)] == [1.0, None, None]
    assert silent.unproved_why == "neither acknowledged nor pushed"
    assert alone.serve(0.9 + RESYNC_AFTER) == []
    assert alone.serve(1.0 + RESYNC_AFTER) == [Price("A")]
