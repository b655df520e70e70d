"""The server's half of a WebSocket as bytes, written from RFC 6455 and independent of what is under test."""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Callable

from coinex_proto._wire.websocket import Received, Upgraded, WebSocket

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
CONTINUATION = 0x0
LIMIT = 200_000


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, length: bytes | None = None) -> bytes:
    """One frame as a server sends it; `length` replaces the length field (second byte of the header and what follows)."""
    size = len(payload)
    if length is None:
        if size < 126:
            length = bytes([size])
        elif size < 2**16:
            length = b"\x7e" + struct.pack("!H", size)
        else:
            length = b"\x7f" + struct.pack("!Q", size)
    return bytes([fin << 7 | rsv << 4 | opcode]) + length + payload


def close_frame(code: int, text: bytes = b"") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + text)


def sent_frames(data: bytes) -> list[tuple[int, bytes]]:
    """What a client sent: first byte and payload without the mask of every frame. Each must be masked and whole."""
    frames = []
    while data:
        first, second = data[0], data[1]
        assert second & 0x80, "a client masks every frame"
        size, at = second & 0x7F, 2
        if size == 126:
            size, at = struct.unpack("!H", data[2:4])[0], 4
        elif size == 127:
            size, at = struct.unpack("!Q", data[2:10])[0], 10
        mask, masked = data[at : at + 4], data[at + 4 : at + 4 + size]
        assert len(masked) == size
        frames.append((first, bytes(byte ^ mask[i % 4] for i, byte in enumerate(masked))))
        data = data[at + 4 + size :]
    return frames


def accept_token(request: bytes) -> bytes:
    found = re.search(rb"Sec-WebSocket-Key: (\S+)", request)
    assert found
    return base64.b64encode(hashlib.sha1(found[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())


def switching(request: bytes, *more: bytes, status: bytes = b"HTTP/1.1 101 Switching Protocols") -> bytes:
    """The 101 that this request wants, with more header lines."""
    lines = (
        status,
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: " + accept_token(request),
        *more,
    )
    return b"\r\n".join(lines) + b"\r\n\r\n"


def new(*, limit: int = LIMIT, random_bytes: Callable[[int], bytes] | None = None) -> WebSocket:
    return WebSocket(
        host="socket.example.com",
        port=443,
        tls=True,
        target="/v2/spot",
        max_message_bytes=limit,
        random_bytes=random_bytes,
    )


def opened(*, limit: int = LIMIT, random_bytes: Callable[[int], bytes] | None = None) -> WebSocket:
    """A WebSocket after its upgrade, nothing in its output."""
    ws = new(limit=limit, random_bytes=random_bytes)
    ws.start()
    received = ws.receive_data(switching(ws.data_to_send()))
    assert received == [Upgraded()]
    return ws


def fed(ws: WebSocket, data: bytes, size: int) -> list[Received]:
    """What comes out when these bytes come in so many at a time."""
    return [came for at in range(0, len(data), size) for came in ws.receive_data(data[at : at + size])]
