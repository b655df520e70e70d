"""The connection of a blocking client that a guard stands beside: the guard has a time of its own, and hears what was raised.

Clients without a guard do not run through here.
"""

from __future__ import annotations

import math
from typing import Protocol, final

from coinex_trio._io.blocking_io import BlockingIO


class Alarm(Protocol):
    """What is rung."""

    @property
    def at(self) -> float:
        """When it must be rung at the latest; it may say so at any time."""
        ...

    def ring(self) -> None:
        """Its time has come. It may take a while."""
        ...

    def raised(self) -> None:
        """A callback has raised, whose exception comes out behind this."""
        ...


@final
class GuardedIO(BlockingIO):
    """What one blocking client does with its transport, and when its alarm is rung."""

    alarm: Alarm | None = None

    def wakes_at(self) -> float:
        """When `turn` must be called at the latest, whatever the transport says."""
        at = math.inf if self.alarm is None else self.alarm.at
        return min(at, super().wakes_at())

    def turn(self) -> None:
        """Everything that can be done now, and the alarm behind it, since it may take a while."""
        alarm = self.alarm
        try:
            super().turn()
        except BaseException:
            if alarm is not None and not self.is_interrupted:
                alarm.raised()
            raise
        if alarm is not None and alarm.at <= self._core.now():
            alarm.ring()
