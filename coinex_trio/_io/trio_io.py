"""The two tasks that carry bytes between a session and a stream of trio.

`_read` connects, reads and connects again; `_write` sends, closes and serves the timers. They share no lock: `_write`
alone sends, `_read` alone receives, opens and closes. Must not know venues, nor the methods of clients.
"""

from __future__ import annotations

import math
import ssl
from collections.abc import Awaitable, Callable

import trio

from coinex_driver.client_core import ClientCore
from coinex_driver.limits import CLOSE_MARGIN, READ_SIZE
from coinex_driver.log import LOG
from coinex_driver.network_errors import describe, reason_of
from coinex_driver.tls import default_ssl_context
from coinex_proto import ConnectFailed, Event, Open, Wait
from coinex_trio._io.trio_streams import half_close
from coinex_trio.network import LONGEST_POLL, Network, SystemNetwork, too_late


class TrioIO:
    """The connection side of one trio client."""

    def __init__(self, core: ClientCore, network: Network, ssl_context: ssl.SSLContext | None) -> None:
        self.progress = trio.lowlevel.ParkingLot()
        """Everybody who waits for something of the session is woken whenever events were handed out."""
        self.block = trio.CancelScope()
        """Around the user's block; cancelled when the client ends by an error."""
        self._core = core
        self._network = network
        self._ssl_context = ssl_context
        self._resolver = trio.CapacityLimiter(1)
        """One thread of name resolution a client: one that was given up keeps its place until it ends."""
        self._stream: trio.abc.Stream | None = None
        """The open connection; set and closed by `_read` alone."""
        self._connecting = trio.CancelScope()
        """Around connecting, or waiting for the next attempt."""
        self._reading = trio.CancelScope()
        """Around receiving; its deadline is how long a peer that we close may still send."""
        self._sending = trio.CancelScope()
        """Around sending; cancelled with the connection, since what was cut in the middle can never be continued."""
        self._beside: set[trio.CancelScope] = set()
        """Around each task that runs beside the client; they end first."""
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
        self.calls: set[trio.CancelScope] = set()
        """Around what is under way beside the connection, as over HTTP; `stop()` leaves it the time of closing."""
        self._is_done = trio.Event()
        """`_read` has ended: there is no connection, and there will be none."""
        self._core_dispatch = core.dispatch
        core.dispatch = self._dispatch
        core.set_clock(_clock(network))

    # What users and events cause --------------------------------------------------------------------------------------

    def wake(self) -> None:
        """After every step of the session from outside: what it has queued is sent and handed out."""
        self._core.stop_if_asked()
        self._wake.set()
        if self._core.is_stopping:
            self._connecting.cancel()
            until = trio.current_time() + self._core.closing_time()
            for scope in (self._sending, *self.calls):
                scope.deadline = min(scope.deadline, until)

    async def close(self) -> None:
        """Stops and waits, within limits that no cancellation shortens, until the connection is gone."""
        for scope in self._beside:
            scope.cancel()
        self._core.stop()
        self.wake()
        with trio.CancelScope(
            shield=True, deadline=trio.current_time() + self._core.config.close_timeout + CLOSE_MARGIN
        ):
            await self._is_done.wait()
        for scope in self._task_scopes:
            scope.cancel()
        self._core.end(None)
        self.progress.unpark_all()

    def start(self, nursery: trio.Nursery) -> None:
        """Starts both tasks; they outlive a cancellation from outside until `close` has ended them."""
        nursery.start_soon(self._run_task, self._task_scopes[0], self._read)
        nursery.start_soon(self._run_task, self._task_scopes[1], self._write)

    async def _run_task(self, scope: trio.CancelScope, task: Callable[[], Awaitable[None]]) -> None:
        with scope:
            try:
                await task()
            except Exception as error:  # noqa: BLE001  (a fault of ours or of a network; raised by open_client)
                self._core.end(error)
                self.block.cancel()
                self._is_done.set()
                self.progress.unpark_all()

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
        self._core.fail(error)
        self.block.cancel()

    @trio.lowlevel.disable_ki_protection
    def _dispatch(self, event: Event) -> None:
        # Our tasks are protected so that Ctrl-C cannot cut the session in half; a callback that hangs is not.
        self._core_dispatch(event)

    def _deliver(self) -> None:
        """Events out; an exception of a callback ends the client, and the block gets it."""
        try:
            self._core.deliver()
        except BaseException as error:  # noqa: BLE001  (raised by open_client)
            self._fail(error)
            self._core.deliver()
        if self.progress:
            self.progress.unpark_all()

    # Reading ----------------------------------------------------------------------------------------------------------

    @trio.lowlevel.enable_ki_protection
    async def _read(self) -> None:
        """Connects, reads and waits as the session says, until it is over."""
        try:
            while (step := self._core.next_step()) is not None:
                self._deliver()
                if isinstance(step, Open):
                    await self._connect_and_read(step)
                else:
                    await self._pause(step)
                self._deliver()
        finally:
            self._is_done.set()
        self._deliver()
        if self._core.error is not None:
            self.block.cancel()

    async def _pause(self, step: Wait) -> None:
        with trio.CancelScope(deadline=self._on_trios_clock(step.until)) as self._connecting:
            if not self._core.is_stopping:
                await trio.sleep_forever()

    async def _connect_and_read(self, step: Open) -> None:
        stream = await self._connect(step)
        if stream is None:
            return
        try:
            self._stream, self._is_closing = stream, False
            self._core.session.connected(self._core.now())
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
        self._core.session.disconnected(self._core.now(), why)

    async def _connect(self, step: Open) -> trio.abc.Stream | None:
        LOG.info("%s: connecting to %s:%d", self._core.name, step.host, step.port)
        timeout = self._core.config.open_timeout
        why = too_late(self._network, step.host, step.port, timeout)
        with trio.CancelScope(deadline=trio.current_time() + timeout) as self._connecting:
            if self._core.is_stopping:
                self._connecting.cancel()
            try:
                context = self._context() if step.tls else None
                return await self._network.open_stream(step.host, step.port, context, self._resolver)
            except (OSError, trio.BrokenResourceError, ConnectFailed) as error:
                why = reason_of(error)
        self._core.stop_if_asked()
        self._core.session.disconnected(self._core.now(), why)
        return None

    def _context(self) -> ssl.SSLContext:
        if self._ssl_context is None:
            self._ssl_context = default_ssl_context()
        return self._ssl_context

    async def _receive(self, stream: trio.abc.Stream) -> str:
        """Reads until the stream has ended, and says how."""
        receive_data, now = self._core.session.receive_data, self._core.now
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
        session = self._core.session
        if not self._outbox:
            self._outbox = session.data_to_send()
        deadline = session.next_deadline()
        may_close = not self._core.is_ready and session.wants_close
        if self._outbox or may_close or (deadline is not None and deadline < self._wakes_at):
            self._wake.set()

    # Writing ----------------------------------------------------------------------------------------------------------

    @trio.lowlevel.enable_ki_protection
    async def _write(self) -> None:
        """Sends what there is to send, and serves the timers in between."""
        while True:
            self._deliver()
            stream = self._stream
            if stream is not None and not self._is_closing:
                data, self._outbox = self._outbox or self._core.session.data_to_send(), b""
                if data:
                    await self._send(stream, data)
                    continue
                if self._core.session.wants_close:
                    await self._begin_closing(stream)
                    continue
            await self._sleep()

    async def _sleep(self) -> None:
        deadline = self._core.session.next_deadline()
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
            self._core.session.handle_timeout(self._core.now())
        elif scope.cancelled_caught and deadline is not None:
            self._core.serve_timers(deadline)

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
        if self._core.session.is_deaf:
            self._reading.deadline = trio.current_time()
        try:
            await half_close(stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return  # it has ended already, which the reader sees

    def _limit_closing(self) -> None:
        self._is_closing = True
        self._reading.deadline = min(self._reading.deadline, trio.current_time() + self._core.closing_time())


def _clock(network: Network) -> Callable[[], float]:
    """Trio's clock, shifted to the network's, which reads as Unix time, and by the sleep of the machine, where that is known."""
    current_time = trio.lowlevel.current_clock().current_time
    shift = network.now() - current_time()
    if not isinstance(network, SystemNetwork):
        return lambda: current_time() + shift
    slept, before = network.slept, network.slept()
    return lambda: current_time() + shift + slept() - before
