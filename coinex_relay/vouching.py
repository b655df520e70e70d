"""When a relay may send a heartbeat, which says that what it published before is of now; without I/O.

Not while the server's word on earlier ones is overdue, since the data wait as long; and not after a stop of the process, before it has
caught up with the venue. Must not know NATS.
"""

from __future__ import annotations

import math
from typing import Final, final

from coinex_relay.messages import OLD_AFTER

ALONE_EVERY: Final = 3.0
"""Seconds between heartbeats that only find out whether the way is free again: too rare to count as alive."""


@final
class Vouching:
    """What stands between a relay and its next heartbeat."""

    def __init__(self) -> None:
        self.is_catching_up: bool = False
        """What the venue sent during a stop of the process may still be unread."""
        self._unanswered: dict[int, float] = {}
        self._full_since: float | None = None
        self._is_slow = False
        self._last_at = -math.inf

    def may_beat(self, now: float) -> bool:
        """Whether one is to be sent now, which then counts as sent."""
        since = next(iter(self._unanswered.values()), self._full_since)
        if since is not None and now - since > OLD_AFTER:
            self._is_slow = True
        is_alone = since is None or now - self._last_at >= ALONE_EVERY
        if self.is_catching_up or (self._is_slow and not is_alone):
            return False
        self._last_at = now
        return True

    def written(self, number: int, now: float) -> None:
        """A heartbeat of this number left for the server."""
        self._unanswered[number] = now

    def answered(self, number: int, now: float) -> None:
        """The server has something to say of it, and so has had all before it."""
        at = self._unanswered.get(number)
        if at is None:
            return
        self._is_slow = now - at > OLD_AFTER
        self._unanswered = {other: since for other, since in self._unanswered.items() if other > number}

    def reconnected(self) -> None:
        """What was written before gets no answer."""
        self._unanswered.clear()

    def filled(self, now: float) -> None:
        """The server takes nothing more for now."""
        if self._full_since is None:
            self._full_since = now

    def drained(self) -> None:
        """Nothing waits."""
        self._full_since = None
