"""What a tap has noted, as a batch of a file: one list of whatever came, sorted into columns and records.

A tap's list has, in order: for each compressed message its bytes and what they hold, both as bytes objects; for each read or timer
a tuple `(now, wall, data)` or `(now, wall, data, further readings)`, without data for a timer, behind the messages of it; and for
all else a record (`records.py`) as a tuple. Nearly all of it is reads of whole messages, which stand in columns: see `packed`.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import accumulate, count, pairwise
from math import isfinite
from operator import sub
from typing import Any, Final, TypeAlias

from coinex_proto._wire.inflate import GZIP_MAGIC
from coinex_proto.errors import UsageError
from coinex_proto.recording.records import DATA, FRAME, TIMEOUT, WHOLE, Record, without_cookies
from coinex_proto.speedups import speed

Noted: TypeAlias = "bytes | tuple[Any, ...]"

ALIKE: Final = 50
"""How many bytes of a message tell its feed and market, and no more: messages of one kind stand in order of their coming."""
NARROW: Final = 256
"""Kinds of messages in a batch up to which a byte says which."""
SEPARATOR: Final = b"\n"
"""Between messages, where none of them has one: then their sizes need not be kept."""
WHOLE_BINARY: Final = 0x82
"""The first byte of a frame that is one binary message."""
COLUMNS: Final = 8

_pack_reads: Callable[[list[Noted], Callable[..., Record]], list[Any] | None] | None = getattr(
    speed, "pack_reads", None
)
"""Packs a batch, and asks for what belongs into no column; None: the extension is not there."""

Reads: TypeAlias = tuple[list[float], list[int], list[int], list[bytes]]
"""Of whole messages: times, readings of the wall clock, messages of each (empty: one each), and these."""


def time_of(noted: Noted) -> float:
    """When a read, a timer or a record was."""
    now: Any = noted[1] if type(noted[0]) is str else noted[0]
    return float(now)


def packed(noted: list[Noted]) -> list[Any]:
    """A batch as it is written: `[others, where, times, readings, counts, kinds, sizes, messages]`.

    `others` are records as they are, and `where` their places in the batch. Of the rest, which are reads of whole messages: their
    times and readings as differences (of a time, of its 64 bits as a whole number); how many messages each has (empty: one); of
    each message the number of its kind, a byte or four; their sizes (empty: a line feed is between them); and the messages one
    behind the other, sorted by their kinds.
    """
    if _pack_reads is not None and (quick := _pack_reads(noted, _record)) is not None:
        return quick
    others: list[Record] = []
    where: list[int] = []
    times, readings, counts, messages = _sorted_out(noted, others, where)
    numbers: defaultdict[bytes, int] = defaultdict(count().__next__)
    kinds = [numbers[message[:ALIKE]] for message in messages]
    piles: list[list[bytes]] = [[] for _ in numbers]
    for kind, message in zip(kinds, messages, strict=True):
        piles[kind].append(message)
    joined = SEPARATOR.join([SEPARATOR.join(pile) for pile in piles])
    sizes: list[int] = []
    if joined.count(SEPARATOR) != max(0, len(kinds) - 1):
        sizes = [len(message) for pile in piles for message in pile]
        joined = b"".join([b"".join(pile) for pile in piles])
    return [
        others,
        where,
        _differences(array("q", array("d", times).tobytes()).tolist()),
        _differences(readings),
        counts,
        bytes(kinds) if len(piles) <= NARROW else array("I", kinds).tobytes(),
        sizes,
        joined,
    ]


def _sorted_out(noted: list[Noted], others: list[Record], where: list[int]) -> Reads:
    """The columns of any list; what does not belong there is added to `others`, and its places to `where`."""
    times: list[float] = []
    walls: list[int] = []
    counts: list[int] = []
    messages: list[bytes] = []
    inflated: list[bytes] = []
    at = 0
    for one in noted:
        if isinstance(one, bytes):
            inflated.append(one)
            continue
        if type(one[0]) is not str and len(one) == 3 and type(one[1]) is int and _are_whole(one[2], inflated):
            times.append(one[0])
            walls.append(one[1])
            counts.append(len(inflated) // 2)
            messages += inflated[1::2]
        else:
            others.append(_record(one, inflated))
            where.append(at)
        inflated.clear()
        at += 1
    return times, walls, [] if set(counts) <= {1} else counts, messages


def _are_whole(data: bytes, inflated: Sequence[bytes]) -> bool:
    """Whether these bytes are one frame for each of these messages, and nothing else."""
    at = 0
    for index in range(0, len(inflated), 2):
        if at >= len(data) or data[at] != WHOLE_BINARY or inflated[index + 1][:2] == GZIP_MAGIC:
            return False
        at += _frame_size(inflated[index])
    return at == len(data) and at > 0


def _frame_size(message: bytes) -> int:
    size = len(message)
    return size + (2 if size < 126 else 4 if size < 1 << 16 else 10)


def _record(one: tuple[Any, ...], inflated: Sequence[bytes]) -> Record:
    """As `records.py` has it."""
    if type(one[0]) is str:
        return list(one)
    now, wall, data, *further = one
    readings = [reading for reading in (wall, *(further[0] if further else ())) if reading is not None]
    if data is None:
        return [TIMEOUT, now, readings]
    return [DATA, now, readings, _parts(without_cookies(data) if data.startswith(_ANSWER) else data, inflated)]


_ANSWER: Final = b"HTTP/"
"""How the answer to an upgrade begins, which may set cookies."""


def _parts(data: bytes, inflated: Sequence[bytes]) -> bytes | list[bytes]:
    """Bytes of the peer with its gzip messages inflated, as far as their frames are whole in it."""
    parts: list[bytes] = []
    at = 0
    for index in range(0, len(inflated), 2):
        member, payload = inflated[index], inflated[index + 1]
        found = data.find(member, at)
        begin = found + len(member) - _frame_size(member)
        if found < 0 or begin < at or data[begin] != WHOLE_BINARY or payload[:2] == GZIP_MAGIC:
            continue  # it was cut, or came in pieces
        parts += (data[at:begin], payload)
        at = found + len(member)
    if not parts:
        return data
    parts.append(data[at:])
    return parts


def unpacked(batch: list[Any]) -> list[Any]:
    """The records of a batch again. Raises `ValueError` or `TypeError` for what is none."""
    if batch and isinstance(batch[0], list) and batch[0][:1] == [FRAME]:
        return _of_other_kinds(batch)
    if len(batch) != COLUMNS:
        return _unpacked_2(batch)
    others, where, times, readings, counts, kinds, sizes, joined = batch
    nows, readings = _times(times), array("q", readings)
    number = sum(counts) if counts else len(nows)
    which = kinds if len(kinds) == number else array("I", kinds)
    if not len(nows) == len(readings) or len(which) != number or len(where) != len(others):
        raise ValueError("columns of different lengths")
    piles = _piles(which, _split(joined, sizes, number))
    messages = [piles[kind].pop() for kind in which]  # IndexError: damaged
    walls = accumulate(readings)
    if not counts:
        found: list[Any] = [[WHOLE, now, wall, one] for now, wall, one in zip(nows, walls, messages, strict=True)]
    else:
        found, taken = [], iter(messages)
        for now, wall, size in zip(nows, walls, counts, strict=True):
            parts = [part for _ in range(size) for part in (b"", next(taken))]
            found.append([DATA, now, wall, [*parts, b""]])
    for at, record in zip(where, _of_other_kinds(others), strict=True):
        found.insert(at, record)
    return found


def _times(differences: list[int]) -> array[float]:
    nows = array("d", array("q", accumulate(differences)).tobytes())
    if not all(map(isfinite, nows)):
        raise ValueError("a time that is no number")
    return nows


def _of_other_kinds(records: list[Any]) -> list[Any]:
    """Records that stand by themselves; `check_record` says whether they can be played."""
    if not all(isinstance(record, list) and record and record[0] != WHOLE for record in records):
        raise ValueError("something that is no record by itself")
    return records


def _split(joined: bytes, sizes: list[int], number: int) -> list[bytes]:
    if not isinstance(joined, bytes):
        raise TypeError("messages that are no bytes")
    if not sizes:
        found = joined.split(SEPARATOR) if number else []
    else:
        ends = list(accumulate(sizes, initial=0))
        found = [joined[begin:end] for begin, end in pairwise(ends)]
    if len(found) != number or (sizes and ends[-1] != len(joined)):
        raise ValueError("messages that do not fit their sizes")
    return found


def _piles(which: Sequence[int], messages: list[bytes]) -> list[list[bytes]]:
    """Of each kind its messages, the first of them last."""
    piles: list[list[bytes]] = []
    sizes, begin = Counter(which), 0
    for kind in range(len(sizes)):
        end = begin + sizes[kind]
        piles.append(messages[begin:end][::-1])
        begin = end
    return piles


def _unpacked_2(batch: list[Any]) -> list[Any]:
    """Of format 2, whose messages are one a read, with their sizes, and sorted by the 72 bytes that they begin with."""
    others, where, times, readings, sizes, places, joined = batch
    order = array("I", places).tolist()
    found: list[Any] = [None] * len(sizes)
    begin = 0
    nows = _times(times)
    if not isinstance(joined, bytes):
        raise TypeError("messages that are no bytes")
    if not len(order) == len(sizes) == len(times) == len(readings) or len(where) != len(others):
        raise ValueError("columns of different lengths")
    walls = list(accumulate(array("q", readings)))
    for at in order:
        end = begin + sizes[at]
        found[at] = [WHOLE, nows[at], walls[at], joined[begin:end]]
        begin = end
    for at, record in zip(where, _of_other_kinds(others), strict=True):
        found.insert(at, record)
    if begin != len(joined) or None in found:
        raise ValueError("messages that do not fit their sizes")
    return found


def _differences(numbers: Sequence[int]) -> list[int]:
    return [*numbers[:1], *map(sub, numbers[1:], numbers)]


def unpacked_data(data: object) -> bytes:
    """Bytes of the peer for a session: an inflated message stands in a frame as if it had never been compressed."""
    if isinstance(data, bytes):
        return data
    if not isinstance(data, list) or not all(isinstance(part, bytes) for part in data):
        raise UsageError("a record holds no bytes where the peer's should be")
    return b"".join(part if index % 2 == 0 else framed(part) for index, part in enumerate(data))


def framed(payload: bytes) -> bytes:
    """A message in a frame as if it had never been compressed."""
    size = len(payload)
    if size < 126:
        return bytes((WHOLE_BINARY, size)) + payload
    if size < 1 << 16:
        return bytes((WHOLE_BINARY, 126)) + size.to_bytes(2) + payload
    return bytes((WHOLE_BINARY, 127)) + size.to_bytes(8) + payload
