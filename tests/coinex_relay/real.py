"""Relays on a real server, fed with a recorded market by the test; and a proxy that can stall."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Self, cast
from urllib.parse import urlsplit

from coinex_asyncio import Client
from coinex_proto import Event, Topic, Update
from coinex_relay.connecting import Nats, connect, ensure_streams
from coinex_relay.publishing import Publisher
from coinex_relay.relay import Relay
from tests.coinex_relay.world import DIALECT, TOPICS, recorded


class Feeding:
    """A running relay without a venue: `say` gives it the next updates of the recorded market."""

    def __init__(self, relay: Relay, running: "asyncio.Task[None]", updates: Iterable[Update]) -> None:
        self.relay = relay
        self.updates = list(updates)
        self.at = 0
        self._running = running

    def say(self, count: int) -> None:
        for update in self.updates[self.at : self.at + count]:
            self.relay.take(update)
        self.at += count

    async def kill(self) -> None:
        """As `kill -9`: whatever was not written is gone, and nobody says goodbye."""
        self._running.cancel()
        await asyncio.wait((self._running,))
        transport = self.relay._nats._transport
        assert transport is not None
        cast(Any, transport)._io_writer.transport.abort()


@asynccontextmanager
async def feeding(
    url: str,
    name: str = "a",
    *,
    topics: Iterable[Topic[Event]] = TOPICS,
    updates: Iterable[Update] | None = None,
    makes_streams: bool = True,
    caught_up: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(0),
) -> AsyncIterator[Feeding]:
    nats = await connect(Nats(url=url), name, lambda why: None, reconnects=True)
    make_streams = partial(ensure_streams, nats.jetstream(), max_bytes=1 << 26, in_memory=False, replicas=1)
    if makes_streams:
        await make_streams()
    relay = Relay(Publisher(name, DIALECT, topics), nats, cast(Client, None), caught_up, make_streams)
    await relay.open()
    running = asyncio.create_task(relay.run())
    try:
        yield Feeding(relay, running, recorded() if updates is None else updates)
    finally:
        running.cancel()
        await asyncio.wait((running,))
        with suppress(Exception):
            await nats.close()


class Proxy:
    """TCP to the server; `stall()` lets nothing through in either direction, and nothing is lost; `cut()` ends all connections."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._goes = asyncio.Event()
        self._goes.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=2**12)
        self.url = f"nats://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *args: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def stall(self) -> None:
        self._goes.clear()

    def go_on(self) -> None:
        self._goes.set()

    def cut(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._target.hostname, self._target.port, limit=2**12)
        for task in (self._pump(reader, far_writer), self._pump(far_reader, writer)):
            self._tasks.add(asyncio.create_task(task))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(2**12):
                await self._goes.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.transport.abort()
