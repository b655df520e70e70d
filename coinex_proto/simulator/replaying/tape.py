"""What a replayed market is made of: messages of the venue with their times, and the moments at which the line was lost.

Whoever reads recordings makes a tape (`coinex_recorder.serving`); nothing here knows how one is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from attrs import frozen


@frozen(kw_only=True)
class Book:
    """A whole book, proved, as it is with the message that it comes with; prices and sizes in the venue's own texts."""

    limit: int = 0
    """Levels a side of the recorded subscription; 0: the venue has no such choice."""
    interval: str = ""
    is_full: bool = False
    """The recorded subscription had the whole book with every push."""
    bids: tuple[tuple[str, str], ...]
    """Price and size, best first."""
    asks: tuple[tuple[str, str], ...]


@frozen(kw_only=True)
class Taped:
    """One message of the market."""

    now: float
    """When it came: Unix seconds."""
    key: tuple[object, ...]
    """Of the topic: its kind, the market, and what else tells it from others."""
    payload: bytes
    """As the venue wrote it, inflated."""
    book: Book | None = None
    """None: it belongs to no book, or to one that is not proved."""


@frozen(kw_only=True)
class Broken:
    """The recorded client lost its line, or the recording has a hole: what came now is not known."""

    now: float


Tape: TypeAlias = Iterator[Taped | Broken]
OpenTape: TypeAlias = Callable[[float], Tape]
"""The tape from this time on (Unix seconds; minus infinity: from the beginning)."""
