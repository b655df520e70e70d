"""The two tasks that carry bytes between a session, or one of its lines, and a stream of trio.

`_read` connects, reads and connects again; `_write` sends, closes and serves the timers. They share no lock: `_write`
alone sends, `_read` alone receives, opens and closes. Must not know venues, nor the methods of clients.
"""

from __future__ import annotations

import math
import ssl
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING

import trio

from coinex_driver.client_core import ClientCore
from coinex_driver.limits import CLOSE_MARGIN, READ_SIZE
from coinex_driver.log import LOG
from coinex_driver.network_errors import describe, reason_of
from coinex_driver.tls import default_ssl_context
from coinex_proto import ConnectFailed, Event, Open, Session, Wait
from coinex_trio._io.trio_clock import unix_clock
from coinex_trio._io.trio_streams import half_close
from coinex_trio.network import LONGEST_POLL, Network, SystemNetwork, too_late

if TYPE_CHECKING:
    from coinex_proto.lines import Line


class TrioIO:
    """The connection side of one trio client: its sockets, and what is the client's alone."""

    def __init__(self, core: ClientCore, network: Network, ssl_context: ssl.SSLContext | None) -> None:
        self.progress: trio.lowlevel.ParkingLot = trio.lowlevel.ParkingLot()
        """Everybody who waits for something of the session is woken whenever events were handed out."""
        self.block: trio.CancelScope = trio.CancelScope()
        """Around the user's block; cancelled when the client ends by an error."""
        self.calls: set[trio.CancelScope] = set()
        """Around what is under way beside the connection, as over HTTP; `stop()` leaves it the time of closing."""
        self.core = core
        self.network = network
        self.resolver: trio.CapacityLimiter = trio.CapacityLimiter(1)
        """One thread of name resolution a client: one that was given up keeps its place until it ends."""
        self._context = cache(lambda: ssl_context or default_ssl_context())
        self._beside: set[trio.CancelScope] = set()
        """Around each task that runs beside the client; they end first."""
        self._nursery: trio.Nursery | None = None
        self._sockets: dict[Session | Line, TrioSocket] = {}
        self._core_dispatch = core.dispatch
        core.dispatch = self._dispatch
        core.set_clock(unix_clock(network))
        core.watch_lines(self._note_change)

    # What users and events cause --------------------------------------------------------------------------------------

    def wake(self) -> None:
        """After every step of the session from outside: what it has queued is sent and handed out."""
        self.core.stop_if_asked()
        for socket in tuple(self._sockets.values()):
            socket.wake()
        if self.core.is_stopping:
            until = trio.current_time() + self.core.closing_time()
            for scope in self.calls:
                scope.deadline = min(scope.deadline, until)

    def _note_change(self) -> None:
        """In the middle of a step: what has begun gets its tasks, and the others look at what they have."""
        if self._nursery is None:
            return
        for line in self.core.lines:
            if line not in self._sockets:
                self._begin(line, self._nursery)
        for socket in self._sockets.values():
            socket.wake()

    async def close(self) -> None:
        """Stops and waits, within limits that no cancellation shortens, until the connections are gone."""
        for scope in self._beside:
            scope.cancel()
        self.core.stop()
        self.wake()
        try:
            with trio.CancelScope(
                shield=True, deadline=trio.current_time() + self.core.config.close_timeout + CLOSE_MARGIN
            ):
                for socket in tuple(self._sockets.values()):
                    await socket.is_done.wait()
        finally:  # Ctrl-C ends the waiting, too
            for socket in self._sockets.values():
                socket.cancel()
            self.core.end(None)
            self.progress.unpark_all()

    def start(self, nursery: trio.Nursery) -> None:
        """Starts the tasks; they outlive a cancellation from outside until `close` has ended them."""
        self._nursery = nursery
        for line in self.core.lines:
            self._begin(line, nursery)

    def _begin(self, line: Session | Line, nursery: trio.Nursery) -> None:
        socket = self._sockets[line] = TrioSocket(self, line)
        nursery.start_soon(socket.run_reader)
        nursery.start_soon(socket.run_writer)

    def has_ended(self, line: Session | Line) -> None:
        """This one will not connect any more."""
        self.deliver()
        if not self.core.is_over:
            del self._sockets[line]
        elif self.core.error is not None:
            self.block.cancel()

    def broke(self, error: Exception) -> None:
        """A fault of ours or of a network; raised by open_client."""
        self.core.end(error)
        self.block.cancel()
        for socket in self._sockets.values():
            socket.cancel()
        self.progress.unpark_all()

    @trio.lowlevel.enable_ki_protection
    async def run_beside(self, task: Callable[[], Awaitable[None]]) -> None:
        """Runs a task that ends when the client is closed; what it raises ends the client."""
        with trio.CancelScope() as scope:
            self._beside.add(scope)
            try:
                await task()
            except Exception as error:  # noqa: BLE001  (raised by open_client)
                self._fail(error)
                self.wake()

    def _fail(self, error: BaseException) -> None:
        self.core.fail(error)
        self.block.cancel()

    @trio.lowlevel.disable_ki_protection
    def _dispatch(self, event: Event) -> None:
        # Our tasks are protected so that Ctrl-C cannot cut the session in half; a callback that hangs is not.
        self._core_dispatch(event)

    def deliver(self) -> None:
        """Events out; an exception of a callback ends the client, and the block gets it."""
        try:
            self.core.deliver()
        except BaseException as error:  # noqa: BLE001  (raised by open_client)
            self._fail(error)
            self.core.deliver()
        if self.progress:
            self.progress.unpark_all()

    def context(self) -> ssl.SSLContext:
        """For a socket with TLS."""
        return self._context()


class TrioSocket:
    """One connection after the other, for the session or one of its lines."""

    def __init__(self, io: TrioIO, line: Session | Line) -> None:
        self.is_done = trio.Event()
        """`_read` has ended: there is no connection, and there will be none."""
        self._io = io
        self._core = io.core
        self._line = line
        """Whose bytes these are."""
        self._network = io.network
        self._deliver = io.deliver
        self._stream: trio.abc.Stream | None = None
        """The open connection; set and closed by `_read` alone."""
        self._connecting = trio.CancelScope()
        """Around connecting, or waiting for the next attempt."""
        self._reading = trio.CancelScope()
        """Around receiving; its deadline is how long a peer that we close may still send."""
        self._sending = trio.CancelScope()
        """Around sending; cancelled with the connection, since what was cut in the middle can never be continued."""
        self._task_scopes = (trio.CancelScope(shield=True), trio.CancelScope(shield=True))
        """Around the two tasks: a cancellation from outside must not keep `close` from closing in good order."""
        self._outbox = b""
        """Taken from the session by `_read`, which had to look, and left to `_write`, which alone sends."""
        self._wake = trio.Event()
        """Ends the sleep of `_write`; a new one for each sleep."""
        self._wakes_at = -math.inf
        """When `_write` wakes by itself; minus infinity: it is awake and will look at everything anyway, so that `_read`
        need not.
        """
        self._is_closing = False
        """Nothing more is sent on this connection; `_read` receives what still comes, until its deadline."""

    def wake(self) -> None:
        """There may be something to send, or an end."""
        self._wake.set()
        if self._is_stopped():
            self._connecting.cancel()
            until = trio.current_time() + self._core.closing_time()
            self._sending.deadline = min(self._sending.deadline, until)

    def _is_stopped(self) -> bool:
        return self._core.is_stopping or self._line.is_stopped

    def cancel(self) -> None:
        """Whatever is left is let go of at once."""
        for scope in self._task_scopes:
            scope.cancel()

    @trio.lowlevel.enable_ki_protection
    async def run_reader(self) -> None:
        """The task that connects and reads."""
        await self._run_task(self._task_scopes[0], self._read)

    @trio.lowlevel.enable_ki_protection
    async def run_writer(self) -> None:
        """The task that sends and keeps time; ends with the other one."""
        await self._run_task(self._task_scopes[1], self._write)

    async def _run_task(self, scope: trio.CancelScope, task: Callable[[], Awaitable[None]]) -> None:
        with scope:
            try:
                await task()
            except Exception as error:  # noqa: BLE001  (a fault of ours or of a network; raised by open_client)
                self.is_done.set()
                self._io.broke(error)

    # Reading ----------------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        """Connects, reads and waits as the session says, until it is over."""
        try:
            while (step := self._core.next_step(self._line)) is not None:
                self._deliver()
                if isinstance(step, Open):
                    await self._connect_and_read(step)
                else:
                    await self._pause(step)
                self._deliver()
        finally:
            self.is_done.set()
        self._io.has_ended(self._line)
        if not self._core.is_over:
            self._task_scopes[1].cancel()

    async def _pause(self, step: Wait) -> None:
        with trio.CancelScope(deadline=self._on_trios_clock(step.until)) as self._connecting:
            if not self._is_stopped():
                await trio.sleep_forever()

    async def _connect_and_read(self, step: Open) -> None:
        stream = await self._connect(step)
        if stream is None:
            return
        try:
            self._stream, self._is_closing = stream, False
            self._line.connected(self._core.now())
            self._after_read()
            with trio.CancelScope() as self._reading:
                why = await self._receive(stream)
            if self._reading.cancelled_caught:
                why = "the peer did not end the connection"
        finally:
            self._stream = None
            self._outbox = b""
            self._sending.cancel()
            await trio.aclose_forcefully(stream)
        self._core.stop_if_asked()
        self._line.disconnected(self._core.now(), why)

    async def _connect(self, step: Open) -> trio.abc.Stream | None:
        LOG.info("%s: connecting to %s:%d", self._core.name, step.host, step.port)
        timeout = self._core.config.open_timeout
        why = too_late(self._network, step.host, step.port, timeout)
        with trio.CancelScope(deadline=trio.current_time() + timeout) as self._connecting:
            if self._is_stopped():
                self._connecting.cancel()
            try:
                context = self._io.context() if step.tls else None
                return await self._network.open_stream(step.host, step.port, context, self._io.resolver)
            except (OSError, trio.BrokenResourceError, ConnectFailed) as error:
                why = reason_of(error)
        self._core.stop_if_asked()
        self._line.disconnected(self._core.now(), why)
        return None

    async def _receive(self, stream: trio.abc.Stream) -> str:
        """Reads until the stream has ended, and says how."""
        receive_data, now = self._line.receive_data, self._core.now
        try:
            while data := await stream.receive_some(READ_SIZE):
                receive_data(data, now())
                self._after_read()
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            return describe(error)
        return "the peer ended the connection"

    def _after_read(self) -> None:
        self._deliver()
        if self._wakes_at == -math.inf:
            return
        line = self._line
        if not self._outbox:
            self._outbox = line.data_to_send()
        deadline = line.next_deadline()
        may_close = (not self._core.is_ready or self._core.is_many) and line.wants_close
        if self._outbox or may_close or (deadline is not None and deadline < self._wakes_at):
            self._wake.set()

    # Writing ----------------------------------------------------------------------------------------------------------

    async def _write(self) -> None:
        """Sends what there is to send, and serves the timers in between."""
        while True:
            self._deliver()
            stream = self._stream
            if stream is not None and not self._is_closing:
                data, self._outbox = self._outbox or self._line.data_to_send(), b""
                if data:
                    await self._send(stream, data)
                    continue
                if self._line.wants_close:
                    await self._begin_closing(stream)
                    continue
            await self._sleep()

    async def _sleep(self) -> None:
        deadline = self._line.next_deadline()
        self._wakes_at = math.inf if deadline is None else deadline
        self._wake = trio.Event()
        looks_at = self._on_trios_clock(self._wakes_at)
        is_early = isinstance(self._network, SystemNetwork) and looks_at > trio.current_time() + LONGEST_POLL
        if is_early:  # trio's clock may stand still while the machine sleeps
            looks_at = trio.current_time() + LONGEST_POLL
        with trio.CancelScope(deadline=looks_at) as scope:
            await self._wake.wait()
        self._wakes_at = -math.inf
        if scope.cancelled_caught and is_early:
            self._line.handle_timeout(self._core.now())
        elif scope.cancelled_caught and deadline is not None:
            self._core.serve_timers(deadline, self._line)

    def _on_trios_clock(self, at: float) -> float:
        return trio.current_time() + (at - self._core.now())

    async def _send(self, stream: trio.abc.Stream, data: bytes) -> None:
        """Sends, or ends the connection: what was cut in the middle can never be continued."""
        limit = self._core.config.ping_timeout
        with trio.CancelScope(deadline=trio.current_time() + limit) as self._sending:
            try:
                await stream.send_all(data)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                # The reader sees the end too, after what the peer still had to say.
                if self._stream is stream:
                    self._limit_closing()
        if self._sending.cancelled_caught and self._stream is stream:
            LOG.info("%s: the peer has not taken what was sent for so long: %g s", self._core.name, limit)
            self._is_closing = True
            self._reading.cancel()

    async def _begin_closing(self, stream: trio.abc.Stream) -> None:
        """Everything is sent: say so, and give the reader `close_timeout` to drain what comes.

        Closing with unread input would make the kernel send a reset that can overtake our Close frame. A peer that has let
        a time-out pass is not waited for.
        """
        self._limit_closing()
        if self._line.is_deaf:
            self._reading.deadline = trio.current_time()
        try:
            await half_close(stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return  # it has ended already, which the reader sees

    def _limit_closing(self) -> None:
        self._is_closing = True
        self._reading.deadline = min(self._reading.deadline, trio.current_time() + self._core.closing_time())
