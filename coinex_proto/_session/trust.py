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

from coinex_proto._session.subscriptions import Wish, Wishes, topics_of
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

    def __init__(self, wishes: Wishes, config: Config, stats: Statistics, events: deque[Event]) -> None:
        self._wishes = wishes
        self._silent_after = config.silent_after
        self._stats = stats
        self._events = events
        self._seen: dict[TopicKey, _Seen] = {}
        self.has_enlivened = False
        """Some topic went live since this was last set to False."""
        self.watch_at: float | None = None
        """When `handle_timeout` must be called next; only moved when something new is to be watched."""
        self._sequences: dict[TopicKey | None, int] = {}

    # Updates ----------------------------------------------------------------------------------------------------------

    def take(self, update: Update, now: float) -> None:
        """Hand an update on to those who want it, through its book if it has one."""
        key = update.topic_key
        route = self._wishes.routes.get(key) or self._wishes.route(key)
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
        proved: Wish | None = None
        for wish in route:
            wish.last_update_at = now
            if wish.book is not None:
                if wish.is_asked and not wish.must_confirm and self._apply(wish, update, now):
                    proved = wish
            elif not wish.is_live and not wish.is_private and wish.is_asked:
                self.enliven((wish,), now)
        self._events.append(update)
        if proved is not None:
            self._tell_book(proved)

    def confirm(self, wish: Wish, update: Update, now: float) -> None:
        """The update came in the acknowledgement of other parameters, so that it is a state of these."""
        if wish.is_asked and not wish.must_confirm and self._apply(wish, update, now):
            self._tell_book(wish)

    def _tell_book(self, wish: Wish) -> None:
        if wish.view is not None:
            book = wish.view.snapshot()
            self._events.append(BookChanged(topic=wish.topic, market=str(wish.key[1]), book=book))  # type: ignore[arg-type]

    def _apply(self, wish: Wish, update: Update, now: float) -> bool:
        """Whether the book is proved by this update."""
        book, view = wish.book, wish.view
        if book is None or view is None:
            return False
        passed, failed = book.checks_passed, book.checks_failed
        why = book.apply(update)
        self._stats.checksums_passed += book.checks_passed - passed
        self._stats.checksums_failed += book.checks_failed - failed
        if why is None:
            view.prove(now)
            if wish.doubt_at is not None:
                wish.doubt_at, wish.doubt_why = None, ""
            if not wish.is_live:
                wish.renewals = 0
                self.enliven((wish,), now)
            return True
        view.doubt(why)
        self._start_doubt(wish, now, why)
        if wish.is_live:
            self.lose((wish,), now if view.received_at is None else view.received_at, why)
        return False

    def missed(self, concerns: TopicKey, now: float, why: str) -> None:
        """A push of this kind and market (None: any) could not be read: what it said is missing.

        A book is in doubt until it is proved again, and what is merged until it is whole again; every other topic has a
        hole and is live again at once.
        """
        kind, market = concerns[:2]
        concerned = [
            wish
            for wish in self._wishes.wanted()
            if kind in (None, wish.key[0]) and (market is None or wish.key[1] in (market, None))
        ]
        hit = [wish for wish in concerned if wish.is_live]
        self.lose(hit, min((_seen_until(wish, now) for wish in hit), default=now), why)
        for wish in concerned:
            kept = wish.book if wish.merger is None else wish.merger
            if wish.is_asked and isinstance(kept, MustBeTold):
                # Also one that still waits for its first state: it would begin with a hole.
                kept.missed()
                self._start_doubt(wish, now, why)
            elif wish.book is not None and wish in hit:
                self._start_doubt(wish, now, why)
        self.enliven([wish for wish in hit if wish.book is None and wish.merger is None], now)

    def unread(self) -> None:
        """A message could not be read: its number is not known, so that the next one along the connection proves no gap."""
        self._sequences.pop(None, None)

    def _merged(self, route: Sequence[Wish], update: Update) -> Update | None:
        """What the topic brings after this update; None while nothing whole is known."""
        wish = next((wish for wish in route if wish.merger is not None), None)
        if wish is None or wish.merger is None:
            return update
        whole = wish.merger.merge(update) if wish.is_asked else None
        if whole is not None and whole is not update:
            stamp(whole, update.raw, update.received_at)
        return whole

    def _start_doubt(self, wish: Wish, now: float, why: str) -> None:
        wish.doubt_why = why
        if wish.doubt_at is None:
            wish.doubt_at = now
            if wish.renewals < MAX_RENEWALS:
                self._watch_by(now + _patience_with(wish))

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

    def _gap(self, route: Sequence[Wish], now: float) -> None:
        """Each push is a whole state or a trade: what is missing is missing, and the topic is live again at once."""
        live = [wish for wish in route if wish.is_live]
        self.lose(live, min((_seen_until(wish, now) for wish in live), default=now), "a gap in the sequence numbers")
        self.enliven(live, now)

    def _without_seen(self, update: Any, key: TopicKey, route: Sequence[Wish], now: float) -> Update | None:
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

    def expect(self, wish: Wish) -> None:
        """From now on its updates can be expected."""
        wish.is_asked = True
        wish.doubt_at = None
        wish.doubt_why = ""
        if wish.book is not None:
            wish.book.reset()
        if wish.view is not None:
            wish.view.doubt("asked for, and no whole book has come yet")
        if wish.merger is not None:
            wish.merger.reset()

    def asked(self, wish: Wish) -> None:
        """As `expect`, and the first update is the state or the history: the venue itself was asked."""
        self.expect(wish)
        for key in self._seen if is_wide(wish.key) else (wish.key,):
            seen = self._seen.get(key)
            if seen is not None and wish.key in (key, wide(key)):
                seen.is_history_due = True

    def enliven(self, wishes: Sequence[Wish], now: float) -> None:
        """They are live from now on."""
        back: dict[tuple[float, str], list[Wish]] = {}
        for wish in wishes:
            if wish.is_live:
                continue
            wish.is_live = self.has_enlivened = True
            wish.live_at = now
            if wish.lost_since is not None:
                back.setdefault((wish.lost_since, wish.lost_why), []).append(wish)
                wish.lost_since, wish.lost_why = None, ""
            if (due := self._due(wish)) is not None:
                self._watch_by(due)
        for (since, why), group in back.items():
            self._events.append(Restored(topics=topics_of(group), since=since, until=now, why=why))

    def lose(self, wishes: Iterable[Wish], since: float, why: str) -> None:
        """They prove nothing from now on: one event for all of them that were live."""
        lost = [wish for wish in wishes if wish.is_live]
        for wish in lost:
            wish.is_live = False
            wish.lost_since, wish.lost_why = since, why
            if wish.view is not None:
                wish.view.doubt(why)
        if lost:
            self._stats.gaps += 1
            self._events.append(Lost(topics=topics_of(lost), since=since, why=why))

    def forget(self, wish: Wish) -> None:
        """Nobody wants it any more."""
        wish.is_live = wish.is_asked = False
        wish.lost_since, wish.lost_why = None, ""
        wish.doubt_at = None
        if wish.view is not None:
            wish.view.doubt("it is no longer subscribed")
        if self._wishes.cover(wish) is None:
            self._seen.pop(wish.key, None)

    def line_lost(self, since: float, why: str) -> None:
        """The connection is gone: nothing is proved."""
        self.lose(self._wishes, since, why)
        self._sequences.clear()
        for wish in self._wishes:
            wish.is_asked = False
            wish.doubt_at = None
            if wish.view is not None:
                wish.view.doubt(why)
        self.watch_at = None

    # Time -------------------------------------------------------------------------------------------------------------

    def handle_timeout(self, now: float) -> list[Wish]:
        """Judge what was due; gives the wishes that must be asked for again."""
        if self.watch_at is None or now < self.watch_at:
            return []
        self.watch_at = None
        renew: list[Wish] = []
        late: dict[str, list[Wish]] = {}
        for wish in self._wishes.wanted():
            due = self._due(wish)
            if due is None:
                continue
            if now < due:
                self._watch_by(due)
                continue
            renew.append(wish)
            if wish.is_live:
                late.setdefault(self._why_late(wish), []).append(wish)
        for why, wishes in late.items():
            self.lose(wishes, min(_seen_until(wish, now) for wish in wishes), why)
        for wish in renew:
            wish.doubt_at = None
            wish.renewals += wish.book is not None
        return renew

    def _due(self, wish: Wish) -> float | None:
        if not wish.is_live:
            if wish.doubt_at is None or wish.renewals >= MAX_RENEWALS:
                return None
            return wish.doubt_at + _patience_with(wish)
        times = []
        if wish.book is not None and wish.book.due is not None:
            times.append(wish.book.due)
        if self._silent_after is not None and not wish.is_private and wish.last_update_at is not None:
            times.append(wish.last_update_at + self._silent_after)
        return min(times, default=None)

    def _why_late(self, wish: Wish) -> str:
        if self._silent_after is not None and wish.last_update_at is not None and wish.book is None:
            return f"silent for {self._silent_after:g} s"
        if (
            wish.book is not None
            and wish.book.due is not None
            and (
                self._silent_after is None
                or wish.last_update_at is None
                or wish.book.due <= wish.last_update_at + self._silent_after
            )
        ):
            return "no whole book within its time"
        return f"silent for {self._silent_after:g} s"

    def _watch_by(self, due: float) -> None:
        if self.watch_at is None or due < self.watch_at:
            self.watch_at = due


def _seen_until(wish: Wish, now: float) -> float:
    """When its last update came."""
    return now if wish.last_update_at is None else wish.last_update_at


def _patience_with(wish: Wish) -> float:
    return float(RESYNC_AFTER * 2**wish.renewals)


def _is_long_live(route: Sequence[Wish], now: float) -> bool:
    """Whether an all-markets topic that brings this has been live for so long that the past is behind it."""
    return any(is_wide(wish.key) and wish.is_live and now - wish.live_at > HISTORY_WITHIN for wish in route)
