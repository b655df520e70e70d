"""Trust without a session: every update, doubt and timer by itself, in literal times."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from attrs import frozen

from coinex_proto import (
    BookChanged,
    Config,
    Event,
    Lost,
    OrderFact,
    RequestId,
    Restored,
    Statistics,
    Topic,
    TopicKey,
    Update,
)
from coinex_proto._connection.agenda import Agenda, Item
from coinex_proto._connection.timeline import Timeline
from coinex_proto._session import trust as module
from coinex_proto._session.beside import WentLive
from coinex_proto._session.delivered import Delivered
from coinex_proto._session.subscription_states import Proof
from coinex_proto._session.subscriptions import Subscription, Subscriptions, Verification
from coinex_proto._session.trust import HISTORY_WITHIN, MAX_RENEWALS, RESYNC_AFTER, Trust
from coinex_proto.ids import ANYTHING
from coinex_proto.orders.tracker import Orders
from coinex_proto.updates import stamp
from tests.coinex_proto.harness.tiny import (
    Ladder,
    LadderBook,
    LadderUpdate,
    OrderUpdate,
    Own,
    Price,
    PriceUpdate,
    Trade,
    TradeUpdate,
)


class Neighbours:
    """The other lines of a client."""

    def __init__(self, *proved: TopicKey) -> None:
        self.delivered, self.proved = Delivered(Statistics()), proved
        self.again: list[Update] = []

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

# Updates --------------------------------------------------------------------------------------------------------------


def test_an_update_that_nobody_wants_is_counted_and_dropped() -> None:
    alone = Alone()
    assert alone.take(price(), 1.0) == []
    assert (alone.stats.late_pushes, dict(alone.stats.updates_by_topic)) == (1, {})


def test_updates_are_counted_by_market_up_to_a_number_of_markets_and_then_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_KEYS", 1)
    alone = Alone()
    alone.want(Price())
    for market in "ABAC":
        alone.take(price(market), 1.0)
    assert dict(alone.stats.updates_by_topic) == {("price", "A"): 2, ("price", None): 2}


def test_a_public_topic_is_live_with_an_update_and_tells_whoever_waits_for_its_start() -> None:
    alone = Alone()
    known = alone.want(Price("A"))
    assert alone.take(price(), 1.0) == ["PriceUpdate"]
    assert (known.is_live, known.live_at, known.last_update_at, known.awaited_since) == (True, 1.0, 1.0, 1.0)
    assert alone.agenda.take(Item.STARTED)
    alone.take(price(), 2.0)
    assert (known.live_at, known.last_update_at, known.awaited_since) == (1.0, 2.0, 1.0)
    assert not alone.agenda.take(Item.STARTED)


def test_an_update_that_was_not_asked_for_or_is_private_proves_nothing() -> None:
    alone = Alone()
    own, public = alone.want(Own()), alone.want(Price("A"))
    alone.trust.withdraw([public.subscription], 0.5, "")
    assert alone.take(OrderUpdate(name="a", state="live"), 1.0) == ["OrderUpdate"]
    assert alone.take(price(), 1.0) == ["PriceUpdate"]
    assert (own.proof, public.proof) == (Proof.EXPECTED, Proof.UNEXPECTED)


def test_trades_that_were_delivered_before_prove_their_topic_all_the_same() -> None:
    alone = Alone()
    alone.live(Trade("A"))
    assert alone.take(trades(1), 1.0) == ["trades (1,) of the past"]
    alone.trust.lose([alone.subscriptions.by_key["trade", "A"].verification], 1.5, "doubt")
    alone.told()
    assert alone.take(trades(1), 2.0) == ["restored trade/A 1.5 to 2"]
    known = alone.subscriptions.by_key["trade", "A"].verification
    assert (known.is_live, known.last_update_at) == (True, 2.0)
    assert alone.take(trades(1), 3.0) == []
    assert known.last_update_at == 3.0


def test_trades_that_were_delivered_before_do_not_prove_a_topic_that_was_not_asked_for() -> None:
    alone = Alone()
    known = alone.live(Trade("A"))
    alone.take(trades(1), 1.0)
    alone.trust.withdraw([known.subscription], 1.5, "")
    alone.take(trades(1), 2.0)
    assert known.proof is Proof.UNEXPECTED


@pytest.mark.parametrize(("after", "is_history"), [(HISTORY_WITHIN, True), (HISTORY_WITHIN + 0.1, False)])
def test_the_first_trades_of_a_market_are_the_past_unless_all_markets_are_live_for_long(
    after: float, is_history: bool
) -> None:
    alone = Alone()
    alone.live(Trade(), 5.0)
    assert alone.take(trades(1, market="N"), 5.0 + after) == ["trades (1,)" + " of the past" * is_history]
    alone.live(Trade("M"), 5.0)
    alone.subscriptions.remove(alone.subscriptions.by_key["trade", None])
    assert alone.take(trades(1, market="M"), 500.0) == ["trades (1,) of the past"]


def test_all_markets_that_are_lost_are_not_live_for_long() -> None:
    alone = Alone()
    known = alone.live(Trade(), 0.0)
    alone.trust.lose([known], 1.0, "doubt")
    alone.told()
    assert "trades (1,) of the past" in alone.take(trades(1, market="N"), 500.0)


# Books ----------------------------------------------------------------------------------------------------------------


def test_a_book_is_shown_after_the_update_that_proved_it() -> None:
    alone = Alone()
    known = alone.want(A, LadderBook())
    assert alone.take(ladder(), 1.0) == ["LadderUpdate", "book A"]
    assert known.view is not None
    assert (known.view.trusted, known.view.received_at) == (True, 1.0)
    assert (alone.stats.checksums_passed, alone.stats.checksums_failed, alone.stats.absent_deletes) == (1, 0, 0)


def test_an_update_that_does_not_prove_a_book_is_told_after_the_loss_and_says_since_when() -> None:
    alone = Alone()
    known = alone.want(A, LadderBook())
    alone.take(ladder(), 1.0)
    assert alone.take(ladder(7, whole=False), 3.0) == [
        "lost ladder/A since 1: the total does not agree", "LadderUpdate",
    ]  # fmt: skip
    assert known.view is not None
    assert (known.view.trusted, known.view.why) == (False, "the total does not agree")
    assert alone.stats.checksums_failed == 1
    assert (known.unproved_since, alone.due()) == (3.0, 3.0 + RESYNC_AFTER)
    assert alone.take(ladder(), 4.0) == ["restored ladder/A 1 to 4", "LadderUpdate", "book A"]
    assert (known.unproved_since, known.unproved_why) == (None, "")


def test_a_book_that_nobody_asked_for_takes_nothing_in() -> None:
    alone = Alone()
    book = LadderBook()
    known = alone.want(A, book)
    alone.trust.withdraw([known.subscription], 0.5, "")
    alone.take(ladder(), 1.0)
    assert (book.checks_passed, known.proof) == (0, Proof.UNEXPECTED)


def test_an_update_that_only_feeds_a_book_is_not_told_where_nobody_wants_it() -> None:
    alone = Alone()
    alone.want(A, LadderBook())
    alone.want(Price("A"))
    asked: list[tuple[type[Event], TopicKey]] = []

    def note(kind: type[Event], key: TopicKey) -> bool:
        asked.append((kind, key))
        return False

    alone.trust.is_wanted = note
    assert alone.take(ladder(), 1.0) == ["book A"]
    assert alone.take(price(), 1.0) == ["PriceUpdate"]
    assert asked == [(LadderUpdate, ("ladder", "A"))]


class CountingBook(LadderBook):
    """Counts deletes of what is not there, as books of differences do."""

    absent_deletes = 0

    def apply(self, update: Update) -> str | None:
        self.absent_deletes += 2
        return super().apply(update)


def test_deletes_of_what_is_not_there_are_added_up_over_all_books() -> None:
    alone = Alone()
    alone.stats.absent_deletes = 10
    known = alone.want(A, CountingBook())
    alone.take(ladder(), 1.0)
    alone.take(ladder(), 2.0)
    assert (alone.stats.absent_deletes, known.absent_deletes) == (14, 4)
    alone.trust.prepare(known.subscription, A, CountingBook())
    alone.trust.expect(known.subscription)
    alone.take(ladder(), 3.0)
    assert alone.stats.absent_deletes == 16


class ReadBook(LadderBook):
    """Takes the updates of one read together, and is proved by the last."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[int] = []

    def apply_read(self, updates: Sequence[Update]) -> str | None:
        self.reads.append(len(updates))
        found = [self.apply(update) for update in updates]
        return found[-1]


ONCE = Config(every_read=True)


def reading(config: Config = ONCE) -> tuple[Alone, Verification, ReadBook]:
    """A live book that is shown once a read."""
    alone, book = Alone(config), ReadBook()
    known = alone.want(A, book)
    assert alone.take(ladder(), 1.0) == ["LadderUpdate"]
    alone.trust.read_ended(1.0)
    assert alone.told() == ["book A"]
    return alone, known, book


def test_a_book_that_takes_reads_is_proved_and_shown_once_at_the_end_of_each() -> None:
    alone, _, book = reading()
    assert alone.take(ladder(9, whole=False), 2.0) == ["LadderUpdate"]
    assert alone.take(ladder(), 2.0) == ["LadderUpdate"]
    assert book.reads == []
    alone.trust.read_ended(2.0)
    assert (alone.told(), book.reads) == (["book A"], [2])
    alone.trust.read_ended(2.0)
    assert (alone.told(), book.reads) == ([], [2])


def test_a_read_that_does_not_prove_its_book_is_a_loss_and_shows_nothing() -> None:
    alone, _, _ = reading()
    alone.take(ladder(9, whole=False), 2.0)
    alone.trust.read_ended(2.0)
    assert alone.told() == ["lost ladder/A since 1: the total does not agree"]


def test_what_came_is_proved_before_something_else_happens_and_shown_at_the_end() -> None:
    alone, known, book = reading()
    alone.take(ladder(), 2.0)
    alone.trust.prove_changed(2.0)
    alone.trust.prove_changed(2.0)
    assert (alone.told(), book.reads, known.unproved_updates) == ([], [1], [])
    alone.trust.read_ended(2.0)
    assert alone.told() == ["book A"]


def test_what_waits_of_a_book_that_is_lost_in_between_is_dropped() -> None:
    alone, known, book = reading()
    alone.take(ladder(), 2.0)
    alone.trust.lose([known], 2.0, "doubt")
    alone.trust.read_ended(2.0)
    assert (alone.told(), book.reads) == (["lost ladder/A since 2: doubt"], [])


def test_a_book_without_reads_is_proved_by_each_update_and_shown_once() -> None:
    alone = Alone(ONCE)
    alone.want(A, LadderBook())
    for _ in range(3):
        alone.take(ladder(), 1.0)
    assert alone.stats.checksums_passed == 3
    alone.trust.read_ended(1.0)
    assert alone.told() == ["book A"]


@frozen
class EveryRead(Ladder):
    @property
    def every_read(self) -> bool:
        return True


@pytest.mark.parametrize(("config", "topic"), [(ONCE, A), (Config(), EveryRead("A"))])
def test_once_a_read_is_the_word_of_the_config_or_of_the_topic(config: Config, topic: Ladder) -> None:
    alone = Alone(config)
    known = alone.want(topic, ReadBook())
    assert (known.is_every_read, known.apply_read is not None) == (True, True)
    plain = Alone().want(A, ReadBook())
    assert (plain.is_every_read, plain.apply_read) == (False, None)


def test_the_end_of_the_connection_drops_what_waits_for_the_end_of_a_read() -> None:
    alone, known, book = reading()
    alone.take(ladder(), 2.0)
    alone.trust.connection_lost(2.0, "reset", private_since=2.0)
    alone.told()
    assert known.unproved_updates == []
    alone.trust.expect(known.subscription, is_asked=True)
    alone.take(ladder(), 3.0)
    alone.trust.read_ended(3.0)
    assert book.reads == []


def test_an_acknowledgement_that_is_a_state_shows_its_book_or_loses_it() -> None:
    alone = Alone()
    known = alone.want(A, LadderBook())
    update = ladder()
    stamp(update, b"", 1.0)
    alone.trust.confirm(known.subscription, update, 1.0)
    assert (alone.told(), known.is_live) == (["book A"], True)
    alone.trust.confirm(known.subscription, ladder(9), 2.0)
    assert alone.told() == ["lost ladder/A since 1: the total does not agree"]
    alone.trust.withdraw([known.subscription], 3.0, "")
    alone.trust.confirm(known.subscription, update, 3.0)
    assert (alone.told(), known.proof) == ([], Proof.UNEXPECTED)


def test_a_topic_without_a_book_is_not_confirmed_by_a_state() -> None:
    alone = Alone()
    known = alone.want(Price("A"))
    alone.trust.confirm(known.subscription, price(), 1.0)
    assert (alone.told(), known.is_live) == ([], False)


def test_asking_anew_distrusts_the_book_and_empties_it() -> None:
    alone = Alone()
    book = LadderBook()
    known = alone.want(A, book)
    alone.take(ladder(), 1.0)
    alone.trust.expect(known.subscription)
    assert known.view is not None
    assert (known.view.trusted, known.view.why) == (False, "asked for, and no whole book has come yet")
    assert not book.is_whole


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
    assert (known.view.why, book.is_whole, known.unproved_why) == ("no relay", False, "")
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


# The connection -------------------------------------------------------------------------------------------------------


def test_while_the_connection_is_in_doubt_what_comes_is_handed_on_and_proves_nothing() -> None:
    alone = Alone()
    alone.live(Price("A"))
    alone.want(Price("B"))
    book = alone.want(A, LadderBook())
    alone.trust.doubt(1.0, "slept")
    assert alone.told() == ["lost price/A since 1: slept"]
    assert alone.take(price("A"), 2.0) == ["PriceUpdate"]
    assert alone.take(price("B"), 2.0) == ["PriceUpdate"]
    assert alone.take(ladder(), 2.0) == ["LadderUpdate"]
    assert book.view is not None
    before = book.view.trusted
    alone.trust.line_proved(3.0)
    assert alone.told() == ["restored price/A 1 to 3"]
    assert (before, book.view.trusted, book.view.received_at) == (False, True, 3.0)
    assert [each.verification.is_live for each in alone.subscriptions.wanted()] == [True] * 3
    assert alone.take(price("A"), 4.0) == ["PriceUpdate"]


def test_what_was_live_before_the_doubt_is_live_since_then_and_what_came_in_it_since_it_came() -> None:
    alone = Alone()
    before, late = alone.live(Price("A"), 1.0), alone.want(Price("B"))
    alone.trust.doubt(2.0, "slept")
    alone.take(price("B"), 3.0)
    alone.trust.line_proved(4.0)
    assert (before.live_at, late.live_at) == (1.0, 3.0)


def test_a_book_that_does_not_fit_in_doubt_is_not_restored_with_the_connection() -> None:
    alone = Alone()
    known = alone.want(A, LadderBook())
    alone.take(ladder(), 1.0)
    alone.trust.doubt(1.0, "slept")
    alone.take(ladder(9), 2.0)
    alone.told()
    assert known.proof is Proof.EXPECTED
    alone.trust.line_proved(3.0)
    assert alone.told() == []


def test_a_loss_in_doubt_is_told_once_and_stays_after_it() -> None:
    alone = Alone()
    known = alone.live(Price("A"))
    alone.trust.doubt(1.0, "slept")
    alone.told()
    alone.trust.lose([known], 2.0, "hole")
    assert (alone.told(), known.proof) == ([], Proof.EXPECTED)
    alone.trust.line_proved(3.0)
    assert (alone.told(), known.lost_since) == ([], 1.0)


def test_the_end_of_the_connection_ends_the_doubt() -> None:
    alone = Alone()
    known = alone.live(Price("A"))
    alone.trust.doubt(1.0, "slept")
    alone.trust.connection_lost(2.0, "reset", private_since=2.0)
    alone.told()
    alone.trust.expect(known.subscription)
    assert alone.take(price(), 3.0) == ["restored price/A 1 to 3", "PriceUpdate"]


def test_the_end_of_the_connection_is_one_event_and_private_topics_were_proved_last_by_private_means() -> None:
    alone = Alone()
    book = alone.want(A, LadderBook())
    alone.take(ladder(), 1.0)
    own, public = alone.live(Own()), alone.live(Price("A"))
    book.renewals = 2
    alone.trust.connection_lost(9.0, "reset", private_since=4.0)
    assert alone.told() == ["lost ladder/A+own/None+price/A since 4: reset"]
    assert (own.lost_since, public.lost_since, book.lost_since) == (4.0, 9.0, 9.0)
    assert book.view is not None
    assert (book.view.why, book.renewals) == ("reset", 0)
    assert book.unproved_since is None


def test_without_private_topics_the_end_is_since_the_connection_was_proved() -> None:
    alone = Alone()
    alone.live(Price("A"))
    alone.trust.connection_lost(9.0, "reset", private_since=4.0)
    assert alone.told() == ["lost price/A since 9: reset"]


def test_a_private_proof_that_is_newer_than_the_connections_counts_no_more_than_that() -> None:
    alone = Alone()
    alone.live(Own())
    alone.trust.connection_lost(4.0, "reset", private_since=9.0)
    assert alone.told() == ["lost own/None since 4: reset"]


def test_a_book_that_waits_for_its_proof_says_why_after_the_end() -> None:
    alone = Alone()
    known = alone.want(A, LadderBook())
    alone.take(ladder(9), 1.0)
    assert alone.due() is not None
    alone.trust.connection_lost(2.0, "reset", private_since=2.0)
    assert known.view is not None
    assert (known.view.why, alone.due()) == ("reset", None)


def test_what_is_wanted_no_more_is_told_of_no_more() -> None:
    alone = Alone()
    book = alone.want(A, LadderBook())
    alone.take(ladder(), 1.0)
    trades_of_a = alone.live(Trade("A"))
    alone.take(trades(1), 1.0)
    alone.trust.lose([book], 2.0, "doubt")
    for known in (book, trades_of_a):
        known.subscription.let_go("x")
        alone.trust.forget(known.subscription)
    assert (book.lost_since, book.lost_why, book.unproved_since) == (None, "", None)
    assert book.view is not None
    assert book.view.why == "it is no longer subscribed"
    assert not alone.trust.delivered.has(("trade", "A"), 1)


def test_trades_that_all_markets_go_on_bringing_are_remembered() -> None:
    alone = Alone()
    alone.live(Trade())
    single = alone.live(Trade("A"))
    alone.take(trades(1), 1.0)
    single.subscription.let_go("x")
    alone.trust.forget(single.subscription)
    assert alone.trust.delivered.has(("trade", "A"), 1)


# Timers ---------------------------------------------------------------------------------------------------------------


def test_a_book_without_proof_is_asked_for_again_so_often_each_time_twice_as_late() -> None:
    alone = Alone()
    known = alone.want(A, LadderBook())
    now, gaps = 0.0, []
    for _ in range(MAX_RENEWALS):
        alone.take(ladder(9), now)
        due = alone.due()
        assert due is not None
        assert alone.serve(due - 0.1) == []
        assert alone.serve(due) == [A]
        assert known.unproved_since is None
        gaps.append(due - now)
        now = due
    assert gaps == [RESYNC_AFTER, 2 * RESYNC_AFTER, 4 * RESYNC_AFTER]
    alone.take(ladder(9), now)
    assert alone.due() is None
    alone.agenda.add_at(Item.VERIFY, now)
    assert alone.serve(now + 1000.0) == []
    alone.take(ladder(), now)
    assert known.renewals == 0


def test_a_timer_that_comes_too_early_is_set_again() -> None:
    alone = Alone()
    alone.want(A, LadderBook())
    alone.take(ladder(9), 1.0)
    alone.agenda.add_at(Item.VERIFY, 2.0)
    assert alone.serve(2.0) == []
    assert alone.due() == 1.0 + RESYNC_AFTER


def test_the_first_of_several_updates_without_proof_counts() -> None:
    alone = Alone()
    known = alone.want(A, LadderBook())
    for now in (1.0, 2.0):
        alone.take(ladder(9), now)
    assert (known.unproved_since, alone.due()) == (1.0, 1.0 + RESYNC_AFTER)


@frozen
class Paced(Price):
    """Documented to be pushed once a second, but not at Unix times that end in 999."""

    pushed_every: ClassVar[float | None] = 1.0

    def is_pushed_at(self, at: float) -> bool:
        return int(at) % 1000 != 999


def test_a_topic_that_falls_silent_is_lost_since_its_last_update_and_asked_for_again() -> None:
    alone = Alone()
    known = alone.live(Paced("A"))
    assert alone.due() == 20.0
    alone.take(price(), 5.0)
    assert alone.serve(20.0) == []
    assert alone.due() == 25.0
    assert alone.serve(25.0) == [Paced("A")]
    assert alone.told() == ["lost price/A since 5: silent for 20 s"]
    assert known.renewals == 0


def test_topics_that_fall_silent_together_are_one_loss() -> None:
    alone = Alone()
    alone.live(Paced("A"))
    alone.live(Paced("B"))
    alone.serve(20.0)
    assert alone.told() == ["lost price/A+price/B since 20: silent for 20 s"]


def test_a_venue_that_is_closed_is_excused_and_the_time_begins_anew() -> None:
    alone = Alone()
    known = alone.live(Paced("A"), 979.0)
    assert alone.serve(999.0) == []
    assert (known.is_live, known.awaited_since, alone.due()) == (True, 999.0, 1019.0)
    assert alone.serve(1019.0) == [Paced("A")]


def test_the_users_own_limit_is_not_excused() -> None:
    alone = Alone(Config(silent_after=20.0))
    alone.live(Paced("A"), 979.0)
    assert alone.serve(999.0) == [Paced("A")]


@pytest.mark.parametrize(("limit", "due"), [(None, None), (7.0, 7.0)])
def test_the_users_limit_is_for_public_topics(limit: float | None, due: float | None) -> None:
    alone = Alone(Config(silent_after=limit))
    alone.live(Own())
    assert alone.due() is None
    alone.live(Price("A"))
    assert alone.due() == due


class OwedBook(LadderBook):
    """Owes a whole state by a time."""

    due: float | None = None


@pytest.mark.parametrize(
    ("book_due", "silent_after", "why"),
    [
        (6.0, None, "no whole book within its time"),
        (6.0, 5.0, "no whole book within its time"),
        (7.0, 5.0, "silent for 5 s"),
        (6.0, 50.0, "no whole book within its time"),
    ],
)
def test_the_reason_that_comes_first_is_told(book_due: float, silent_after: float | None, why: str) -> None:
    alone = Alone(Config(silent_after=silent_after))
    book = OwedBook()
    known = alone.want(A, book)
    book.due = book_due
    alone.take(ladder(), 1.0)
    due = min(book_due, 1.0 + (silent_after or 100.0))
    assert alone.due() == due
    assert alone.serve(due) == [A]
    assert alone.told() == [f"lost ladder/A since 1: {why}"]
    assert known.renewals == 1


# Other lines ----------------------------------------------------------------------------------------------------------


def test_with_other_lines_each_start_is_told_and_trades_that_came_again_are_reported() -> None:
    beside = Neighbours()
    alone = Alone(beside=beside)
    alone.want(Trade("A"))
    assert alone.take(trades(1), 1.0)[0] == "WentLive"
    assert alone.trust.delivered is beside.delivered
    beside.again.clear()
    alone.take(trades(3, 2), 2.0)
    assert beside.again == []
    alone.take(trades(3, 4), 2.0)
    alone.take(trades(3), 2.0)
    assert [update.ids for update in beside.again if isinstance(update, TradeUpdate)] == [(3, 4), (3,)]


def test_without_other_lines_no_start_is_told() -> None:
    alone = Alone()
    alone.want(Price("A"))
    alone.take(price(), 1.0)
    assert not [event for event in alone.events if isinstance(event, WentLive)]


@pytest.mark.parametrize(("proved", "is_history"), [((), True), ((("trade", "A"),), False)])
def test_what_another_line_has_live_is_no_past(proved: tuple[TopicKey, ...], is_history: bool) -> None:
    beside = Neighbours(*proved)
    alone = Alone(beside=beside)
    beside.delivered.of(("trade", "A")).is_history_due = False
    alone.want(Trade("A"))
    assert beside.delivered.of(("trade", "A")).is_history_due is is_history
