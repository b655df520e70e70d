"""Streams of events for `for`, of a blocking client.

Only when no event waits, the client is driven. Must not import trio.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar, final

from coinex_driver.stream_queue import StreamQueue
from coinex_proto import Event, Queue

E = TypeVar("E", bound=Event)
T = TypeVar("T")


class Driver(Protocol):
    """What a stream needs of its client."""

    @property
    def _has_thread(self) -> bool:
        """A thread of the client fills the queue: it may be looked at by `_inspect` only."""
        ...

    def _now(self) -> float: ...

    def _open(self) -> None: ...

    def _until(self, is_done: Callable[[], bool], until: float, what: str) -> bool: ...

    def _inspect(self, query: Callable[[], T]) -> T: ...


@final
class Events(Generic[E]):
    """Events of a blocking client, oldest first, for `for`; each `next` that finds none waits for one."""

    def __init__(self, driver: Driver, stream: StreamQueue[E], seconds: float) -> None:
        self._driver = driver
        self._stream = stream
        self._queue = stream.queue
        self._has_thread = driver._has_thread
        self._batch: deque[E] = deque()
        """Taken from the thread and not handed out yet: crossing over costs more than an event."""
        self._seconds = seconds
        self._ends_at: float | None = None
        """None: nobody has waited yet; the time counts from the first `next` that does."""

    @property
    def skipped(self) -> int:
        """Events that `latest()` replaced by newer ones before they were taken."""
        return self._stream.skipped

    def close(self) -> None:
        """End the stream; its topics are let go of."""
        self._driver._inspect(self._stream.close)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> E:
        queue = self._queue
        if not self._has_thread:
            if not queue.waiting:
                self._wait()
            return queue.take()
        if not self._batch:
            self._wait()
            self._batch.extend(self._driver._inspect(self._take_batch))
        return self._batch.popleft()

    def _take_batch(self) -> tuple[E, ...]:
        """Everything at one go, unless only the newest counts."""
        return self._queue.take_all() if isinstance(self._queue, Queue) else (self._queue.take(),)

    def _wait(self) -> None:
        driver, queue = self._driver, self._queue
        driver._open()
        if self._ends_at is None:
            self._ends_at = driver._now() + self._seconds
        if not driver._until(lambda: queue.waiting > 0 or queue.is_ended, self._ends_at, "events()"):
            self.close()
            raise StopIteration
        if not queue.waiting:
            driver._inspect(self._stream.take_last)
            raise StopIteration

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
