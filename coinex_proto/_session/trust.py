"""Trust: which topics are live, and what happens to an update on its way to the user.

One rule for every topic. A public topic is live with its first push (of a book: with its first proved state), a private
one with its acknowledgement. At the first moment of doubt comes one `Lost` for all topics that it concerns, before any
later data; `Restored` when they are live again; no `BookChanged` in between. Knows no connection and no venue.

Only this file writes a `Verification`; the table of what it can prove is in `subscription_states.py`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Final, cast

from coinex_proto._connection.agenda import Agenda, Item
from coinex_proto._connection.late_timers import earliest
from coinex_proto._connection.timeline import Timeline
from coinex_proto._session.beside import Beside, WentLive
from coinex_proto._session.delivered import Delivered
from coinex_proto._session.subscription_states import PROOFS, Proof, Sign
from coinex_proto._session.subscriptions import AnyTopic, Subscription, Subscriptions, Verification
from coinex_proto.books.book import Book, MustBeTold, TakesReads
from coinex_proto.books.view import BookChanged, BookView
from coinex_proto.config import Config
from coinex_proto.events import Lost, Restored
from coinex_proto.ids import TopicKey
from coinex_proto.orders.tracker import Orders
from coinex_proto.statistics import Statistics
from coinex_proto.topics import Topic, is_wide, wide
from coinex_proto.updates import Event, Update, stamp

RESYNC_AFTER: Final = 5.0
"""Seconds that a book may get updates without being proved, and a topic that was not acknowledged may bring nothing, before
it is asked for again; doubles each time."""
MAX_RENEWALS: Final = 3
"""After so many in vain it just waits for a push: asking again has not helped."""
MAX_KEYS: Final = 10_000
"""Markets of which something is remembered: a peer may name any number of them under an all-markets topic."""
HISTORY_WITHIN: Final = 60.0
"""Seconds. What comes first of a market later than this after an all-markets topic went live is news: the venue has sent
the past of all markets long ago."""

_LIVE: Final = Proof.LIVE
_EXPECTED: Final = Proof.EXPECTED
_UNEXPECTED: Final = Proof.UNEXPECTED
_HELD_BACK: Final = Proof.HELD_BACK


class Trust:
    """What is verified of all subscriptions of one session."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        config: Config,
        stats: Statistics,
        events: deque[Event],
        agenda: Agenda,
        timeline: Timeline,
        orders: Orders,
        is_line_proved: Callable[[], bool] = lambda: True,
        beside: Beside | None = None,
    ) -> None:
        """`is_line_proved`: what the live views of books ask, whenever they are read."""
        self._subscriptions = subscriptions
        self._routes: Final = subscriptions.routes
        self._is_line_proved = is_line_proved
        self._silent_after = config.silent_after
        self._every_read = config.every_read
        self._changed: dict[Verification, None] = {}
        """Books whose `BookChanged` comes at the end of this read, if they are proved then."""
        self.is_wanted: Callable[[type[Event], TopicKey], bool] | None = None
        """Whether anybody would get such an event; asked of what a book was made of only. None: everything is wanted."""
        self._stats = stats
        self._events = events
        self._agenda = agenda
        self._timeline = timeline
        self.is_doubted = False
        """The connection is in doubt: what comes is handed on, and proves nothing before `line_proved`."""
        self._orders = orders
        self._awaiting_orders: list[Verification] = []
        """Lost, and live again once the orders have been asked about of which something was missed."""
        self._beside = beside
        self.delivered = Delivered(stats) if beside is None else beside.delivered
        self._sequences: dict[TopicKey | None, int] = {}
        self._told: set[tuple[TopicKey, Hashable]] = set()
        """Topics of all markets, and the markets that they were told of on this connection."""

    # Updates ----------------------------------------------------------------------------------------------------------

    def take(self, update: Update, now: float) -> None:
        """Hand an update on to those who want it, through its book if it has one."""
        key = update.topic_key
        route = self._routes.get(key) or self._subscriptions.route(key)
        if update.has_sequence and self._has_gap(update, key):
            self.prove_changed(now)
            self._gap(route, now)
        if not route:
            self._stats.late_pushes += 1
            return
        counts = self._stats.updates_by_topic
        counts[key if len(counts) < MAX_KEYS or key in counts else wide(key)] += 1
        if update.is_merged or update.has_trade_ids:
            news = self._news(route, update, now)
            if news is None:
                return
            update = news
        proved: Verification | None = None
        is_wanted = True
        for known in route:
            known.last_update_at = now
            proof = known.proof
            if known.book is not None:
                is_wanted = not known.is_muted and (self.is_wanted is None or self.is_wanted(type(update), key))
                if proof is _LIVE and known.apply_read is not None:
                    known.unproved_updates.append(update)
                    self._changed[known] = None
                elif (proof is _LIVE or proof is _EXPECTED or proof is _HELD_BACK) and self._apply(known, update, now):
                    proved = known
            elif proof is not _LIVE and proof is not _UNEXPECTED and not known.subscription.is_private:
                self.mark_live((known,), now)
        if is_wanted:
            self._events.append(update)
        if proved is not None:
            self._show(proved, waits=proved.is_every_read)

    def _news(self, route: Sequence[Verification], update: Update, now: float) -> Update | None:
        """What the topic brings after this update, without the trades that were delivered before; None: nothing."""
        whole = self._merged(route, update) if update.is_merged else update
        if whole is None or not whole.has_trade_ids:
            return whole
        delivered = self.delivered.of(whole.topic_key)
        is_history = delivered.is_history_due and not _is_long_live(route, now)
        fresh = delivered.take_new(whole, is_history=is_history)
        if self._beside is not None and fresh is not whole:
            self._beside.came_again(whole)
        if fresh is None:
            self._came(route, now)
        return fresh

    def _came(self, route: Sequence[Verification], now: float) -> None:
        """What was delivered before proves its topics all the same."""
        for known in route:
            known.last_update_at = now
            if known.book is None and known.proof not in (_LIVE, _UNEXPECTED) and not known.subscription.is_private:
                self.mark_live((known,), now)

    def take_recovered(self, update: Update) -> Update | None:
        """An update that a query brought after a gap, as far as it is wanted and was not delivered before."""
        return self.delivered.take_recovered(update) if self._subscriptions.route(update.topic_key) else None

    def confirm(self, subscription: Subscription, update: Update, now: float) -> None:
        """The update came in the acknowledgement of other parameters, so that it is a state of these."""
        known = subscription.verification
        if known.proof in (_LIVE, _EXPECTED, _HELD_BACK) and self._apply(known, update, now):
            self._show(known, waits=known.is_every_read)

    def _show(self, known: Verification, *, waits: bool) -> None:
        """`waits`: at the end of this read."""
        view, beside = known.view, self._beside
        assert view is not None  # of a book that is proved
        if waits:
            self._changed[known] = None
        elif beside is None or beside.is_alone:
            self._events.append(view.changed(known.market))
        elif (event := beside.book_changed(known)) is not None:
            self._events.append(event)

    def prove_changed(self, now: float) -> None:
        """Prove the books that wait for the end of the read by what came so far: something else is about to happen."""
        for known in self._changed:
            if known.unproved_updates:
                updates, known.unproved_updates = known.unproved_updates, []
                if known.proof is _LIVE and known.view is not None and known.view.is_proved:
                    self._apply(known, updates[-1], now, updates)

    def read_ended(self, now: float) -> None:
        """All of one read was taken in: show the books that wait for that, as far as they are proved now."""
        if not self._changed:
            return
        self.prove_changed(now)
        for known in self._changed:
            if known.view is not None and known.view.is_proved:
                self._show(known, waits=False)
        self._changed.clear()

    def _apply(self, known: Verification, update: Update, now: float, read: Sequence[Update] = ()) -> bool:
        """Whether the book is proved by this update, the last of `read` where a book takes those together."""
        book, view = known.book, known.view
        if book is None or view is None:
            return False
        passed, failed = book.checks_passed, book.checks_failed
        why = known.apply_read(read) if read and known.apply_read is not None else book.apply(update)
        self._stats.checksums_passed += book.checks_passed - passed
        if (absent := getattr(book, "absent_deletes", 0)) != known.absent_deletes:
            self._stats.absent_deletes += absent - known.absent_deletes
            known.absent_deletes = absent
        if why is None:
            if self.is_doubted:
                known.unproved_since, known.unproved_why = None, ""
                self.mark_live((known,), now)
                return False
            view.prove(update.received_at)
            if known.unproved_since is not None:
                known.unproved_since, known.unproved_why = None, ""
            if known.proof is not _LIVE:
                self.mark_live((known,), now)
            return True
        self._stats.checksums_failed += book.checks_failed - failed
        view.distrust(why)
        self._start_unproved(known, now, why)
        if known.proof is _LIVE or known.proof is _HELD_BACK:
            received_at = view.received_at
            self.lose((known,), now if received_at is None else self._timeline.from_stamp(received_at), why)
        return False

    def missed(self, concerns: Iterable[TopicKey], now: float, why: str) -> list[Verification]:
        """A push of one of these kinds and markets (None: any) could not be read: what it said is missing.

        A book is in doubt until it is proved again, and what is merged until it is whole again. A public topic of the named
        market is in doubt until a push of it can be read. Every other topic has a hole, and is among those given: call
        `resume` with them; one of all markets hears once a connection what is wrong with which market, not at every push.
        """
        places = [key[:2] for key in concerns]
        named = {place[1] for place in places}
        market = named.pop() if len(named) == 1 else None
        concerned = [one.verification for one in self._subscriptions.wanted() if self._is_concerned(one, places)]
        if market is not None and any(is_wide(known.subscription.key) for known in concerned):
            why = f"{why}: {market}"
        live = [known for known in concerned if known.is_live or known.proof is _HELD_BACK]
        self._lose_since_last_update(live, now, why)
        for known in concerned:
            kept = known.book if known.merger is None else known.merger
            if known.is_expected and isinstance(kept, MustBeTold):
                # Also one that still waits for its first state: it would begin with a hole.
                kept.missed()
                self._start_unproved(known, now, why)
            elif known.book is not None and known in live:
                self._start_unproved(known, now, why)
        return [known for known in live if not _waits_for_proof(known, market)]

    def _is_concerned(self, subscription: Subscription, places: Sequence[TopicKey]) -> bool:
        """Whether one of these kinds and markets is of it, and was not reported before."""
        kind_of, market_of = subscription.key[:2]
        markets = [m for kind, m in places if kind in (None, kind_of) and (m is None or market_of in (m, None))]
        return bool([m for m in markets if self._is_news(subscription, m)])

    def _is_news(self, subscription: Subscription, market: Hashable) -> bool:
        """False: the topic is of all markets, and was told of this one."""
        if (
            market is None
            or subscription.is_private
            or not is_wide(subscription.key)
            or subscription.verification.merger
        ):
            return True
        told = (subscription.key, market)
        is_news = told not in self._told and len(self._told) < MAX_KEYS
        if is_news:
            self._told.add(told)
        return is_news

    def resume(self, holed: Sequence[Verification], now: float, *, are_orders_asked: bool) -> None:
        """They are live again: at once, but where own orders are being asked about, the topics that tell of them after that."""
        waiting = [known for known in holed if are_orders_asked and _tells_order(known.subscription.topic)]
        self._awaiting_orders += waiting
        self.mark_live([known for known in holed if known not in waiting], now)

    def orders_asked(self, now: float) -> None:
        """The venue has been asked about every order of which something was missed."""
        waiting, self._awaiting_orders = self._awaiting_orders, []
        self.mark_live([known for known in waiting if known.is_expected and known.subscription.holders], now)

    def interrupted(self, keys: Iterable[TopicKey], now: float, why: str) -> None:
        """The peer cannot vouch for these topics: they are lost until their next update, a book until the next whole one.

        With one of all markets go the single ones, which may not have been asked for beside it.
        """
        named = [subscription for key in keys if (subscription := self._subscriptions.get(key)) is not None]
        found = list(dict.fromkeys(each for one in named for each in (one, *self._subscriptions.covered(one))))
        concerned = [one.verification for one in found if one.holders and one.verification.is_expected]
        self._lose_since_last_update([one for one in concerned if one.is_live or one.proof is _HELD_BACK], now, why)
        for known in concerned:
            known.unproved_since, known.unproved_why = None, why
            if known.book is not None:
                known.book.reset()
            if known.view is not None:
                known.view.distrust(why)
            if known.merger is not None:
                known.merger.reset()

    def unread(self) -> None:
        """A message could not be read: its number is not known, so that the next one along the connection proves no gap."""
        self._sequences.pop(None, None)

    def _merged(self, route: Sequence[Verification], update: Update) -> Update | None:
        """What the topic brings after this update; None while nothing whole is known."""
        known = next((known for known in route if known.merger is not None), None)
        if known is None or known.merger is None:
            return update
        whole = known.merger.merge(update) if known.is_expected else None
        if whole is not None and whole is not update:
            stamp(whole, update.raw, update.received_at)
        return whole

    def unanswered(self, subscriptions: Iterable[Subscription], now: float) -> None:
        """The venue, which need not, has not acknowledged these: one that brings nothing either may never have begun."""
        for subscription in subscriptions:
            known = subscription.verification
            if known.proof is _EXPECTED and not subscription.is_private:
                self._start_unproved(known, now, "neither acknowledged nor pushed")

    def _start_unproved(self, known: Verification, now: float, why: str) -> None:
        known.unproved_why = why
        if known.unproved_since is None:
            known.unproved_since = now
            if known.renewals < MAX_RENEWALS:
                self._agenda.add_at(Item.VERIFY, now + _resync_delay(known))

    def _has_gap(self, update: Any, key: TopicKey) -> bool:
        """Whether something is missing before this update.

        Whether a venue counts along the connection or along each topic is not always known, so that a jump counts only
        when it is one either way: no false alarms, at the price of a gap that goes unseen now and then.
        """
        sequence: int | None = update.sequence
        if sequence is None:
            return False
        last = self._sequences
        if len(last) > MAX_KEYS:
            self._sequences = last = {}
        overall, own = last.get(None), last.get(key)
        last[None] = last[key] = sequence
        return overall is not None and own is not None and sequence > overall + 1 and sequence > own + 1

    def _gap(self, route: Sequence[Verification], now: float) -> None:
        """Each push is a whole state or a trade: what is missing is missing, and the topic is live again at once."""
        live = [known for known in route if known.is_live]
        self._lose_since_last_update(live, now, "a gap in the sequence numbers")
        self.mark_live(live, now)

    # Live and lost ----------------------------------------------------------------------------------------------------

    def prepare(self, subscription: Subscription, topic: AnyTopic, book: Book | None) -> None:
        """It gets its first holder, perhaps with other parameters than before: what will prove its updates."""
        known = subscription.verification
        known.merger = topic.merger()
        known.book, known.absent_deletes = book, 0
        known.is_every_read = self._every_read or topic.every_read
        taker: object = book  # mypy takes a `Book` for none of these
        known.apply_read = taker.apply_read if known.is_every_read and isinstance(taker, TakesReads) else None
        known.is_muted = False
        known.market = str(known.key[1])
        known.view = None if book is None else BookView(cast("Topic[BookChanged]", topic), book, self._is_line_proved)

    def mute(self, subscription: Subscription, *, is_muted: bool) -> None:
        """Whether another line hands out the updates that its book is made of."""
        subscription.verification.is_muted = is_muted

    def expect(self, subscription: Subscription, *, is_asked: bool = False) -> None:
        """From now on its updates can come.

        `is_asked`: the venue itself was asked for it, so that the first update is the state or the history.
        """
        known = subscription.verification
        _move(known, Sign.CHANGED if subscription.must_confirm else Sign.EXPECTED)
        known.unproved_since = None
        known.unproved_why = ""
        if known.book is not None:
            known.book.reset()
        if known.view is not None:
            known.view.distrust("asked for, and no whole book has come yet")
        if known.merger is not None:
            known.merger.reset()
        if is_asked and not (self._beside is not None and self._beside.proves(subscription.key)):
            self.delivered.expect_history(subscription.key)

    def parameters_confirmed(self, subscription: Subscription) -> None:
        """What comes from now on is of the parameters that are wanted."""
        _move(subscription.verification, Sign.CONFIRMED)

    def mark_live(self, verified: Sequence[Verification], now: float) -> None:
        """They are live from now on."""
        back: dict[tuple[float, str], list[AnyTopic]] = {}
        if self.is_doubted:
            for known in verified:
                if known.proof is not _HELD_BACK:
                    known.live_at = now
                    _move(known, Sign.VERIFIED_IN_DOUBT)
            return
        for known in verified:
            if known.is_live:
                continue
            if known.proof is not _HELD_BACK:
                known.live_at = now
            _move(known, Sign.VERIFIED)
            if self._beside is not None:
                self._events.append(WentLive(subscription=known.subscription))
            known.awaited_since = now
            known.unproved_since, known.unproved_why, known.renewals = None, "", 0
            self._agenda.add(Item.STARTED)
            if known.lost_since is not None:
                back.setdefault((known.lost_since, known.lost_why), []).append(known.subscription.topic)
                known.lost_since, known.lost_why = None, ""
            if (due := self._due(known)) is not None:
                self._agenda.add_at(Item.VERIFY, due)
        for (since, why), topics in back.items():
            stamp = self._timeline.stamp
            unknown = self._unknown_orders() if any(map(_tells_order, topics)) else 0
            restored = Restored(
                topics=tuple(topics), since=stamp(since), until=stamp(now), why=why, unknown_orders=unknown
            )
            self._events.append(restored)

    def _unknown_orders(self) -> int:
        return sum(view.state == "unknown" for view in self._orders.open())

    def lose(self, doubted: Iterable[Verification], since: float, why: str) -> None:
        """They prove nothing from now on: one event for all of them that were live."""
        doubted = tuple(doubted)
        self._tell_lost(doubted, Sign.LOST, since, why)
        for known in doubted:
            if known.proof is _HELD_BACK:
                _move(known, Sign.LOST)

    def _tell_lost(self, doubted: Iterable[Verification], sign: Sign, since: float, why: str) -> None:
        lost = [known for known in doubted if known.is_live]
        for known in lost:
            _move(known, sign)
            known.lost_since, known.lost_why = since, why
            if known.view is not None:
                known.view.distrust(why)
        if lost:
            self._stats.gaps += 1
            topics = tuple(known.subscription.topic for known in lost)
            self._events.append(Lost(topics=topics, since=self._timeline.stamp(since), why=why))

    def doubt(self, since: float, why: str) -> None:
        """The connection may be dead, and what still comes of it old: nothing is proved before `line_proved`."""
        self._tell_lost((one.verification for one in self._subscriptions.wanted()), Sign.LINE_DOUBTED, since, why)
        self.is_doubted = True

    def line_proved(self, now: float) -> None:
        """The peer has answered after the doubt, so that all it had sent before is in: what is held back is live."""
        self.is_doubted = False
        held_back = [one.verification for one in self._subscriptions.wanted() if one.verification.proof is _HELD_BACK]
        for known in held_back:
            if known.view is not None:
                known.view.prove(self._timeline.stamp(now))
        self.mark_live(held_back, now)

    def _lose_since_last_update(self, doubted: Sequence[Verification], now: float, why: str) -> None:
        self.lose(doubted, min((_last_update(known, now) for known in doubted), default=now), why)

    def withdraw(self, subscriptions: Sequence[Subscription], since: float, why: str) -> None:
        """Nothing more can come of them, on this connection and until they are asked for again."""
        self.lose((subscription.verification for subscription in subscriptions), since, why)
        for subscription in subscriptions:
            _move(subscription.verification, Sign.WITHDRAWN)

    def forget(self, subscription: Subscription) -> None:
        """Nobody wants it any more."""
        known = subscription.verification
        _move(known, Sign.WITHDRAWN)
        known.lost_since, known.lost_why = None, ""
        known.unproved_since = None
        if known.view is not None:
            known.view.distrust("it is no longer subscribed")
        if self._subscriptions.cover(subscription) is None:
            self.delivered.forget(subscription.key)

    def connection_lost(self, since: float, why: str, *, private_since: float) -> None:
        """The connection is gone: nothing is proved. Private topics were last proved by what only a sign-in brings."""
        private = [one.verification for one in self._subscriptions if one.is_private and one.verification.is_live]
        private_since = min(since, private_since)
        self.withdraw(tuple(self._subscriptions), private_since if private else since, why)
        for subscription in self._subscriptions:
            known = subscription.verification
            if private and not subscription.is_private and known.lost_since == private_since:
                known.lost_since = since
        self._sequences.clear()
        for known in self._changed:
            known.unproved_updates.clear()
        self._changed.clear()
        self.is_doubted = False
        self._told.clear()
        self._awaiting_orders = []
        for subscription in self._subscriptions:
            known = subscription.verification
            known.unproved_since, known.renewals = None, 0
            if known.view is not None:
                known.view.distrust(why)
        self._agenda.cancel(Item.VERIFY)

    # Time -------------------------------------------------------------------------------------------------------------

    def handle_timeout(self, now: float) -> list[Subscription]:
        """Judge what was due; gives the subscriptions that must be asked for again."""
        if not self._agenda.take_due(Item.VERIFY, now):
            return []
        renew: list[Verification] = []
        late: dict[str, list[Verification]] = {}
        for subscription in self._subscriptions.wanted():
            known = subscription.verification
            due = self._due(known)
            if due is not None and due <= now and self._is_excused(known, now):
                known.awaited_since = now
                due = self._due(known)
            if due is None:
                continue
            if now < due:
                self._agenda.add_at(Item.VERIFY, due)
                continue
            renew.append(known)
            known.renewals += known.book is not None or not known.is_live
            if known.is_live:
                late.setdefault(self._why_late(known), []).append(known)
        for why, group in late.items():
            self._lose_since_last_update(group, now, why)
        for known in renew:
            known.unproved_since = None
        return [known.subscription for known in renew]

    def _due(self, known: Verification) -> float | None:
        """When it is in doubt, or is to be asked for again, unless something comes before."""
        if not known.is_live:
            if known.unproved_since is None or known.renewals >= MAX_RENEWALS:
                return None
            return known.unproved_since + _resync_delay(known)
        times = []
        if known.book is not None and known.book.due is not None:
            times.append(self._timeline.from_stamp(known.book.due))
        if (silent_at := self._silent_at(known)) is not None:
            times.append(silent_at)
        return min(times, default=None)

    def _silent_at(self, known: Verification) -> float | None:
        after = self._silence(known)
        if after is None:
            return None
        last = known.last_update_at
        return after + (known.awaited_since if last is None else max(last, known.awaited_since))

    def _silence(self, known: Verification) -> float | None:
        """How long it may bring nothing: by the documented pace of its feed, and by the user's word for any public topic."""
        documented = known.subscription.topic.silent_after
        return earliest(documented, None if known.subscription.is_private else self._silent_after)

    def _is_excused(self, known: Verification, now: float) -> bool:
        """Whether only the documented pace makes it late, and the venue does not keep that now."""
        topic, silent_at = known.subscription.topic, self._silent_at(known)
        if not known.is_live or silent_at is None or now < silent_at or topic.is_pushed_at(self._timeline.unix(now)):
            return False
        return known.subscription.is_private or self._silent_after is None

    def _why_late(self, known: Verification) -> str:
        silent_at = self._silent_at(known)
        book_due = None if known.book is None or known.book.due is None else self._timeline.from_stamp(known.book.due)
        if book_due is not None and (silent_at is None or book_due <= silent_at):
            return "no whole book within its time"
        return f"silent for {self._silence(known):g} s"


def _tells_order(topic: AnyTopic) -> bool:
    return issubclass(topic.event, Update) and topic.event.tells_order


def _move(known: Verification, sign: Sign) -> None:
    known.proof = PROOFS.get((known.proof, sign), known.proof)


def _waits_for_proof(known: Verification, market: Hashable) -> bool:
    """Whether something of it could not be read and nothing but another push can make up for it."""
    is_named = market is not None and known.subscription.key[1] == market and not known.subscription.is_private
    return is_named or known.book is not None or known.merger is not None


def _last_update(known: Verification, now: float) -> float:
    """When its last update came."""
    return now if known.last_update_at is None else known.last_update_at


def _resync_delay(known: Verification) -> float:
    return float(RESYNC_AFTER * 2**known.renewals)


def _is_long_live(route: Sequence[Verification], now: float) -> bool:
    """Whether an all-markets topic that brings this has been live for so long that the past is behind it."""
    return any(
        is_wide(known.subscription.key) and known.proof in (_LIVE, _HELD_BACK) and now - known.live_at > HISTORY_WITHIN
        for known in route
    )
