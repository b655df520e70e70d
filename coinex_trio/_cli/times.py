"""Times and speeds of recordings as they are said on a command line."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import click


def moment(text: str | None) -> float | None:
    """Unix seconds, or ISO 8601 (UTC where no zone is said)."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is neither Unix seconds nor a time such as 2026-11-28T22:05:00") from None
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()


def speed_of(text: str) -> float:
    """A factor, or max."""
    if text == "max":
        return math.inf
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < math.inf:
        raise click.BadParameter(f"{text!r} is neither a number above 0 nor max")
    return found
