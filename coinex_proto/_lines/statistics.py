"""What several lines have counted: each its own, and the sums. Knows no venue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import final

from attrs import fields, frozen

from coinex_proto.statistics import Statistics


@final
@frozen(kw_only=True)
class LineStatistics:
    """One line's part of the statistics."""

    line: int
    topics: int
    """Topics subscribed on it."""
    statistics: Statistics
    firsts: int
    """Of two lines at once: how often it brought something that the other brought later."""
    lead: float
    """By how many seconds, in all."""


def total_of(parts: Sequence[Statistics]) -> Statistics:
    """The sums; round trips are not summed."""
    total = Statistics()
    for attribute in fields(Statistics):
        name = attribute.name
        if name == "updates_by_topic":
            total.updates_by_topic = sum((part.updates_by_topic for part in parts), Counter())
        elif name != "ping_round_trip":
            setattr(total, name, sum(getattr(part, name) for part in parts))
    return total
