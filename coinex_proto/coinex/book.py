"""The order book of CoinEx: kept from whole books and differences, proved by the venue's checksum on every push.

There are no sequence numbers: a lost difference shows only as a checksum that does not fit. The checksum is the CRC-32 of
`price:size` joined by ":", bids from the best down, then asks from the best up, in the venue's own texts.
Source: CoinEx API v2, depth.update; the order of the sides and the unpadded texts were verified on a recording.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, final

from coinex_proto.books.book import Levels, Version
from coinex_proto.books.ladder import Ladder, LevelTexts, push, take_push, unread
from coinex_proto.coinex.market_updates import DepthLevels, DepthUpdate
from coinex_proto.errors import PayloadError
from coinex_proto.moments import unix_milliseconds
from coinex_proto.updates import Update

FULL_PUSH_WITHIN: Final = 90.0
"""Seconds. With differences the venue repeats the whole book every minute; half a minute more is given."""

_LEAST_MS: Final = 10**11
_MOST_MS: Final = 10**14
"""Milliseconds of our time: these are told from other units at once, since every push comes by here."""

_WAITING: Final = "waiting for a whole book"

_bids_of, _asks_of, _last_of = (unread(DepthLevels, name) for name in ("bids", "asks", "last"))
_new_tuple: Final = tuple.__new__
"""A `NamedTuple` makes itself by a function in Python: one more for each change of a book."""


@final
class CoinexBook:
    """One market's book. Levels are never cut to the subscribed limit: the venue deletes what falls out of it."""

    __slots__ = (
        "_asks",
        "_bids",
        "_checksum",
        "_due",
        "_gets_differences",
        "_is_synced",
        "_last",
        "_levels",
        "_sum",
        "_updated_at_ms",
        "_why",
        "absent_deletes",
        "checks_failed",
        "checks_passed",
    )

    def __init__(self, *, gets_differences: bool) -> None:
        self._gets_differences = gets_differences
        self.checks_passed: int = 0
        self.checks_failed: int = 0
        self.absent_deletes: int = 0
        """How often the venue removed a level that was not there."""
        self._bids = Ladder(is_highest_best=True)
        self._asks = Ladder()
        self.reset()

    def reset(self) -> None:
        """Nothing known before counts any more."""
        self._forget()
        self._due: float | None = None
        self._why = _WAITING

    def _forget(self) -> None:
        self._bids.clear()
        self._asks.clear()
        self._is_synced = False
        self._checksum = 0
        self._sum: int | None = None
        self._levels: tuple[LevelTexts, LevelTexts] | None = None
        """The checksum and both sides as they are now, once they were asked for: a book may be long, and a push may change nothing."""
        self._last: Any = None
        """Of the newest push, like the checksum. Not the push itself: its levels would take more room than the book."""
        self._updated_at_ms: int | None = None

    @property
    def due(self) -> float | None:
        """When the next whole book is overdue; None before the first push, and where every push is one."""
        return self._due

    def levels(self) -> Levels:
        """An immutable copy of both sides."""
        sides = self._levels
        if sides is None:
            sides = self._levels = self._bids.levels(), self._asks.levels()
        return _new_tuple(Levels, (*sides, self._updated_at_ms))

    @property
    def version(self) -> Version:
        """The venue's time and its checksum, which is over all levels."""
        return self._updated_at_ms, self._sum

    def whole_update(self, market: str) -> DepthUpdate | None:
        """The proved book as a whole push; its checksum and its times are those of the newest push."""
        if not self._is_synced:
            return None
        bids, asks = self._bids.levels(), self._asks.levels()
        depth = DepthLevels(
            bids=bids.pairs(),
            asks=asks.pairs(),
            checksum=self._checksum,
            last=getattr(self._last, "value", self._last),
            updated_at=self._updated_at_ms,
        )
        return DepthUpdate(market=market, is_full=True, depth=depth)

    def apply(self, update: Update) -> str | None:
        """Take in one push; None: its checksum fits the whole book; else why the book is not proved.

        After anything that does not fit, differences are left aside, for that reason, until a whole book fits again.
        Repeated, late and swapped pushes are judged like any other: by the checksum.
        """
        if not isinstance(update, DepthUpdate):
            return f"{type(update).__name__} is no change of this book"
        is_full = update.is_full
        if is_full or self._due is None:
            self._due = update.received_at + FULL_PUSH_WITHIN if self._gets_differences else None
        if not is_full and not self._is_synced:
            return self._why
        depth = update.depth
        bids, asks = _bids_of(depth), _asks_of(depth)
        if is_full or bids or asks or self._sum is None:
            self._levels = self._sum = None
            try:
                self._sum = push(self._bids, self._asks, bids, asks, is_full)
            except PayloadError as problem:
                return self._refused(problem)
            self.absent_deletes = self._bids.absent + self._asks.absent
        at_ms = depth.updated_at
        if at_ms is not None and not _LEAST_MS <= at_ms < _MOST_MS:
            at_ms = unix_milliseconds(at_ms)
        self._updated_at_ms = at_ms
        # The page says signed, the wire is unsigned: equal modulo 2^32.
        if self._sum != depth.checksum & 0xFFFFFFFF:
            self.checks_failed += 1
            self._is_synced = False
            self._why = f"the checksum does not fit; {_WAITING}"
            return self._why
        self.checks_passed += 1
        self._is_synced = True
        self._checksum = depth.checksum
        self._last = depth.last if is_full else _last_of(depth)  # one still unread keeps its payload, a small one
        return None

    def apply_read(self, updates: Sequence[Update]) -> str | None:
        """As `apply`, with the pushes of one read: the checksum of the last, over the whole book, proves them all.

        What came before the last whole book among them is not looked at: that book replaces it.
        """
        pushes = [update for update in updates if isinstance(update, DepthUpdate)]
        first = next((at for at in range(len(pushes) - 1, -1, -1) if pushes[at].is_full), 0)
        for one in pushes[first:-1]:
            is_full, depth = one.is_full, one.depth
            if is_full:
                self._due = one.received_at + FULL_PUSH_WITHIN if self._gets_differences else None
            bids, asks = _bids_of(depth), _asks_of(depth)
            if is_full or bids or asks:
                self._levels = self._sum = None
                try:
                    take_push(self._bids, self._asks, bids, asks, is_full)
                except PayloadError as problem:
                    return self._refused(problem)
        return self.apply(pushes[-1])

    def _refused(self, problem: PayloadError) -> str:
        self.checks_failed += 1
        self._forget()
        self._why = f"{problem}; {_WAITING}"
        return self._why
