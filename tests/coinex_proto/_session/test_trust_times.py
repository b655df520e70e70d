"""Trust without a session: the connection, timers and other lines, in literal times."""

from __future__ import annotations

from typing import ClassVar

import pytest
from attrs import frozen

from coinex_proto import (
    Config,
    TopicKey,
)
from coinex_proto._connection.agenda import Item
from coinex_proto._session.beside import WentLive
from coinex_proto._session.subscription_states import Proof
from coinex_proto._session.trust import MAX_RENEWALS, RESYNC_AFTER
from tests.coinex_proto._session.alone import A, Alone, Neighbours, ladder, price, trades
from tests.coinex_proto.harness.tiny import (
    LadderBook,
    Own,
    Price,
    Trade,
    TradeUpdate,
)

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


def test_another_line_is_asked_whether_a_book_is_news_unless_there_is_none() -> None:
    beside = Neighbours()
    alone = Alone(beside=beside)
    known = alone.want(A, LadderBook())
    assert alone.take(ladder(), 1.0) == ["WentLive", "LadderUpdate"]
    assert beside.books == [known.key]
    beside.is_alone = True
    assert alone.take(ladder(), 2.0) == ["LadderUpdate", "book A"]
    assert beside.books == [known.key]


def test_of_a_muted_topic_come_books_and_not_what_they_are_made_of() -> None:
    alone = Alone()
    known = alone.want(A, LadderBook())
    alone.trust.mute(known.subscription, is_muted=True)
    assert alone.take(ladder(), 1.0) == ["book A"]
    alone.trust.mute(known.subscription, is_muted=False)
    assert alone.take(ladder(), 2.0) == ["LadderUpdate", "book A"]


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
