"""Requests that wait to leave: for the venue's rate limits, the limit of topic requests, or an answer that would be mistaken.

A request waits in the lane of its bucket. Nothing overtakes within a lane, except what waits for an earlier answer only.
Knows no socket and no venue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from coinex_proto._connection.agenda import Agenda, Item
from coinex_proto._connection.pending import Pending, PendingRequests, TopicRate
from coinex_proto._connection.token_bucket import Bucket
from coinex_proto.config import Rate

Lane: TypeAlias = tuple[str | None, bool]
"""Bucket, and whether the limit of topic requests holds as well."""


class SendQueue:
    """What may leave, and when; cheap to ask while nothing has changed, however much waits."""

    def __init__(
        self, limits: Mapping[str, Rate], requests_per_second: float, pending: PendingRequests, agenda: Agenda
    ) -> None:
        self._buckets = {name: Bucket(rate) for name, rate in limits.items()}
        self._topic_rate = TopicRate(requests_per_second)
        self._pending = pending
        self._agenda = agenda
        self.waiting: deque[Pending] = deque()
        """To be read only."""
        self._held: dict[Lane, float] = {}
        """The lanes whose first one may not leave yet, and when it may."""

    def __len__(self) -> int:
        return len(self.waiting)

    def __iter__(self) -> Iterator[Pending]:
        return iter(self.waiting)

    def free_at(self, pending: Pending, now: float) -> float:
        """When the limits let it leave; not after `now`: at once."""
        free_at = now
        if (bucket := pending.outgoing.bucket) is not None:
            free_at = now + self._buckets[bucket].wait(pending.outgoing.weight, now)
        if pending.is_topic_request:
            free_at = max(free_at, self._topic_rate.free_at())
        return free_at

    def take(self, pending: Pending, now: float) -> None:
        """It leaves: what the limits allow next is later by it."""
        if (bucket := pending.outgoing.bucket) is not None:
            self._buckets[bucket].take(pending.outgoing.weight, now)
        if pending.is_topic_request:
            self._topic_rate.take(now)

    def pause(self, pending: Pending, until: float) -> None:
        """The venue wants nothing more of this request's bucket before."""
        if (bucket := pending.outgoing.bucket) is not None:
            self._buckets[bucket].close(until)

    def add(self, pending: Pending, now: float) -> Iterator[Pending]:
        """One more; gives those that may leave now, each to be sent before the next is taken."""
        self.waiting.append(pending)
        if self.is_due(now):
            yield from self.release(now)
            return
        lane = _lane(pending)
        if lane in self._held or self._pending.is_blocked(pending.outgoing):
            return
        if (free_at := self.free_at(pending, now)) > now:
            self._held[lane] = free_at
            return
        self.waiting.pop()
        yield pending

    def hold(self, pending: Pending) -> None:
        """One more that may not leave before `release`: the agenda says when."""
        self.waiting.append(pending)

    def is_due(self, now: float) -> bool:
        """Whether `release` could find one; where nothing waits, nobody has to look again."""
        if not self.waiting:
            self._agenda.take(Item.SEND_QUEUE)
            return False
        return Item.SEND_QUEUE in self._agenda.at_once or any(free_at <= now for free_at in self._held.values())

    def release(self, now: float) -> Iterator[Pending]:
        """Those that may leave now, each to be sent before the next is taken."""
        self._agenda.take(Item.SEND_QUEUE)
        kept: deque[Pending] = deque()
        held: dict[Lane, float] = {}
        for pending in self.waiting:
            lane = _lane(pending)
            if lane in held or self._pending.is_blocked(pending.outgoing):
                kept.append(pending)
            elif (free_at := self.free_at(pending, now)) > now:
                held[lane] = free_at
                kept.append(pending)
            else:
                yield pending
        self.waiting, self._held = kept, held

    def next_deadline(self) -> float | None:
        """When the first of those that only the limits hold back may leave."""
        return min(self._held.values(), default=None) if self.waiting else None

    def take_all(self) -> list[Pending]:
        """Those that never left; nothing waits any more."""
        waiting = list(self.waiting)
        self.waiting.clear()
        return waiting


def _lane(pending: Pending) -> Lane:
    return pending.outgoing.bucket, pending.is_topic_request
