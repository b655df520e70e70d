"""The blocking client: a plain socket in the calling thread, no hidden loop, no thread but to look up a name.

Nothing happens between calls: bytes are read, timers kept and callbacks run inside the calls that wait, in the calling
thread, in order of arrival and never inside each other. Must not import trio.
"""

from __future__ import annotations

import math
import os
import ssl
import threading
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Protocol, Self, TypeVar, cast

from coinex_driver.arguments import check_book_topic, check_runnable, check_seconds
from coinex_driver.client_base import ClientBase
from coinex_driver.client_core import ClientCore
from coinex_driver.limits import CLOSE_MARGIN
from coinex_driver.reentry import CURRENT_THREAD
from coinex_driver.stream_queue import latest, lossless
from coinex_driver.tls import check_ssl_context
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
from coinex_proto.checks import check_order
from coinex_trio._io.background import Worker
from coinex_trio._io.blocking_io import BlockingIO
from coinex_trio._io.blocking_lines import BlockingLines, blocking_io
from coinex_trio._io.turns import Turns, step_all
from coinex_trio._io.unclosed import Unclosed
from coinex_trio.iterator import Events as Events
from coinex_trio.network import SYSTEM, Network

R = TypeVar("R")
T = TypeVar("T")
E = TypeVar("E", bound=Event)


class BlockingClient(ClientBase):
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
        self._core = ClientCore(dialect, callbacks, config, network.sources, network.now)
        check_ssl_context(ssl_context, has_credentials=dialect.has_credentials)
        self._network = network
        self._io = self._make_io(network, ssl_context)
        self._worker = Worker(self._core, self._io, network) if background else None
        self._unclosed = Unclosed(type(self).__name__, self._io, self._worker)
        self._is_entered = False
        self._is_closed = False
        self._process = os.getpid()
        self._thread: int | None = None
        self._siblings: tuple[weakref.ref[BlockingClient], ...] = ()
        """Other sockets of the same venue, kept alive by every call of this one that waits."""

    def _make_io(self, network: Network, ssl_context: ssl.SSLContext | None) -> BlockingIO | BlockingLines:
        return blocking_io(self._core, network, ssl_context)

    # What waits -------------------------------------------------------------------------------------------------------

    def request(self, command: Command[R]) -> R:
        """The answer to a command; raises what `Failed` would carry, or `NotReady` at once while not connected."""
        self._open()
        reply = self._change(lambda: self._core.expect_reply(self._core.send(command, None)))
        self._until(lambda: reply.event is not None, math.inf, "request()")
        result: R = reply.result()
        return self._detached(result)

    def ready(self, *topics: Topic[Event], timeout: float = 10.0) -> None:
        """Returns when signed in and these topics are live; topics that are not subscribed yet are now.

        Raises `TimeoutError`, or what the venue said when it refuses a topic for good.
        """
        self._check_may_wait()
        check_seconds(timeout)
        until = self._network.now() + timeout
        is_done = self._change(lambda: self._core.when_live(topics))
        self._open()
        self._catch_up(until)
        if not self._until(is_done, until, "ready()"):
            missing = [topic for topic in topics if not self.trusted(topic)]
            raise TimeoutError(f"not live within {timeout:g} s: {', '.join(map(str, missing)) or 'the connection'}")

    def wait(self, order: OrderView, timeout: float = math.inf) -> OrderView:
        """The order when it is final; raises `TimeoutError`. One in state `unknown` may still be resolved."""
        check_order(order)
        check_seconds(timeout)
        self._open()
        live = self._core.session.orders.live(order)  # an event carries a snapshot, which stays as it is
        if not self._until(lambda: live.has_ended, self._core.now() + timeout, "wait()"):
            raise TimeoutError(f"the order is {live.state} after {timeout:g} s")
        return live

    def run(self, seconds: float = math.inf) -> None:
        """Read, keep the connection alive and call callbacks for so long, or until `stop()`."""
        run(self, seconds=seconds)

    def events(self, *wanted: type[E] | Topic[E], seconds: float = math.inf) -> Events[E]:
        """Every event of these classes and topics, in order; nothing named: every event there is.

        Its topics are subscribed until the iterator is closed or dropped. It ends `seconds` after the first `next`, and with
        `ConsumerTooSlow` when `Config.queue_size` events wait.
        """
        check_seconds(seconds)
        return Events(self, self._change(lambda: lossless(self._core, wanted)), seconds)

    def latest(self, *topics: Topic[E], seconds: float = math.inf) -> Events[E]:
        """The newest event of each topic; what was replaced before it was taken is counted in `.skipped`."""
        check_seconds(seconds)
        return Events(self, self._change(lambda: latest(self._core, topics)), seconds)

    def book(self, topic: Topic[BookChanged], timeout: float = 10.0) -> BookView:
        """A snapshot of this order book as soon as it is trusted, else `BookNotTrusted`; subscribed if it was not."""
        self._check_may_wait()
        check_book_topic(topic)
        check_seconds(timeout)
        until = self._network.now() + timeout
        is_done = self._change(lambda: self._core.when_live((topic,)))
        self._open()
        self._catch_up(until)
        view = self._inspect(lambda: self._core.session.book(topic))
        if not self._until(lambda: is_done() and view.trusted, until, "book()"):
            raise BookNotTrusted(topic, f"{view.why} (after {timeout:g} s)")
        return self._inspect(view.snapshot)

    def close(self) -> None:
        """Close in good order, within `Config.close_timeout`; twice is once. In a callback it is `stop()`."""
        if self._process != os.getpid():
            self._let_go()
            return
        if self._is_closed:
            return
        self._check()
        if CURRENT_THREAD.is_waiting:
            self.stop()
            return
        self._is_closed = True
        self._is_entered = True
        if self._io.is_interrupted:
            self._let_go()
            self._core.end(None)
            return
        try:
            self.stop()
            until = self._network.now() + self._core.closing_time() + CLOSE_MARGIN
            self._until(lambda: self._core.is_over, until, "close()")
        finally:
            self._end()

    def _may_cancel_on_exit(self) -> bool:
        """Whether `close` is about to close it, from where it may wait."""
        return not self._is_closed and not CURRENT_THREAD.is_waiting and self._process == os.getpid()

    def orders(self) -> tuple[OrderView, ...]:
        """Own orders that are not final, as far as they are known; with `background=True`, as they are known now."""
        return tuple(map(self._detached, super().orders()))

    # Entering and leaving ---------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._check_may_begin()
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._mute()
        self.close()

    # Waiting ----------------------------------------------------------------------------------------------------------

    def _change(self, step: Callable[[], T]) -> T:
        self._check()
        if self._worker is not None:
            return self._worker.run_step(step)
        result = step()
        self._io.make_due()
        self._io.flush()
        return result

    def _wake(self) -> None:
        if self._process != os.getpid():
            return  # the wait that it would end is the parent's
        self._io.wake() if self._worker is None else self._worker.wake()

    @property
    def _has_thread(self) -> bool:
        return self._worker is not None

    def _now(self) -> float:
        return self._network.now()

    def _inspect(self, query: Callable[[], T]) -> T:
        return query() if self._worker is None else self._worker.run_step(query)

    def _live_order(self, order: OrderView) -> OrderView:
        """What goes on changing, of an order that crossed as a snapshot."""
        return self._core.session.orders.find(order.order_id, order.client_order_id) or order

    def _detached(self, value: T) -> T:
        """Only what cannot change crosses from the thread of `background=True`."""
        if self._worker is not None and isinstance(value, OrderView):
            return cast(T, value.snapshot())
        return value

    def _mute(self) -> None:
        self._core.mute() if self._worker is None else self._worker.mute()

    def _check(self) -> None:
        if self._process != os.getpid():
            raise UsageError("this client belongs to the parent process; make a new one after the fork")
        thread = threading.get_ident()
        if self._thread is None:
            self._thread = thread
        elif self._thread != thread:
            raise UsageError("this client belongs to the thread that used it first; make one for each thread")

    def _check_unclosed(self) -> None:
        """A closed client does nothing any more, and must not look as if it did."""
        if self._is_closed:
            _has_ended(self)  # raises what ended it
            raise UsageError("this client has been closed: make a new one")

    def _check_may_begin(self) -> None:
        self._check_unclosed()
        self._core.check_not_over()

    def _check_may_wait(self) -> None:
        self._check()
        if CURRENT_THREAD.is_waiting:
            raise UsageError("a call that waits cannot be made in a callback: use send(command, callback) there")

    def _open(self) -> None:
        self._check_may_wait()
        if self._is_entered:
            return
        self._is_entered = True
        try:
            if self._worker is not None:
                self._worker.start()
            self._until(lambda: self._core.was_ready or self._core.is_stopping, math.inf, "opening")
        except BaseException:
            self._mute()
            self.close()
            raise

    def _until(self, is_done: Callable[[], bool], until: float, what: str) -> bool:
        """Drives the client until it is done (True) or time is up (False)."""
        if self._worker is not None and self._worker.is_running() and not self._worker.wait(is_done, until):
            return False
        while not is_done():
            if self._core.is_over:
                raise self._core.why_over(what)
            if self._core.now() >= until:
                return False
            _turn_all((self, *self._running_siblings()), until)
        return True

    def _running_siblings(self) -> list[BlockingClient]:
        """Those beside this one that have begun; raises what ended one of them."""
        found = [client for reference in self._siblings if (client := reference()) is not None and client._is_entered]
        return [client for client in found if not _has_ended(client)]

    def _sockets(self) -> Sequence[BlockingClient]:
        """The sockets that `run` drives for this client."""
        return (self,)

    def _catch_up(self, until: float) -> None:
        """Reads all that has come since the last call: a script that slept must not be shown the past."""
        if self._worker is None:
            while not self._core.is_over and _turn_all((self,), -math.inf) and self._core.now() < until:
                pass

    def _run_background(self, until: float) -> None:
        """Hands out what the thread brings."""
        self._open()
        self._until(lambda: self._core.is_over, until, "run()")
        _has_ended(self)

    def _end(self) -> None:
        """Nothing is left open, and callbacks know of the end."""
        if self._worker is None:
            self._io.end()
            self._core.deliver()
            self._core.end(None)
        else:
            self._worker.end()
            self._worker.join(CLOSE_MARGIN)
            self._worker.run_callbacks()
        self._unclosed.disarm()

    def _let_go(self) -> None:
        """The end without a word, of a session that may not be used any more."""
        self._io.let_go()
        self._unclosed.disarm()


class Runnable(Protocol):
    """A client that `run` can drive: one socket, or a venue's facade over several."""

    def _sockets(self) -> Sequence[BlockingClient]: ...


def run(*clients: Runnable, seconds: float = math.inf) -> None:
    """Drive several clients in this thread for so long, or until each was stopped.

    What ends one of them comes out; the others can be run on.
    """
    check_seconds(seconds)
    for client in clients:
        check_runnable(client)
    parts = _parts_of(clients)
    if len({id(part._network) for part in parts}) > 1:
        raise UsageError("the clients of one run() must live in one network")
    if len(parts) > 1 and any(part._worker is not None for part in parts):
        raise UsageError("a client with background=True runs by itself; call its own run() for its callbacks")
    for part in parts:
        part._check_may_wait()
        part._check_unclosed()
    if not parts:
        return
    until = parts[0]._network.now() + seconds
    if parts[0]._worker is not None:
        parts[0]._run_background(until)
        return
    if len(clients) == 1 and parts[0] is clients[0] and isinstance(parts[0]._io, BlockingIO):
        _run_single(parts[0], parts[0]._io, until)
        return
    _begin_together(parts, until)
    _run_several(clients, parts[0]._network, until)


def _begin_together(parts: Sequence[BlockingClient], until: float) -> None:
    """No data is handed out before every client has come to its first `Ready`, or has failed at it once.

    Else a callback of one could not send with another yet, or could, as the network likes.
    """
    if any(part._is_entered for part in parts) or parts[0]._network.now() >= until:
        return
    for part in parts:
        part._is_entered = True
        part._until(partial(_has_begun, part._core), until, "run")


def _has_begun(core: ClientCore) -> bool:
    return core.was_ready or core.has_failed or core.is_over or core.is_stopping


def _run_several(clients: Sequence[Runnable], network: Network, until: float) -> None:
    CURRENT_THREAD.is_waiting = True
    try:
        with Turns(network) as turns:
            # A callback may subscribe the first topic of a socket that was not needed before.
            while (alive := _alive(clients)) and network.now() < until:
                for part in alive:
                    part._is_entered = True
                turns.drive([io for part in alive for io in part._io.each])
                while turns.step(until) and network.now() < until:
                    pass
    finally:
        CURRENT_THREAD.is_waiting = False


def _run_single(client: BlockingClient, io: BlockingIO, until: float) -> None:
    """As `run` for one client on one socket: nothing else is looked at between two messages."""
    core = client._core
    CURRENT_THREAD.is_waiting = True
    try:
        while not core.is_over and (until == math.inf or core.now() < until):
            client._is_entered = True
            io.step(until)
    finally:
        CURRENT_THREAD.is_waiting = False
    _has_ended(client)


def _alive(clients: Sequence[Runnable]) -> list[BlockingClient]:
    """The sockets that go on; raises what ended one of the others."""
    return [part for part in _parts_of(clients) if not _has_ended(part)]


def _parts_of(clients: Sequence[Runnable]) -> list[BlockingClient]:
    return [part for client in clients for part in client._sockets()]


def _has_ended(client: BlockingClient) -> bool:
    """Whether it was stopped; raises what ended it otherwise."""
    core = client._core
    if core.is_over and core.error is not None:
        raise core.error
    return core.is_over


def _turn_all(clients: Sequence[BlockingClient], until: float) -> bool:
    """Waits for the first of them that has something to do, and lets each do what it can; True: something had come."""
    CURRENT_THREAD.is_waiting = True
    try:
        return step_all([client._io for client in clients], clients[0]._network, until)
    finally:
        CURRENT_THREAD.is_waiting = False
