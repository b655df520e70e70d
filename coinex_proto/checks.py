"""What callers hand in, looked at before anything has changed: commands, topics, orders.

Each function raises `UsageError` and says what was expected. This module must not know any venue.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from coinex_proto.commands import Command
from coinex_proto.errors import UsageError, quoted
from coinex_proto.orders.view import OrderView
from coinex_proto.topics import Topic
from coinex_proto.updates import Event

T = TypeVar("T")


def check_command(command: object) -> None:
    """Raises `UsageError` for what is no command."""
    if not isinstance(command, Command):
        raise UsageError(f"a command was expected, for example Ping(), not {quoted(command)}")


def check_topics(topics: Sequence[Topic[Event]]) -> None:
    """Raise `UsageError` for what is no topic."""
    for topic in topics:
        if not isinstance(topic, Topic):
            raise UsageError(f"a topic was expected, for example Ticker('BTCUSDT'), not {topic!r}")


def grouped(topics: Sequence[Topic[Event]], kind: type[T], *, by: Callable[[T], Hashable]) -> list[tuple[T, ...]]:
    """The topics that one request can ask for: those of which `by` says the same, in the order in which they came.

    For `Dialect.subscribe`. Raises `UsageError` for a topic that is none of this kind.
    """
    groups: dict[Hashable, list[T]] = {}
    for topic in topics:
        if not isinstance(topic, kind):
            raise UsageError(f"{quoted(topic)} is no topic of this venue and socket")
        groups.setdefault(by(topic), []).append(topic)
    return list(map(tuple, groups.values()))


def check_order(order: object) -> None:
    """Raises `UsageError` for what is no order."""
    if not isinstance(order, OrderView):
        raise UsageError(f"an order was expected, as place_order() and orders() give it, not {quoted(order)}")
