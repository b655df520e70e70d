"""What was delivered: the one memory for pushes, repeats after a reconnect, and what queries bring after a gap.

Venues repeat trades after subscribing and in overlapping pushes; each is delivered once. Own fills and finished orders are
remembered for what queries bring. Knows no connection and no venue.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import islice
from typing import Any, Final, final

from coinex_proto.ids import TopicKey
from coinex_proto.statistics import Statistics
from coinex_proto.topics import is_wide, wide
from coinex_proto.updates import Update, mark_self_trade

MAX_KEYS: Final = 10_000
"""Markets of which something is remembered: a peer may name any number of them under an all-markets topic."""
KEPT_EACH: Final = 256
"""Ids kept for each market; CoinEx repeats about 100 trades after subscribing."""
KEPT: Final = 4096
"""As long as all markets together have no more ids than this, none is forgotten: far more than a busy market trades
within the time that is queried beyond both ends of a gap."""


@final
class DeliveredOfMarket:
    """The newest ids of one market, oldest first."""

    __slots__ = ("_all", "ids", "is_history_due")

    def __init__(self, delivered: Delivered) -> None:
        self._all = delivered
        self.ids: dict[Hashable, None] = {}
        self.is_history_due: bool = True
        """The next push is the first after subscribing: it tells the past, and is marked so."""

    def take_new(self, update: Any, *, is_history: bool) -> Update | None:
        """A pushed update without the trades that were delivered before; None when nothing is left of it."""
        ids: Sequence[Any] = update.trade_ids
        known = self.ids
        distinct = frozenset(ids)
        old = frozenset() if known.keys().isdisjoint(distinct) else distinct & known.keys()
        fresh = len(distinct) - len(old)
        self.add(ids)
        self.is_history_due = False
        if fresh == len(ids) and not is_history:
            return update  # type: ignore[no-any-return]
        self._all.stats.duplicates += len(ids) - fresh
        if not fresh and ids and not is_history:
            return None
        return update.without_trades(old, is_history=is_history)  # type: ignore[no-any-return]

    def take_recovered(self, update: Any) -> Update | None:
        """An update that a query brought, without the trades that were delivered before; None when nothing is left of it."""
        ids: Sequence[Any] = update.trade_ids
        old = self.ids.keys() & ids
        # They are older than what was pushed, so that they are the first to be forgotten.
        pushed, self.ids = self.ids, {}
        self._all.count -= len(pushed)
        self.add([*reversed(pushed), *ids])
        fresh: Update | None = None if old >= set(ids) else update.without_trades(old, is_history=True)
        return fresh

    def add(self, ids: Sequence[Hashable]) -> None:
        """These are delivered now; the newest come first, as venues list them, and are kept longest."""
        known, delivered = self.ids, self._all
        before = len(known)
        known.update(dict.fromkeys(reversed(ids)))
        delivered.count += len(known) - before
        surplus = min(len(known) - KEPT_EACH, delivered.count - KEPT)
        if surplus > 0:
            for oldest in list(
                islice(known, surplus)
            ):  # one by one, each look for the oldest would pass by all gaps before it
                del known[oldest]
            delivered.count -= surplus


@final
class Delivered:
    """The ids of all markets, by the topic key of their updates."""

    def __init__(self, stats: Statistics) -> None:
        self.stats = stats
        self.count: int = 0
        """Of all ids."""
        self._by_key: dict[TopicKey, DeliveredOfMarket] = {}
        self._fills: dict[tuple[TopicKey, tuple[Hashable, Hashable]], None] = {}
        """Own fills by order id and trade id, oldest first; busy public trades do not push them out."""
        self._halves: dict[tuple[TopicKey, Hashable], dict[Hashable, Update]] = {}
        """The fills of each trade, by order id."""

    def of(self, key: TopicKey) -> DeliveredOfMarket:
        """Those of one market; the market known longest gives way when there are too many."""
        delivered = self._by_key.get(key)
        if delivered is None:
            if len(self._by_key) >= MAX_KEYS:
                self.forget(next(iter(self._by_key)))
            delivered = self._by_key[key] = DeliveredOfMarket(self)
        return delivered

    def has(self, key: TopicKey, occurrence: Hashable) -> bool:
        """Whether this was delivered."""
        delivered = self._by_key.get(key)
        return (key, occurrence) in self._fills or (delivered is not None and occurrence in delivered.ids)

    def markets(self, kind: Hashable) -> tuple[str, ...]:
        """The markets of which something of this kind was delivered."""
        return tuple(str(key[1]) for key in self._by_key if key[0] == kind)

    def note(self, update: Update) -> None:
        """A pushed update about an own order: a fill or an end that it reports is not recovered once more."""
        occurrence: Any = update.occurrence_id
        if occurrence is None:
            return
        self.of(update.topic_key).add((occurrence,))
        if update.is_fill:
            self._note_fill(update, *occurrence)

    def is_told_again(self, update: Update) -> bool:
        """Whether this pushed update is an own fill that was delivered before; else it is noted as `note` does."""
        if update.is_fill and update.occurrence_id is not None and self.has(update.topic_key, update.occurrence_id):
            self.stats.duplicates += 1
            return True
        self.note(update)
        return False

    def _note_fill(self, update: Update, order_id: Hashable, trade_id: Hashable) -> None:
        """Each half of a trade with oneself is a fill of another order."""
        key = update.topic_key
        halves = self._halves.setdefault((key, trade_id), {})
        halves[order_id] = update
        if len(halves) > 1:
            for half in halves.values():
                mark_self_trade(half)
        self._fills[key, (order_id, trade_id)] = None
        if len(self._fills) > KEPT:
            oldest = next(iter(self._fills))
            del self._fills[oldest]
            self._halves.pop((oldest[0], oldest[1][1]), None)

    def take_recovered(self, update: Update) -> Update | None:
        """An update that a query brought, without what was delivered before; None when nothing is left of it."""
        if update.has_trade_ids:
            return self.of(update.topic_key).take_recovered(update)
        if self.has(update.topic_key, update.occurrence_id):
            return None
        self.note(update)
        return update

    def expect_history(self, key: TopicKey) -> None:
        """The venue is asked for this topic (anew): what it sends first is the past."""
        for known in self._by_key if is_wide(key) else (key,):
            delivered = self._by_key.get(known)
            if delivered is not None and key in (known, wide(known)):
                delivered.is_history_due = True

    def forget(self, key: TopicKey) -> None:
        """Nobody wants this market any more."""
        delivered = self._by_key.pop(key, None)
        self.count -= 0 if delivered is None else len(delivered.ids)
