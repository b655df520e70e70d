"""What a user subscribes to: one market (or all) of one kind of data.

A topic is not a request: you can subscribe to it at any time, and the session keeps it subscribed across connections. This module
must not know any venue.
"""

from __future__ import annotations

from typing import ClassVar, Final, Generic, Protocol, TypeVar

from attrs import frozen

from coinex_proto.ids import TopicKey
from coinex_proto.updates import Event, Update

MISSED_PUSHES: Final = 20
"""How many pushes of a feed with a documented rate may be missing before it counts as silent."""
SHORTEST_SILENCE: Final = 10.0
"""Seconds. Anything shorter does not count as silence, however fast the feed is: networks stall for seconds."""

E_co = TypeVar("E_co", bound=Event, covariant=True)


def wide(key: TopicKey) -> TopicKey:
    """The key of the topic that covers all markets of this one's kind."""
    return (key[0], None, *key[2:])


def is_wide(key: TopicKey) -> bool:
    """Whether this key stands for all markets."""
    return key[1] is None


class Merger(Protocol):
    """Turns changes into complete updates, for one topic."""

    def merge(self, update: Update) -> Update | None:
        """What the topic delivers after this update; None while no complete state is known."""
        ...

    def reset(self) -> None:
        """The connection or the subscription is new: discard everything known before."""
        ...

    def missed(self) -> None:
        """An update could not be read: no complete state is known until the topic is subscribed to again (`reset`)."""
        ...


@frozen
class Topic(Generic[E_co]):
    """One market (or all) and the event `E` that it delivers.

    `key` equals the `topic_key` of the updates that belong to it, and identifies callbacks, streams, trust and book. Two
    topics with the same key and different parameters cannot be subscribed at the same time.
    """

    event: ClassVar[type[Event]]
    """The class of event that callbacks and streams of this topic receive."""
    is_private: ClassVar[bool] = False
    """True: needs credentials, and becomes live when acknowledged; a public one becomes live with its first push."""
    is_whole_state: ClassVar[bool] = False
    """True: each push replaces the one before, so that `latest()` may skip."""
    pushed_every: ClassVar[float | None] = None
    """Seconds between pushes, if the venue documents a rate; None if it does not, or pushes only changes."""

    @property
    def key(self) -> TopicKey:
        """Kind and market (None: all)."""
        raise NotImplementedError(f"{type(self).__name__} has no key")

    @property
    def every_read(self) -> bool:
        """For a book: True gives one `BookChanged` per read, False one per push. What you see is verified either way."""
        return False

    @property
    def silent_after(self) -> float | None:
        """Seconds without a push after which a live topic is `Lost` and subscribed to again; None: only `Config.silent_after`."""
        return None if self.pushed_every is None else max(MISSED_PUSHES * self.pushed_every, SHORTEST_SILENCE)

    def is_pushed_at(self, at: float) -> bool:
        """Whether the venue keeps its documented rate at this time (Unix seconds); False outside market hours, if it has any."""
        return True

    def merger(self) -> Merger | None:
        """A new, empty merger, if pushes are changes (classes with `Update.is_merged`); None if each is complete."""
        return None
