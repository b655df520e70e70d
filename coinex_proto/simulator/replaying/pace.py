"""The time of a replay: where in the recording it stands, and when on the host's clock something of it is due."""

from __future__ import annotations

import math
from typing import Final

SETTLES: Final = 0.25
"""Seconds from the last subscription until a market that stood still moves: who subscribes to several topics gets them all."""


class Pace:
    """Recorded time against the host's: it passes `speed` times as fast, and not at all while nobody listens."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        """Infinite: as fast as the slowest client reads."""
        self.is_paused = False
        self._began: float | None = None
        """On the host's clock, where the recording stood at `_from`; None: it stands still."""
        self._from = math.nan

    @property
    def is_moving(self) -> bool:
        return self._began is not None and not self.is_paused

    def due(self, recorded: float) -> float:
        """When, on the host's clock, this moment of the recording has come; infinity while it stands still."""
        if self._began is None or self.is_paused:
            return math.inf
        if math.isnan(self._from):
            self._from = recorded
        return self._began + max(0.0, recorded - self._from) / self.speed

    def settle(self, now: float, recorded: float) -> None:
        """Somebody has subscribed: a market that stands still, or was about to move, moves soon."""
        if self._began is None or self._began > now:
            self._began, self._from = now + SETTLES, recorded

    def stand(self) -> None:
        """Nobody listens any more."""
        self._began = None

    def anchor(self, now: float, recorded: float) -> None:
        """From now on it passes as it is told, from where it stands: after a change of speed, or a pause."""
        if self._began is not None:
            self._began, self._from = max(now, self._began), recorded
