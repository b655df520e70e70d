"""One connection in memory between a client and the local exchange; to the blocking client it is the transport."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, Protocol, final

from coinex_trio._local.loopback import ServerConnection


class Exchange(Protocol):
    """Where the bytes of a client go."""

    def receive_data(self, transport: MemoryTransport, data: bytes) -> None:
        """Bytes of a client."""
        ...

    def receive_eof(self, transport: MemoryTransport) -> None:
        """The end of a client's bytes."""
        ...


@final
class MemoryTransport:
    """Never waits: what is sent has arrived, and what the exchange says is put into `inbox`."""

    def __init__(self, exchange: Exchange, connection: ServerConnection) -> None:
        self.connection = connection
        self.inbox = bytearray()
        self.ended: Literal["fin", "rst"] | None = None
        """How the exchange has ended it."""
        self.is_closed = False
        """By the client; the exchange may still say something, which nobody reads."""
        self.changed: Callable[[], None] = _nothing
        """Called when there is something to receive, or room to send again."""
        self._exchange = exchange

    @property
    def is_readable(self) -> bool:
        """Bytes or the end can be received."""
        return bool(self.inbox) or self.ended is not None

    @property
    def is_writable(self) -> bool:
        """Bytes would be taken."""
        return self.ended == "rst" or self.connection.room > 0

    def progress(self, now: float) -> bool:
        """There is nothing to wait for."""
        return True

    def wakes_at(self) -> float:
        """Never by time."""
        return math.inf

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """As much is taken as there is room for."""
        if self.ended == "rst":
            raise ConnectionResetError("the exchange has reset the connection")
        taken = int(min(len(data), self.connection.room))
        if taken:
            self._exchange.receive_data(self, bytes(data[:taken]))
        return taken

    def receive(self, size: int) -> bytes | None:
        """What has come; None while nothing has, empty at the end."""
        if self.inbox:
            data = bytes(self.inbox[:size])
            del self.inbox[:size]
            return data
        if self.ended == "rst":
            raise ConnectionResetError("the exchange has reset the connection")
        return None if self.ended is None else b""

    def shutdown(self) -> None:
        """The exchange sees the end of what we say."""
        self._exchange.receive_eof(self)

    def close(self) -> None:
        """Lets go of it."""
        if not self.is_closed:
            self.is_closed = True
            self._exchange.receive_eof(self)
            self.changed()


def _nothing() -> None: ...
