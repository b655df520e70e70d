"""The payload of one message, inflated when it is gzip, never larger than the limit.

A venue either compresses a message or it does not; the first two bytes tell (1f 8b is gzip, RFC 1952, and no JSON text
starts so). Must not know what is in a payload, nor any venue. With `isal` installed (extra `speed`) a payload of 250
compressed bytes takes a seventh less time, a large one half: isal may say yes, every no is zlib's. It takes incomplete
Huffman codes, which zlib refuses; CRC and length must fit there too.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable
from types import ModuleType
from typing import Final

from coinex_proto.errors import PayloadError
from coinex_proto.speedups import speed

GZIP_MAGIC: Final = b"\x1f\x8b"
GZIP_WINDOW: Final = 31
"""zlib's window bits for "gzip only, 32 KiB window": header, CRC-32 and length are then checked by the C code."""
FLAGS: Final = 3
"""The byte of a member that holds its flags (RFC 1952, 2.3)."""
RESERVED_FLAGS: Final = 0xE0
"""Bits that RFC 1952 wants to be zero there; zlib refuses them, isal does not look."""


def _optional(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


isal_zlib: ModuleType | None = _optional("isal.isal_zlib")


_whole: Callable[[bytes, int], bytes | None] | None = getattr(speed, "inflate_whole", None)
"""What inflates one faultless member, at less than half of the calls; None: the extension is not there, or has no zlib."""


class TooBig(PayloadError):
    """The payload inflates to more than the limit; what came out so far has been dropped."""


def inflate(payload: bytes, limit: int) -> bytes:
    """The payload itself when it is not gzip, else what its one gzip member holds: at most `limit` bytes.

    Memory is bounded by the limit, whatever the payload promises. Raises `TooBig` beyond the limit, and `PayloadError`
    when the member is cut short, fails its CRC or length, is not deflate, or has anything behind it: one member is one
    message (CoinEx API v2, "Compression"). `gzip.decompress` is not used: slower by half, no limit, and one of its
    errors is an OSError, which reads like a broken network.
    """
    if _whole is not None and (whole := _whole(payload, limit)) is not None:
        return whole
    if payload[:2] != GZIP_MAGIC:
        return payload
    if isal_zlib is not None and len(payload) > FLAGS and not payload[FLAGS] & RESERVED_FLAGS:
        # isal stops at other places in a broken member, so that zlib decides on whatever isal does not like.
        quick = isal_zlib.decompressobj(GZIP_WINDOW)
        try:
            found: bytes = quick.decompress(payload, limit + 1)
        except isal_zlib.error:
            found = b""
        if found and quick.eof and not quick.unused_data and len(found) <= limit:
            return found
    inflater = zlib.decompressobj(GZIP_WINDOW)
    try:
        inflated = inflater.decompress(payload, limit + 1)
    except zlib.error as error:
        raise PayloadError(f"a payload of {len(payload)} bytes is not valid gzip: {error}") from error
    if len(inflated) > limit:
        raise TooBig(f"a payload of {len(payload)} bytes inflates to more than the limit of {limit}")
    if not inflater.eof:
        raise PayloadError(f"a gzip payload of {len(payload)} bytes is cut short")
    if inflater.unused_data:
        raise PayloadError(f"{len(inflater.unused_data)} bytes follow the gzip member in a payload of {len(payload)}")
    return inflated
