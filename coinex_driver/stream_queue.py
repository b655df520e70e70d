"""An open stream of one client: its queue, and its hold on the topics it was opened with.

Each driver puts its own way of waiting on top. Whoever closes a `StreamQueue`, or just drops it, lets go of its topics; the
queue inside does not know it, so that nothing keeps a dropped one alive. Must not know trio, sockets or threads.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from coinex_driver.client_core import ClientCore
from coinex_proto import ConsumerTooSlow, Event, Topic
from coinex_proto.delivery.streams import Latest, Queue

E = TypeVar("E", bound=Event)


class StreamQueue(Generic[E]):
    """What a stream of any driver reads from."""

    def __init__(self, core: ClientCore, queue: Queue[E] | Latest[E], topics: tuple[Topic[Any], ...]) -> None:
        self.queue = queue
        self._core = core
        if core.is_stopping or core.is_over:
            queue.end()
        try:
            core.hold(topics, queue, queue.end, self)
        except BaseException:
            queue.end()
            raise

    @property
    def skipped(self) -> int:
        """Events that a newer one of their topic replaced before they were taken; always 0 where nothing may be lost."""
        return self.queue.skipped if isinstance(self.queue, Latest) else 0

    def take_last(self) -> E | None:
        """What to do once the queue has ended and nothing waits: raises `ConsumerTooSlow` or what ended the client.

        None: it ended in good order.
        """
        self.close()
        try:
            return self.queue.take()
        except ConsumerTooSlow as error:
            self._core.note_trouble(type(error).__name__, str(error))
            raise
        except IndexError:
            if self._core.error is not None:
                raise self._core.error from None
            return None

    def close(self) -> None:
        """Takes no more events and lets go of the topics. Twice is once."""
        self._core.release(self.queue)


def lossless(core: ClientCore, wanted: tuple[type[E] | Topic[E], ...]) -> StreamQueue[E]:
    """A stream that loses nothing; bounded by `Config.queue_size`."""
    topics = tuple(one for one in wanted if isinstance(one, Topic))
    return StreamQueue(core, Queue(core.stream_callbacks, *wanted, size=core.config.queue_size), topics)


def latest(core: ClientCore, topics: tuple[Topic[E], ...]) -> StreamQueue[E]:
    """A stream that keeps the newest event of each topic."""
    return StreamQueue(core, Latest(core.stream_callbacks, *topics), topics)
