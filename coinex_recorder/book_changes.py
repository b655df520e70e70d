"""What has changed between two proved states of one book, as rows: so that they say the same for every venue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import filterfalse
from typing import Final

from attrs import define

from coinex_proto import BookChanged
from coinex_proto.speedups import speed
from coinex_recorder.tables import BOOK_CHANGES, BOOK_SNAPSHOTS, NEXT, Levels, Rows

MS: Final = 1_000
"""Microseconds of a millisecond."""

_changed_levels: Callable[[str, str, bool], tuple[str, int, str, int] | None] | None = getattr(
    speed, "changed_levels", None
)
"""Compares two sides of plain numbers in order; None: the extension is not there."""


@define
class BookRows:
    """The last proved state of one book, to say what has changed since."""

    bids: str = ""
    """`price:size:price:size…`"""
    asks: str = ""
    is_known: bool = False
    """False: the next is the whole book, because it was lost or is the first."""
    snapshot_at: float = 0.0

    def of(self, event: BookChanged, snapshot_every: float) -> Iterator[Rows]:
        """The first after a gap is the whole book (`is_snapshot`); what it does not hold any more is removed before."""
        book = event.book
        at = book.received_at or 0.0
        local = round(at * 1e6) if at else None
        stamp = local if book.updated_at_ms is None else book.updated_at_ms * MS
        bids, asks = book.bids.joined(), book.asks.joined()  # type: ignore[attr-defined]
        is_first = not self.is_known
        rows: list[Levels] = []
        for side, old, new in (("bid", self.bids, bids), ("ask", self.asks, asks)):
            if old != new:
                gone, number_gone, changed, number_changed = changes(old, new, side == "bid")
                if number_gone:
                    rows.append(Levels(stamp, local, False, side, number_gone, gone))
                if number_changed and not is_first:
                    rows.append(Levels(stamp, local, False, side, number_changed, changed))
        whole: list[Levels] = []
        if is_first or at - self.snapshot_at >= snapshot_every:
            whole = [_whole(stamp, local, side, new) for side, new in (("bid", bids), ("ask", asks)) if new]
            self.snapshot_at = at
        self.bids, self.asks, self.is_known = bids, asks, True
        if rows or is_first:
            yield BOOK_CHANGES, event.market, [*rows, *whole] if is_first else rows
        if whole:
            yield BOOK_SNAPSHOTS, event.market, whole


def _whole(stamp: int | None, local: int | None, side: str, levels: str) -> Levels:
    found = _levels(levels)
    return Levels(stamp, local, True, side, len(found), NEXT.join(found))


def changes(old: str, new: str, is_highest_first: bool) -> tuple[str, int, str, int]:
    """What is gone, with an amount of 0, and what is new or has another amount: the lines of each, and how many they are."""
    if _changed_levels is not None and (quick := _changed_levels(old, new, is_highest_first)) is not None:
        return quick
    before, now = _levels(old), _levels(new)
    changed = list(filterfalse(set(before).__contains__, now))
    prices = {level.partition(":")[0] for level in changed}
    left = [level.partition(":")[0] for level in filterfalse(set(now).__contains__, before)]
    gone = [f"{price}:0" for price in left if price not in prices]
    return NEXT.join(gone), len(gone), NEXT.join(changed), len(changed)


def _levels(joined: str) -> list[str]:
    numbers = joined.split(":") if joined else []
    return list(map(":".join, zip(numbers[::2], numbers[1::2], strict=True)))
