"""Token buckets: a venue's rate limits.

A bucket is one number, the moment at which it will be full again; there is nothing to refill and so no rounding that
adds up. This module must not know any venue or clock: `now` is an argument.
"""

from __future__ import annotations

import math
from typing import final

from coinex_proto.config import Rate
from coinex_proto.errors import UsageError

_TOLERANCE = 1e-6
"""Seconds that do not count as waiting: `now` plus the time to wait may round to just before the moment meant."""


@final
class Bucket:
    """How soon something of a given weight may leave."""

    __slots__ = ("_depth", "_full_at", "_rate")

    def __init__(self, rate: Rate) -> None:
        """A full bucket. Raises `UsageError` for a rate that never refills."""
        if not (0 < rate.per_second < math.inf and 0 <= rate.burst < math.inf):
            raise UsageError(f"{rate}: per_second must be above 0, burst at least 0, both finite")
        self._rate = rate
        self._depth = rate.burst / rate.per_second
        self._full_at = -math.inf

    def wait(self, weight: float, now: float) -> float:
        """Seconds until so much can be taken; 0.0 means now.

        After exactly that time it is 0.0, whatever the floats round to. A weight above the burst needs a full bucket.
        """
        if weight <= 0:
            return 0.0
        needed = min(weight, self._rate.burst) / self._rate.per_second
        seconds = self._full_at - (self._depth - needed) - now
        return seconds if seconds > max(_TOLERANCE, 4 * math.ulp(now)) else 0.0

    def close(self, until: float) -> None:
        """Nothing can be taken before, and what can be afterwards comes in at the rate: the bucket is empty then."""
        self._full_at = max(self._full_at, until + self._depth)

    def take(self, weight: float, now: float) -> None:
        """Takes so much, whether it is there or not: what is taken too early is waited for later."""
        if weight > 0:
            self._full_at = max(self._full_at, now) + weight / self._rate.per_second
