"""The blocking client: a plain socket in the calling thread, no hidden loop, no thread of its own.

Nothing happens between calls: bytes are read, timers kept and callbacks run inside the calls that wait, in the calling
thread, in order of arrival and never inside each other. Must not import trio.
"""

from __future__ import annotations

import math
import os
import ssl
import threading
import warnings
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar, final

from coinex_proto import (
    BookChanged,
    BookNotTrusted,
    BookView,
    Callbacks,
    Command,
    Config,
    Dialect,
    Event,
    OrderView,
    Topic,
    UsageError,
)
from coinex_trio._line import Line
from coinex_trio._pump import Pump, check_ssl_context
from coinex_trio._tap import Tap, latest, lossless
from coinex_trio._verbs import Verbs
from coinex_trio.network import SYSTEM, Network, Transport

R = TypeVar("R")
T = TypeVar("T")
E = TypeVar("E", bound=Event)

GRACE: Final = 1.0
"""Seconds beyond `Config.close_timeout` after which `close()` waits no more for the goodbye."""

_waiting = threading.local()
"""`_waiting.now` is True in a thread inside a call that waits: a second one, from a callback, would never end."""


class BlockingClient(Verbs):
    """One venue's session on a plain socket; opens at `with` or at the first call that waits.

    A call that waits raises `UsageError` in a callback: use `send` with a callback there. One thread uses it, the one
    that used it first.
    """

    def __init__(
        self,
        dialect: Dialect,
        *,
        callbacks: Callbacks | None = None,
        config: Config = Config(),  # noqa: B008  (frozen)
        ssl_context: ssl.SSLContext | None = None,
        network: Network = SYSTEM,
        background: bool = False,
    ) -> None:
        if background:
            raise UsageError("background=True is not there yet")
        check_ssl_context(dialect, ssl_context)
        self._pump = Pump(dialect, callbacks, config, network)
        self._network = network
        self._line = Line(self._pump, network, ssl_context)
        self._is_entered = False
        self._is_closed = False
        self._process = os.getpid()
        self._thread: int | None = None

    # What waits -------------------------------------------------------------------------------------------------------

    def request(self, command: Command[R]) -> R:
        """The answer to a command; raises what `Failed` would carry, or `NotReady` at once while not connected."""
        self._open()
        outcome = self._pump.expect(self.send(command))
        self._until(lambda: outcome.event is not None, math.inf, "request()")
        result: R = outcome.result()
        return result

    def ready(self, *topics: Topic[Event], timeout: float = 10.0) -> None:
        """Returns when signed in and these topics are live; topics that nobody wants yet are subscribed.

        Raises `TimeoutError`, or what the venue said when it refuses a topic for good.
        """
        self._check_may_wait()
        until = self._pump.now() + timeout
        is_done = self._do(lambda: self._pump.watch(topics))
        self._open()
        if not self._until(is_done, until, "ready()"):
            missing = [topic for topic in topics if not self.trusted(topic)]
            raise TimeoutError(f"not live within {timeout:g} s: {', '.join(map(str, missing)) or 'the connection'}")

    def wait(self, order: OrderView, timeout: float = math.inf) -> OrderView:
        """The order when it is final; raises `TimeoutError`. One in state `unknown` may still be resolved."""
        self._open()
        live = self._pump.session.orders.live(order)  # an event carries a snapshot, which stays as it is
        if not self._until(lambda: live.is_final, self._pump.now() + timeout, "wait()"):
            raise TimeoutError(f"the order is {live.state} after {timeout:g} s")
        return live

    def run(self, seconds: float = math.inf) -> None:
        """Read, keep the line alive and call callbacks for so long, or until `stop()`."""
        run(self, seconds=seconds)

    def events(self, *wanted: type[E] | Topic[E], seconds: float = math.inf) -> Events[E]:
        """Every event of these classes and topics, in order; nothing named: every event there is.

        Its topics are wanted until the iterator is closed or dropped. It ends `seconds` after the first `next`, and with
        `ConsumerTooSlow` when `Config.queue_size` events wait.
        """
        return Events(self, self._do(lambda: lossless(self._pump, wanted)), seconds)

    def latest(self, *topics: Topic[E], seconds: float = math.inf) -> Events[E]:
        """The newest event of each topic; what was replaced before it was taken is counted in `.skipped`."""
        return Events(self, self._do(lambda: latest(self._pump, topics)), seconds)

    def book(self, topic: Topic[BookChanged], timeout: float = 10.0) -> BookView:
        """A snapshot of this order book as soon as it is trusted, else `BookNotTrusted`; subscribed if it was not."""
        self._check_may_wait()
        until = self._pump.now() + timeout
        is_done = self._do(lambda: self._pump.watch((topic,)))
        self._open()
        view = self._pump.session.book(topic)
        if not self._until(lambda: is_done() and view.trusted, until, "book()"):
            raise BookNotTrusted(topic, f"{view.why} (after {timeout:g} s)")
        return view.snapshot()

    def close(self) -> None:
        """Close in good order, within `Config.close_timeout`; twice is once. In a callback it is `stop()`."""
        if self._process != os.getpid():
            self._line.abandon()
            return
        if self._is_closed:
            return
        self._check()
        if getattr(_waiting, "now", False):
            self.stop()
            return
        self._is_closed = True
        self._is_entered = True
        if self._line.is_torn:
            self._line.abandon()
            return
        try:
            self.stop()
            until = self._pump.now() + self._pump.config.close_timeout + GRACE
            while not self._pump.is_over and self._pump.now() < until:
                _cycle((self,), until)
        finally:
            self._line.end()
            self._pump.deliver()

    # Entering and leaving ---------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._pump.mute()
        self.close()

    def __del__(self) -> None:
        line: Line | None = getattr(self, "_line", None)
        if line is not None and line.transport is not None:
            warnings.warn(
                f"unclosed {type(self).__name__}: use it in `with`, or call close()", ResourceWarning, stacklevel=2
            )
            line.abandon()

    # Waiting ----------------------------------------------------------------------------------------------------------

    def _do(self, step: Callable[[], T]) -> T:
        self._check()
        result = step()
        self._line.hurry()
        self._line.flush()
        return result

    def _check(self) -> None:
        if self._process != os.getpid():
            raise UsageError("this client belongs to the parent process; make a new one after the fork")
        thread = threading.get_ident()
        if self._thread is None:
            self._thread = thread
        elif self._thread != thread:
            raise UsageError("this client belongs to the thread that used it first; make one for each thread")

    def _check_may_wait(self) -> None:
        self._check()
        if getattr(_waiting, "now", False):
            raise UsageError("a call that waits cannot be made in a callback: use send(command, callback) there")

    def _open(self) -> None:
        self._check_may_wait()
        if self._is_entered:
            return
        self._is_entered = True
        try:
            self._until(lambda: self._pump.was_ready or self._pump.is_stopping, math.inf, "opening")
        except BaseException:
            self._pump.mute()
            self.close()
            raise

    def _until(self, is_done: Callable[[], bool], until: float, what: str) -> bool:
        """Drives the client until it is done (True) or time is up (False)."""
        while not is_done():
            if self._pump.is_over:
                raise self._pump.ended(what)
            if self._pump.now() >= until:
                return False
            _cycle((self,), until)
        return True


@final
class Events(Generic[E]):
    """Events of a blocking client, oldest first, for `for`; each `next` that finds none waits for one."""

    def __init__(self, client: BlockingClient, tap: Tap[E], seconds: float) -> None:
        self._client = client
        self._tap = tap
        self._queue = tap.queue
        self._seconds = seconds
        self._until: float | None = None

    @property
    def skipped(self) -> int:
        """Events that `latest()` replaced by newer ones before they were taken."""
        return self._tap.skipped

    def close(self) -> None:
        """End the stream; its topics are let go of."""
        self._tap.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> E:
        queue = self._queue
        if not queue.waiting:
            self._wait()
        return queue.take()

    def _wait(self) -> None:
        client, queue = self._client, self._queue
        client._open()
        now = client._pump.now
        if self._until is None:
            self._until = now() + self._seconds
        while not queue.waiting:
            if queue.is_ended:
                self._tap.take_last()
                raise StopIteration
            if now() >= self._until:
                self._tap.close()
                raise StopIteration
            _cycle((client,), self._until)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tap.close()


def run(*clients: BlockingClient, seconds: float = math.inf) -> None:
    """Drive several clients in this thread for so long, or until each was stopped.

    What ends one of them comes out; the others can be run on.
    """
    if len({id(client._network) for client in clients}) > 1:
        raise UsageError("the clients of one run() must live in one network")
    for client in clients:
        client._check_may_wait()
        client._is_entered = True
    if not clients:
        return
    now = clients[0]._pump.now
    until = now() + seconds
    while alive := [client for client in clients if not _has_ended(client)]:
        if now() >= until:
            return
        _cycle(alive, until)


def _has_ended(client: BlockingClient) -> bool:
    """Whether it was stopped; raises what ended it otherwise."""
    pump = client._pump
    if pump.is_over and pump.error is not None:
        raise pump.error
    return pump.is_over


def _cycle(clients: Sequence[BlockingClient], until: float) -> None:
    """Waits for the first of them that has something to do, and lets each do what it can."""
    _waiting.now = True
    try:
        watched: list[tuple[Transport, bool]] = []
        lines: dict[Any, Line] = {}
        for client in clients:
            line = client._line
            until = min(until, line.wakes_at())
            if line.transport is not None:
                watched.append((line.transport, line.wants_write))
                lines[line.transport] = line
        for transport in clients[0]._network.wait(watched, until):
            lines[transport].is_readable = True
        for client in clients:
            client._line.turn()
    finally:
        _waiting.now = False
