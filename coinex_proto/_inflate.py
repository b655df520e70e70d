"""The payload of one message, inflated when it is gzip, never larger than the limit.

A venue either compresses a message or it does not; the first two bytes tell (1f 8b is gzip, RFC 1952, and no JSON text
starts so). Must not know what is in a payload, nor any venue. Large payloads go through `isal` (extra `speed`) when it
is installed: the same results, in half the time.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final, Protocol

from coinex_proto.errors import PayloadError

if TYPE_CHECKING:
    from collections.abc import Callable

GZIP_MAGIC: Final = b"\x1f\x8b"
GZIP_WINDOW: Final = 31
"""zlib's window bits for "gzip only, 32 KiB window": header, CRC-32 and length are then checked by the C code."""
RESERVED_FLAGS: Final = 0xE0
"""Bits of a member's fourth byte that RFC 1952 wants to be zero; zlib refuses them, isal does not look."""
LARGE: Final = 1024
"""Compressed bytes from which isal is used: as quick as zlib below 900, 2.3 times as quick at 100,000 (measured)."""


class Inflater(Protocol):
    """What `zlib.decompressobj` and isal's own have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class TooBig(PayloadError):
    """The payload inflates to more than the limit; what came out so far has been dropped."""


def _for_large() -> tuple[Callable[[int], Inflater], tuple[type[Exception], ...]]:
    """What makes the inflater of a large payload, and every error that an inflater raises for broken input."""
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib.decompressobj, (zlib.error,)
    return isal_zlib.decompressobj, (zlib.error, isal_zlib.error)


_new_small: Callable[[int], Inflater] = zlib.decompressobj
_new_large, _BROKEN = _for_large()


def inflate(payload: bytes, limit: int) -> bytes:
    """The payload itself when it is not gzip, else what its one gzip member holds: at most `limit` bytes.

    Memory is bounded by the limit, whatever the payload promises. Raises `TooBig` beyond the limit, and `PayloadError`
    when the member is cut short, fails its CRC or length, is not deflate, or has anything behind it: one member is one
    message (CoinEx API v2, "Compression"). `gzip.decompress` is not used: slower by half, no limit, and one of its
    errors is an OSError, which reads like a broken network.
    """
    if payload[:2] != GZIP_MAGIC:
        return payload
    size = len(payload)
    if size >= LARGE and payload[3] & RESERVED_FLAGS:
        raise PayloadError(f"a payload of {size} bytes is not valid gzip")
    inflater = (_new_small if size < LARGE else _new_large)(GZIP_WINDOW)
    try:
        inflated = inflater.decompress(payload, limit + 1)
    except _BROKEN as error:
        raise PayloadError(f"a payload of {size} bytes is not valid gzip") from error
    if len(inflated) > limit:
        raise TooBig(f"a payload of {size} bytes inflates to more than the limit of {limit}")
    if not inflater.eof:
        raise PayloadError(f"a gzip payload of {size} bytes is cut short")
    if inflater.unused_data:
        raise PayloadError(f"{len(inflater.unused_data)} bytes follow the gzip member in a payload of {size}")
    return inflated
