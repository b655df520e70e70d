"""Streams of events for `for`, of a blocking client.

Only when no event waits, the client is driven. Must not import trio.
"""

from __future__ import annotations

from collections import deque
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self, TypeVar, final

from coinex_driver.stream_queue import StreamQueue
from coinex_proto import Event, Queue

if TYPE_CHECKING:
    from coinex_trio.blocking import BlockingClient

E = TypeVar("E", bound=Event)


@final
class Events(Generic[E]):
    """Events of a blocking client, oldest first, for `for`; each `next` that finds none waits for one."""

    def __init__(self, client: BlockingClient, source: StreamQueue[E], seconds: float) -> None:
        self._client = client
        self._source = source
        self._queue = source.queue
        self._batch: deque[E] = deque()
        self._seconds = seconds
        self._until: float | None = None

    @property
    def skipped(self) -> int:
        """Events that `latest()` replaced by newer ones before they were taken."""
        return self._source.skipped

    def close(self) -> None:
        """End the stream; its topics are let go of."""
        self._client._inspect(self._source.close)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> E:
        queue = self._queue
        if self._client._worker is None:
            if not queue.waiting:
                self._wait()
            return queue.take()
        if not self._batch:
            self._wait()
            self._batch.extend(self._client._inspect(self._take))
        return self._batch.popleft()

    def _take(self) -> tuple[E, ...]:
        """From the other thread at one go, unless only the newest counts."""
        return self._queue.take_all() if isinstance(self._queue, Queue) else (self._queue.take(),)

    def _wait(self) -> None:
        client, queue = self._client, self._queue
        client._open()
        if self._until is None:
            self._until = client._network.now() + self._seconds
        if not client._until(lambda: queue.waiting > 0 or queue.is_ended, self._until, "events()"):
            self.close()
            raise StopIteration
        if not queue.waiting:
            client._inspect(self._source.take_last)
            raise StopIteration

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
