"""The asyncio side of a connection in memory: a transport whose other end is the local exchange, on the loop's clock.

Imported when it is used: programs without asyncio never load it.
"""

from __future__ import annotations

import asyncio
import math
from typing import Final, Protocol, final

from coinex_trio._local.memory_transport import MemoryTransport

LEAST_PAUSE: Final = 1e-6
"""Seconds: a shorter one may vanish in the rounding of the loop's clock."""


class Receiver(Protocol):
    """What a client gives to a network: these methods of an `asyncio.Protocol`."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It begins."""
        ...

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        ...

    def eof_received(self) -> bool | None:
        """The peer has ended; true: writing goes on."""
        ...

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        ...


class Timeline(Protocol):
    """The exchange's time."""

    def follow(self) -> None:
        """Everything that is due happens."""
        ...

    def until_next(self) -> float:
        """Seconds until the exchange has something to do."""
        ...


@final
class MemoryLink(asyncio.Transport):
    """Writes at once; wakes for the exchange's next deadline, since nobody else moves it."""

    def __init__(self, timeline: Timeline, transport: MemoryTransport, protocol: Receiver) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._timeline = timeline
        self._transport = transport
        self._protocol = protocol
        self._pump_handle: asyncio.Handle | None = None
        self._has_ended = False
        transport.changed = self._changed
        protocol.connection_made(self)
        self._changed()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Everything is taken at once."""
        if self._transport.is_closed:
            return
        try:
            self._transport.send(data)
        except ConnectionResetError as error:
            self._end(error)

    def can_write_eof(self) -> bool:
        """As TCP."""
        return True

    def write_eof(self) -> None:
        """The exchange sees the end of what we say."""
        self._transport.shutdown()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is ever buffered."""

    def is_closing(self) -> bool:
        """Closed by the client, or ended by the exchange."""
        return self._has_ended

    def close(self) -> None:
        """Lets go of it; nothing waits to be sent."""
        self._end(None)

    def abort(self) -> None:
        """Lets go of it."""
        self._end(None)

    def _changed(self) -> None:
        if not self._has_ended:
            if self._pump_handle is not None:
                self._pump_handle.cancel()
            self._pump_handle = self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        self._pump_handle = None
        self._timeline.follow()
        self._hand_over()
        self._sleep()

    def _sleep(self) -> None:
        pause = self._timeline.until_next()
        if not self._has_ended and self._pump_handle is None and pause < math.inf:
            self._pump_handle = self._loop.call_later(max(pause, LEAST_PAUSE), self._pump)

    def _hand_over(self) -> None:
        try:
            while not self._has_ended and (data := self._transport.receive(65536)) is not None:
                if data:
                    self._protocol.data_received(data)
                elif not self._protocol.eof_received():
                    self._end(None)
                else:
                    return
        except ConnectionResetError as error:
            self._end(error)

    def _end(self, error: Exception | None) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        if self._pump_handle is not None:
            self._pump_handle.cancel()
        self._transport.close()
        self._loop.call_soon(self._protocol.connection_lost, error)
