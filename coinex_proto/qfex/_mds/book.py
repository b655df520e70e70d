"""The order book of QFEX: every push is the whole visible book, so that nothing is kept from one push to the next.

There is no checksum; a push proves itself when every level of it is a plain decimal number above zero.
Source: QFEX documentation, level2; that each push is whole was seen by other clients.
"""

from __future__ import annotations

from typing import final

from coinex_proto.books.book import Levels
from coinex_proto.books.ladder import Ladder
from coinex_proto.errors import PayloadError
from coinex_proto.qfex._mds.updates import Level2Update
from coinex_proto.updates import Update


@final
class QfexBook:
    """One symbol's book, at most 20 levels a side."""

    __slots__ = ("_asks", "_bids", "_is_late", "_time_ns", "checks_failed", "checks_passed")

    def __init__(self) -> None:
        self.checks_passed = 0
        self.checks_failed = 0
        self._bids = Ladder(is_highest_best=True)
        self._asks = Ladder()
        self._time_ns: int | None = None
        self._is_late = False
        """The last push was older than the one before it."""

    def reset(self) -> None:
        """Nothing known before counts any more."""
        self._bids.clear()
        self._asks.clear()
        self._time_ns = None

    @property
    def due(self) -> None:
        """The interval of the pushes is not to be relied on: none is ever overdue."""
        return

    def levels(self) -> Levels:
        """An immutable copy of both sides."""
        time_ms = None if self._time_ns is None else self._time_ns // 1_000_000
        return Levels(self._bids.levels(), self._asks.levels(), time_ms)

    def apply(self, update: Update) -> str | None:
        """None when the push is a readable book, else why it is not.

        An older push than the one before changes nothing. With the next one older too, it is the venue's clock that went
        back, and not a push that was late: which book is the newer one is not known then.
        """
        if not isinstance(update, Level2Update):
            return "not a level2 push"
        try:
            self._take(update)
        except PayloadError as problem:
            self.checks_failed += 1
            self.reset()
            return str(problem)
        return None

    def _take(self, update: Level2Update) -> None:
        time_ns = update.time_ns
        if self._time_ns is not None and time_ns is not None and time_ns < self._time_ns:
            if self._is_late:
                raise PayloadError("the times of its pushes went back")
            self._is_late = True
            return
        bids, asks = self._bids, self._asks
        bids.replace(update.bid)
        asks.replace(update.ask)
        if not bids.has_positive_prices or not asks.has_positive_prices:
            raise PayloadError("a level with a price of zero")
        self._time_ns = time_ns
        self._is_late = False
        self.checks_passed += 1
