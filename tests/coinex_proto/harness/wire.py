"""The other end of a connection in memory: what a client sent, read by a real WebSocket server, and what to answer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import wsproto
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Ping, Pong, Request, TextMessage

from coinex_proto import Connection, Event, Session, Sources

NONCE = bytes(range(64))


def sources(wall_ns: int = 1_700_000_000 * 10**9) -> Sources:
    """Fixed time, and bytes that are the same in every run."""
    return Sources(lambda: wall_ns, lambda count: (NONCE * (count // 64 + 1))[:count])


class Peer:
    """A WebSocket server without I/O."""

    def __init__(self) -> None:
        self._server = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
        self.request: Request | None = None
        self.closed: CloseConnection | None = None
        self.pings = 0
        self.pinged: Ping | None = None
        """The last ping of the client."""

    def receive(self, data: bytes) -> list[str]:
        """The texts in what the client sent."""
        texts, part = [], ""
        self._server.receive_data(data)
        for event in self._server.events():
            match event:
                case Request():
                    self.request = event
                case TextMessage():
                    part += event.data
                    if event.message_finished:
                        texts.append(part)
                        part = ""
                case Ping():
                    self.pings += 1
                    self.pinged = event
                case CloseConnection():
                    self.closed = event
        return texts

    def accept(self) -> bytes:
        return self._server.send(AcceptConnection())

    def text(self, value: object) -> bytes:
        return self._server.send(TextMessage(data=value if isinstance(value, str) else json.dumps(value)))

    def binary(self, data: bytes) -> bytes:
        return self._server.send(BytesMessage(data=data))

    def send(self, event: TextMessage | BytesMessage | Ping | Pong | CloseConnection) -> bytes:
        return self._server.send(event)

    def close(self, code: int = 1000, reason: str = "") -> bytes:
        return self._server.send(CloseConnection(code=code, reason=reason))


class Wire:
    """A client and its peer; `sent()` is what the client said since last time, `events()` what came out of it."""

    def __init__(self, client: Connection | Session, peer: Peer | None = None) -> None:
        self.client = client
        self.peer = peer if peer is not None else Peer()

    def open(self, now: float) -> Wire:
        """Upgrade."""
        self.sent_texts()
        self.client.receive_data(self.peer.accept(), now)
        return self

    def sent_texts(self) -> list[str]:
        return self.peer.receive(self.client.data_to_send())

    def sent(self) -> list[Any]:
        return [json.loads(text) for text in self.sent_texts()]

    def say(self, now: float, *values: object) -> list[Event]:
        """The peer says these in one read."""
        self.client.receive_data(b"".join(self.peer.text(value) for value in values), now)
        return self.events()

    def events(self) -> list[Event]:
        return list(drain(self.client))


def drain(client: Connection | Session) -> Iterable[Event]:
    while (event := client.next_event()) is not None:
        yield event
