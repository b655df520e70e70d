"""Token buckets: how many requests of a group an account may still make.

A bucket holds one second's worth and refills evenly.  Source: CoinEx HTTP API v2, rate limits (depth is not published).
"""

from __future__ import annotations

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
