"""The connection of a blocking client that a guard stands beside: the guard has a time of its own, and hears what was raised.

Clients without a guard do not run through here.
"""

from __future__ import annotations

import math
import ssl
from typing import TYPE_CHECKING, Protocol, final

from coinex_driver.client_core import ClientCore
from coinex_proto import Session
from coinex_trio._io.blocking_io import BlockingIO
from coinex_trio._io.blocking_lines import BlockingLines
from coinex_trio.network import Network

if TYPE_CHECKING:
    _Base = BlockingIO
else:
    _Base = object


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


class _Guarded(_Base):
    """Before one socket or several: when the alarm is rung."""

    alarm: Alarm | None = None
    guarded_core: ClientCore

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
        if alarm is not None and alarm.at <= self.guarded_core.now():
            alarm.ring()


@final
class GuardedIO(_Guarded, BlockingIO):
    """What one blocking client does with its transport, and when its alarm is rung."""


@final
class GuardedLines(_Guarded, BlockingLines):
    """The same for a client with several sockets."""


def guarded_io(core: ClientCore, network: Network, ssl_context: ssl.SSLContext | None) -> GuardedIO | GuardedLines:
    """For a client with a guard: one socket, or as many as it needs."""
    made: GuardedIO | GuardedLines
    if isinstance(core.session, Session):
        made = GuardedIO(core, core.session, network, ssl_context)
    else:
        made = GuardedLines(core, network, ssl_context)  # type: ignore[call-arg]  # the checker sees one of its bases
    made.guarded_core = core
    return made
