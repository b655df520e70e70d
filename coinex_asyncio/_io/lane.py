"""Carries bytes and time between a session, or one of its lines, and a transport of asyncio: bytes go from `data_received` into it.

There is no task but while connecting: everything else happens in calls of the loop, one after the other, so that nothing
needs a lock and nothing is left behind. Must not know venues, nor the methods of clients.
"""

from __future__ import annotations

import asyncio
import math
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol, final

from coinex_asyncio._io.sockets import Resolver
from coinex_asyncio.network import Network, open_transport
from coinex_driver.client_core import ClientCore
from coinex_driver.limits import READ_SIZE
from coinex_driver.log import LOG
from coinex_driver.network_errors import describe, reason_of
from coinex_proto import ConnectFailed, Open, Session
from coinex_trio.network import LONGEST_POLL, SystemNetwork, too_late

if TYPE_CHECKING:
    from coinex_proto.lines import Line

EARLY: Final = 0.002
"""Seconds that a loop may call a timer before its time: uvloop counts milliseconds, others round."""

ENDED: Final = "the peer ended the connection"
NOT_ENDED: Final = "the peer did not end the connection"


class Owner(Protocol):
    """What a lane must know of its client: `AsyncioIO`."""

    loop: asyncio.AbstractEventLoop
    core: ClientCore
    network: Network
    resolver: Resolver
    context: Callable[[], ssl.SSLContext]

    def deliver(self) -> None:
        """Events out."""
        ...

    def fail(self, error: BaseException) -> None:
        """The client ends because of this."""
        ...

    def has_ended(self, line: Session | Line) -> None:
        """This one will not connect any more."""
        ...


@final
class Link(asyncio.BufferedProtocol):
    """One connection. What it has to say before its beginning or after its end reaches nobody.

    A protocol of its own buffer: asyncio's would read 256 kB at a time, and a session is quicker with 32.
    """

    def __init__(self, lane: Lane) -> None:
        self.transport: asyncio.Transport | None = None
        self.is_full = False
        """The peer has not taken all that was written; nothing more is taken from the session until then."""
        self.is_closing = False
        """Nothing more is sent; what still comes is received, until the limit."""
        self._buffer = memoryview(bytearray(READ_SIZE))
        self._lane, self._core = lane, lane.core
        self._limit: asyncio.TimerHandle | None = None
        self._why: str | None = None
        self._has_ended = False

    def begin(self, transport: asyncio.Transport) -> None:
        """From now on the session gets what comes, and sends."""
        self.transport = transport
        transport.set_write_buffer_limits(high=1, low=0)  # of 0, TLS would be over it with nothing to send
        self._lane.line.connected(self._core.now())
        self._lane.turn()
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
        lane, core = self._lane, self._core
        if lane.link is not self:
            return  # after the end; or before the beginning, where no server speaks: nothing that follows will fit
        try:
            lane.line.receive_data(data, core.now())
        except BaseException as error:  # noqa: BLE001  (raised by open_client)
            # A Ctrl-C, or no memory, has cut a message in half: this connection is of no more use.
            lane.io.fail(error)
            self.cut(str(error) or type(error).__name__)
        lane.turn()

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
            self._lane.turn()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self._has_ended = True
        self._unlimit()
        self._lane.lost(self, self._why or (ENDED if exc is None else describe(exc)))

    def limit(self, seconds: float) -> None:
        """The connection ends after so long, or when it would have anyway, whichever is first."""
        at = self._lane.loop.time() + seconds
        if self._limit is None or self._limit.when() > at:
            self._unlimit()
            self._limit = self._lane.loop.call_at(at, self._give_up)

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
        if self._lane.line.is_deaf:
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
class Lane:
    """One connection after the other, for the session or one of its lines."""

    def __init__(self, io: Owner, line: Session | Line) -> None:
        self.io = io
        self.loop = io.loop
        self.core = io.core
        self.line = line
        """Whose bytes these are."""
        self.link: Link | None = None  # the open connection
        self._network = io.network
        self._deliver = io.deliver
        self._connecting: asyncio.Task[None] | None = None
        self._pause: asyncio.TimerHandle | None = None  # before the next attempt
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf
        """When that is, in the session's time; never later than its next deadline."""
        self._longest_wait = LONGEST_POLL if isinstance(io.network, SystemNetwork) else math.inf
        """Seconds: the loop's clock may stand still while the machine sleeps."""
        self._has_begun = False
        self._is_over = False

    def begin(self) -> None:
        """Connects from now on. Twice is once."""
        if not self._has_begun:
            self._has_begun = True
            self._advance()

    def look_at_end(self) -> None:
        """Where it is to end, it does not wait for what it was waiting for."""
        if not (self.core.is_stopping or self.line.is_stopped):
            return
        if self._connecting is not None:
            self._connecting.cancel()
        if self._pause is not None:
            self._pause.cancel()
            self._advance()
        if self.link is not None and self.link.is_full:
            self.link.limit(self.core.closing_time())

    def abandon(self) -> None:
        """Whatever is left is let go of at once."""
        for waiting in (self._connecting, self._pause):
            if waiting is not None:
                waiting.cancel()
        if self.link is not None:
            self.link.cut(NOT_ENDED)
            self.link = None

    def forget_times(self) -> None:
        """Nothing happens by itself any more."""
        self._is_over = True
        for handle in (self._timer, self._pause):
            if handle is not None:
                handle.cancel()
        self._timer = self._pause = None

    # After every step of the session ----------------------------------------------------------------------------------

    def turn(self) -> None:
        """Events out, bytes out, and the timer set."""
        if self.core.is_delivering:
            return
        self._deliver()
        self.send()
        deadline = self.line.next_deadline()
        if deadline is not None and deadline < self._timer_at and not self._is_over:
            self._set_timer(deadline)

    def send(self) -> None:
        """Bytes out, and the end where that is due."""
        link = self.link
        if link is None or link.is_full or link.is_closing:
            return
        assert link.transport is not None
        line = self.line
        if data := line.data_to_send():
            link.transport.write(data)
        if (not self.core.is_ready or self.core.is_many) and line.wants_close and not link.is_full:
            link.begin_closing()

    # Time -------------------------------------------------------------------------------------------------------------

    def _set_timer(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = deadline
        left = min(deadline - self.core.now(), self._longest_wait)
        self._timer = self.loop.call_at(self.loop.time() + left, self._look_at_time)

    def _look_at_time(self) -> None:
        self._timer, self._timer_at = None, math.inf
        core = self.core
        deadline = self.line.next_deadline()
        if deadline is not None and deadline - core.now() <= EARLY:
            core.serve_timers(deadline, self.line)
        else:
            self.line.handle_timeout(core.now())
        self.turn()

    # Connections ------------------------------------------------------------------------------------------------------

    def _advance(self) -> None:
        """There is no connection: the next attempt, a pause before it, or the end."""
        self._pause = None
        core = self.core
        step = core.next_step(self.line)
        self.turn()
        if step is None:
            self.forget_times()
            self.io.has_ended(self.line)
        elif isinstance(step, Open):
            self._connecting = asyncio.Task(self._connect(step), loop=self.loop)  # no eager one: it is looked at
        else:
            left = max(0.0, step.until - core.now())
            self._pause = self.loop.call_at(self.loop.time() + left, self._advance)

    async def _connect(self, step: Open) -> None:
        core = self.core
        LOG.info("%s: connecting to %s:%d", core.name, step.host, step.port)
        timeout = core.config.open_timeout
        why = too_late(self._network, step.host, step.port, timeout)
        link = Link(self)
        limit = asyncio.timeout(timeout)
        transport: asyncio.Transport | None = None
        try:
            async with limit:
                context = self.io.context() if step.tls else None
                transport = await open_transport(self._network, link, step.host, step.port, context, self.io.resolver)
        except (OSError, ConnectFailed) as error:
            if not limit.expired():
                why = reason_of(error)
        except asyncio.CancelledError:
            why = "connecting was cancelled"
        except Exception as error:  # noqa: BLE001  (a fault of ours or of a network; raised by open_client)
            self.io.fail(error)
        self._connecting = None
        core.stop_if_asked()
        if transport is None:
            self.line.disconnected(core.now(), why)
            self._advance()
            return
        self.link = link
        link.begin(transport)

    def lost(self, link: Link, why: str) -> None:
        """The connection is gone."""
        if self.link is not link:
            return
        self.link = None
        self.core.stop_if_asked()
        self.line.disconnected(self.core.now(), why)
        self._advance()
