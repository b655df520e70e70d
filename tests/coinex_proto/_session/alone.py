"""`Trust` without a session, for the tests of its parts: what it is told, and what it tells, in words."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from coinex_proto import (
    BookChanged,
    Config,
    Event,
    Lost,
    Restored,
    Statistics,
    Topic,
    TopicKey,
    Update,
)
from coinex_proto._connection.agenda import Agenda, Item
from coinex_proto._connection.timeline import Timeline
from coinex_proto._session.delivered import Delivered
from coinex_proto._session.subscriptions import Subscription, Subscriptions, Verification
from coinex_proto._session.trust import Trust
from coinex_proto.orders.tracker import Orders
from coinex_proto.updates import stamp
from tests.coinex_proto.harness.tiny import (
    Ladder,
    LadderBook,
    LadderUpdate,
    PriceUpdate,
    TradeUpdate,
)


class Neighbours:
    """The other lines of a client."""

    def __init__(self, *proved: TopicKey) -> None:
        self.delivered, self.proved = Delivered(Statistics()), proved
        self.again: list[Update] = []
        self.is_alone = False
        self.books: list[TopicKey] = []
        """Whose changes were reported; none of them is news here."""

    def book_changed(self, known: Verification, /) -> None:
        self.books.append(known.key)

    def proves(self, key: TopicKey) -> bool:
        return key in self.proved

    def came_again(self, update: Update) -> None:
        self.again.append(update)


class Alone:
    """The trust of a session that there is not."""

    def __init__(self, config: Config = Config(), beside: Any = None) -> None:  # noqa: B008  (frozen)
        self.events: deque[Event] = deque()
        self.stats, self.agenda, self.orders = Statistics(), Agenda(), Orders()
        self.subscriptions = Subscriptions()
        self.trust = Trust(
            self.subscriptions, config, self.stats, self.events, self.agenda, Timeline(int), self.orders, beside=beside
        )

    def want(self, topic: Topic[Any], book: Any = None) -> Verification:
        """Somebody holds it, and the venue was asked for it."""
        subscription = Subscription(topic)
        subscription.want(topic, "x")
        self.subscriptions.add(subscription)
        self.trust.prepare(subscription, topic, book)
        self.trust.expect(subscription, is_asked=True)
        return subscription.verification

    def live(self, topic: Topic[Any], at: float = 0.0) -> Verification:
        known = self.want(topic)
        self.trust.mark_live([known], at)
        return known

    def take(self, update: Update, now: float) -> list[str]:
        stamp(update, b"", now)
        self.trust.take(update, now)
        return self.told()

    def told(self) -> list[str]:
        """What came out, in a word each."""
        found = [_in_words(event) for event in self.events]
        self.events.clear()
        return found

    def due(self) -> float | None:
        return self.agenda.time_of(Item.VERIFY)

    def serve(self, now: float) -> list[Topic[Any]]:
        """What is to be asked for again."""
        return [subscription.topic for subscription in self.trust.handle_timeout(now)]


def _in_words(event: Event) -> str:
    match event:
        case Lost():
            return f"lost {_names(event.topics)} since {event.since:g}: {event.why}"
        case Restored():
            unknown = f", {event.unknown_orders} unknown" if event.unknown_orders else ""
            return f"restored {_names(event.topics)} {event.since:g} to {event.until:g}{unknown}"
        case BookChanged():
            return f"book {event.topic.key[1]}"
        case TradeUpdate():
            return f"trades {event.ids}" + (" of the past" if event.is_history else "")
    return type(event).__name__


def _names(topics: Sequence[Topic[Any]]) -> str:
    return "+".join(f"{topic.key[0]}/{topic.key[1]}" for topic in topics)


def price(market: str = "A") -> PriceUpdate:
    return PriceUpdate(market=market, price="1")


def trades(*ids: int, market: str = "A") -> TradeUpdate:
    return TradeUpdate(market=market, ids=ids)


def ladder(total: int = 1, *, whole: bool = True, size: int = 1) -> LadderUpdate:
    """One level; the total proves it or not."""
    return LadderUpdate(market="A", whole=whole, levels=(("1", str(size)),), total=str(total))


A = Ladder("A")


ONCE = Config(every_read=True)


class ReadBook(LadderBook):
    """Takes the updates of one read together, and is proved by the last."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[int] = []

    def apply_read(self, updates: Sequence[Update]) -> str | None:
        self.reads.append(len(updates))
        found = [self.apply(update) for update in updates]
        return found[-1]


def reading(config: Config = ONCE) -> tuple[Alone, Verification, ReadBook]:
    """A live book that is shown once a read."""
    alone, book = Alone(config), ReadBook()
    known = alone.want(A, book)
    assert alone.take(ladder(), 1.0) == ["LadderUpdate"]
    alone.trust.read_ended(1.0)
    assert alone.told() == ["book A"]
    return alone, known, book
