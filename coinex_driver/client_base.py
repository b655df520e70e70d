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
        """Runs `step` in the thread or task that owns the session, and has sent what it queued.

        Raises `UsageError` where the client may not be used from here.
        """

    def _inspect(self, query: Callable[[], T]) -> T:
        """As `_change`, for what changes nothing."""
        return query()

    @property
    def _pump(self) -> ClientCore:
        """The core under the name that it has in scripts attached to old bug reports, so that those still run."""
        return self._core

    @property
    def stats(self) -> Statistics:
        """Counters of this client's session; they count on across reconnects."""
        return self._core.session.stats

    @property
    def line_stats(self) -> tuple[LineStatistics, ...]:
        """Of each socket of this client: its counters, and of two lines at once, how often it was first and by how much."""
        return self._inspect(lambda: self._core.line_stats)

    def renew(self) -> None:
        """Move every socket of this client to a new connection without a gap: `Renewed`, or `RenewalFailed` and tried again.

        Needs `Config(renew_every=...)`, `math.inf` where it shall happen only so; raises `UsageError` otherwise.
        """
        self._change(self._core.renew)

    def on(self, kind: type[E]) -> Callable[[Callable[[E], T]], Callable[[E], T]]:
        """Decorator: call the function with every event of this class (subclasses too)."""

        def register(function: Callable[[E], T]) -> Callable[[E], T]:
            self._change(lambda: self._core.on(kind, function))
            return function

        return register

    def on_error(self, handler: Callable[[Event, Exception], object]) -> None:
        """Exceptions of callbacks go to `handler` and the client goes on; without one they end what drives the client."""
        self._change(lambda: self._core.on_error(handler))

    def subscribe(self, *topics: Topic[E], callback: Callable[[E], object] | None = None) -> None:
        """Subscribe these topics; at any time: it waits for the connection by itself, and is repeated after each reconnect.

        Twice is once, the last call wins. Raises `UsageError` for what this venue or these credentials cannot have.
        """
        self._change(lambda: self._core.subscribe(topics, callback))

    def unsubscribe(self, *topics: Topic[Event]) -> None:
        """Unsubscribe, and forget the callbacks that `subscribe` was given. Open streams keep their topics."""
        self._change(lambda: self._core.unsubscribe(topics))

    def send(self, command: Command[R], callback: Callable[[Replied[R] | Failed], object] | None = None) -> RequestId:
        """Send a command now; the callback gets its one `Replied` or `Failed`. Never waits, never sent again.

        Raises `NotReady` while there is no ready connection, or the venue's rate limit forbids a command that trades.
        """
        return self._change(lambda: self._core.send(command, callback))

    def trusted(self, *topics: Topic[Event]) -> bool:
        """Whether all of these are live; none named: all that are subscribed. True is never a guess.

        False too when the connection has not been proved for `ping_interval + ping_timeout`, as after a long computation.
        """
        return self._inspect(lambda: self._core.trusted(*topics))

    def age(self, update: Update) -> float | None:
        """Seconds from the venue's time stamp of an update until it was received, both by the venue's clock.

        None when it has none, or while the clock is not known: it is requested with the first ping, or by `server_time()`.
        """
        return self._inspect(lambda: self._core.session.age(update))

    def topics(self) -> tuple[TopicStatus, ...]:
        """How each topic stands that is subscribed or belongs to an open stream."""
        return self._change(self._core.topics)

    def orders(self) -> tuple[OrderView, ...]:
        """Own orders that are not final, as far as they are known."""
        return self._inspect(self._core.session.orders.open)

    def step(self, work: Callable[[Session, float], T]) -> T:
        """Run `work(session, now)` in the thread or task that owns the session; what it queues is sent.

        For parts that stand beside a client, for example orders that are sent over HTTP.
        """
        check_step(work)
        return self._change(lambda: work(cast("Session", self._core.session), self._core.now()))

    def stop(self) -> None:
        """End `run()` and the streams and close the connection in good order, within `Config.close_timeout`.

        May be called at any moment: in a callback, in a signal handler, in any thread. It never waits; what drives the client
        takes notice before its next step, also while it connects or waits for the next attempt.
        """
        self._core.ask_to_stop()
        self._wake()

    @abstractmethod
    def _wake(self) -> None:
        """Whatever drives the client takes its next step now. Safe in a signal handler and in any thread."""
