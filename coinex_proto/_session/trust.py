"""Trust: which topics are live, and what happens to an update on its way to the user.

One rule for every topic. A public topic is live with its first push (of a book: with its first proved state), a private
one with its acknowledgement. At the first moment of doubt comes one `Lost` for all topics that it concerns, before any
later data; `Restored` when they are live again; no `BookChanged` in between. Knows no connection and no venue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from attrs import define

from coinex_proto._session.subscriptions import Subscription, Subscriptions, topics_of
from coinex_proto.books.book import MustBeTold
from coinex_proto.books.view import BookChanged
from coinex_proto.events import Lost, Restored
from coinex_proto.ids import TopicKey
from coinex_proto.topics import is_wide, wide
from coinex_proto.updates import Event, Update, stamp

if TYPE_CHECKING:
    from coinex_proto.config import Config
    from coinex_proto.statistics import Statistics

RESYNC_AFTER: Final = 5.0
"""Seconds that a book may get updates without being proved before its topic is asked for again; doubles each time."""
MAX_RENEWALS: Final = 3
"""After so many in vain a book just waits for the next whole push: asking again has not helped."""
MAX_KEYS: Final = 10_000
"""Markets of which something is remembered: a peer may name any number of them under an all-markets topic."""
HISTORY_WITHIN: Final = 60.0
"""Seconds. What comes first of a market later than this after an all-markets topic went live is news: the venue has sent
the past of all markets long ago."""
TRADES_REMEMBERED: Final = 256
"""Trade ids kept for each market; CoinEx repeats about 100 trades after subscribing."""


@define(eq=False)
class _Seen:
    """Trades of one market that were delivered."""

    ids: dict[Any, None]
    is_history_due: bool = True
    """The next push is the first after subscribing."""


class Trust:
    """The trust state of all wishes of one session."""

    def __init__(self, subscriptions: Subscriptions, config: Config, stats: Statistics, events: deque[Event]) -> None:
        self._subscriptions = subscriptions
        self._silent_after = config.silent_after
        self._stats = stats
        self._events = events
        self._seen: dict[TopicKey, _Seen] = {}
        self.has_gone_live = False
        """Some topic went live since this was last set to False."""
        self.watch_at: float | None = None
        """When `handle_timeout` must be called next; only moved when something new is to be watched."""
        self._sequences: dict[TopicKey | None, int] = {}

    # Updates ----------------------------------------------------------------------------------------------------------

    def take(self, update: Update, now: float) -> None:
        """Hand an update on to those who want it, through its book if it has one."""
        key = update.topic_key
        route = self._subscriptions.routes.get(key) or self._subscriptions.route(key)
        if update.has_sequence and self._has_gap(update, key):
            self._gap(route, now)
        if not route:
            self._stats.late_pushes += 1
            return
        counts = self._stats.updates_by_topic
        counts[key if len(counts) < MAX_KEYS or key in counts else wide(key)] += 1
        if update.is_merged:
            whole = self._merged(route, update)
            if whole is None:
                return
            update = whole
        if update.has_trade_ids:
            fresh = self._without_seen(update, key, route, now)
            if fresh is None:
                return
            update = fresh
        proved: Subscription | None = None
        for subscription in route:
            subscription.last_update_at = now
            if subscription.book is not None:
                if (
                    subscription.is_requested
                    and not subscription.must_confirm
                    and self._apply(subscription, update, now)
                ):
                    proved = subscription
            elif not subscription.is_live and not subscription.is_private and subscription.is_requested:
                self.mark_live((subscription,), now)
        self._events.append(update)
        if proved is not None:
            self._tell_book(proved)

    def confirm(self, subscription: Subscription, update: Update, now: float) -> None:
        """The update came in the acknowledgement of other parameters, so that it is a state of these."""
        if subscription.is_requested and not subscription.must_confirm and self._apply(subscription, update, now):
            self._tell_book(subscription)

    def _tell_book(self, subscription: Subscription) -> None:
        if subscription.view is not None:
            book = subscription.view.snapshot()
            self._events.append(BookChanged(topic=subscription.topic, market=str(subscription.key[1]), book=book))  # type: ignore[arg-type]

    def _apply(self, subscription: Subscription, update: Update, now: float) -> bool:
        """Whether the book is proved by this update."""
        book, view = subscription.book, subscription.view
        if book is None or view is None:
            return False
        passed, failed = book.checks_passed, book.checks_failed
        why = book.apply(update)
        self._stats.checksums_passed += book.checks_passed - passed
        self._stats.checksums_failed += book.checks_failed - failed
        if why is None:
            view.prove(now)
            if subscription.unproved_since is not None:
                subscription.unproved_since, subscription.unproved_why = None, ""
            if not subscription.is_live:
                subscription.renewals = 0
                self.mark_live((subscription,), now)
            return True
        view.doubt(why)
        self._start_unproved(subscription, now, why)
        if subscription.is_live:
            self.lose((subscription,), now if view.received_at is None else view.received_at, why)
        return False

    def missed(self, concerns: TopicKey, now: float, why: str) -> None:
        """A push of this kind and market (None: any) could not be read: what it said is missing.

        A book is in doubt until it is proved again, and what is merged until it is whole again; every other topic has a
        hole and is live again at once.
        """
        kind, market = concerns[:2]
        concerned = [
            subscription
            for subscription in self._subscriptions.wanted()
            if kind in (None, subscription.key[0]) and (market is None or subscription.key[1] in (market, None))
        ]
        hit = [subscription for subscription in concerned if subscription.is_live]
        self.lose(hit, min((_seen_until(subscription, now) for subscription in hit), default=now), why)
        for subscription in concerned:
            kept = subscription.book if subscription.merger is None else subscription.merger
            if subscription.is_requested and isinstance(kept, MustBeTold):
                # Also one that still waits for its first state: it would begin with a hole.
                kept.missed()
                self._start_unproved(subscription, now, why)
            elif subscription.book is not None and subscription in hit:
                self._start_unproved(subscription, now, why)
        self.mark_live(
            [subscription for subscription in hit if subscription.book is None and subscription.merger is None], now
        )

    def unread(self) -> None:
        """A message could not be read: its number is not known, so that the next one along the connection proves no gap."""
        self._sequences.pop(None, None)

    def _merged(self, route: Sequence[Subscription], update: Update) -> Update | None:
        """What the topic brings after this update; None while nothing whole is known."""
        subscription = next((subscription for subscription in route if subscription.merger is not None), None)
        if subscription is None or subscription.merger is None:
            return update
        whole = subscription.merger.merge(update) if subscription.is_requested else None
        if whole is not None and whole is not update:
            stamp(whole, update.raw, update.received_at)
        return whole

    def _start_unproved(self, subscription: Subscription, now: float, why: str) -> None:
        subscription.unproved_why = why
        if subscription.unproved_since is None:
            subscription.unproved_since = now
            if subscription.renewals < MAX_RENEWALS:
                self._watch_by(now + _resync_delay(subscription))

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
            self._sequences = last = {None: last[None]} if None in last else {}
        overall, own = last.get(None), last.get(key)
        last[None] = last[key] = sequence
        return overall is not None and own is not None and sequence > overall + 1 and sequence > own + 1

    def _gap(self, route: Sequence[Subscription], now: float) -> None:
        """Each push is a whole state or a trade: what is missing is missing, and the topic is live again at once."""
        live = [subscription for subscription in route if subscription.is_live]
        self.lose(
            live,
            min((_seen_until(subscription, now) for subscription in live), default=now),
            "a gap in the sequence numbers",
        )
        self.mark_live(live, now)

    def _without_seen(self, update: Any, key: TopicKey, route: Sequence[Subscription], now: float) -> Update | None:
        """The update without the trades delivered before; None when nothing is left of it."""
        seen = self._seen.get(key)
        if seen is None:
            seen = self._new_seen(key)
        ids: Sequence[Any] = update.trade_ids
        known = seen.ids
        old = [trade_id for trade_id in ids if trade_id in known]
        # Oldest first, so that the newest are kept: venues list the newest first.
        known.update(dict.fromkeys(reversed(ids)))
        while len(known) > TRADES_REMEMBERED:
            del known[next(iter(known))]
        is_history, seen.is_history_due = seen.is_history_due and not _is_long_live(route, now), False
        if not old and not is_history:
            return update  # type: ignore[no-any-return]
        self._stats.duplicates += len(old)
        if len(old) == len(ids) and not is_history:
            return None
        return update.without_trades(frozenset(old), is_history=is_history)  # type: ignore[no-any-return]

    def _new_seen(self, key: TopicKey) -> _Seen:
        """A market of which nothing was delivered yet; the one known longest gives way when there are too many."""
        if len(self._seen) >= MAX_KEYS:
            del self._seen[next(iter(self._seen))]
        seen = self._seen[key] = _Seen({})
        return seen

    def unseen(self, update: Any) -> Update | None:
        """A recovered update without the trades that were delivered before; None when nothing is left of it."""
        seen = self._seen.get(update.topic_key) or self._new_seen(update.topic_key)
        ids: Sequence[Any] = update.trade_ids
        old = frozenset(trade_id for trade_id in ids if trade_id in seen.ids)
        # They are older than what was pushed, so that they are the first to be forgotten.
        joined = dict.fromkeys([*reversed(ids), *seen.ids])
        seen.ids = dict.fromkeys(list(joined)[-TRADES_REMEMBERED:])
        if len(old) == len(ids):
            return None
        fresh: Update = update.without_trades(old, is_history=True)
        return fresh

    # Live and lost ----------------------------------------------------------------------------------------------------

    def expect(self, subscription: Subscription) -> None:
        """From now on its updates can be expected."""
        subscription.is_requested = True
        subscription.unproved_since = None
        subscription.unproved_why = ""
        if subscription.book is not None:
            subscription.book.reset()
        if subscription.view is not None:
            subscription.view.doubt("asked for, and no whole book has come yet")
        if subscription.merger is not None:
            subscription.merger.reset()

    def asked(self, subscription: Subscription) -> None:
        """As `expect`, and the first update is the state or the history: the venue itself was asked."""
        self.expect(subscription)
        for key in self._seen if is_wide(subscription.key) else (subscription.key,):
            seen = self._seen.get(key)
            if seen is not None and subscription.key in (key, wide(key)):
                seen.is_history_due = True

    def mark_live(self, subscriptions: Sequence[Subscription], now: float) -> None:
        """They are live from now on."""
        back: dict[tuple[float, str], list[Subscription]] = {}
        for subscription in subscriptions:
            if subscription.is_live:
                continue
            subscription.is_live = self.has_gone_live = True
            subscription.live_at = now
            if subscription.lost_since is not None:
                back.setdefault((subscription.lost_since, subscription.lost_why), []).append(subscription)
                subscription.lost_since, subscription.lost_why = None, ""
            if (due := self._due(subscription)) is not None:
                self._watch_by(due)
        for (since, why), group in back.items():
            self._events.append(Restored(topics=topics_of(group), since=since, until=now, why=why))

    def lose(self, subscriptions: Iterable[Subscription], since: float, why: str) -> None:
        """They prove nothing from now on: one event for all of them that were live."""
        lost = [subscription for subscription in subscriptions if subscription.is_live]
        for subscription in lost:
            subscription.is_live = False
            subscription.lost_since, subscription.lost_why = since, why
            if subscription.view is not None:
                subscription.view.doubt(why)
        if lost:
            self._stats.gaps += 1
            self._events.append(Lost(topics=topics_of(lost), since=since, why=why))

    def forget(self, subscription: Subscription) -> None:
        """Nobody wants it any more."""
        subscription.is_live = subscription.is_requested = False
        subscription.lost_since, subscription.lost_why = None, ""
        subscription.unproved_since = None
        if subscription.view is not None:
            subscription.view.doubt("it is no longer subscribed")
        if self._subscriptions.cover(subscription) is None:
            self._seen.pop(subscription.key, None)

    def connection_lost(self, since: float, why: str) -> None:
        """The connection is gone: nothing is proved."""
        self.lose(self._subscriptions, since, why)
        self._sequences.clear()
        for subscription in self._subscriptions:
            subscription.is_requested = False
            subscription.unproved_since = None
            if subscription.view is not None:
                subscription.view.doubt(why)
        self.watch_at = None

    # Time -------------------------------------------------------------------------------------------------------------

    def handle_timeout(self, now: float) -> list[Subscription]:
        """Judge what was due; gives the wishes that must be asked for again."""
        if self.watch_at is None or now < self.watch_at:
            return []
        self.watch_at = None
        renew: list[Subscription] = []
        late: dict[str, list[Subscription]] = {}
        for subscription in self._subscriptions.wanted():
            due = self._due(subscription)
            if due is None:
                continue
            if now < due:
                self._watch_by(due)
                continue
            renew.append(subscription)
            if subscription.is_live:
                late.setdefault(self._why_late(subscription), []).append(subscription)
        for why, subscriptions in late.items():
            self.lose(subscriptions, min(_seen_until(subscription, now) for subscription in subscriptions), why)
        for subscription in renew:
            subscription.unproved_since = None
            subscription.renewals += subscription.book is not None
        return renew

    def _due(self, subscription: Subscription) -> float | None:
        if not subscription.is_live:
            if subscription.unproved_since is None or subscription.renewals >= MAX_RENEWALS:
                return None
            return subscription.unproved_since + _resync_delay(subscription)
        times = []
        if subscription.book is not None and subscription.book.due is not None:
            times.append(subscription.book.due)
        if self._silent_after is not None and not subscription.is_private and subscription.last_update_at is not None:
            times.append(subscription.last_update_at + self._silent_after)
        return min(times, default=None)

    def _why_late(self, subscription: Subscription) -> str:
        if self._silent_after is not None and subscription.last_update_at is not None and subscription.book is None:
            return f"silent for {self._silent_after:g} s"
        if (
            subscription.book is not None
            and subscription.book.due is not None
            and (
                self._silent_after is None
                or subscription.last_update_at is None
                or subscription.book.due <= subscription.last_update_at + self._silent_after
            )
        ):
            return "no whole book within its time"
        return f"silent for {self._silent_after:g} s"

    def _watch_by(self, due: float) -> None:
        if self.watch_at is None or due < self.watch_at:
            self.watch_at = due


def _seen_until(subscription: Subscription, now: float) -> float:
    """When its last update came."""
    return now if subscription.last_update_at is None else subscription.last_update_at


def _resync_delay(subscription: Subscription) -> float:
    return float(RESYNC_AFTER * 2**subscription.renewals)


def _is_long_live(route: Sequence[Subscription], now: float) -> bool:
    """Whether an all-markets topic that brings this has been live for so long that the past is behind it."""
    return any(
        is_wide(subscription.key) and subscription.is_live and now - subscription.live_at > HISTORY_WITHIN
        for subscription in route
    )
