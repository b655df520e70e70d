"""The asyncio client: bytes go from `data_received` into the session, its events to callbacks, streams and waiters.

Callbacks run in calls of the loop, never inside each other and never inside a call of yours. Whatever a user calls queues and
writes at once, so that cancelling it cannot leave half a frame behind. What the protocol does is the session's.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from types import TracebackType
from typing import Generic, TypeVar, final

from coinex_asyncio._io.asyncio_io import AsyncioIO
from coinex_asyncio._io.awaiting import AsyncioAwaiting, shielded
from coinex_asyncio.network import SYSTEM, Network, check_network
from coinex_asyncio.stream import EventStream
from coinex_driver.async_client import AsyncClient
from coinex_driver.block_errors import raise_together
from coinex_driver.client_core import ClientCore
from coinex_driver.stream_queue import latest, lossless
from coinex_driver.tls import check_ssl_context
from coinex_proto import Callbacks, Config, Dialect, Event, Topic, UsageError

T = TypeVar("T")
C = TypeVar("C")
E = TypeVar("E", bound=Event)


class Client(AsyncClient, AsyncioAwaiting):
    """One venue's session under asyncio; made by `open_client`. Its methods are called from tasks of the same loop."""

    def __init__(self, core: ClientCore, io: AsyncioIO) -> None:
        self._core = core
        self._io = io
        self._process = os.getpid()

    def _change(self, step: Callable[[], T]) -> T:
        self._check()
        result = step()
        self._io.changed()
        return result

    def _wake(self) -> None:
        if self._process == os.getpid():
            with suppress(RuntimeError):  # the loop is closed, and the client with it
                self._io.loop.call_soon_threadsafe(self._io.wake)

    def events(self, *wanted: type[E] | Topic[E]) -> EventStream[E]:
        """Every event of these classes and topics, in order; nothing named: every event there is.

        Its topics are subscribed while the stream is open. It is bounded by `Config.queue_size` and ends with
        `ConsumerTooSlow` when full.
        """
        return EventStream(self._change(lambda: lossless(self._core, wanted)))

    def latest(self, *topics: Topic[E]) -> EventStream[E]:
        """The newest event of each topic; what was replaced before it was taken is counted in `.skipped`."""
        return EventStream(self._change(lambda: latest(self._core, topics)))

    def _check(self) -> None:
        try:
            loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        if loop is not self._io.loop or self._process != os.getpid():
            raise UsageError(
                "this client belongs to another event loop, thread or process; in a thread of this program, use "
                "loop.call_soon_threadsafe() or asyncio.run_coroutine_threadsafe() to call its methods"
            )

    async def _until(self, is_done: Callable[[], bool], what: str) -> None:
        self._check()
        while not is_done():
            if self._core.is_over:
                raise self._core.why_over(what)
            await self._io.waiters.wait(is_done)


@final
class Opening(AbstractAsyncContextManager[C], Generic[C]):
    """What `open_client()` and its like give: one client, for one `async with`."""

    def __init__(self, manager: AbstractAsyncContextManager[C], name: str) -> None:
        self._manager = manager
        self._name = name
        self._is_used = False

    async def __aenter__(self) -> C:
        if self._is_used:
            raise UsageError(f"this {self._name}() was entered before; each `async with` needs a call of its own")
        self._is_used = True
        return await self._manager.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._manager.__aexit__(kind, error, trace)


def open_client(
    dialect: Dialect,
    *,
    callbacks: Callbacks | None = None,
    config: Config = Config(),  # noqa: B008  (frozen)
    ssl_context: ssl.SSLContext | None = None,
    network: Network = SYSTEM,
) -> Opening[Client]:
    """A client that is `Ready` when the block begins and closed in good order when it ends.

    Entering raises `ConnectFailed` or `LoginRefused`; with `Config(retry_first=True)` it goes on trying instead of
    `ConnectFailed`. What later ends the client (an error of a callback, refused credentials) cancels the block and comes
    out of it as itself; an exception of the block does too. Only when both happened they come as one group.
    """
    return Opening(_open(dialect, callbacks, config, ssl_context, network), "open_client")


@asynccontextmanager
async def _open(
    dialect: Dialect,
    callbacks: Callbacks | None,
    config: Config,
    ssl_context: ssl.SSLContext | None,
    network: Network,
) -> AsyncIterator[Client]:
    core, io = made(dialect, callbacks, config, ssl_context, network)
    client = Client(core, io)
    async with opened(client, io):
        yield client


def made(
    dialect: Dialect,
    callbacks: Callbacks | None,
    config: Config,
    ssl_context: ssl.SSLContext | None,
    network: Network,
) -> tuple[ClientCore, AsyncioIO]:
    """What a client is made of, nothing opened yet. Raises `UsageError`."""
    check_network(network)
    core = ClientCore(dialect, callbacks, config, network.sources, network.now)
    check_ssl_context(ssl_context, has_credentials=dialect.has_credentials)
    return core, AsyncioIO(core, network, ssl_context)


@asynccontextmanager
async def opened(
    client: Client, io: AsyncioIO, *beside: Callable[[], Awaitable[None]], begins: bool = True
) -> AsyncIterator[None]:
    """Opens a client around a block, and closes it; tasks `beside` it end with the block, and what they raise ends it.

    `begins`: it connects, and the block waits for that; otherwise it does when somebody calls `io.begin()`.
    """
    body_error: BaseException | None = None
    io.block.enter()
    io.run_beside(*beside)
    try:
        if begins:
            io.begin()
            await client._opened()
        yield
    except GeneratorExit:  # dropped with its loop: nothing may be awaited any more
        io.abandon()
        raise
    except BaseException as error:  # noqa: BLE001  (raised below, with what ended the client)
        body_error = error
    if io.block.leave() and isinstance(body_error, asyncio.CancelledError):
        body_error = None
    try:
        await shielded(io.close())
    except asyncio.CancelledError as error:
        body_error = body_error or error
    raise_together(body_error, client._core.error, asyncio.CancelledError)
