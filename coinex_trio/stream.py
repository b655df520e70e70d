"""Streams of events for `async for`, under trio."""

from __future__ import annotations

from functools import partial
from types import TracebackType
from typing import Generic, Self, TypeVar, final

import trio

from coinex_driver.stream_queue import StreamQueue
from coinex_proto import Event

E = TypeVar("E", bound=Event)


@final
class EventStream(Generic[E]):
    """Events, oldest first, for `async for`.

    While events wait, taking one is no checkpoint: a read brings many, and each switch of tasks costs more than the
    event. The stream lets go of its topics when it is closed, when its `async with` block ends, or when it is dropped.
    It ends when the client is stopped, raises `ConsumerTooSlow` when its queue was full, and what ended the client.
    """

    def __init__(self, source: StreamQueue[E]) -> None:
        self._source = source
        self._queue = source.queue
        self._lot = trio.lowlevel.ParkingLot()
        self._queue.wake = partial(_wake, self._lot)

    @property
    def skipped(self) -> int:
        """Events that `latest()` replaced by newer ones before they were taken."""
        return self._source.skipped

    def close(self) -> None:
        """End the stream; its topics are let go of."""
        self._source.close()

    async def aclose(self) -> None:
        """As `close`, for `contextlib.aclosing`."""
        self._source.close()
        await trio.lowlevel.checkpoint()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E:
        queue = self._queue
        while not queue.waiting:
            if queue.is_ended:
                await trio.lowlevel.checkpoint()
                self._source.take_last()
                raise StopAsyncIteration
            await self._lot.park()
        return queue.take()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.close()


def _wake(lot: trio.lowlevel.ParkingLot) -> None:
    # No method of the stream: the queue must not keep a dropped stream alive.
    lot.unpark_all()
