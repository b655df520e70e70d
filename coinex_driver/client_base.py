"""What every client can do without waiting.

The clients of all drivers share these methods and their meaning; each says in `_change` how what they queue is sent. Must
not know trio, sockets or threads.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, cast

from coinex_driver.arguments import check_step
from coinex_driver.client_core import ClientCore
from coinex_proto import (
    Command,
    Event,
    Failed,
    OrderView,
    Replied,
    RequestId,
    Session,
    Statistics,
    Topic,
    TopicStatus,
    Update,
)

if TYPE_CHECKING:
    from coinex_proto.lines import LineStatistics

R = TypeVar("R")
E = TypeVar("E", bound=Event)
T = TypeVar("T")


class ClientBase(ABC):
    """The common methods of the drivers' clients."""

    _core: ClientCore

    @abstractmethod
    def _change(self, step: Callable[[], T]) -> T:
        """Runs `step` in the thread or task that owns the session, and sends what it queued.

        Raises `UsageError` if the client must not be used from here.
        """

    def _inspect(self, query: Callable[[], T]) -> T:
        """Like `_change`, for queries."""
        return query()

    @property
    def _pump(self) -> ClientCore:
        """The core under its former name, so that scripts attached to old bug reports still run."""
        return self._core

    @property
    def stats(self) -> Statistics:
        """Counters of this client's session; they keep counting across reconnects."""
        return self._core.session.stats

    @property
    def line_stats(self) -> tuple[LineStatistics, ...]:
        """Counters of each socket of this client and, with `lines=2`, how often it was first and by how much."""
        return self._inspect(lambda: self._core.line_stats)

    def renew(self) -> None:
        """Move every socket of this client to a new connection without a gap. Ends in `Renewed`, or in `RenewalFailed` and a retry.

        Raises `UsageError` without `Config(renew_every=...)`; use `math.inf` there to renew on request only.
        """
        self._change(self._core.renew)

    def on(self, kind: type[E]) -> Callable[[Callable[[E], T]], Callable[[E], T]]:
        """Decorator: call the function with every event of this class (subclasses too)."""

        def register(function: Callable[[E], T]) -> Callable[[E], T]:
            self._change(lambda: self._core.on(kind, function))
            return function

        return register

    def on_error(self, handler: Callable[[Event, Exception], object]) -> None:
        """Send exceptions from callbacks to `handler`, and carry on; without a handler they end the call that drives the client."""
        self._change(lambda: self._core.on_error(handler))

    def subscribe(self, *topics: Topic[E], callback: Callable[[E], object] | None = None) -> None:
        """Subscribe to these topics, at any time: the request is sent once connected, and again after each reconnect.

        Subscribing twice counts once, and the last call wins. Raises `UsageError` for a topic this venue or these credentials
        can't have.
        """
        self._change(lambda: self._core.subscribe(topics, callback))

    def unsubscribe(self, *topics: Topic[Event]) -> None:
        """Unsubscribe, and forget the callbacks that `subscribe` was given. Open streams keep their topics."""
        self._change(lambda: self._core.unsubscribe(topics))

    def send(self, command: Command[R], callback: Callable[[Replied[R] | Failed], object] | None = None) -> RequestId:
        """Send a command now; the callback gets its one `Replied` or `Failed`. Never waits and never resends.

        Raises `NotReady` without a ready connection, or if the venue's rate limit forbids a trading command.
        """
        return self._change(lambda: self._core.send(command, callback))

    def trusted(self, *topics: Topic[Event]) -> bool:
        """Whether all of these topics are live; without arguments, all that are subscribed. True is never a guess.

        Also False if nothing has confirmed the connection for `ping_interval + ping_timeout`, as after a long computation.
        """
        return self._inspect(lambda: self._core.trusted(*topics))

    def age(self, update: Update) -> float | None:
        """Seconds from an update's venue timestamp until it was received, both by the venue's clock.

        None if it has no timestamp, or while the venue's clock is unknown; it is requested with the first ping, or by
        `server_time()`.
        """
        return self._inspect(lambda: self._core.session.age(update))

    def topics(self) -> tuple[TopicStatus, ...]:
        """The status of each topic that is subscribed or belongs to an open stream."""
        return self._change(self._core.topics)

    def orders(self) -> tuple[OrderView, ...]:
        """Own orders that are not final, as far as they are known."""
        return self._inspect(self._core.session.orders.open)

    def step(self, work: Callable[[Session, float], T]) -> T:
        """Run `work(session, now)` in the thread or task that owns the session; what it queues is sent.

        For code that works beside a client, for example sending orders over HTTP.
        """
        check_step(work)
        return self._change(lambda: work(cast("Session", self._core.session), self._core.now()))

    def stop(self) -> None:
        """End `run()` and the streams, and close the connection in an orderly way, within `Config.close_timeout`.

        Can be called at any moment: in a callback, in a signal handler, in any thread. It never waits; the client notices
        before its next step, even while it connects or waits to retry.
        """
        self._core.ask_to_stop()
        self._wake()

    @abstractmethod
    def _wake(self) -> None:
        """Makes whatever drives the client take its next step now. Safe in a signal handler and in any thread."""
