"""The way of an asyncio client to a scripted venue: no sockets, and the time of the loop, which may be virtual."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from aiotools import VirtualClock

from coinex_asyncio.network import Receiver
from tests.coinex_trio.venue import START, Venue, Venues

T = TypeVar("T")


class VenueLink(asyncio.Transport):
    """A transport of asyncio whose other end is a `Venue`; takes as much as the venue has room for."""

    def __init__(self, venue: Venue, protocol: Receiver) -> None:
        super().__init__()
        self.venue = venue
        self.unsent = bytearray()
        self.is_over = False
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        venue.changed = self._changed
        protocol.connection_made(self)

    def write(self, data: Any) -> None:
        if self.is_over:
            return
        assert not self.venue.half_closed, "written after the end"
        if len(data) > self.venue.room or self.unsent:
            self.unsent += data
            self._protocol.pause_writing()
            return
        self.venue.room -= len(data)
        self.venue.receive(bytes(data))

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert (high, low) == (1, 0)

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.venue.half_closed = True

    def close(self) -> None:
        self.abort()

    def abort(self) -> None:
        self._end(None)

    def give_room(self, size: float) -> None:
        """The venue takes bytes again."""
        self.venue.room = size
        waiting, self.unsent = bytes(self.unsent), bytearray()
        self.venue.receive(waiting)
        self._protocol.resume_writing()

    def _changed(self) -> None:
        self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        if self.is_over:
            return
        if self.venue.out:
            data = bytes(self.venue.out)
            self.venue.out.clear()
            self._protocol.data_received(data)
        if self.venue.error is not None:
            self._end(self.venue.error)
        elif self.venue.is_over and not self._protocol.eof_received():
            self._end(None)

    def _end(self, error: Exception | None) -> None:
        if not self.is_over:
            self.is_over = self.venue.gone = True
            self._loop.call_soon(self._protocol.connection_lost, error)


class AsyncioNetwork(Venues):
    """Leads an asyncio client to a venue; the clock is the loop's."""

    def __init__(self, prepare: Callable[[Venue], None] = lambda _: None) -> None:
        super().__init__(prepare)
        self.links: list[VenueLink] = []
        self._loop = asyncio.get_running_loop()

    def now(self) -> float:
        return START + self._loop.time()

    async def open_transport(
        self, protocol: Receiver, host: str, port: int, ssl_context: ssl.SSLContext | None
    ) -> asyncio.Transport:
        await asyncio.sleep(0)
        link = VenueLink(self.accept(self.now(), host, port, ssl_context), protocol)
        self.links.append(link)
        return link


def virtually(story: Callable[[], Awaitable[T]], **options: Any) -> T:
    """Runs this on a loop whose time jumps to what is due next. No task is left behind."""

    async def main() -> T:
        with VirtualClock().patch_loop():
            result = await story()
            await asyncio.sleep(0)
            assert asyncio.all_tasks() == {asyncio.current_task()}
            return result

    return asyncio.run(main(), **options)
