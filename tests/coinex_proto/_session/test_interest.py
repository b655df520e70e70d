"""What may be wanted, and what that makes of the subscriptions."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest

from coinex_proto import Command, Config, Event, Outgoing, RequestId, Statistics, Topic, UsageError
from coinex_proto._connection.agenda import Agenda, Item
from coinex_proto._connection.timeline import Timeline
from coinex_proto._session.interest import Interest
from coinex_proto._session.subscription_states import Cause, Proof, State
from coinex_proto._session.subscriptions import Subscription, Subscriptions
from coinex_proto._session.trust import Trust
from coinex_proto.orders.tracker import Orders
from tests.coinex_proto.harness.tiny import Ladder, Own, Price, Tiny


class Room:
    """The subscriptions of one session."""

    def __init__(self, password: str | None = None, venue: Tiny | None = None) -> None:
        self.subscriptions, self.agenda = Subscriptions(), Agenda()
        queue: deque[Event] = deque()
        queue_and_clock = queue, self.agenda, Timeline(int)
        trust = Trust(self.subscriptions, Config(), Statistics(), *queue_and_clock, Orders())
        self.interest = Interest(venue or Tiny(password=password), self.subscriptions, trust, self.agenda)

    def hold(self, *topics: Topic[Any], holder: str = "me") -> None:
        self.interest.hold(topics, holder)

    def let_go(self, *topics: Topic[Any], holder: str = "me") -> None:
        self.interest.let_go(self.interest.subscriptions_for(topics), holder)

    def subscription(self, topic: Topic[Any]) -> Subscription:
        (subscription,) = self.interest.subscriptions_for([topic])
        return subscription


def test_a_topic_is_wanted_while_somebody_holds_it() -> None:
    room = Room()
    for holder in ("me", "you"):
        room.hold(Price("A"), holder=holder)
    room.let_go(Price("A"))
    room.let_go(Price("A"))
    assert room.subscriptions.wanted() == [room.subscription(Price("A"))]
    room.let_go(Price("A"), holder="you")
    assert room.subscriptions.wanted() == []
    assert room.interest.subscriptions_for([Price("B")]) == []


def test_the_venue_hears_of_the_end_from_the_last_holder_only() -> None:
    room = Room()
    for holder in ("me", "you"):
        room.hold(Price("A"), holder=holder)
    subscription = room.subscription(Price("A"))
    assert room.agenda.take_subjects(Item.SUBSCRIPTION) == (subscription,)
    room.let_go(Price("A"))
    assert room.agenda.take_subjects(Item.SUBSCRIPTION) == ()
    room.let_go(Price("A"), holder="you")
    assert room.agenda.take_subjects(Item.SUBSCRIPTION) == (subscription,)


def test_updates_find_their_way_as_soon_as_holders_change() -> None:
    room = Room()
    assert room.subscriptions.route(("price", "A")) == ()
    room.hold(Price("A"))
    assert room.subscriptions.route(("price", "A")) == (room.subscription(Price("A")).verification,)
    room.let_go(Price("A"))
    assert room.subscriptions.route(("price", "A")) == ()
    room.hold(Price("A"))
    assert room.subscriptions.route(("price", "A")) == (room.subscription(Price("A")).verification,)


def test_a_topic_that_the_venue_cannot_be_asked_for_is_refused_before_anything_has_changed() -> None:
    class Narrow(Tiny):
        def encode(self, command: Command[Any], request_id: RequestId) -> Outgoing:
            raise UsageError("no such market")

    room = Room(venue=Narrow())
    with pytest.raises(UsageError, match="no such market"):
        room.hold(Price("A"))
    assert list(room.subscriptions) == []


def test_a_private_topic_needs_credentials_and_a_refused_call_leaves_nothing_behind() -> None:
    room = Room()
    with pytest.raises(UsageError, match="Authentication required: Own is private and tiny"):
        room.hold(Price("A"), Own())
    assert (list(room.subscriptions), bool(room.agenda.at_once)) == ([], False)
    signed = Room(password="pw")
    signed.hold(Own())
    assert signed.subscription(Own()).is_private


@pytest.mark.parametrize("is_held", [True, False])
def test_one_subscription_cannot_have_two_sets_of_parameters(is_held: bool) -> None:
    room = Room()
    if is_held:
        room.hold(Ladder("A", 1))
    wanted = (Ladder("A", 2),) if is_held else (Ladder("A", 1), Ladder("A", 2))
    with pytest.raises(UsageError, match="cannot be wanted while"):
        room.hold(*wanted)
    assert [subscription.topic for subscription in room.subscriptions] == ([Ladder("A", 1)] if is_held else [])


@pytest.mark.parametrize(
    ("moves", "confirms", "state"),
    [
        ((), False, State.OFF),
        ((Cause.REQUESTED,), True, State.OUTDATED),
        ((Cause.REQUESTED, Cause.ACKNOWLEDGED), True, State.ON),
    ],
)
def test_other_parameters_after_the_last_holder_left_mean_another_book(
    moves: tuple[Cause, ...], confirms: bool, state: State
) -> None:
    room = Room()
    room.hold(Ladder("A", 1))
    subscription = room.subscription(Ladder("A", 1))
    for cause in moves:
        subscription.move(cause)
    book = subscription.verification.book
    room.let_go(Ladder("A", 1))
    room.hold(Ladder("A", 2))
    assert room.subscription(Ladder("A", 2)) is subscription
    assert (subscription.topic, subscription.must_confirm, subscription.state) == (Ladder("A", 2), confirms, state)
    assert subscription.verification.book is not None
    assert subscription.verification.book is not book


def test_the_same_topic_again_keeps_its_book_and_forgets_a_refusal() -> None:
    room = Room()
    room.hold(Ladder("A"))
    subscription = room.subscription(Ladder("A"))
    subscription.requested()
    subscription.refused(UsageError("no"))
    book = subscription.verification.book
    room.hold(Ladder("A"), holder="you")
    assert subscription.verification.book is book
    assert room.subscription(Ladder("A")).refusal is None


def test_a_topic_that_is_let_go_is_neither_live_nor_trusted() -> None:
    room = Room()
    room.hold(Ladder("A"))
    known = room.subscription(Ladder("A")).verification
    known.proof = Proof.LIVE
    room.let_go(Ladder("A"))
    assert not known.is_live
    assert known.view is not None
    assert not known.view.trusted
    assert "no longer subscribed" in known.view.why


def test_what_is_no_topic_is_refused() -> None:
    room = Room()
    nonsense: Any = "BTCUSDT"
    for call in (room.interest.subscriptions_for, lambda topics: room.interest.hold(topics, "me")):
        with pytest.raises(UsageError):
            call([nonsense])
