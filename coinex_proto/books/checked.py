"""A book for venues that send a whole state, then changes, and a checksum with each: what most of them do.

The venue says how to read a push (`BookChange`) and how its checksum is made; the rest is here. This module must not know
any venue.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, final

from attrs import frozen

from coinex_proto.books.book import Levels
from coinex_proto.books.ladder import Ladder
from coinex_proto.errors import PayloadError
from coinex_proto.updates import Update

_WAITING: Final = "waiting for a whole book"


@frozen(kw_only=True)
class BookChange:
    """What one push says of a book."""

    bids: Sequence[tuple[str, str]]
    """(price, size) as the venue's texts, in any order; a size of zero removes the level."""
    asks: Sequence[tuple[str, str]]
    checksum: int
    """As sent: compared modulo 2^32."""
    is_whole: bool
    """True: instead of all levels known before."""
    updated_at_ms: int | None = None
    """The venue's time, Unix milliseconds."""


@final
class CheckedBook:
    """One market's book; after anything that does not fit, changes are left aside until a whole book fits again."""

    __slots__ = (
        "_asks",
        "_bids",
        "_change_of",
        "_checksum_of",
        "_depth",
        "_updated_at_ms",
        "_why",
        "absent_deletes",
        "checks_failed",
        "checks_passed",
    )

    def __init__(
        self,
        change_of: Callable[[Update], BookChange | None],
        checksum_of: Callable[[Ladder, Ladder], int],
        *,
        depth: int | None = None,
    ) -> None:
        """`change_of` reads a push (None: it is not of a book), `checksum_of` is given bids and asks; both may raise
        `PayloadError`. `depth`: each side is cut to so many levels after each push; None: the venue deletes them itself.
        """
        self._change_of = change_of
        self._checksum_of = checksum_of
        self._depth = depth
        self.checks_passed: int = 0
        self.checks_failed: int = 0
        self.absent_deletes: int = 0
        self._bids = Ladder(is_highest_best=True)
        self._asks = Ladder()
        self.reset()

    def reset(self) -> None:
        """Nothing known before counts any more."""
        self._forget(_WAITING)

    def missed(self) -> None:
        """A push could not be read: a checksum need not cover the levels that it changed."""
        self._forget(f"a push could not be read; {_WAITING}")

    def _forget(self, why: str) -> None:
        self._why: str | None = why
        self._bids.clear()
        self._asks.clear()
        self._updated_at_ms: int | None = None

    @property
    def due(self) -> None:
        """Whole books come when they are asked for: none is overdue."""
        return

    def levels(self) -> Levels:
        """An immutable copy of both sides."""
        return Levels(self._bids.levels(), self._asks.levels(), self._updated_at_ms)

    def apply(self, update: Update) -> str | None:
        """Take in one push; None: its checksum fits; else why the book is not proved."""
        try:
            change = self._change_of(update)
            if change is None:
                return f"{type(update).__name__} is no change of this book"
            if self._why is not None and not change.is_whole:
                return self._why
            self._take(change)
        except PayloadError as problem:
            self.checks_failed += 1
            self._forget(f"{problem}; {_WAITING}")
        return self._why

    def _take(self, change: BookChange) -> None:
        for ladder, levels in ((self._bids, change.bids), (self._asks, change.asks)):
            if change.is_whole:
                ladder.replace(levels)
            else:
                ladder.change(levels)
            if self._depth is not None:
                ladder.cut(self._depth)
        self.absent_deletes = self._bids.absent + self._asks.absent
        if not self._bids.has_positive_prices or not self._asks.has_positive_prices:
            raise PayloadError("a level with a price of zero")
        if (self._checksum_of(self._bids, self._asks) ^ change.checksum) & 0xFFFFFFFF:
            raise PayloadError("the checksum does not fit")
        self.checks_passed += 1
        self._why = None
        self._updated_at_ms = change.updated_at_ms
