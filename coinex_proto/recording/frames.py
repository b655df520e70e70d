"""The container of a recording: compressed frames one after the other, each of which can be read without the others.

A frame is one gzip member (RFC 1952) or, with `zstandard` installed, one zstd frame (RFC 8878), so that `gzip -dc` and
`zstd -dc` read a file. In it stand batches: four bytes of length, big-endian, and a MessagePack array. The compressor is flushed
after each batch: what was written can be read, however the file ends. Opens no file; what is in a batch is said by `noted.py`.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any, Final, Literal, Protocol, TypeAlias

import msgspec
from attrs import frozen

from coinex_proto._wire.inflate import GZIP_WINDOW, isal_zlib
from coinex_proto.errors import UsageError, quoted
from coinex_proto.recording.noted import unpacked

Compression: TypeAlias = Literal["gzip", "zstd"]

GZIP: Final = b"\x1f\x8b\x08"
ZSTD: Final = b"\x28\xb5\x2f\xfd"
PIECE: Final = 1 << 11
"""Bytes of a file that are inflated at once: a file that promises much needs little memory, and what is damaged takes no more than
this with it of what comes before."""
ZSTD_FAST: Final = {
    "window_log": 17,
    "hash_log": 11,
    "chain_log": 6,
    "search_log": 1,
    "min_match": 7,
    "target_length": 0,
    "strategy": 1,
    "write_checksum": 1,
}
"""Level 1 with a table of 2,048 entries: messages stand beside their like, so that what was seen last is found again, and a larger
table finds worse matches in more time. A window of one block, because zstd looks for matches in a larger one with its slower
function as soon as its buffer has wrapped around (docs/recording.md has the figures)."""
MOST: Final = 1 << 28
"""Bytes of one batch: more is no batch of ours."""
LENGTH: Final = 4

_ENCODE: Final = msgspec.msgpack.Encoder().encode
_DECODE: Final = msgspec.msgpack.Decoder(list[Any]).decode


def _optional(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


zstandard: ModuleType | None = _optional("zstandard")


class _Deflater(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self, mode: int = ..., /) -> bytes: ...


class _Inflater(Protocol):
    @property
    def unused_data(self) -> bytes: ...
    @property
    def eof(self) -> bool: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def best_compression() -> Compression:
    """Zstd where it is installed (a third of the time of zlib and smaller), else gzip, which every Python has."""
    return "gzip" if zstandard is None else "zstd"


def check_compression(compression: str) -> None:
    """Raises `UsageError` for one that is none, or not installed."""
    if compression not in ("gzip", "zstd"):
        raise UsageError(f"compression={compression!r}: there are 'gzip' and 'zstd'")
    if compression == "zstd" and zstandard is None:
        raise UsageError("zstd needs the package zstandard: pip install 'coinex-sdk[record]'")


class FrameWriter:
    """Writes one frame: batches, and then its `end`. What the methods give goes to the file, in this order."""

    def __init__(self, compression: Compression) -> None:
        check_compression(compression)
        self._deflater: _Deflater
        if compression == "zstd":
            assert zstandard is not None
            parameters = zstandard.ZstdCompressionParameters(**ZSTD_FAST)
            self._deflater = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
            self._flush, self._finish = zstandard.COMPRESSOBJ_FLUSH_BLOCK, zstandard.COMPRESSOBJ_FLUSH_FINISH
        elif isal_zlib is not None:
            self._deflater = isal_zlib.compressobj(1, isal_zlib.DEFLATED, GZIP_WINDOW)
            self._flush, self._finish = isal_zlib.Z_SYNC_FLUSH, isal_zlib.Z_FINISH
        else:
            self._deflater = zlib.compressobj(1, zlib.DEFLATED, GZIP_WINDOW)
            self._flush, self._finish = zlib.Z_SYNC_FLUSH, zlib.Z_FINISH

    def batch(self, batch: list[Any]) -> bytes:
        """A batch (`noted.packed`, or the header's record alone), in a form that can be read although the frame goes on."""
        body = _ENCODE(batch)
        return self._deflater.compress(len(body).to_bytes(LENGTH) + body) + self._deflater.flush(self._flush)

    def end(self) -> bytes:
        """What closes the frame, its checksum with it."""
        return self._deflater.flush(self._finish)


@frozen
class Batch:
    """Records that were written together."""

    offset: int
    """Where its frame begins in the file."""
    is_first: bool
    """Of its frame."""
    records: list[Any]


@frozen
class Damage:
    """Bytes of the file that could not be read."""

    offset: int
    size: int
    """Of a torn tail: inflated, as far as that was possible."""
    why: str
    is_tail: bool
    """True: the file ends within a frame, as after a kill. False: something is broken in the middle, and it goes on behind."""


def read_frames(pieces: Iterable[bytes], offset: int = 0) -> Iterator[Batch | Damage]:
    """What the bytes of a file hold, in order; of a broken frame what comes before the break. Raises `UsageError` for a foreign file.

    `offset`: where in the file the bytes begin, which must be the beginning of a frame.
    """
    return _Reader(pieces, offset).read()


class _Reader:
    """Goes through a file once, with little of it in memory."""

    def __init__(self, pieces: Iterable[bytes], offset: int) -> None:
        self._pieces = (piece[at : at + PIECE] for piece in pieces for at in range(0, len(piece), PIECE))
        self._held = b""
        """What was read and belongs to no frame yet."""
        self._offset = offset
        """Of the first byte of `_held`."""
        self._start = offset

    def read(self) -> Iterator[Batch | Damage]:
        while self._fill(len(ZSTD)):
            if not self._held.startswith((GZIP, ZSTD)):
                if self._offset == self._start:
                    raise UsageError("this is no recording: it begins with neither a gzip member nor a zstd frame")
                yield from self._skip("something that is no frame")
                continue
            yield from self._frame()
        if self._held:
            yield Damage(self._offset, len(self._held), "the file ends within a frame", True)

    def _fill(self, size: int) -> bool:
        while len(self._held) < size:
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._held += piece
        return True

    def _skip(self, why: str, begin: int | None = None) -> Iterator[Damage]:
        """To the next place where a frame may begin: behind the one that begins here, or here, where that was read already."""
        begin = self._offset if begin is None else begin
        drop = int(self._offset == begin)
        while True:
            found = [at for at in (self._held.find(GZIP, drop), self._held.find(ZSTD, drop)) if at >= 0]
            if found:
                self._take(min(found))
                break
            kept = min(len(self._held), len(ZSTD) - 1)
            self._take(len(self._held) - kept)
            drop = 0
            if not self._fill(kept + 1):
                self._take(len(self._held))
                break
        yield Damage(begin, self._offset - begin, why, False)

    def _take(self, size: int) -> None:
        self._held = self._held[size:]
        self._offset += size

    def _frame(self) -> Iterator[Batch | Damage]:
        begin, inflater, waiting, is_first = self._offset, self._inflater(), bytearray(), True
        while True:
            try:
                waiting += inflater.decompress(self._held)
            except Exception as error:  # noqa: BLE001  (zlib.error, isal's, ZstdError)
                yield from self._broken(begin, f"a frame is damaged: {quoted(error)}", is_first)
                return
            taken = len(self._held) - len(inflater.unused_data)
            self._held = self._held[taken:]
            self._offset += taken
            while len(waiting) >= LENGTH:
                size = int.from_bytes(waiting[:LENGTH])
                if size > MOST:
                    yield from self._broken(begin, "a frame holds no recording", is_first)
                    return
                if len(waiting) < LENGTH + size:
                    break
                records = _decoded(bytes(waiting[LENGTH : LENGTH + size]))
                if records is None:
                    yield from self._broken(begin, "a batch of records is damaged", is_first)
                    return
                del waiting[: LENGTH + size]
                yield Batch(begin, is_first, records)
                is_first = False
            if inflater.eof:
                if waiting:
                    yield Damage(begin, self._offset - begin, "a frame ends within a batch", False)
                return
            if not self._fill(1):
                yield Damage(begin, len(waiting), "the file ends within a frame", True)
                return

    def _broken(self, begin: int, why: str, is_first: bool) -> Iterator[Damage]:
        if begin == self._start and is_first:
            raise UsageError(f"this is no recording: {why}")
        yield from self._skip(why, begin)

    def _inflater(self) -> _Inflater:
        if self._held.startswith(ZSTD):
            if zstandard is None:
                raise UsageError("this recording is in zstd, which needs a package: pip install 'coinex-sdk[record]'")
            found: _Inflater = zstandard.ZstdDecompressor().decompressobj()
            return found
        return zlib.decompressobj(GZIP_WINDOW)


def _decoded(body: bytes) -> list[Any] | None:
    try:
        return unpacked(_DECODE(body))
    except (msgspec.MsgspecError, ValueError, TypeError, IndexError, OverflowError):
        return None
