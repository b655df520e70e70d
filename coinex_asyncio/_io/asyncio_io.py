"""The connection side of one asyncio client: its sockets (`lane.py`), who waits for it, and what runs beside it.

Must not know venues, nor the methods of clients.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING, final

from coinex_asyncio._io.block import Block
from coinex_asyncio._io.lane import Lane
from coinex_asyncio._io.sockets import Resolver
from coinex_asyncio._io.waiters import Waiters
from coinex_asyncio.network import Network
from coinex_driver.client_core import ClientCore
from coinex_driver.limits import CLOSE_MARGIN
from coinex_driver.tls import default_ssl_context
from coinex_proto import Session

if TYPE_CHECKING:
    from coinex_proto.lines import Line


@final
class AsyncioIO:
    """The connection side of one asyncio client: its sockets, and what is the client's alone."""

    def __init__(self, core: ClientCore, network: Network, ssl_context: ssl.SSLContext | None) -> None:
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self.core = core
        self.waiters: Waiters = Waiters(self.loop)
        self.block: Block = Block()
        self.network = network
        self.context: Callable[[], ssl.SSLContext] = cache(lambda: ssl_context or default_ssl_context())
        self.resolver: Resolver = Resolver()
        self._lanes: dict[Session | Line, Lane] = {}
        self._has_begun = False
        self._has_turn = False  # that is due in the next round of the loop
        self._beside: set[asyncio.Task[None]] = set()
        self._done: asyncio.Future[None] = self.loop.create_future()
        """There is no connection, and there will be none."""
        core.watch_lines(self._note_change)
        self._note_change()

    # What users and events cause --------------------------------------------------------------------------------------

    def run_beside(self, *beside: Callable[[], Awaitable[None]]) -> None:
        """Runs these until the client is closed; what they raise ends it."""
        self._beside = {self.loop.create_task(self._run_beside(work)) for work in beside}

    def begin(self) -> None:
        """Connects from now on. Twice is once."""
        if not self._has_begun:
            self._has_begun = True
            for lane in tuple(self._lanes.values()):
                lane.begin()

    def changed(self) -> None:
        """After a step of the session by the user: what it queued is sent at once, its events come in the next round."""
        if self.core.is_delivering:
            return  # the turn around this call goes on
        for lane in self._lanes.values():
            lane.send()
        self._wake_soon()

    def _wake_soon(self) -> None:
        if not self._has_turn:
            self._has_turn = True
            self.loop.call_soon(self.wake)

    def _note_change(self) -> None:
        """In the middle of a step: what is new begins in the next round, where the others look at what they have."""
        for line in self.core.lines:
            if line not in self._lanes:
                self._lanes[line] = Lane(self, line)
        if self._has_begun:
            self._wake_soon()

    def wake(self) -> None:
        """A turn, and whatever `stop()` asks for."""
        self._has_turn = False
        self.core.stop_if_asked()
        for lane in tuple(self._lanes.values()):
            if self._has_begun:
                lane.begin()
            lane.look_at_end()
            lane.turn()

    async def close(self) -> None:
        """Stops and returns, within a limit, when the connections are gone."""
        try:
            for task in self._beside:
                task.cancel()
            if self._beside:
                await asyncio.wait(self._beside)
            self.core.stop()
            self.begin()
            self.wake()
            await asyncio.wait((self._done,), timeout=self.core.config.close_timeout + CLOSE_MARGIN)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Whatever is left is let go of at once."""
        for lane in self._lanes.values():
            lane.abandon()
        self.core.end(None)
        self._finish()

    async def _run_beside(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001  (raised by open_client)
            self.fail(error)

    def fail(self, error: BaseException) -> None:
        """The client ends because of this; its block gets it."""
        self.core.fail(error)
        self.block.cut()
        self.loop.call_soon(self.wake)

    def deliver(self) -> None:
        """Events out."""
        core = self.core
        try:
            core.deliver()
        except BaseException as error:  # noqa: BLE001  (raised by open_client)
            self.fail(error)
            core.deliver()
        if self.waiters.are_there:
            self.waiters.look(is_over=core.is_over)

    def has_ended(self, line: Session | Line) -> None:
        """This one will not connect any more."""
        self._lanes.pop(line, None)
        if not self.core.is_over:
            return
        self._finish()
        if self.core.error is not None:
            self.fail(self.core.error)

    def _finish(self) -> None:
        if not self._done.done():
            self._done.set_result(None)
        for lane in self._lanes.values():
            lane.forget_times()
        self.waiters.look(is_over=True)
