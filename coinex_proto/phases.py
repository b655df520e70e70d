"""The life of one connection as one table.

`Connection` moves along this table and nowhere else; the diagram in the documentation is drawn from it.
"""

from __future__ import annotations

from enum import Enum
from typing import Final


class Phase(Enum):
    """Where a connection stands."""

    NEW = "new"
    UPGRADING = "upgrading"
    """The upgrade request is out."""
    OPENING = "opening"
    """A WebSocket; the opening commands (sign-in) are being answered."""
    READY = "ready"
    """Commands may be sent."""
    CLOSING = "closing"
    """Our Close frame is out; waiting for the peer's, or for the end of its data."""
    CLOSED = "closed"
    """Over; what is left to send may be flushed."""


class Step(Enum):
    """What moves it on."""

    START = "start()"
    UPGRADED = "101 Switching Protocols"
    OPENED = "last answer of the opening"
    CLOSE = "close(), login refused"
    END = "peer closed, end of data, error, time-out"


PHASES: Final[dict[tuple[Phase, Step], Phase]] = {
    (Phase.NEW, Step.START): Phase.UPGRADING,
    (Phase.NEW, Step.CLOSE): Phase.CLOSED,
    (Phase.UPGRADING, Step.UPGRADED): Phase.OPENING,
    (Phase.UPGRADING, Step.CLOSE): Phase.CLOSED,
    (Phase.UPGRADING, Step.END): Phase.CLOSED,
    (Phase.OPENING, Step.OPENED): Phase.READY,
    (Phase.OPENING, Step.CLOSE): Phase.CLOSING,
    (Phase.OPENING, Step.END): Phase.CLOSED,
    (Phase.READY, Step.CLOSE): Phase.CLOSING,
    (Phase.READY, Step.END): Phase.CLOSED,
    (Phase.CLOSING, Step.END): Phase.CLOSED,
}
"""Anything that is not in the table cannot happen; our own code guarantees it."""


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    rows = [f"    {old.value} --> {new.value}: {step.value}" for (old, step), new in PHASES.items()]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {Phase.NEW.value}", *rows, f"    {Phase.CLOSED.value} --> [*]"])
