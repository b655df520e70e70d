"""The trio side of a connection in memory: a stream whose other end is the local exchange, on trio's clock."""

from __future__ import annotations

import math
from typing import Protocol, final

import trio

from coinex_trio._local.memory_transport import MemoryTransport


class Timeline(Protocol):
    """The exchange's time."""

    def follow(self) -> None:
        """Everything that is due happens."""
        ...

    def until_next(self) -> float:
        """Seconds until the exchange has something to do."""
        ...


@final
class MemoryStream(trio.abc.HalfCloseableStream):
    """Sends what there is room for; whoever waits, waits for the exchange's next deadline, since nobody else moves it."""

    def __init__(self, timeline: Timeline, transport: MemoryTransport) -> None:
        self._timeline = timeline
        self._transport = transport
        self._changed = trio.lowlevel.ParkingLot()
        transport.changed = self._wake

    def _wake(self) -> None:
        self._changed.unpark_all()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Waits while there is no room."""
        await trio.lowlevel.checkpoint()
        self._check_open()
        unsent = bytes(data)
        try:
            while unsent := unsent[self._transport.send(unsent) :]:
                await self.wait_send_all_might_not_block()
        except ConnectionResetError as error:
            raise trio.BrokenResourceError(str(error)) from error

    async def wait_send_all_might_not_block(self) -> None:
        """Until there is room."""
        await trio.lowlevel.checkpoint()
        self._check_open()
        while not self._transport.is_writable:
            await self._wait()
            self._check_open()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Bytes as soon as there are any; empty at the end."""
        await trio.lowlevel.checkpoint()
        while True:
            self._check_open()
            self._timeline.follow()
            try:
                data = self._transport.receive(65536 if max_bytes is None else max_bytes)
            except ConnectionResetError as error:
                raise trio.BrokenResourceError(str(error)) from error
            if data is not None:
                return data
            await self._wait()

    async def send_eof(self) -> None:
        """The exchange sees the end of what we say."""
        await trio.lowlevel.checkpoint()
        self._check_open()
        self._transport.shutdown()

    async def aclose(self) -> None:
        """Lets go of it at once."""
        self._transport.close()
        await trio.lowlevel.checkpoint()

    async def _wait(self) -> None:
        """Until something may have changed."""
        pause = self._timeline.until_next()
        with trio.move_on_at(trio.current_time() + pause if pause < math.inf else math.inf):
            await self._changed.park()
        self._timeline.follow()

    def _check_open(self) -> None:
        if self._transport.is_closed:
            raise trio.ClosedResourceError("this stream was closed")
