"""Which methods of a `Session` are inputs, and where the time stands among their arguments. This module must not know any venue."""

from __future__ import annotations

from typing import Any, Final

INPUTS: Final = (
    "hold",
    "let_go",
    "unsubscribe",
    "release",
    "send",
    "sending",
    "apply_facts",
    "refused",
    "outcome_unknown",
    "orders_to_query",
    "order_queried",
    "begin_order_queries",
    "orders_queried",
    "order_queries_failed",
    "query_orders_elsewhere",
    "compare_orders_every",
    "orders_differ",
    "recover",
    "note",
    "next_step",
    "ask_about_orders",
    "reconnect",
    "probe",
    "connected",
    "disconnected",
    "stop",
)
"""Every other method of `Session` that takes a time and may change it. `subscribe` is `hold` inside."""


def time_of_call(name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[float, tuple[Any, ...]]:
    """The time of a call, and its other positional arguments."""
    if "now" in named:
        return named["now"], arguments
    at = _NOW_AT.get(name, 0)
    return arguments[at], arguments[:at] + arguments[at + 1 :]


def time_at(name: str) -> int | None:
    """Where the time stands among the positional arguments of a method of `Session`; None: it is named."""
    return None if name in _NOW_NAMED else _NOW_AT.get(name, 0)


_NOW_NAMED: Final = frozenset({"hold", "let_go", "unsubscribe", "apply_facts", "recover"})
_NOW_AT: Final = {
    "release": 1,
    "send": 1,
    "sending": 1,
    "refused": 2,
    "outcome_unknown": 2,
    "order_queried": 1,
    "compare_orders_every": 1,
    "orders_differ": 1,
    "note": 1,
}
"""Where the time stands among the positional arguments; else in front."""
