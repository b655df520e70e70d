"""Trust without a session: books, by update and by read."""

from __future__ import annotations

import pytest
from attrs import frozen

from coinex_proto import (
    Config,
    Event,
    TopicKey,
    Update,
)
from coinex_proto._session.subscription_states import Proof
from coinex_proto._session.trust import RESYNC_AFTER
from coinex_proto.updates import stamp
from tests.coinex_proto._session.alone import ONCE, A, Alone, ReadBook, ladder, price, reading
from tests.coinex_proto.harness.tiny import (
    Ladder,
    LadderBook,
    LadderUpdate,
    Price,
)


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
