"""The connections of a server half, whatever it serves: who is there, who has something to send, who has been silent too long."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

from coinex_proto.simulator.hosting.connection import ServerConnection, SocketService
from coinex_proto.simulator.hosting.http_server import HttpRequest, HttpResponse


class ConnectionKeeper(ABC):
    """What a host and the connections need of a server half that is no business of a venue."""

    idle_limit: ClassVar[float]
    """A client that sends nothing for so many seconds is cut."""

    def __init__(self, now: float, *, answers_pings: bool, answers_close: bool, max_request_bytes: int) -> None:
        self.now = now
        self.answers_pings: bool = answers_pings
        self.answers_close: bool = answers_close
        self.max_request_bytes = max_request_bytes
        self.connections: dict[ServerConnection, None] = {}
        self._connections_at = math.inf
        """No connection has anything to do before."""
        self._accepted = 0
        self._ready: dict[ServerConnection, None] = {}

    # what a host needs

    def accept(self, now: float) -> ServerConnection:
        """A new TCP connection."""
        self.advance(now)
        self._accepted += 1
        connection = ServerConnection(self, self._accepted, now)
        self.connections[connection] = None
        self.wake_at(connection.next_at(self.idle_limit))
        return connection

    def take_ready(self) -> tuple[ServerConnection, ...]:
        """Connections that have something to send or want to be closed, since the last time.

        Whoever takes one takes its bytes as well: until then it does not say again that it has some.
        """
        ready = tuple(self._ready)
        self._ready.clear()
        return ready

    @abstractmethod
    def advance(self, now: float) -> None:
        """Let everything happen that is due until now, each thing at its own time."""

    def sockets(self) -> tuple[ServerConnection, ...]:
        """Connections that are WebSockets by now."""
        return tuple(connection for connection in self.connections if connection.service is not None)

    # what connections need

    @abstractmethod
    def answer(self, connection: ServerConnection, request: HttpRequest) -> HttpResponse | None:
        """The answer to an HTTP request; None when a fault keeps it back."""

    @abstractmethod
    def open_socket(self, connection: ServerConnection, request: HttpRequest) -> SocketService | HttpResponse:
        """What answers on a new WebSocket, or why there is none."""

    def wake_at(self, at: float) -> None:
        """Look after the connections then."""
        self._connections_at = min(self._connections_at, at)

    def has_output(self, connection: ServerConnection) -> None:
        self._ready[connection] = None

    def ended(self, connection: ServerConnection) -> None:
        self.connections.pop(connection, None)

    def _look_after_connections(self, at: float) -> None:
        for connection in tuple(self.connections):
            connection.handle_time(at, self.idle_limit)
        self._connections_at = min((c.next_at(self.idle_limit) for c in self.connections), default=math.inf)
