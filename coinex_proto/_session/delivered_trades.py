"""Which trades were delivered: the one memory for pushes, repeats after a reconnect, and what queries bring after a gap.

Venues repeat trades after subscribing and in overlapping pushes; each is delivered once. Knows no connection and no venue.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, final

from coinex_proto.ids import TopicKey
from coinex_proto.statistics import Statistics
from coinex_proto.topics import is_wide, wide
from coinex_proto.updates import Update

MAX_KEYS: Final = 10_000
"""Markets of which something is remembered: a peer may name any number of them under an all-markets topic."""
TRADES_REMEMBERED: Final = 256
"""Trade ids kept for each market; CoinEx repeats about 100 trades after subscribing."""


@final
class DeliveredOfMarket:
    """The newest trades of one market."""

    __slots__ = ("_ids", "_stats", "is_history_due")

    def __init__(self, stats: Statistics) -> None:
        self._stats = stats
        self._ids: dict[Any, None] = {}
        self.is_history_due = True
        """The next push is the first after subscribing: it tells the past, and is marked so."""

    def take_new(self, update: Any, *, is_history: bool) -> Update | None:
        """A pushed update without the trades that were delivered before; None when nothing is left of it."""
        ids: Sequence[Any] = update.trade_ids
        known = self._ids
        old = [trade_id for trade_id in ids if trade_id in known]
        # Oldest first, so that the newest are kept: venues list the newest first.
        known.update(dict.fromkeys(reversed(ids)))
        while len(known) > TRADES_REMEMBERED:
            del known[next(iter(known))]
        self.is_history_due = False
        if not old and not is_history:
            return update  # type: ignore[no-any-return]
        self._stats.duplicates += len(old)
        if len(old) == len(ids) and not is_history:
            return None
        return update.without_trades(frozenset(old), is_history=is_history)  # type: ignore[no-any-return]

    def take_recovered(self, update: Any) -> Update | None:
        """An update that a query brought, without the trades that were delivered before; None when nothing is left of it."""
        ids: Sequence[Any] = update.trade_ids
        old = frozenset(trade_id for trade_id in ids if trade_id in self._ids)
        # They are older than what was pushed, so that they are the first to be forgotten.
        joined = dict.fromkeys([*reversed(ids), *self._ids])
        self._ids = dict.fromkeys(list(joined)[-TRADES_REMEMBERED:])
        if len(old) == len(ids):
            return None
        fresh: Update = update.without_trades(old, is_history=True)
        return fresh


@final
class DeliveredTrades:
    """The trades of all markets, by the topic key of their updates."""

    def __init__(self, stats: Statistics) -> None:
        self._stats = stats
        self._by_key: dict[TopicKey, DeliveredOfMarket] = {}

    def of(self, key: TopicKey) -> DeliveredOfMarket:
        """Those of one market; the market known longest gives way when there are too many."""
        delivered = self._by_key.get(key)
        if delivered is None:
            if len(self._by_key) >= MAX_KEYS:
                del self._by_key[next(iter(self._by_key))]
            delivered = self._by_key[key] = DeliveredOfMarket(self._stats)
        return delivered

    def expect_history(self, key: TopicKey) -> None:
        """The venue is asked for this topic (anew): what it sends first is the past."""
        for known in self._by_key if is_wide(key) else (key,):
            delivered = self._by_key.get(known)
            if delivered is not None and key in (known, wide(known)):
                delivered.is_history_due = True

    def forget(self, key: TopicKey) -> None:
        """Nobody wants this market any more."""
        self._by_key.pop(key, None)
