"""What goes into a replay and comes out of it besides the session's own events. This module must not know any venue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Protocol, TypeAlias

from attrs import field, frozen

from coinex_proto.errors import UsageError
from coinex_proto.updates import Event

PIECE: Final = 1 << 18


class Readable(Protocol):
    """As much of an open binary file as a replay needs."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


Source: TypeAlias = bytes | Readable | Iterable[bytes]
"""The bytes of a recording: all at once, an open file, or pieces of any size. Files of one recording may follow each other."""


@frozen(kw_only=True)
class RecordingGap(Event):
    """Something of the session is not in the recording: what came in this time is not known.

    It is told where the recording goes on. Books and topics of before are not trusted any more; `Replay.book` gives the new.
    """

    since: float | None
    """Unix seconds of the last input that was read; None: there was none."""
    until: float | None
    """Of the first one after it; None: nothing follows."""
    why: str


@frozen(kw_only=True)
class Difference:
    """Counters of the replay that are not those of the live session: the SDK is another, or a fault."""

    at: float
    live: dict[str, int]
    replayed: dict[str, int]


@frozen(kw_only=True)
class Told:
    """What the live client handed out, or noted, of a gap."""

    at: float
    what: str
    """The event's class, or `ConsumerTooSlow`, or `CallbackRaised`."""
    text: str = field(repr=False)
    """The event as a line of JSON, or a sentence."""


@frozen(kw_only=True)
class Step:
    """One input of the recorded session, and what came of it."""

    now: float
    """On the recorded client's clock: Unix seconds under our drivers."""
    events: tuple[Event, ...]


Played: TypeAlias = tuple[float, list[Event]]
"""As a `Step`, which takes longer to make."""


def pieces(source: Source | str) -> Iterator[bytes]:
    """The bytes, as they come. Raises `UsageError` for text."""
    if isinstance(source, str):
        raise UsageError("a recording is bytes or an open file; coinex_recorder.replay takes a path")
    if isinstance(source, bytes | bytearray | memoryview):
        yield bytes(source)
    elif isinstance(source, Iterable) and not hasattr(source, "read"):
        yield from source
    else:
        while piece := source.read(PIECE):
            if not isinstance(piece, bytes):
                raise UsageError("a recording is bytes: open the file in binary mode ('rb')")
            yield piece
