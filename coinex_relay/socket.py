"""The WebSocket that a session speaks with its feed, without I/O: bytes in, bytes out.

The server half is the one that the local exchange has. Must not know NATS, nor any venue.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final, final

from coinex_proto.simulator.hosting.connection import ServerConnection
from coinex_proto.simulator.hosting.http_server import HttpRequest, HttpResponse
from coinex_proto.simulator.hosting.websocket_server import binary_frame
from coinex_proto.speedups import speed
from coinex_relay.dialect import ask
from coinex_relay.feed import Feed

MAX_REQUEST: Final = 1 << 20
"""Bytes of one request of a session, which are its own topics."""


def framed(payloads: list[bytes], /) -> bytes:
    """The twin of the extension's `binary_frames`."""
    return b"".join([binary_frame(payload) for payload in payloads])


binary_frames: Final[Callable[[list[bytes]], bytes]] = getattr(speed, "binary_frames", framed)
"""Each payload as a whole unmasked binary frame, all in one piece."""


@final
class FeedSocket:
    """One connection of a session."""

    def __init__(self, feed: Feed, now: float, *, target: str) -> None:
        """`target`: what the session's request must name, since others on this machine may knock as well."""
        self.feed = feed
        self.now: float = now
        self.answers_pings = True
        self.answers_close = True
        self.max_request_bytes = MAX_REQUEST
        self.wants_close: bool = False
        """Flush, then close."""
        self._target = target
        self._answers: list[bytes] = []
        """Of the server half."""
        self._connection = ServerConnection(self, 1, now)

    def receive_data(self, data: bytes, now: float) -> None:
        """Bytes of the session."""
        self.now = now
        self._connection.receive_data(data, now)

    def data_to_send(self) -> bytes:
        """Bytes for the session."""
        data = b""
        if (payloads := self.feed.payloads) and not self.wants_close:
            data = binary_frames(payloads)
            payloads.clear()
        if self._answers:
            data = b"".join((*self._answers, data))
            self._answers.clear()
        return data

    # What the server half asks of its venue, and of what answers on a WebSocket ---------------------------------------

    def advance(self, now: float) -> None:
        """Nothing here happens by time."""

    def answer(self, connection: ServerConnection, request: HttpRequest) -> HttpResponse:
        """There is no HTTP."""
        return HttpResponse(status=404)

    def open_socket(self, connection: ServerConnection, request: HttpRequest) -> FeedSocket | HttpResponse:
        """For the one who knows the name."""
        is_right = hmac.compare_digest(request.target.encode("utf-8", "replace"), self._target.encode())
        return self if is_right else HttpResponse(status=404)

    def wake_at(self, at: float) -> None:
        """Nothing here happens by time."""

    def has_output(self, connection: ServerConnection) -> None:
        """It goes before the payloads that wait."""
        self._answers.append(connection.data_to_send())

    def ended(self, connection: ServerConnection) -> None:
        """Whoever feeds closes it."""
        self.wants_close = True

    def message(self, message: str | bytes) -> None:
        """A request of the session."""
        ask(self.feed, message, self.now)

    def closed(self) -> None:
        """The session has gone."""
