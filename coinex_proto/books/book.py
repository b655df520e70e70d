"""What a venue's order book must be able to do for the session: take updates in and say whether they prove it.

This module must not know any venue, nor what users read (`view.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeAlias, runtime_checkable

from coinex_proto.books.ladder import Level, LevelTexts
from coinex_proto.updates import Update


class Levels(NamedTuple):
    """Both sides of a book at one moment, best first; immutable."""

    bids: Sequence[Level]
    """(price, size), highest price first."""
    asks: Sequence[Level]
    """(price, size), lowest price first."""
    updated_at_ms: int | None = None
    """The venue's time of it, Unix milliseconds; None when the venue sends none."""

    def levels(self) -> Levels:
        """Itself: what is fixed is its own source."""
        return self


Version: TypeAlias = tuple[int | None, object]
"""Of a book: the venue's time of it, Unix milliseconds, and what is equal for two books of one market and that time where
their levels are: a checksum, or the levels themselves."""

NO_LEVELS = Levels(LevelTexts(()), LevelTexts(()))
"""A book without levels."""


class Book(Protocol):
    """The venue's side of one order book: applies updates and proves them by the venue's own means."""

    checks_passed: int
    """How many updates had a checksum (or sequence number) that fits."""
    checks_failed: int

    def apply(self, update: Update) -> str | None:
        """Take in one update of the book's topic; None: the book is proved by it; else why it is not.

        Never raises for what the update holds.
        """
        ...

    def reset(self) -> None:
        """The connection or the subscription is new: nothing known before counts any more."""
        ...

    @property
    def due(self) -> float | None:
        """The time on the clock of `received_at` by which the next full proof must be in; None: none is owed."""
        ...

    def levels(self) -> Levels:
        """An immutable copy of both sides, proved or not."""
        ...


@runtime_checkable
class MustBeTold(Protocol):
    """What does not see by itself that an update is missing: a book without checksums, whatever adds differences up."""

    def missed(self) -> None:
        """An update of the topic could not be read: nothing is proved before a new whole one."""
        ...


@runtime_checkable
class TakesReads(Protocol):
    """A book that can take the updates of one read together and prove itself by the last of them."""

    def apply_read(self, updates: Sequence[Update]) -> str | None:
        """As `Book.apply`, of a proved book, with one proof for all: it is over all that they say together."""
        ...


@runtime_checkable
class MakesWholeUpdates(Protocol):
    """A book that can say its state in the form of its venue's updates."""

    def whole_update(self, market: str) -> Update | None:
        """The proved state as an update that replaces all before it; None while nothing is proved."""
        ...
