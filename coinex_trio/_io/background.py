"""One thread that keeps a blocking client going while its user does something else.

The thread alone touches the session, the socket and the queues of streams, so that nothing needs a lock. The calling
thread hands it steps to run and conditions to wait for, and runs the callbacks itself: events that a callback gets
wait in an inbox until then. Must not know the methods of clients.
"""

from __future__ import annotations

import atexit
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeVar

from attrs import Factory, define

from coinex_driver.client_core import ClientCore
from coinex_driver.reentry import CURRENT_THREAD
from coinex_proto import ConsumerTooSlow, Event, Failed, Replied, Update, UsageError
from coinex_trio._io.blocking_io import BlockingIO
from coinex_trio._io.blocking_lines import BlockingLines
from coinex_trio._io.sockets import Waker
from coinex_trio.network import Network, SystemNetwork

T = TypeVar("T")

LONGEST_WAIT: Final = 1.0
"""Seconds: the time of a lock stands still while the machine sleeps; who waits longer just waits again."""


@define(eq=False)
class Step:
    """Something that the thread runs for the caller."""

    step: Callable[[], Any]
    done: threading.Event = Factory(threading.Event)
    result: Any = None
    error: BaseException | None = None

    def run(self) -> None:
        """Runs it, in the thread or, when that has ended, in the caller."""
        try:
            self.result = self.step()
        except BaseException as error:  # noqa: BLE001  (raised by whoever waits for the step)
            self.error = error
        self.done.set()


@define(eq=False)
class Condition:
    """Something the caller waits for."""

    is_met: Callable[[], bool]
    is_done: bool = False
    error: BaseException | None = None


class Worker:
    """The thread of one client with `background=True`. It knows nothing of the client, so that a dropped one can go."""

    def __init__(self, core: ClientCore, io: BlockingIO | BlockingLines, network: Network) -> None:
        if not isinstance(network, SystemNetwork):
            raise UsageError("background=True needs a network in real time; on virtual time the calls move the clock")
        self._core = core
        self._io = io
        self._network = network
        self._dispatch = core.dispatch
        self._inbox: deque[Event] = deque()
        """Events for callbacks, which the calling thread runs; at most `Config.queue_size`."""
        self._overflow: int | None = None
        """How many events were thrown away when the inbox was full: the next `run_callbacks` raises it, nothing comes before."""
        self._steps: deque[Step] = deque()
        self._conditions: list[Condition] = []
        self._news = threading.Event()
        """Ends the waiting of the calling thread: a condition is met, which the end of the thread does, or an event is in the inbox."""
        self.when_raised: Callable[[], None] | None = None
        """Called in the calling thread when a callback has raised, before that comes out."""
        self._is_ending = False
        """Asks the thread to end. It looks between two turns, so that the session is never cut in half."""
        self._waker: Waker | None = None
        self._thread: threading.Thread | None = None

    def is_running(self) -> bool:
        """Steps run in the thread; before and after, in the caller."""
        return self._thread is not None and self._thread.is_alive()

    # For the calling thread -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """From now on session and socket belong to the thread."""
        self._core.dispatch = self._receive
        self._waker = Waker()
        self._thread = threading.Thread(target=self._run, args=(self._waker,), name=self._core.name, daemon=True)
        self._thread.start()

    def run_step(self, step: Callable[[], T]) -> T:
        """Has the thread run this step at once, and gives what comes of it."""
        if not self.is_running():
            return step()
        posted = Step(step)
        self._post(posted)
        while not posted.done.wait(0.05):
            if not self.is_running():
                # It ended between our look and our posting: nobody else touches the session any more.
                posted.run()
        if posted.error is not None:
            raise posted.error
        result: T = posted.result
        return result

    def wait(self, is_met: Callable[[], bool], until: float) -> bool:
        """Runs callbacks until the condition is met or the thread has ended (True), or time is up (False).

        Raises what the condition raises.
        """
        condition = Condition(is_met)
        self.run_step(lambda: self._watch(condition))
        try:
            while True:
                self._news.clear()
                is_running = self.is_running()  # looked at first: it may leave callbacks behind
                self.run_callbacks()
                if condition.error is not None:
                    raise condition.error
                if condition.is_done or not is_running:
                    return True
                left = until - self._network.now()
                if left <= 0:
                    return False
                self._news.wait(min(left, LONGEST_WAIT))
        finally:
            self._post(Step(lambda: self._forget(condition)))

    def run_callbacks(self) -> None:
        """Hands out what waits; what a callback raises comes out, and the next time goes on behind it."""
        if self._overflow is not None:
            waiting, self._overflow = self._overflow, None
            raise ConsumerTooSlow(waiting)
        CURRENT_THREAD.is_waiting = self._core.is_handing_out = True
        try:
            while self._inbox:
                self._dispatch(self._inbox.popleft())
        except BaseException:
            if self.when_raised is not None:
                self.when_raised()
            raise
        finally:
            CURRENT_THREAD.is_waiting = self._core.is_handing_out = False

    def end(self) -> None:
        """Ends the thread, which closes the socket; the caller may wait for that with `join`."""
        self._is_ending = True
        self.wake()

    def join(self, seconds: float) -> None:
        """Waits for the end of the thread. One whose start Ctrl-C has cut looks at once whether it is to end."""
        if self.is_running():
            assert self._thread is not None
            self._thread.join(seconds)

    def mute(self) -> None:
        """No callback runs any more."""
        self._dispatch = _to_nobody

    def _post(self, step: Step) -> None:
        self._steps.append(step)
        self.wake()

    def wake(self) -> None:
        """The thread takes its next turn now. Safe in a signal handler and in any thread."""
        if self._waker is not None:
            self._waker.wake()

    # For the thread ---------------------------------------------------------------------------------------------------

    def _run(self, waker: Waker) -> None:
        _running.add(self)
        try:
            while not self._is_ending and not self._core.is_over:
                self._run_steps()
                self._look_at_conditions()
                self._wait(waker)
                self._io.turn()
        except Exception as error:  # noqa: BLE001  (a fault of ours: whoever waits gets it)
            self._core.end(error)
            self._io.abandon()
        finally:
            self._io.end()
            self._core.deliver()
            self._core.end(None)
            self._run_steps()
            self._look_at_conditions()
            waker.close()
            _running.discard(self)

    def _wait(self, waker: Waker) -> None:
        io = self._io
        watched: list[tuple[Any, bool]] = [(waker, False), *io.transports()]
        ready = self._network.wait(watched, io.wakes_at())
        io.take_in(ready)
        if waker in ready:
            waker.drain()

    def _run_steps(self) -> None:
        while self._steps:
            self._steps.popleft().run()
            self._io.make_due()

    def _watch(self, condition: Condition) -> None:
        self._conditions.append(condition)

    def _forget(self, condition: Condition) -> None:
        self._conditions.remove(condition)

    def _look_at_conditions(self) -> None:
        for condition in self._conditions:
            try:
                condition.is_done = condition.is_met() or self._core.is_over
            except Exception as error:  # noqa: BLE001  (raised by whoever waits)
                condition.error = error
            if condition.is_done or condition.error is not None:
                self._news.set()
        if self._inbox or self._overflow is not None:
            self._news.set()

    def _receive(self, event: Event) -> None:
        """Keeps an event that a callback gets; when too many wait, the next `run_callbacks` says so."""
        if self._overflow is not None or not self._has_callback(event):
            return
        if len(self._inbox) >= self._core.config.queue_size:
            self._overflow = len(self._inbox)
            self._inbox.clear()
            return
        self._inbox.append(event)

    def _has_callback(self, event: Event) -> bool:
        if isinstance(event, (Replied, Failed)):
            return True
        key = event.topic_key if isinstance(event, Update) or hasattr(event, "topic_key") else None
        try:
            core = self._core
            return core.own.wants(type(event), key) or core.callbacks.wants(type(event), key)
        except RuntimeError:
            return True  # a registration changed meanwhile: the calling thread finds out who gets it


def _to_nobody(event: Event) -> None:
    """Events of a client that ends by an error."""


_running: set[Worker] = set()


@atexit.register
def _close_all() -> None:
    """The interpreter ends with clients open: they close their connections in good order, quickly."""
    workers = [worker for worker in tuple(_running) if worker.is_running()]
    for worker in workers:
        worker.end()
    for worker in workers:
        worker.join(1.0)
