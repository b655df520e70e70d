"""What callers hand in, looked at before anything has changed: commands, topics, orders.

Each function raises `UsageError` and says what was expected. This module must not know any venue.
"""

from __future__ import annotations

from collections.abc import Sequence

from coinex_proto.commands import Command
from coinex_proto.errors import UsageError, quoted
from coinex_proto.orders.view import OrderView
from coinex_proto.topics import Topic
from coinex_proto.updates import Event


def check_command(command: object) -> None:
    """Raises `UsageError` for what is no command."""
    if not isinstance(command, Command):
        raise UsageError(f"a command was expected, for example Ping(), not {quoted(command)}")


def check_topics(topics: Sequence[Topic[Event]]) -> None:
    """Raise `UsageError` for what is no topic."""
    for topic in topics:
        if not isinstance(topic, Topic):
            raise UsageError(f"a topic was expected, for example Ticker('BTCUSDT'), not {topic!r}")


def check_order(order: object) -> None:
    """Raises `UsageError` for what is no order."""
    if not isinstance(order, OrderView):
        raise UsageError(f"an order was expected, as place_order() and orders() give it, not {quoted(order)}")
