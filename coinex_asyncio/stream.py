"""Streams of events for `async for`, under asyncio."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Generic, Self, TypeVar, final

from coinex_driver.stream_queue import StreamQueue
from coinex_proto import Event, UsageError

E = TypeVar("E", bound=Event)


class _Waiter:
    """Who waits for the queue. Apart from the stream: the queue must not keep a dropped one alive."""

    __slots__ = ("future",)

    def __init__(self) -> None:
        self.future: asyncio.Future[None] | None = None

    def wake(self) -> None:
        if self.future is not None and not self.future.done():
            self.future.set_result(None)


@final
class EventStream(Generic[E]):
    """Events, oldest first, for `async for`.

    While events wait, taking one does not give way to other tasks: a read brings many, and each switch of tasks costs more
    than the event. The stream lets go of its topics when it is closed, when its `async with` block ends, or when it is
    dropped. It ends when the client is stopped, raises `ConsumerTooSlow` when its queue was full, and what ended the client.
    One task iterates over it; each further one opens a stream of its own.
    """

    def __init__(self, *sources: StreamQueue[E]) -> None:
        """Of several sources the events of each are in order."""
        self._sources = sources
        self._queues = tuple(source.queue for source in sources)
        self._loop = asyncio.get_running_loop()
        self._waiter = _Waiter()
        for queue in self._queues:
            queue.wake = self._waiter.wake

    @property
    def skipped(self) -> int:
        """Events that `latest()` replaced by newer ones before they were taken."""
        return sum(source.skipped for source in self._sources)

    def close(self) -> None:
        """End the stream; its topics are let go of."""
        for source in self._sources:
            source.close()

    async def aclose(self) -> None:
        """As `close`, for `contextlib.aclosing`."""
        self.close()
        await asyncio.sleep(0)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E:
        while True:
            has_more = False
            for queue in self._queues:
                if queue.waiting:
                    return queue.take()
                has_more = has_more or not queue.is_ended
            if not has_more:
                for source in self._sources:
                    source.take_last()
                raise StopAsyncIteration
            await self._wait()

    async def _wait(self) -> None:
        if asyncio.get_running_loop() is not self._loop:
            raise UsageError("this stream belongs to another event loop; open one in a client of this loop")
        if self._waiter.future is not None:
            raise UsageError(
                "another task iterates over this stream; open a stream of its own with events() or latest()"
            )
        self._waiter.future = self._loop.create_future()
        try:
            await self._waiter.future
        finally:
            self._waiter.future = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
