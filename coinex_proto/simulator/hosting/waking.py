"""Which markets wake when: waking one takes milliseconds, and a subscription to a thousand must not freeze the server.

A market wakes once the request that names it has been answered; of many, one wakes after the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from coinex_proto.simulator.market.market import Market

WOKEN_FIRST: Final = 16
MOMENT: Final = 0.2
"""Seconds in which so many that are named in requests go before all others."""
WAKING_EVERY: Final = 0.005
"""Seconds: 200 markets a second."""


class Waking:
    """The markets that somebody looks at and that sleep still."""

    def __init__(self, markets: Mapping[str, Market], wake: Callable[[str], object]) -> None:
        self._markets, self._wake = markets, wake
        self._first: dict[str, None] = {}
        self._sleepers: dict[str, None] = {}
        self.next_at: float = math.inf
        """When the next one wakes."""
        self._last_at = -math.inf
        self._woken_at, self._woken = -math.inf, 0
        """Since when the markets are counted that go first, and how many they are."""

    def soon(self, key: str, now: float) -> None:
        """Before others, while there are few of them."""
        if self._markets[key].is_awake or key in self._first:
            return
        if now >= self._woken_at + MOMENT:
            self._woken_at, self._woken = now, 0
        if self._woken < WOKEN_FIRST:
            self._woken += 1
            self._first[key] = None
            self._sleepers.pop(key, None)
            self.next_at = min(self.next_at, max(now, self._last_at + WAKING_EVERY))
        else:
            self.later(key, now)

    def later(self, key: str, now: float) -> None:
        """When it is its turn."""
        if not self._markets[key].is_awake:
            self._sleepers[key] = None
            self.next_at = min(self.next_at, now + WAKING_EVERY)

    def act(self, at: float) -> None:
        """Wake the one whose turn it is."""
        if self.next_at > at:
            return
        row = self._first or self._sleepers
        key = next(iter(row))
        del row[key]
        self._last_at = at
        self._wake(key)
        self.next_at = at + WAKING_EVERY if self._first or self._sleepers else math.inf

    def relieve(self, now: float) -> None:
        """The machine is behind: whoever is overdue lets others go first."""
        if self.next_at <= now:
            self.next_at = now + WAKING_EVERY
