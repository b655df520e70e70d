"""A local exchange in memory, on virtual time: what a `Network` of sockets and clocks is otherwise.

The blocking client moves the time while it waits: an hour of market takes what its computing takes. Under trio the time is
trio's own (`trio.testing.MockClock` makes it virtual), under asyncio that of the loop in which something connects, and the
exchange follows it. Same seed and calls: same bytes.
"""

from __future__ import annotations

import math
import ssl
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final, TypeVar, final

from coinex_proto.config import Sources
from coinex_proto.errors import UsageError
from coinex_trio._local.loopback import Server, ServerConnection
from coinex_trio._local.memory_transport import MemoryTransport
from coinex_trio.network import Network, Transport

if TYPE_CHECKING:
    import asyncio

    import trio

    from coinex_trio._local.memory_asyncio import Receiver

T = TypeVar("T")

START: Final = 1_800_000_000.0
"""Unix time at which every exchange in memory begins."""


@final
class MemoryNetwork:
    """Every address leads to the exchange; no name is looked up and no TLS is spoken."""

    def __init__(self, make_server: Callable[[float], Server[ServerConnection]], seed: int) -> None:
        self.server = make_server(START)
        self._now = START
        self._trio_shift: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        """Of the last asyncio client; its clock is followed while it runs."""
        self._loop_shift = 0.0
        self._transports: dict[ServerConnection, MemoryTransport] = {}
        self._sources = Sources(
            wall_time_ns=lambda: round(self.now() * 1e9), random_bytes=Random(f"{seed}:client").randbytes
        )

    def url(self, scheme: str) -> str:
        """Any would do."""
        return f"{scheme}://127.0.0.1:80"

    @property
    def ca_file(self) -> Path | None:
        """There is no TLS in memory."""
        return None

    @property
    def network(self) -> Network:
        """Itself."""
        return self

    # For tests and programs --------------------------------------------------------------------------------------------

    def call(self, work: Callable[[], T]) -> T:
        """Does it now; what it makes the exchange say is on its way when this returns."""
        self.follow()
        done = work()
        self._deliver()
        return done

    def skip(self, seconds: float) -> None:
        """Time passes for everybody, with no client doing anything meanwhile: as when a laptop sleeps."""
        self.now()
        if self._trio_shift is not None:
            raise UsageError("advance(): under trio the time is trio's own; sleep, or use trio.testing.MockClock")
        if self._loop is not None and self._loop.is_running():
            raise UsageError("advance(): under asyncio the time is the loop's own; sleep, on a loop of virtual time")
        self._now += seconds
        self.follow()

    def wait_until_ended(self, seconds: float) -> None:
        """An exchange in memory has no life of its own."""
        raise UsageError("run(): an exchange in memory moves while its clients run; run those")

    # What clients need ------------------------------------------------------------------------------------------------

    @property
    def sources(self) -> Sources:
        """Virtual wall time, and random bytes from the seed."""
        return self._sources

    def now(self) -> float:
        """Virtual Unix seconds; inside trio, those of trio's clock, and beside an asyncio client those of its loop."""
        current = _trio_time()
        if current is not None:
            if self._trio_shift is None:
                self._trio_shift = self._now - current
            self._now = max(self._now, current + self._trio_shift)
        elif self._loop is not None and self._loop.is_running():
            self._now = max(self._now, self._loop.time() + self._loop_shift)
        return self._now

    def dial(self, host: str, port: int, ssl_context: ssl.SSLContext | None) -> MemoryTransport:
        """Leads to the exchange, whatever the address."""
        self.follow()
        connection = self.server.accept(self._now)
        transport = self._transports[connection] = MemoryTransport(self, connection)
        return transport

    def wait(self, watched: Sequence[tuple[Transport, bool]], until: float) -> Sequence[Transport]:
        """Moves the time on until something has come, or until then."""
        transports = [transport for transport, _ in watched if isinstance(transport, MemoryTransport)]
        if not transports and until == math.inf:
            raise UsageError("nothing is left that could happen in memory, and no end was given")
        self.follow()
        while not (ready := [transport for transport in transports if transport.is_readable]) and self._now < until:
            self._now = self.server.advance_to_output(until)
            self._deliver()
        return ready

    async def open_stream(
        self, host: str, port: int, ssl_context: ssl.SSLContext | None, resolver: trio.CapacityLimiter
    ) -> trio.abc.Stream:
        """Leads to the exchange, whatever the address."""
        import trio

        from coinex_trio._local.memory_stream import MemoryStream

        await trio.lowlevel.checkpoint()
        return MemoryStream(self, self.dial(host, port, ssl_context))

    async def open_transport(
        self, protocol: Receiver, host: str, port: int, ssl_context: ssl.SSLContext | None
    ) -> asyncio.Transport:
        """Leads to the exchange, whatever the address; from now on its time is that of the running loop."""
        import asyncio

        from coinex_trio._local.memory_asyncio import MemoryLink

        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop_shift = self.now() - loop.time()
            self._loop = loop
        await asyncio.sleep(0)
        return MemoryLink(self, self.dial(host, port, ssl_context), protocol)

    # Between the two --------------------------------------------------------------------------------------------------

    def follow(self) -> None:
        """Everything that is due happens, each thing at its own time."""
        self.server.advance(self.now())
        self._deliver()

    def until_next(self) -> float:
        """Seconds until the exchange has something to do."""
        due = self.server.next_deadline()
        return math.inf if due is None else max(0.0, due - self.now())

    def receive_data(self, transport: MemoryTransport, data: bytes) -> None:
        """Bytes of a client."""
        self.follow()
        if transport.ended is None:
            transport.connection.receive_data(data, self._now)
            self._deliver()

    def receive_eof(self, transport: MemoryTransport) -> None:
        """The end of a client's bytes."""
        if transport.ended is None:
            transport.connection.receive_eof()
            self._deliver()

    def _deliver(self) -> None:
        for connection in self.server.take_ready():
            transport = self._transports.get(connection)
            if transport is None:
                continue
            transport.inbox += connection.data_to_send()
            if connection.wants_close is not None:
                transport.ended = connection.wants_close
                del self._transports[connection]
                if transport.ended == "rst":
                    transport.inbox.clear()
            transport.changed()


def _trio_time() -> float | None:
    """Trio's clock, when this is called inside trio."""
    trio_module = sys.modules.get("trio")
    if trio_module is None:
        return None
    try:
        current: float = trio_module.current_time()
    except RuntimeError:
        return None
    return current
