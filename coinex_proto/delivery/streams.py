"""Where events wait for a consumer who takes them: the part of streams that all drivers share.

A queue hangs itself onto `Callbacks` and never holds the reader up. `Queue` loses nothing and ends when it is full,
`Latest` keeps the newest of each topic and counts what it skipped. How a consumer waits is the driver's: `wake` is called
when there is something new to see. Neither is for several threads. This module must not know any venue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar, final

from coinex_proto.delivery.callbacks import Callbacks, Registration
from coinex_proto.errors import ConsumerTooSlow, UsageError
from coinex_proto.ids import TopicKey
from coinex_proto.topics import Topic
from coinex_proto.updates import Event

E = TypeVar("E", bound=Event)


@final
class Queue(Generic[E]):
    """Every event of the wanted classes and topics, each once, in order; nothing named: every event.

    When `size` events wait and one more comes, the queue takes nothing any more and its consumer gets `ConsumerTooSlow`
    at the next `take`, before what still waits: that is old, and whoever acts on it takes it for now.
    """

    __slots__ = ("_failure", "_registration", "_size", "_waiting", "is_ended", "wake")

    def __init__(
        self,
        callbacks: Callbacks,
        *wanted: type[E] | Topic[E],
        size: int,
        wake: Callable[[], None] | None = None,
    ) -> None:
        """Wants events from now on. Raises `UsageError` for what is neither a class of events nor a topic."""
        self.wake: Callable[[], None] | None = wake
        """Called when the queue goes from empty to not empty, and when it ends."""
        self.is_ended: bool = False
        """No event comes in any more; what waits can still be taken, unless it was too much."""
        self._waiting: deque[E] = deque()
        self._size = size
        self._failure: ConsumerTooSlow | None = None
        everything: Any = (Event,)
        self._registration: Registration = callbacks.add_any(wanted or everything, self.put)

    @property
    def waiting(self) -> int:
        """Events not taken yet."""
        return len(self._waiting)

    def put(self, event: E) -> None:
        """Appends one event; the `Callbacks` do that by themselves."""
        if self.is_ended:
            return
        if len(self._waiting) >= self._size:
            self._failure = ConsumerTooSlow(len(self._waiting))
            self._waiting.clear()
            self.end()
            return
        self._waiting.append(event)
        if len(self._waiting) == 1 and self.wake is not None:
            self.wake()

    def take(self) -> E:
        """The oldest event. Raises `ConsumerTooSlow` after an overflow, each time, and `IndexError` when none waits."""
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        return self._waiting.popleft()

    def take_all(self) -> tuple[E, ...]:
        """All that waits, oldest first, perhaps nothing. Raises as `take`."""
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        taken = tuple(self._waiting)
        self._waiting.clear()
        return taken

    def end(self) -> None:
        """Wants nothing any more. Twice is once."""
        if self.is_ended:
            return
        self.is_ended = True
        self._registration.cancel()
        if self.wake is not None:
            self.wake()


@final
class Latest(Generic[E]):
    """The newest event of each topic key; taken in the order in which the topics began to wait."""

    __slots__ = ("_registration", "_waiting", "is_ended", "skipped", "wake")

    def __init__(self, callbacks: Callbacks, *topics: Topic[E], wake: Callable[[], None] | None = None) -> None:
        """Wants these topics from now on.

        Raises `UsageError` when none is named, and for topics whose pushes do not replace each other: skipping one of
        their events would lose it.
        """
        _check_whole_state(topics)
        self.wake: Callable[[], None] | None = wake
        """Called when it goes from empty to not empty, and when it ends."""
        self.is_ended: bool = False
        """No event comes in any more; what waits can still be taken."""
        self.skipped: int = 0
        """Events that were replaced by a newer one before they were taken."""
        self._waiting: dict[TopicKey, E] = {}
        self._registration = callbacks.add_any(topics, self.put)

    @property
    def waiting(self) -> int:
        """Topic keys with an event that was not taken yet."""
        return len(self._waiting)

    def put(self, event: E) -> None:
        """Keeps this event in the place of an older one; the `Callbacks` do that by themselves."""
        if self.is_ended:
            return
        key: TopicKey = event.topic_key  # type: ignore[attr-defined]
        was_empty = not self._waiting
        self.skipped += key in self._waiting
        self._waiting[key] = event
        if was_empty and self.wake is not None:
            self.wake()

    def take(self) -> E:
        """The event of the topic that waits longest. Raises `IndexError` when none waits."""
        if not self._waiting:
            raise IndexError("no event is waiting")
        return self._waiting.pop(next(iter(self._waiting)))

    def take_all(self) -> tuple[E, ...]:
        """The newest event of each topic that has one, perhaps nothing."""
        taken = tuple(self._waiting.values())
        self._waiting.clear()
        return taken

    def end(self) -> None:
        """Wants nothing any more. Twice is once."""
        if self.is_ended:
            return
        self.is_ended = True
        self._registration.cancel()
        if self.wake is not None:
            self.wake()


def _check_whole_state(topics: tuple[Any, ...]) -> None:
    refused = [topic for topic in topics if not isinstance(topic, Topic) or not topic.is_whole_state]
    if not topics or refused:
        named = ", ".join(map(repr, refused)) or "no topic"
        raise UsageError(
            f"latest() takes topics whose every push is a whole state (tickers, best quotes, books); {named}: "
            "each event counts there, use events()"
        )
