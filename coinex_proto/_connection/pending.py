"""Requests of one connection that wait for an answer, and whom an answer belongs to.

Knows keys, deadlines and order; not what a request is for, nor the venue. Those that have not left yet: `_departures.py`.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any

from attrs import Factory, define, field

from coinex_proto._connection.agenda import Agenda, Item
from coinex_proto.commands import Command, Outgoing
from coinex_proto.events import Failed
from coinex_proto.ids import OLDEST, ReplyKey, RequestId

MAX_REQUESTS = 1024
"""So many requests may wait at once; more would only hide that the venue is not answering."""


class Purpose(Enum):
    """Who wants the answer."""

    CALLER = "caller"
    OPENING = "opening"
    OPENING_CLOCK = "opening clock"
    PING = "ping"
    CLOCK = "clock"
    SERVER = "server"


@define(eq=False)
class Pending:
    """One request on its way."""

    request_id: RequestId
    command: Command[Any]
    outgoing: Outgoing = field(repr=False)
    purpose: Purpose
    is_topic_request: bool = False
    """It is a topic request: the limit of topic requests holds for it too."""
    sent_at: float = 0.0
    sent_wall_ns: int = 0
    deadline: float = 0.0
    has_ended: bool = False
    """Its caller has its outcome; it only keeps its place for an answer that comes late."""
    parts: set[str] = Factory(
        lambda self: set(self.outgoing.parts) if self.purpose is Purpose.CALLER else set(), takes_self=True
    )
    """Those of `Outgoing.parts` that have no answer yet."""
    failure: Failed | None = None
    """What the request as a whole ends in, once a part of it was refused that nobody is told of by itself."""
    unnamed: int = 0
    """Answers of parts that did not say which one."""


class PendingRequests:
    """The table of pending requests."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self.optional = 0
        """How many of them need not be answered, so that what they ask for may show before."""
        self.waiting: dict[RequestId, Pending] = {}
        """By id, in the order in which they left; to be read only."""
        self._by_key: dict[ReplyKey, list[Pending]] = {}
        self._deadlines: list[tuple[float, RequestId]] = []
        """Also of requests that are over, until their time comes: ids only, since a request may hold a secret."""
        self._late: dict[ReplyKey, None] = {}
        """Keys of the latest that timed out and keep no place any more, in the order in which they were given up."""

    def __len__(self) -> int:
        return len(self.waiting)

    def __iter__(self) -> Iterator[Pending]:
        return iter(self.waiting.values())

    def find(self, request_id: RequestId) -> Pending | None:
        """The request with this id, while it waits."""
        return self.waiting.get(request_id)

    def is_blocked(self, outgoing: Outgoing) -> bool:
        """Whether an earlier request could take this one's answer for its own."""
        return any(key in self._by_key for key in outgoing.keys)

    def sent(self, pending: Pending, now: float, wall_ns: int, timeout: float) -> None:
        """Its text has left: from now on it waits for its answer."""
        pending.sent_at = now
        pending.sent_wall_ns = wall_ns
        self.waiting[pending.request_id] = pending
        self.optional += pending.outgoing.is_reply_optional
        for key in pending.outgoing.keys:
            self._by_key.setdefault(key, []).append(pending)
        self._set_deadline(pending, now + timeout)

    def keep_place(self, pending: Pending, until: float) -> None:
        """Its caller knows that it timed out; a late answer shall still find it, not its successor."""
        pending.has_ended = True
        self._set_deadline(pending, until)

    def match(self, keys: Sequence[ReplyKey]) -> Pending | None:
        """The request that an answer with these keys belongs to; taken out, unless more answers to it will come."""
        for key in keys:
            if key is OLDEST:
                found = next(iter(self.waiting.values()), None)
            else:
                found = next(iter(self._by_key.get(key, ())), None)
            if found is not None:
                if not found.parts:
                    self.remove(found)
                return found
        return None

    def give_up(self, pending: Pending) -> None:
        """It has timed out, and keeps its place no longer: an answer that comes even so is no stray."""
        self.remove(pending)
        for key in pending.outgoing.keys:
            self._late.pop(key, None)
            self._late[key] = None
        while len(self._late) > MAX_REQUESTS:
            del self._late[next(iter(self._late))]

    def is_late(self, keys: Sequence[ReplyKey]) -> bool:
        """Whether an answer that nobody waits for may be to a request that was given up; true once for each."""
        found = [key for key in keys if key in self._late]
        for key in found:
            del self._late[key]
        return bool(found)

    def remove(self, pending: Pending) -> None:
        """It is over."""
        self._agenda.add(Item.SEND_QUEUE)
        del self.waiting[pending.request_id]
        self.optional -= pending.outgoing.is_reply_optional
        for key in pending.outgoing.keys:
            holders = self._by_key[key]
            holders.remove(pending)
            if not holders:
                del self._by_key[key]

    def hurry(self, pending: Pending, until: float) -> None:
        """It is waited for no longer than this."""
        if until < pending.deadline:
            self._set_deadline(pending, until)

    def next_deadline(self) -> float | None:
        """When the next of them times out."""
        heap = self._deadlines
        while heap:
            due, request_id = heap[0]
            pending = self.waiting.get(request_id)
            if pending is not None and pending.deadline == due:
                return due
            heapq.heappop(heap)
        return None

    def expired(self, now: float) -> list[Pending]:
        """Those whose deadline has passed, in the order of their deadlines."""
        found = []
        while (due := self.next_deadline()) is not None and due <= now:
            found.append(self.waiting[heapq.heappop(self._deadlines)[1]])
        return found

    def take_all(self) -> list[Pending]:
        """Those that wait, in the order in which they were sent; the table is empty then."""
        sent = list(self.waiting.values())
        self.waiting.clear()
        self.optional = 0
        self._by_key.clear()
        self._deadlines.clear()
        self._late.clear()
        return sent

    def _set_deadline(self, pending: Pending, deadline: float) -> None:
        pending.deadline = deadline
        heapq.heappush(self._deadlines, (deadline, pending.request_id))


class TopicRate:
    """At most so many a second, counted in any window, with no pause before they are used up."""

    def __init__(self, per_second: float) -> None:
        count = max(1, int(min(per_second, MAX_REQUESTS)))
        self._window = count / per_second
        self._last: deque[float] = deque(maxlen=count)

    def free_at(self) -> float:
        """The earliest time of the next one."""
        return self._last[0] + self._window if len(self._last) == self._last.maxlen else -math.inf

    def take(self, now: float) -> None:
        """One was sent."""
        self._last.append(now)
