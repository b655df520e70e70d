"""Whole tickers out of differences. Replies and notices are not in step: what comes before the whole one waits for it.

Source: CoinFLEX API v1, WatchTicker and TickerChanged.
"""

from __future__ import annotations

from typing import final

from coinex_proto.coinflex.market_updates import Absent, Changed, TickerChanged, TickerUpdate
from coinex_proto.updates import Update


@final
class TickerMerger:
    """The ticker of one market as of the latest change."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Nothing known before counts any more."""
        self._whole: TickerUpdate | None = None
        self._waiting: TickerChanged | None = None
        """All that has changed before the whole one came, in one."""
        self._has_missed = False

    def missed(self) -> None:
        """A change could not be read: nothing is whole before the ticker is subscribed again."""
        self._has_missed = True

    def merge(self, update: Update) -> TickerUpdate | None:
        """The whole ticker after this update; None while none is known."""
        if self._has_missed:
            return None
        if isinstance(update, TickerUpdate):
            self._take_whole(update)
        elif isinstance(update, TickerChanged):
            self._take_change(update)
        return self._whole

    def _take_whole(self, update: TickerUpdate) -> None:
        waiting, self._waiting = self._waiting, None
        self._whole = update if waiting is None else _changed(update, waiting)

    def _take_change(self, change: TickerChanged) -> None:
        if self._whole is not None:
            self._whole = _changed(self._whole, change)
        else:
            self._waiting = change if self._waiting is None else _joined(self._waiting, change)


def _joined(first: TickerChanged, then: TickerChanged) -> TickerChanged:
    return TickerChanged(
        base=first.base,
        counter=first.counter,
        last=_latest(then.last, first.last),
        bid=_latest(then.bid, first.bid),
        ask=_latest(then.ask, first.ask),
        low=_latest(then.low, first.low),
        high=_latest(then.high, first.high),
        volume=_latest(then.volume, first.volume),
    )


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


def _latest(then: Changed, first: Changed) -> Changed:
    return first if isinstance(then, Absent) else then


def _newer(changed: Changed, known: int | None) -> int | None:
    return known if isinstance(changed, Absent) else changed
