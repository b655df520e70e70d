"""Whole tickers out of differences. Replies and notices are not in step: what comes before the whole one waits for it.

Source: CoinFLEX API v1, WatchTicker and TickerChanged.
"""

from __future__ import annotations

from typing import Final, final

from coinex_proto.coinflex.market_updates import Absent, Changed, TickerChanged, TickerUpdate
from coinex_proto.events import Update

MOST_WAITING: Final = 1000
"""So many changes may wait for the whole ticker; then none is kept, and it cannot be had before the topic is asked anew."""


@final
class TickerMerger:
    """The ticker of one market as of the latest change."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Nothing known before counts any more."""
        self._whole: TickerUpdate | None = None
        self._waiting: list[TickerChanged] = []
        self._has_missed = False

    def merge(self, update: Update) -> TickerUpdate | None:
        """The whole ticker after this update; None while none is known."""
        if isinstance(update, TickerUpdate):
            self._take_whole(update)
        elif isinstance(update, TickerChanged):
            self._take_change(update)
        return self._whole

    def _take_whole(self, update: TickerUpdate) -> None:
        if self._has_missed:
            return
        self._whole = update
        waiting, self._waiting = self._waiting, []
        for change in waiting:
            self._take_change(change)

    def _take_change(self, change: TickerChanged) -> None:
        if self._whole is not None:
            self._whole = _changed(self._whole, change)
        elif len(self._waiting) < MOST_WAITING:
            self._waiting.append(change)
        else:
            self._waiting.clear()
            self._has_missed = True


def _changed(whole: TickerUpdate, change: TickerChanged) -> TickerUpdate:
    return TickerUpdate(
        base=whole.base,
        counter=whole.counter,
        last=_newer(change.last, whole.last),
        bid=_newer(change.bid, whole.bid),
        ask=_newer(change.ask, whole.ask),
        low=_newer(change.low, whole.low),
        high=_newer(change.high, whole.high),
        volume=_newer(change.volume, whole.volume),
    )


def _newer(changed: Changed, known: int | None) -> int | None:
    return known if isinstance(changed, Absent) else changed
