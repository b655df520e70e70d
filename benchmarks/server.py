"""The server's side of a benchmark: answers an upgrade and acknowledges requests, in memory. No part of what is measured."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator

from benchmarks.stream import gzip_member, server_frame

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455 1.3."""


def upgrade_response(request: bytes) -> bytes:
    """The 101 that this upgrade request wants."""
    found = re.search(rb"(?i)sec-websocket-key: *(\S+)", request)
    assert found is not None, request
    accept = base64.b64encode(hashlib.sha1(found[1] + GUID).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + accept
        + b"\r\n\r\n"
    )


def client_texts(data: bytes) -> Iterator[bytes]:
    """The payloads of whole, masked text frames, one after the other."""
    at = 0
    while at < len(data):
        opcode, size = data[at] & 15, data[at + 1] & 127
        at += 2
        if size == 126:
            size, at = int.from_bytes(data[at : at + 2], "big"), at + 2
        mask, body = data[at : at + 4], data[at + 4 : at + 4 + size]
        at += 4 + size
        if opcode == 1:
            yield bytes(byte ^ mask[number % 4] for number, byte in enumerate(body))


def acknowledgements(data: bytes) -> bytes:
    """Frames that say yes to every request in what a client has sent."""
    answers = [{"id": json.loads(text)["id"], "code": 0, "message": "OK"} for text in client_texts(data)]
    return b"".join(server_frame(gzip_member(json.dumps(answer).encode())) for answer in answers)
