"""Carries bytes and time between a session and a transport of asyncio: bytes go from `data_received` into the session.

There is no task but while connecting: everything else happens in calls of the loop, one after the other, so that nothing
needs a lock and nothing is left behind. Must not know venues, nor the methods of clients.
"""

from __future__ import annotations

import asyncio
import math
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import cache
from typing import Final, final

from coinex_asyncio._io.block import Block
from coinex_asyncio._io.sockets import Resolver
from coinex_asyncio._io.waiters import Waiters
from coinex_asyncio.network import Network, open_transport
from coinex_driver.client_core import ClientCore
from coinex_driver.limits import CLOSE_MARGIN, READ_SIZE
from coinex_driver.log import LOG
from coinex_driver.network_errors import describe, reason_of
from coinex_driver.tls import default_ssl_context
from coinex_proto import ConnectFailed, Open
from coinex_trio.network import LONGEST_POLL, SystemNetwork, too_late

EARLY: Final = 0.002
"""Seconds that a loop may call a timer before its time: uvloop counts milliseconds, others round."""

ENDED: Final = "the peer ended the connection"
NOT_ENDED: Final = "the peer did not end the connection"


@final
class Line(asyncio.BufferedProtocol):
    """One connection. What it has to say before its beginning or after its end reaches nobody.

    A protocol of its own buffer: asyncio's would read 256 kB at a time, and a session is quicker with 32.
    """

    def __init__(self, io: AsyncioIO) -> None:
        self.transport: asyncio.Transport | None = None
        self.is_full = False
        """The peer has not taken all that was written; nothing more is taken from the session until then."""
        self.is_closing = False
        """Nothing more is sent; what still comes is received, until the limit."""
        self._buffer = memoryview(bytearray(READ_SIZE))
        self._io, self._core = io, io.core
        self._limit: asyncio.TimerHandle | None = None
        self._why: str | None = None
        self._has_ended = False

    def begin(self, transport: asyncio.Transport) -> None:
        """From now on the session gets what comes, and sends."""
        self.transport = transport
        transport.set_write_buffer_limits(high=1, low=0)  # of 0, TLS would be over it with nothing to send
        self._core.session.connected(self._core.now())
        self._io.turn()
        if self._has_ended:
            self.connection_lost(None)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Called by asyncio."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Called by asyncio."""
        self.data_received(bytes(self._buffer[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Called by networks that have the bytes already."""
        io, core = self._io, self._core
        if io.line is not self:
            return  # after the end; or before the beginning, where no server speaks: nothing that follows will fit
        try:
            core.session.receive_data(data, core.now())
        except BaseException as error:  # noqa: BLE001  (raised by open_client)
            # A Ctrl-C, or no memory, has cut a message in half: this connection is of no more use.
            io.fail(error)
            self.cut(str(error) or type(error).__name__)
        io.turn()

    def eof_received(self) -> None:
        """Called by asyncio: nothing that waits to be sent is of use to the peer any more."""
        self.cut(ENDED)

    def pause_writing(self) -> None:
        """Called by asyncio. A peer that takes nothing for `ping_timeout` is given up."""
        self.is_full = True
        self.limit(self._core.config.ping_timeout)

    def resume_writing(self) -> None:
        """Called by asyncio."""
        self.is_full = False
        if not self.is_closing:
            self._unlimit()
            self._io.turn()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self._has_ended = True
        self._unlimit()
        self._io.lost(self, self._why or (ENDED if exc is None else describe(exc)))

    def limit(self, seconds: float) -> None:
        """The connection ends after so long, or when it would have anyway, whichever is first."""
        at = self._io.loop.time() + seconds
        if self._limit is None or self._limit.when() > at:
            self._unlimit()
            self._limit = self._io.loop.call_at(at, self._give_up)

    def _unlimit(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def begin_closing(self) -> None:
        """Everything is sent: say so, and give the peer `close_timeout` to end.

        Closing with unread input would make the kernel send a reset that can overtake our Close frame. A peer that has let
        a time-out pass is not waited for.
        """
        assert self.transport is not None
        self.is_closing = True
        self.limit(self._core.closing_time())
        if self._core.session.is_deaf:
            self.cut(NOT_ENDED)
        elif self.transport.can_write_eof():
            with suppress(OSError):  # it has ended already: connection_lost() comes
                self.transport.write_eof()
        else:
            self.transport.close()  # TLS says goodbye, and reads on until the peer does

    def cut(self, why: str) -> None:
        """Ends the connection at once."""
        self.is_closing, self._why = True, why
        if self.transport is not None:
            self.transport.abort()

    def _give_up(self) -> None:
        if not self.is_closing:
            seconds = self._core.config.ping_timeout
            LOG.info("%s: the peer has not taken what was sent for so long: %g s", self._core.name, seconds)
        self.cut(NOT_ENDED)


@final
class AsyncioIO:
    """The connection side of one asyncio client."""

    def __init__(self, core: ClientCore, network: Network, ssl_context: ssl.SSLContext | None) -> None:
        self.loop = asyncio.get_running_loop()
        self.core = core
        self.line: Line | None = None  # the open connection
        self.waiters = Waiters(self.loop)
        self.block = Block()
        self._network = network
        self._context = cache(lambda: ssl_context or default_ssl_context())
        self._resolver = Resolver()
        self._connecting: asyncio.Task[None] | None = None
        self._pause: asyncio.TimerHandle | None = None  # before the next attempt
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf
        """When that is, in the session's time; never later than its next deadline."""
        self._longest_wait = LONGEST_POLL if isinstance(network, SystemNetwork) else math.inf
        """Seconds: the loop's clock may stand still while the machine sleeps."""
        self._has_begun = False
        self._has_turn = False  # that is due in the next round of the loop
        self._beside: set[asyncio.Task[None]] = set()
        self._done: asyncio.Future[None] = self.loop.create_future()
        """There is no connection, and there will be none."""

    def run_beside(self, *beside: Callable[[], Awaitable[None]]) -> None:
        """Runs these until the client is closed; what they raise ends it."""
        self._beside = {self.loop.create_task(self._run_beside(work)) for work in beside}

    def begin(self) -> None:
        """Connects from now on. Twice is once."""
        if not self._has_begun:
            self._has_begun = True
            self._advance()

    def changed(self) -> None:
        """After a step of the session by the user: what it queued is sent at once, its events come in the next round."""
        if self.core.is_delivering:
            return  # the turn around this call goes on
        self._send()
        if not self._has_turn:
            self._has_turn = True
            self.loop.call_soon(self.wake)

    def wake(self) -> None:
        """A turn, and whatever `stop()` asks for."""
        self._has_turn = False
        core = self.core
        core.stop_if_asked()
        if core.is_stopping:
            if self._connecting is not None:
                self._connecting.cancel()
            if self._pause is not None:
                self._pause.cancel()
                self._advance()
            if self.line is not None and self.line.is_full:
                self.line.limit(core.closing_time())
        self.turn()

    async def close(self) -> None:
        """Stops and returns, within a limit, when the connection is gone."""
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
        for waiting in (self._connecting, self._pause):
            if waiting is not None:
                waiting.cancel()
        if self.line is not None:
            self.line.cut(NOT_ENDED)
            self.line = None
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

    def turn(self) -> None:
        """Events out, bytes out, and the timer set."""
        core = self.core
        if core.is_delivering:
            return
        try:
            core.deliver()
        except BaseException as error:  # noqa: BLE001  (raised by open_client)
            self.fail(error)
            core.deliver()
        if self.waiters.are_there:
            self.waiters.look(is_over=core.is_over)
        self._send()
        deadline = core.session.next_deadline()
        if deadline is not None and deadline < self._timer_at and not self._done.done():
            self._set_timer(deadline)

    def _send(self) -> None:
        line = self.line
        if line is None or line.is_full or line.is_closing:
            return
        assert line.transport is not None
        session = self.core.session
        if data := session.data_to_send():
            line.transport.write(data)
        if not self.core.is_ready and session.wants_close and not line.is_full:
            line.begin_closing()

    def _set_timer(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = deadline
        left = min(deadline - self.core.now(), self._longest_wait)
        self._timer = self.loop.call_at(self.loop.time() + left, self._look_at_time)

    def _look_at_time(self) -> None:
        self._timer, self._timer_at = None, math.inf
        core = self.core
        deadline = core.session.next_deadline()
        if deadline is not None and deadline - core.now() <= EARLY:
            core.serve_timers(deadline)
        else:
            core.session.handle_timeout(core.now())
        self.turn()

    def _advance(self) -> None:
        """There is no connection: the next attempt, a pause before it, or the end."""
        self._pause = None
        core = self.core
        step = core.next_step()
        self.turn()
        if step is None:
            self._finish()
            if core.error is not None:
                self.fail(core.error)
        elif isinstance(step, Open):
            self._connecting = asyncio.Task(self._connect(step), loop=self.loop)  # no eager one: it is looked at
        else:
            left = max(0.0, step.until - core.now())
            self._pause = self.loop.call_at(self.loop.time() + left, self._advance)

    def _finish(self) -> None:
        if not self._done.done():
            self._done.set_result(None)
        if self._timer is not None:
            self._timer.cancel()
        self.waiters.look(is_over=True)

    async def _connect(self, step: Open) -> None:
        core = self.core
        LOG.info("%s: connecting to %s:%d", core.name, step.host, step.port)
        timeout = core.config.open_timeout
        why = too_late(self._network, step.host, step.port, timeout)
        line = Line(self)
        limit = asyncio.timeout(timeout)
        transport: asyncio.Transport | None = None
        try:
            async with limit:
                context = self._context() if step.tls else None
                transport = await open_transport(self._network, line, step.host, step.port, context, self._resolver)
        except (OSError, ConnectFailed) as error:
            if not limit.expired():
                why = reason_of(error)
        except asyncio.CancelledError:
            why = "connecting was cancelled"
        except Exception as error:  # noqa: BLE001  (a fault of ours or of a network; raised by open_client)
            self.fail(error)
        self._connecting = None
        core.stop_if_asked()
        if transport is None:
            core.session.disconnected(core.now(), why)
            self._advance()
            return
        self.line = line
        line.begin(transport)

    def lost(self, line: Line, why: str) -> None:
        """The connection is gone."""
        if self.line is not line:
            return
        self.line = None
        self.core.stop_if_asked()
        self.core.session.disconnected(self.core.now(), why)
        self._advance()
