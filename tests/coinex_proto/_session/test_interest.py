"""Which wishes may be stated, and what that makes of the table."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest

from coinex_proto import Config, Event, Statistics, Topic, UsageError
from coinex_proto._session.interest import Wanting
from coinex_proto._session.subscriptions import Wire, Wish, Wishes
from coinex_proto._session.trust import Trust
from tests.coinex_proto.tiny import Ladder, Own, Price, Tiny


class Room:
    """The wishes of one session."""

    def __init__(self, password: str | None = None) -> None:
        self.wishes = Wishes()
        queue: deque[Event] = deque()
        trust = Trust(self.wishes, Config(), Statistics(), queue)
        self.wanting = Wanting(Tiny(password=password), self.wishes, trust)

    def hold(self, *topics: Topic[Any], holder: str = "me") -> None:
        self.wanting.hold(topics, holder)

    def let_go(self, *topics: Topic[Any], holder: str = "me") -> None:
        self.wanting.let_go(self.wanting.wishes_for(topics), holder)

    def wish(self, topic: Topic[Any]) -> Wish:
        (wish,) = self.wanting.wishes_for([topic])
        return wish


def test_a_topic_is_wanted_while_somebody_holds_it() -> None:
    room = Room()
    for holder in ("me", "you"):
        room.hold(Price("A"), holder=holder)
    room.let_go(Price("A"))
    room.let_go(Price("A"))
    assert room.wishes.wanted() == [room.wish(Price("A"))]
    room.let_go(Price("A"), holder="you")
    assert room.wishes.wanted() == []
    assert room.wanting.wishes_for([Price("B")]) == []


def test_the_venue_hears_of_the_end_from_the_last_holder_only() -> None:
    room = Room()
    for holder in ("me", "you"):
        room.hold(Price("A"), holder=holder)
    wish = room.wish(Price("A"))
    assert room.wishes.take_touched() == [wish]
    room.let_go(Price("A"))
    assert room.wishes.take_touched() == []
    room.let_go(Price("A"), holder="you")
    assert room.wishes.take_touched() == [wish]


def test_updates_find_their_way_as_soon_as_holders_change() -> None:
    room = Room()
    assert room.wishes.route(("price", "A")) == ()
    room.hold(Price("A"))
    assert room.wishes.route(("price", "A")) == (room.wish(Price("A")),)
    room.let_go(Price("A"))
    assert room.wishes.route(("price", "A")) == ()


def test_a_private_topic_needs_credentials_and_a_refused_call_leaves_nothing_behind() -> None:
    room = Room()
    with pytest.raises(UsageError, match="Authentication required: Own is private and tiny"):
        room.hold(Price("A"), Own())
    assert (list(room.wishes), bool(room.wishes.touched)) == ([], False)
    signed = Room(password="pw")
    signed.hold(Own())
    assert signed.wish(Own()).is_private


@pytest.mark.parametrize("is_held", [True, False])
def test_one_subscription_cannot_have_two_sets_of_parameters(is_held: bool) -> None:
    room = Room()
    if is_held:
        room.hold(Ladder("A", 1))
    wanted = (Ladder("A", 2),) if is_held else (Ladder("A", 1), Ladder("A", 2))
    with pytest.raises(UsageError, match="cannot be wanted while"):
        room.hold(*wanted)
    assert [wish.topic for wish in room.wishes] == ([Ladder("A", 1)] if is_held else [])


@pytest.mark.parametrize(
    ("wire", "confirms", "renews"), [(Wire.OFF, False, False), (Wire.ASKING, True, True), (Wire.ON, True, False)]
)
def test_other_parameters_after_the_last_holder_left_mean_another_book(
    wire: Wire, confirms: bool, renews: bool
) -> None:
    room = Room()
    room.hold(Ladder("A", 1))
    wish = room.wish(Ladder("A", 1))
    wish.wire, book = wire, wish.book
    room.let_go(Ladder("A", 1))
    room.hold(Ladder("A", 2))
    assert room.wish(Ladder("A", 2)) is wish
    assert (wish.topic, wish.must_confirm, wish.must_renew) == (Ladder("A", 2), confirms, renews)
    assert wish.book is not None
    assert wish.book is not book


def test_the_same_wish_again_keeps_its_book_and_forgets_a_refusal() -> None:
    room = Room()
    room.hold(Ladder("A"))
    wish = room.wish(Ladder("A"))
    book, wish.refused = wish.book, UsageError("no")
    room.hold(Ladder("A"), holder="you")
    assert wish.book is book
    assert room.wish(Ladder("A")).refused is None


def test_a_wish_that_is_let_go_is_neither_live_nor_trusted() -> None:
    room = Room()
    room.hold(Ladder("A"))
    wish = room.wish(Ladder("A"))
    wish.is_live = True
    room.let_go(Ladder("A"))
    assert not wish.is_live
    assert wish.view is not None
    assert not wish.view.trusted
    assert "no longer subscribed" in wish.view.why


def test_what_is_no_topic_is_refused() -> None:
    room = Room()
    nonsense: Any = "BTCUSDT"
    for call in (room.wanting.wishes_for, lambda topics: room.wanting.hold(topics, "me")):
        with pytest.raises(UsageError):
            call([nonsense])
