"""The records of a recording: one for each call that changed a `Session`, and what is told beside.

A record is a list `[kind, now, readings, …]`. `kind` is the name of the method of `Session`, or one of the words below; `readings`
are what the session read of its `Sources` in this call, in order: nanoseconds of the wall clock and random bytes; a single
one stands without its list. Bytes of the peer stand as they came, but a gzip message that was whole in one read is replaced by
what it holds, which packs better: a read of one such message is `WHOLE`, and of several the fourth member of `DATA` is a list, of
bytes and inflated messages in turn. What else a method takes is a pickle (`safe_pickle.py`), with a text for people behind it. This module opens no file and must not know any venue.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable
from importlib.metadata import PackageNotFoundError, version
from types import UnionType
from typing import Any, Final, TypeAlias

from attrs import frozen

from coinex_proto.errors import UsageError, quoted
from coinex_proto.recording.inputs import INPUTS

Record: TypeAlias = list[Any]

FORMAT: Final = 3
READABLE: Final = (2, FORMAT)
"""Format 2 had other columns (`noted.py`)."""
MAGIC: Final = "coinex recording"
DISTRIBUTION: Final = "coinex-sdk"

FRAME: Final = "frame"
"""The first record of each frame: `[FRAME, now, [], header]`."""
CHECKPOINT: Final = "checkpoint"
"""`[CHECKPOINT, now, [], pickle]`: the whole session, so that a replay may begin here."""
MARK: Final = "mark"
"""`[MARK, now, [], counters]`: what the live session had counted; a replay must have counted the same."""
TOLD: Final = "told"
"""`[TOLD, now, [], class, text]`: an event that tells of a gap, as the live client handed it out."""
MISSING: Final = "missing"
"""`[MISSING, now, [], records, bytes, why]`: so much went into the session and could not be kept."""
END: Final = "end"
"""`[END, now, [], why]`: the recorder ended here, in good order."""
DATA: Final = 0
"""`receive_data`, the hot one."""
TIMEOUT: Final = 1
"""`handle_timeout`."""
WHOLE: Final = 2
"""`receive_data` of one whole frame with one gzip message, of which this is what it holds: nearly always."""

_SHAPES: Final[dict[object, tuple[type[Any] | UnionType, ...]]] = {
    FRAME: (dict,),
    CHECKPOINT: (bytes,),
    MARK: (list,),
    TOLD: (str, str),
    MISSING: (int, int, str),
    END: (str,),
    DATA: (bytes | list,),
    TIMEOUT: (),
    WHOLE: (bytes,),
    **dict.fromkeys(INPUTS, (bytes, str, str)),
}
"""Of each kind what stands behind its readings."""

COUNTERS: Final = ("events", "messages", "updates", "checksums_passed", "checksums_failed", "gaps", "unrecognised")

_COOKIE: Final = re.compile(rb"(?im)^(set-cookie[ \t]*:)[^\r\n]*")


@frozen(kw_only=True)
class Header:
    """What a recording says of itself, at the beginning of each frame."""

    recording_id: str
    """The same in all files of one recording."""
    frame: int
    """Counts the frames of a recording, over all its files, from 0."""
    sdk: str
    python: str
    name: str
    """Of the dialect: "coinex spot"."""
    dialect: bytes
    """How to make it again, without credentials."""
    config: bytes
    began_at: float
    """Unix seconds by the wall clock, of the whole recording."""
    is_flight: bool = False
    """The last moments before something went wrong, kept by a flight recorder."""
    why: str = ""
    """What went wrong."""

    def record(self, now: float) -> Record:
        """As it is written."""
        values = {name: getattr(self, name) for name in _HEADER}
        return [FRAME, now, [], {"magic": MAGIC, "format": FORMAT, **values}]


_HEADER: Final[dict[str, type[Any] | UnionType]] = {
    "recording_id": str,
    "frame": int,
    "sdk": str,
    "python": str,
    "name": str,
    "dialect": bytes,
    "config": bytes,
    "began_at": int | float,
    "is_flight": bool,
    "why": str,
}


def check_record(record: object) -> None:
    """Raises `UsageError` for what this version cannot play: a record without a time, of an unknown kind, or in another shape."""
    if not isinstance(record, list) or len(record) < 3 or not _is_time(record[1]):
        raise UsageError("a record of the recording has no time")
    kind = record[0]
    shape = _SHAPES.get(kind) if isinstance(kind, str | int) else None
    if shape is None:
        raise UsageError(
            f"a record of the recording is of a kind that this version does not know: {quoted(repr(kind))}"
        )
    fields = record[3:]
    if len(fields) < len(shape) or not all(map(isinstance, fields, shape)):
        raise UsageError(f"a record of the recording is damaged: {quoted(repr(record))}")


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def header_of(record: object) -> Header:
    """The header in a frame's first record. Raises `UsageError` for a foreign file, or another version."""
    if not isinstance(record, list) or len(record) < 4 or record[0] != FRAME or not isinstance(record[3], dict):
        raise UsageError("this is no recording: a frame begins without a header")
    values = record[3]
    if values.get("magic") != MAGIC:
        raise UsageError("this is no recording: a frame begins without a header")
    if values.get("format") not in READABLE:
        found = quoted(str(values.get("format")))
        raise UsageError(
            f"this recording is of format {found}, and this version of the SDK reads formats up to {FORMAT}"
        )
    for name, kind in _HEADER.items():
        if not isinstance(values.get(name), kind):
            raise UsageError(f"this is no recording: its header has no {name!r}")
    return Header(**{name: values[name] for name in _HEADER})


def without_cookies(data: bytes) -> bytes:
    """The answer to an upgrade, which may set cookies, with the same number of lines."""
    return _COOKIE.sub(rb"\1 *", data)


def counters_of(session: Any) -> list[int]:
    """What a mark holds, in the order of `COUNTERS`."""
    stats = session.stats
    return [
        stats.events + len(session._events),
        stats.messages,
        sum(stats.updates_by_topic.values()),
        stats.checksums_passed,
        stats.checksums_failed,
        stats.gaps,
        stats.unrecognised,
    ]


def sdk_version() -> str:
    """Of the installed distribution."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "0"


Holder: TypeAlias = Hashable
