"""The connection of one blocking client, moved on step by step; nothing in here waits.

`turn` does everything that can be done now: connect, read once, hand out events, serve timers, send, close. Somebody else
waits between the turns, for one connection or for many. Must not know trio, venues, or what users call.
"""

from __future__ import annotations

import math
import ssl
from collections.abc import Sequence
from threading import local
from typing import TYPE_CHECKING, Any, Final

from coinex_driver.client_core import ClientCore
from coinex_driver.limits import READ_SIZE
from coinex_driver.log import LOG
from coinex_driver.network_errors import describe, reason_of
from coinex_driver.tls import default_ssl_context
from coinex_proto import ConnectFailed, Open, Session, UsageError
from coinex_trio._io.sockets import Waker
from coinex_trio.network import Network, SystemNetwork, Transport, too_late

if TYPE_CHECKING:
    from coinex_proto.lines import Line


class _Thread(local):
    touched: list[BlockingIO] | None = None
    """Who was used from outside its turn, for whoever drives several in this thread; None: nobody does."""


THIS_THREAD: Final = _Thread()


class BlockingIO:
    """What one blocking client does with one transport."""

    def __init__(
        self, core: ClientCore, line: Session | Line, network: Network, ssl_context: ssl.SSLContext | None
    ) -> None:
        self.transport: Transport | None = None
        """None: not connected and not connecting."""
        self.is_readable = False
        """Set by whoever has waited: the transport can go on. Reading in vain would cost a system call a turn."""
        self._core = core
        self._line = line
        """Whose bytes these are."""
        self._network = network
        self.ssl_context = ssl_context
        self._is_open = False
        """The transport is connected, TLS done: from here on bytes belong to the session."""
        self._times_out_at = math.inf
        """While connecting: the end of the time for it. While closing: until when the peer may still send. Else infinite,
        which is how `flush` knows that we are not closing.
        """
        self._timeout_reason: str | ConnectFailed = ""
        """What the session is given as the reason when `_times_out_at` has passed."""
        self._retry_at = -math.inf
        """Without a transport: when the session may connect again."""
        self._is_due = True
        """Somebody used the session since the last turn, or a callback raised in it: the next turn must not wait."""
        self._deadline = math.inf
        """Of the session, as it was after the last turn; what comes in between makes the next turn due."""
        self._outbox = bytearray()
        """Taken from the session, and not by the transport yet."""
        self._blocked_since: float | None = None
        """When the transport last took anything of the outbox; None: it is empty. A peer that takes nothing for
        `ping_timeout` could not answer a ping either.
        """
        self.waker: Waker | None = None
        """Among what is waited for, in real time: `stop()` in a signal handler or another thread ends the wait."""
        self._is_real = isinstance(network, SystemNetwork)
        self.is_interrupted = False
        """Set while the session works, so that it stays set when an interrupt (Ctrl-C) comes out of it: then the session is
        cut in half, and nobody may use it again.
        """

    @property
    def wants_write(self) -> bool:
        """Bytes wait for room in the transport."""
        return bool(self._outbox)

    @property
    def is_open(self) -> bool:
        """The transport is connected, and bytes belong to the session."""
        return self._is_open

    @property
    def is_stop_asked(self) -> bool:
        """`stop()` was called, and the session does not know yet."""
        return self._core.is_stop_asked

    @property
    def is_over(self) -> bool:
        """The session does nothing any more."""
        return self._core.is_over

    @property
    def each(self) -> Sequence[BlockingIO]:
        """The sockets of this client, as of `BlockingLines`."""
        return (self,)

    def wakes_at(self) -> float:
        """When `turn` must be called at the latest, whatever the transport says."""
        if self._is_due or self._core.is_stop_asked:
            return -math.inf
        if self.transport is None:
            return self._retry_at
        until = self._times_out_at
        if not self._is_open:
            return min(until, self.transport.wakes_at())
        if self._blocked_since is not None:
            until = min(until, self._blocked_since + self._core.config.ping_timeout)
        return min(until, self._deadline)

    def transports(self) -> tuple[tuple[Any, bool], ...]:
        """What to wait for where somebody else has the waker."""
        return () if self.transport is None else ((self.transport, self.wants_write),)

    def step(self, until: float) -> bool:
        """Waits for this connection alone, at most until then, and takes its turn; True: something had come."""
        watched = self.watched()
        came = self._network.wait(watched, min(until, self.wakes_at()))
        self.take_in(came)
        self.turn()
        return bool(came)

    def watched(self) -> tuple[tuple[Any, bool], ...]:
        """What to wait for: the transport, and in real time the waker. Ask `wakes_at` after it, not before."""
        transport, waker = self.transport, self.waker
        if waker is None:
            if not self._is_real:
                return () if transport is None else ((transport, bool(self._outbox)),)
            waker = self.waker = Waker()
        return ((waker, False),) if transport is None else ((transport, bool(self._outbox)), (waker, False))

    def take_in(self, came: Sequence[object]) -> None:
        """What came of waiting for `watched`."""
        self.is_readable = self.transport is not None and self.transport in came
        if self.waker is not None and self.waker in came:
            self.waker.drain()

    def wake(self) -> None:
        """Whoever waits for this connection goes on. Safe in a signal handler and in any thread."""
        waker = self.waker
        if waker is not None:
            waker.wake()

    def make_due(self) -> None:
        """There is something to do or to hand out: the next turn comes at once."""
        self._is_due = True
        if THIS_THREAD.touched is not None:
            THIS_THREAD.touched.append(self)

    def turn(self) -> None:
        """Everything that can be done now. What a callback raises comes out; the next turn goes on behind it."""
        if self.is_interrupted:
            raise UsageError(f"{self._core.name}: this client was interrupted in the middle of a step; make a new one")
        core = self._core
        if core.is_stop_asked:
            core.stop()
        now = core.now()
        if self.transport is None:
            self._take_step()
        elif not self._is_open:
            self._go_on_connecting()
        elif self.is_readable:
            self._read(self.transport, now)
        has_read, self.is_readable, self._is_due = self.is_readable, False, False
        try:
            self._core.deliver()
            if self._is_open:
                self._serve_timers(now, has_read=has_read)
        except BaseException:
            self._is_due = True
            raise
        finally:
            self.flush()
            deadline = self._line.next_deadline()
            self._deadline = math.inf if deadline is None else deadline

    # Connecting -------------------------------------------------------------------------------------------------------

    def _take_step(self) -> None:
        step = self._core.next_step(self._line)
        if step is None:
            self._retry_at = math.inf
        elif isinstance(step, Open):
            self._dial(step)
        else:
            self._retry_at = step.until

    def _dial(self, step: Open) -> None:
        LOG.info("%s: connecting to %s:%d", self._core.name, step.host, step.port)
        timeout = self._core.config.open_timeout
        self._times_out_at = self._core.now() + timeout
        self._timeout_reason = too_late(self._network, step.host, step.port, timeout)
        try:
            self.transport = self._network.dial(step.host, step.port, self._context() if step.tls else None)
        except (OSError, ConnectFailed) as error:
            self._disconnect(reason_of(error))
            return
        self._go_on_connecting()

    def _context(self) -> ssl.SSLContext:
        if self.ssl_context is None:
            self.ssl_context = default_ssl_context()
        return self.ssl_context

    def _go_on_connecting(self) -> None:
        assert self.transport is not None
        now = self._core.now()
        if now >= self._times_out_at or self._core.is_stopping or self._line.is_stopped:
            self._disconnect(self._timeout_reason)
            return
        try:
            self._is_open = self.transport.progress(now)
        except (OSError, ConnectFailed) as error:
            self._disconnect(reason_of(error))
            return
        if self._is_open:
            self._times_out_at = math.inf
            self._line.connected(now)

    # Open -------------------------------------------------------------------------------------------------------------

    def _read(self, transport: Transport, now: float) -> None:
        try:
            data = transport.receive(READ_SIZE)
        except OSError as error:
            self._disconnect(describe(error))
            return
        if data:
            self.is_interrupted = True
            self._line.receive_data(data, now)
            self.is_interrupted = False
        elif data is not None:
            self._disconnect("the peer ended the connection")

    def _serve_timers(self, now: float, *, has_read: bool) -> None:
        """What was due when this turn began: what came due in its callbacks has the next turn, which reads first.

        A turn in which nothing came lets the session look at the clocks all the same: the machine may have slept.
        """
        if self._deadline <= now or not has_read:
            self.is_interrupted = True
            if self._deadline <= now:
                self._core.serve_timers(self._deadline, self._line)
            else:
                self._line.handle_timeout(now)
            self.is_interrupted = False
            self._core.deliver()
        if self._outbox and self._line.is_doubted:
            self._disconnect("the machine slept while something was being sent")
            return
        limit = self._core.config.ping_timeout
        if self._blocked_since is not None and now >= self._blocked_since + limit:
            self._disconnect(f"the peer has not taken what was sent for {limit:g} s")
        elif now >= self._times_out_at:
            self._disconnect(self._timeout_reason)

    def flush(self) -> None:
        """Sends what can be sent now; safe at any moment, within callbacks too."""
        if not self._is_open or self.is_interrupted or self._times_out_at != math.inf:
            return
        assert self.transport is not None
        if self._outbox and self._line.is_doubted:
            return  # it waits since before a sleep of the machine: the next turn ends the connection
        try:
            while not self._outbox and (data := self._line.data_to_send()):
                self._push(self.transport, data)
            if self._outbox:
                self._push(self.transport, b"")
            may_close = (not self._core.is_ready or self._core.is_many) and self._line.wants_close
            if may_close and (not self._outbox or self._line.is_deaf):
                self._begin_closing(self.transport)
        except OSError:
            # Reading shows why, after what the peer still had to say.
            self._outbox.clear()
            self._limit_closing("the peer did not end the connection")

    def _push(self, transport: Transport, data: bytes) -> None:
        if not self._outbox:
            taken = transport.send(data)
            self._outbox += memoryview(data)[taken:]
        while self._outbox and (taken := transport.send(self._outbox)):
            del self._outbox[:taken]
            self._blocked_since = None
        if not self._outbox:
            self._blocked_since = None
        elif self._blocked_since is None:
            self._blocked_since = self._core.now()

    def _begin_closing(self, transport: Transport) -> None:
        """Everything is sent: say so, and drain what comes for `close_timeout`.

        Closing with unread input would make the kernel send a reset that can overtake our Close frame. A peer that has let
        a time-out pass is not waited for.
        """
        self._limit_closing("the peer did not end the connection")
        if self._line.is_deaf:
            self._times_out_at = self._core.now()
        transport.shutdown()

    def _limit_closing(self, why: str) -> None:
        self._timeout_reason = why
        self._times_out_at = self._core.now() + self._core.closing_time()

    # The end ----------------------------------------------------------------------------------------------------------

    def _disconnect(self, why: str | ConnectFailed) -> None:
        """The transport is no more; the session knows what is next."""
        self.abandon()
        self._core.stop_if_asked()  # else the end that it asked for would look like a failure
        self._line.disconnected(self._core.now(), why)
        self.make_due()

    def abandon(self) -> None:
        """Closes the transport without a word. Safe in a forked child and after an interrupt."""
        if self.transport is not None:
            self.transport.close()
        self.transport = None
        self._is_open = False
        self._outbox.clear()
        self._blocked_since = None
        self._times_out_at = math.inf

    def let_go(self) -> None:
        """The end of the client without a word, as of `abandon`."""
        self.abandon()
        if self.waker is not None:
            self.waker.close()

    def end(self) -> None:
        """The end of the client: closes the transport and lets the session end its requests."""
        if self.transport is not None and not self.is_interrupted:
            self._disconnect("closed by us")
        self.let_go()
