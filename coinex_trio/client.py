"""The trio client: one task that connects and reads, one that writes and keeps time.

Callbacks run inside these two tasks, between awaits, never inside each other. Whatever a user calls only queues, so that
cancelling it cannot leave half a frame behind. What the protocol does is the session's.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import trio

from coinex_driver.async_client import AsyncClient
from coinex_driver.block_errors import raise_together
from coinex_driver.client_core import ClientCore
from coinex_driver.stream_queue import latest, lossless
from coinex_driver.tls import check_ssl_context
from coinex_proto import Callbacks, Config, Dialect, Event, Topic, UsageError
from coinex_trio._io.interrupts import interrupt_alone, protected
from coinex_trio._io.trio_awaiting import TrioAwaiting
from coinex_trio._io.trio_io import TrioIO
from coinex_trio.network import SYSTEM, Network
from coinex_trio.stream import EventStream

T = TypeVar("T")
E = TypeVar("E", bound=Event)


class Client(AsyncClient, TrioAwaiting):
    """One venue's session under trio; made by `open_client`. Its methods are called from tasks of the same trio run."""

    def __init__(self, core: ClientCore, io: TrioIO) -> None:
        self._core = core
        self._io = io
        self._home = trio.lowlevel.current_trio_token(), os.getpid()

    def _change(self, step: Callable[[], T]) -> T:
        self._check()
        result = step()
        self._io.wake()
        return result

    def _wake(self) -> None:
        token, process = self._home
        if process == os.getpid():
            with suppress(trio.RunFinishedError):
                token.run_sync_soon(self._io.wake, idempotent=True)

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
        token = trio.lowlevel.current_trio_token() if trio.lowlevel.in_trio_run() else None
        if (token, os.getpid()) != self._home:
            raise UsageError(
                "this client belongs to another thread or process; in a thread of this program, "
                "use trio.from_thread.run_sync() to call its methods"
            )

    async def _until(self, is_done: Callable[[], bool], what: str) -> None:
        await trio.lowlevel.checkpoint()
        while not is_done():
            if self._core.is_over:
                raise self._core.why_over(what)
            await self._io.progress.park()


@protected
async def open_client(
    dialect: Dialect,
    *,
    callbacks: Callbacks | None = None,
    config: Config = Config(),  # noqa: B008  (frozen)
    ssl_context: ssl.SSLContext | None = None,
    network: Network = SYSTEM,
) -> AsyncIterator[Client]:
    """A client that is `Ready` when the block begins and closed in good order when it ends.

    Entering raises `ConnectFailed` or `LoginRefused`; with `Config(retry_first=True)` it goes on trying instead of
    `ConnectFailed`. What later ends the client (an error of a callback, refused credentials) cancels the block and comes
    out of it as itself; an exception of the block does too. Only when both happened they come as one group.
    """
    core = ClientCore(dialect, callbacks, config, network.sources, network.now)
    check_ssl_context(ssl_context, has_credentials=dialect.has_credentials)
    io = TrioIO(core, network, ssl_context)
    client = Client(core, io)
    async with opened(client, io):
        yield client


@protected
async def opened(client: Client, io: TrioIO, *beside: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Opens a client around a block, and closes it; tasks `beside` it end with the block, and what they raise ends it."""
    core = client._core
    body_error: BaseException | None = None
    with interrupt_alone():
        async with trio.open_nursery() as nursery:
            io.start(nursery)
            for task in beside:
                nursery.start_soon(io.run_beside, task)
            try:
                with io.block:
                    await client._opened()
                    yield
            except BaseException as error:  # noqa: BLE001  (raised behind the nursery, which would wrap it)
                body_error = error
            try:
                await io.close()
            finally:
                nursery.cancel_scope.cancel()
    raise_together(body_error, core.error, trio.Cancelled)
