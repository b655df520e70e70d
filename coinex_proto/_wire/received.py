"""What a WebSocket reports: the values that `_websocket.py` returns, in the order in which things came.

Must not know how they are found out.
"""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen


@frozen
class Upgraded:
    """The server switched protocols; messages may follow."""


@frozen
class Refused:
    """The upgrade did not happen, and this stream is over."""

    status: int | None
    """None: no HTTP response, or none that can be read."""
    headers: tuple[tuple[str, str], ...]
    """Names in lower case; empty when the answer was malformed."""
    body: bytes
    """At most 4 KiB; as much as had come."""
    why: str


@frozen
class Pong:
    """An answer to our ping. Pongs that nobody asked for are not reported."""

    payload: bytes = b""
    """What it echoes."""


@frozen
class PeerClosed:
    """The peer's Close frame; ours is in the output if it had not been sent before. 1005: the frame had no code."""

    code: int
    text: str


@frozen
class Broken:
    """The peer broke the protocol or the size limit. A Close with this code is in the output unless one had been sent."""

    code: int
    why: str


@frozen
class Ended:
    """EOF."""


Received: TypeAlias = bytes | Upgraded | Refused | Pong | PeerClosed | Broken | Ended
"""What came in; a whole message, text or binary, is its payload as plain `bytes`."""
