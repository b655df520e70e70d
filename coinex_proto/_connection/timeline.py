"""The session's time: what the caller's clock says, with the sleep that it does not count, and what the wall clock makes of it.

Monotonic clocks stand still while a machine sleeps; the wall clock goes on, but is also set, forwards and backwards. A wall
clock that runs ahead of `now` by a jump is taken for sleep, which is counted; one that falls behind was set, and is followed.
Either way nothing that is kept looks younger than it is. Knows no connection and no venue; both clocks are arguments.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, final

JUMP: Final = 2.0
"""Seconds by which the two clocks must part between two inputs to be a jump: more than a busy machine puts between two reads."""
NOISE: Final = 0.001
"""Seconds: two clocks are never read at the same moment."""
UNIX: Final = 1e9
"""A `now` above this reads as Unix time (since 2001); one below is an up-time, and stays what it is in all stamps."""


@final
class Timeline:
    """The time of one session. It never goes back, and counts sleep."""

    __slots__ = ("_base", "_last_wall_ns", "_shift", "_wall_time_ns", "jumps", "slept", "steps")

    def __init__(self, wall_time_ns: Callable[[], int]) -> None:
        self._wall_time_ns = wall_time_ns
        self._base: float | None = None
        self._last_wall_ns: int | None = None
        self._shift = 0.0
        self.slept: float = 0.0
        """Seconds of sleep so far that the caller's clock did not count."""
        self.jumps: int = 0
        """How often the wall clock ran ahead by more than `JUMP`: the machine slept, or its time was set forwards."""
        self.steps: int = 0
        """How often it jumped either way: what was measured against it before is worth nothing."""

    def at(self, now: float) -> float:
        """The time of the session at `now`; a jump of the wall clock since the last call is counted."""
        time = now + self.slept
        wall_ns = self._wall_time_ns()
        if wall_ns == self._last_wall_ns:
            return time  # one that does not move, as in a test, says nothing
        self._last_wall_ns = wall_ns
        if self._base is None:
            return self._begin(now, wall_ns / 1e9)
        drift = wall_ns / 1e9 - self._base - time - self._shift
        if -NOISE < drift < NOISE:
            return time
        if abs(drift) >= JUMP:
            self.steps += 1
            if drift > 0:
                self.jumps += 1
                self.slept += drift
                return now + self.slept
        self._shift += drift
        return time

    def _begin(self, now: float, wall: float) -> float:
        self._base = 0.0 if now >= UNIX else wall - now
        shift = wall - self._base - now
        self._shift = shift if abs(shift) >= NOISE else 0.0
        return now

    def peek(self, now: float) -> float:
        """As `at`, but nothing is kept."""
        time = now + self.slept
        if self._base is None:
            return time
        drift = self._wall_time_ns() / 1e9 - self._base - time - self._shift
        return time + drift if drift >= JUMP else time

    def by_wall(self) -> float:
        """The time of the session by the wall clock alone, where the caller's is not known; -inf before the first input."""
        if self._base is None:
            return -math.inf
        return self._wall_time_ns() / 1e9 - self._base - self._shift

    def stamp(self, time: float) -> float:
        """What the wall clock, as it is set now, reads at a time of the session."""
        return time + self._shift

    def unix(self, time: float) -> float:
        """The same in Unix seconds, also where the caller's clock begins elsewhere."""
        return self.stamp(time) + (self._base or 0.0)

    def from_stamp(self, stamp: float) -> float:
        """The other way round."""
        return stamp - self._shift

    def for_caller(self, time: float) -> float:
        """The caller's `now` at which the session has this time, and never one that is too early by a rounding."""
        if not self.slept or time == -math.inf:
            return time
        now = time - self.slept
        while now + self.slept < time:
            now = math.nextafter(now, math.inf)
        return now
