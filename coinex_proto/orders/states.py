"""The states of an order and what may follow each: one table for all venues.

This module must not know any venue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

OrderState: TypeAlias = Literal["sending", "live", "filled", "cancelled", "refused", "unknown"]

TRANSITIONS: Final[Mapping[OrderState | None, tuple[OrderState, ...]]] = {
    None: ("sending", "live", "filled", "cancelled", "refused", "unknown"),
    "sending": ("live", "filled", "cancelled", "refused", "unknown"),
    "live": ("filled", "cancelled", "unknown"),
    "unknown": ("live", "filled", "cancelled", "refused"),
    "filled": (),
    "cancelled": (),
    "refused": (),
}
"""From each state, the states that may follow; None: not seen before (an order may have been placed elsewhere)."""

FINAL_STATES: Final = frozenset(state for state, following in TRANSITIONS.items() if not following)

CERTAINTY: Final[Mapping[OrderState | None, int]] = {
    None: 0,
    "sending": 1,
    "unknown": 2,
    "live": 3,
    "filled": 4,
    "cancelled": 4,
    "refused": 4,
}
"""Which state stays when two half-known orders turn out to be one."""


def state_diagram() -> str:
    """The table of states as a Mermaid diagram, for the documentation."""
    lines = ["stateDiagram-v2"]
    for state, following in TRANSITIONS.items():
        lines += [f"    {state or '[*]'} --> {to}" for to in following]
        lines += [f"    {state} --> [*]"] if not following else []
    return "\n".join(lines) + "\n"
