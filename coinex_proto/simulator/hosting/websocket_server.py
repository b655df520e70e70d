"""The server half of one WebSocket, without I/O: wsproto in its server role.

Whole messages in, whole frames out.  It declines every extension.  Two habits of the real service are switches: whether
protocol pings are answered, and whether a close frame is (CoinEx drops TCP instead).
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Final

import h11
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

_FIN_TEXT: Final = 0x81
_FIN_BINARY: Final = 0x82
_SHORT, _MIDDLE, _LONG = Struct(">BB").pack, Struct(">BBH").pack, Struct(">BBQ").pack


def binary_frame(payload: bytes) -> bytes:
    """One whole unmasked binary frame.  Every connection may send the same bytes."""
    return binary_header(len(payload)) + payload


def binary_header(length: int) -> bytes:
    """What stands in front of so many bytes in a whole unmasked binary frame."""
    return _header(_FIN_BINARY, length)


def text_frame(payload: bytes) -> bytes:
    """One whole unmasked text frame of UTF-8."""
    return _header(_FIN_TEXT, len(payload)) + payload


def _header(first: int, length: int) -> bytes:
    if length < 126:
        return _SHORT(first, length)
    if length < 65536:
        return _MIDDLE(first, 126, length)
    return _LONG(first, 127, length)


class WebSocketServer:
    """Frames of one connection, from the accepted upgrade to the end."""

    def __init__(
        self,
        headers: Sequence[tuple[bytes, bytes]],
        target: bytes,
        *,
        answers_close: bool,
        max_request_bytes: int,
    ) -> None:
        """Take over an upgrade request that has been parsed.  Raises RemoteProtocolError when it is no valid one."""
        self._wsproto = WSConnection(ConnectionType.SERVER)
        try:
            self._wsproto.initiate_upgrade_connection(list(headers), target.decode("latin-1"))
        except (LocalProtocolError, h11.LocalProtocolError, ValueError, IndexError) as error:
            # wsproto decodes some header values without a look at their bytes, and builds the request anew with h11.
            raise RemoteProtocolError("malformed upgrade request") from error
        self.answers_pings = True
        self._answers_close = answers_close
        self._max_request_bytes = max_request_bytes
        self._parts: list[bytes] = []
        self._size = 0
        self.is_over: bool = False
        """Nothing more is read: the peer closed or broke the rules, or sent too much."""

    def accept(self) -> bytes:
        """The 101 response."""
        request = next(self._wsproto.events())
        assert isinstance(request, Request)
        return self._wsproto.send(AcceptConnection())

    def receive_data(self, data: bytes) -> tuple[list[str | bytes], bytes]:
        """Whole messages that arrived, and bytes to answer with (pongs, close)."""
        messages: list[str | bytes] = []
        answer = b""
        if self.is_over:
            return messages, answer
        self._wsproto.receive_data(data)
        for event in self._wsproto.events():
            answer += self._take(event, messages)
        return messages, answer

    def _take(self, event: Event, messages: list[str | bytes]) -> bytes:
        if self.is_over:
            return b""
        if isinstance(event, TextMessage | BytesMessage):
            self._gather(event, messages)
            return b""
        return self._control(event)

    def _gather(self, event: TextMessage | BytesMessage, messages: list[str | bytes]) -> None:
        part = event.data.encode() if isinstance(event, TextMessage) else bytes(event.data)
        self._size += len(part)
        if self._size > self._max_request_bytes:
            self.is_over = True
            return
        self._parts.append(part)
        if event.message_finished:
            whole = b"".join(self._parts)
            messages.append(whole.decode() if isinstance(event, TextMessage) else whole)
            self._parts, self._size = [], 0

    def _control(self, event: Event) -> bytes:
        if isinstance(event, Ping):
            return self._wsproto.send(event.response()) if self.answers_pings else b""
        if isinstance(event, CloseConnection):
            self.is_over = True
            return self._wsproto.send(event.response()) if self._answers_close else b""
        return b""


__all__ = ["RemoteProtocolError", "WebSocketServer", "binary_frame", "text_frame"]
