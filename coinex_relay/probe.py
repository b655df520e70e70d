"""Whether what the server sends is of now, without I/O: a message to oneself comes back behind everything that was sent before it.

Heartbeats alone do not tell: on a way that is too narrow they come late at their pace, as the data do. Must not know NATS.
"""

from __future__ import annotations

import math
from typing import Final, final

from coinex_relay.messages import OLD_AFTER

PROBE_EVERY: Final = 1.0
"""Seconds between two probes: with `OLD_AFTER` what bounds the age of what is trusted."""
LATE: Final = 0.1
"""Seconds after its time at which a deadline is served late: what has come meanwhile is still to be read."""


@final
class Grace:
    """A deadline that, asked for late, waits once for what has come meanwhile to be read."""

    def __init__(self) -> None:
        self._until: float | None = None

    def at(self, due: float) -> float:
        """When to ask."""
        return due if self._until is None else self._until

    def is_over(self, due: float, now: float) -> bool:
        """Whether it has passed."""
        if now < self.at(due):
            return False
        if self._until is None and now - due > LATE:
            self._until = now + LATE
            return False
        self._until = None
        return due <= now


@final
class Probe:
    """The way from the server to this consumer."""

    def __init__(self) -> None:
        self.is_late: bool = False
        """The last answer took too long, or is missing: what comes may be old."""
        self._number = 0
        self._sent_at: float | None = None
        self._due_at = -math.inf
        self._grace = Grace()

    def next_deadline(self) -> float:
        """When `has_failed` and `next` must be asked."""
        if self._sent_at is None:
            return self._due_at
        return math.inf if self.is_late else self._grace.at(self._sent_at + OLD_AFTER)

    def has_failed(self, now: float) -> bool:
        """Whether it is late from now on, and was not."""
        if self.is_late or self._sent_at is None or not self._grace.is_over(self._sent_at + OLD_AFTER, now):
            return False
        self.is_late = True
        return True

    def next(self, now: float) -> int | None:
        """The number of a probe that is to be sent now."""
        if self._sent_at is not None or now < self._due_at:
            return None
        self._number += 1
        self._sent_at, self._due_at = now, now + PROBE_EVERY
        return self._number

    def answered(self, number: int, now: float) -> None:
        """It has come back."""
        if number != self._number or self._sent_at is None:
            return
        self.is_late = self.is_late and now - self._sent_at > OLD_AFTER
        self._sent_at = None
        self._grace = Grace()
