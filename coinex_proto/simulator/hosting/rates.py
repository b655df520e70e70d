"""Rate limits: token buckets, which hold one second's worth and refill evenly, and sliding windows.

Source: CoinEx HTTP API v2, rate limits (depth is not published); CoinFLEX API v1, error 6.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from attrs import define

ROUNDING: Final = 1e-6
"""Refilling adds floats: a unit that is all but there counts."""


@define(eq=False)
class Bucket:
    """What is left of one group."""

    per_second: int
    left: float
    filled_at: float

    def take(self, cost: int, now: float) -> bool:
        """Spend units; False when there are too few, and then none is spent."""
        self.left = min(float(self.per_second), self.left + (now - self.filled_at) * self.per_second)
        self.filled_at = now
        if self.left + ROUNDING < cost:
            return False
        self.left = max(0.0, self.left - cost)
        return True


class Buckets:
    """Buckets of all accounts."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[int, str], Bucket] = {}

    def bucket(self, owner: int, group: str, per_second: int, now: float) -> Bucket:
        """The bucket of this account and group, full when it is new."""
        found = self._buckets.get((owner, group))
        if found is None:
            found = self._buckets[owner, group] = Bucket(per_second, float(per_second), now)
        return found


class Window:
    """At most so many in any span of so many seconds."""

    def __init__(self, most: int, seconds: float) -> None:
        self._seconds = seconds
        self._times: deque[float] = deque(maxlen=most)

    def take(self, now: float) -> bool:
        """Count one; False when it is one too many, and then it does not count."""
        times = self._times
        if len(times) == times.maxlen and times[0] > now - self._seconds:
            return False
        times.append(now)
        return True
