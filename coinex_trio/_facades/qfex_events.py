"""The events of both QFEX sockets as one iterator. Must not import trio."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Generic, Self, TypeVar, final

from coinex_proto import Event
from coinex_trio.iterator import Events

E = TypeVar("E", bound=Event)

SLICE: Final = 0.02
"""Seconds that one of two background threads is waited for before the other is looked at."""


@final
class QfexEvents(Generic[E]):
    """Events of one socket or of both, oldest first for each; each `next` that finds none waits for one."""

    def __init__(self, streams: Sequence[Events[E]], open_all: Callable[[], None], seconds: float) -> None:
        self._streams = tuple(streams)
        self._open_all = open_all
        self._seconds = seconds
        self._until: float | None = None

    @property
    def skipped(self) -> int:
        """Events that `latest()` replaced by newer ones before they were taken."""
        return sum(stream.skipped for stream in self._streams)

    def close(self) -> None:
        """End the stream; its topics are let go of."""
        for stream in self._streams:
            stream.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> E:
        while True:
            for stream in self._streams:
                if stream._batch or self._waiting(stream):
                    return next(stream)
            self._wait()

    def _waiting(self, stream: Events[E]) -> bool:
        return stream._driver._inspect(lambda: stream._queue.waiting > 0)

    def _wait(self) -> None:
        """Until something is there; ends the iteration with time, or when every part has ended."""
        if not self._streams:
            raise StopIteration
        self._open_all()
        now = self._streams[0]._driver._now
        if self._until is None:
            self._until = now() + self._seconds
        if now() >= self._until:
            self.close()
            raise StopIteration
        if all(stream._queue.is_ended for stream in self._streams):
            for stream in self._streams:
                stream._driver._inspect(stream._stream.take_last)
            raise StopIteration
        self._watch(self._until)

    def _watch(self, until: float) -> None:
        first = self._streams[0]._driver
        if not first._has_thread:
            first._until(self._is_due, until, "events()")
            return
        for stream in self._streams:
            stream._driver._until(
                lambda stream=stream: stream._queue.waiting > 0 or stream._queue.is_ended,  # type: ignore[misc]
                min(until, first._now() + SLICE),
                "events()",
            )

    def _is_due(self) -> bool:
        return any(stream._queue.waiting for stream in self._streams) or all(
            stream._queue.is_ended for stream in self._streams
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
