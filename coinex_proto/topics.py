"""What a user subscribes to: one market (or all) of one kind of data.

A topic is not a request: it may be subscribed to at any time, and the session sees to it across connections. This module
must not know any venue.
"""

from __future__ import annotations

from typing import ClassVar, Final, Generic, Protocol, TypeVar

from attrs import frozen

from coinex_proto.ids import TopicKey
from coinex_proto.updates import Event, Update

MISSED_PUSHES: Final = 20
"""So many pushes of a feed with a documented pace may fail to come before it counts as silent."""
SHORTEST_SILENCE: Final = 10.0
"""Seconds: less than this is no silence, however quick a feed is; networks stall for seconds."""

E_co = TypeVar("E_co", bound=Event, covariant=True)


def wide(key: TopicKey) -> TopicKey:
    """The key of the topic that covers all markets of this one's kind."""
    return (key[0], None, *key[2:])


def is_wide(key: TopicKey) -> bool:
    """Whether this key stands for all markets."""
    return key[1] is None


class Merger(Protocol):
    """Makes whole updates of differences, for one topic."""

    def merge(self, update: Update) -> Update | None:
        """What the topic brings after this update; None while no whole one is known."""
        ...

    def reset(self) -> None:
        """The connection or the subscription is new: nothing known before counts any more."""
        ...

    def missed(self) -> None:
        """An update could not be read: no whole one is known before the topic is asked for again (`reset`)."""
        ...


@frozen
class Topic(Generic[E_co]):
    """One market (or all) and the event `E` that it brings.

    `key` equals the `topic_key` of the updates that belong to it and leads to callbacks, streams, trust and book. Two
    topics with one key and different parameters cannot be wanted at once.
    """

    event: ClassVar[type[Event]]
    """The class of event that callbacks and streams of this topic get."""
    is_private: ClassVar[bool] = False
    """True: needs credentials, and is live with its acknowledgement; a public one is live with its first push."""
    is_whole_state: ClassVar[bool] = False
    """True: each push replaces the one before, so that `latest()` may skip."""
    pushed_every: ClassVar[float | None] = None
    """Seconds from one push to the next, where the venue documents a pace; None: it does not, or pushes on change only."""

    @property
    def key(self) -> TopicKey:
        """Kind and market (None: all)."""
        raise NotImplementedError(f"{type(self).__name__} has no key")

    @property
    def every_read(self) -> bool:
        """Of a book: True gives one `BookChanged` a read, False one a push; what is shown is proved either way."""
        return False

    @property
    def silent_after(self) -> float | None:
        """Seconds without a push after which a live topic is `Lost` and asked for again; None: `Config.silent_after` alone."""
        return None if self.pushed_every is None else max(MISSED_PUSHES * self.pushed_every, SHORTEST_SILENCE)

    def is_pushed_at(self, at: float) -> bool:
        """Whether the venue keeps the documented pace at this time (Unix seconds): not outside market hours, where it has any."""
        return True

    def merger(self) -> Merger | None:
        """New and empty, where pushes are differences (classes with `Update.is_merged`); None: each stands for itself."""
        return None
