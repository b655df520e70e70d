"""What users hand to a client, looked at before anything has changed.

A program that passes the wrong thing reads what was expected, in words, and not by an `AttributeError` from somewhere
inside. What only the core can judge (topics, commands, callbacks) it judges itself. Must not know trio, sockets or threads.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from numbers import Real
from typing import Any

from coinex_proto import BookChanged, Callbacks, Config, Topic, UsageError
from coinex_proto.checks import check_topics
from coinex_proto.errors import quoted


def check_seconds(seconds: object) -> None:
    """A time may be negative (it is over then) or infinite, and nothing but a number: with nan nothing would ever be over."""
    if not isinstance(seconds, Real) or math.isnan(seconds):
        raise UsageError(f"a time in seconds must be a number (math.inf: without end), not {quoted(seconds)}")


def check_book_topic(topic: Topic[Any]) -> None:
    """A topic that brings an order book."""
    check_topics((topic,))
    if topic.event is not BookChanged:
        raise UsageError(f"{topic} has no book: ask for the topic of an order book, for example Depth('BTCUSDT')")


def check_step(work: object) -> None:
    """A function of the session and the time."""
    if not callable(work):
        raise UsageError(f"step() takes a function of the session and the time, not {quoted(work)}")


def check_runnable(client: object) -> None:
    """What `run()` can drive."""
    if not hasattr(client, "_sockets"):
        raise UsageError(
            f"run() drives blocking clients, not {quoted(client)}; how long is named: run(client, seconds=10)"
        )


def check_makings(dialect: object, callbacks: object, config: object) -> None:
    """What a client is made of."""
    if isinstance(dialect, type) or not hasattr(dialect, "endpoint"):
        raise UsageError(f"a dialect was expected, for example coinex.spot(), not {quoted(dialect)}")
    if callbacks is not None and not isinstance(callbacks, Callbacks):
        raise UsageError(f"callbacks= takes a Callbacks(), not {quoted(callbacks)}")
    if not isinstance(config, Config):
        raise UsageError(f"config= takes a Config(), not {quoted(config)}")


def identity(function: Any) -> Hashable:
    """What distinguishes one function from another: bound methods are equal each time, objects without a hash are themselves."""
    try:
        hash(function)
    except TypeError:
        return id(function)
    return function  # type: ignore[no-any-return]


def check_interval(seconds: float | None, *, has_credentials: bool) -> None:
    """Raises `UsageError` for a `check_orders_every` that is no time above zero, or without credentials."""
    if seconds is None:
        return
    check_seconds(seconds)
    if not seconds > 0:
        raise UsageError(f"check_orders_every={seconds!r}: seconds above zero, or None for never")
    if not has_credentials:
        raise UsageError("Authentication required: check_orders_every asks for own orders")
