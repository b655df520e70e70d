"""Own orders on the way out of a client: what became of each one that was to be cancelled.

Without I/O; must not know trio, sockets or venues.
"""

from __future__ import annotations

from coinex_driver.arguments import check_seconds
from coinex_driver.log import LOG
from coinex_proto import ExitOrder, OrderView
from coinex_proto.orders.exit_order import Outcome

__all__ = ["NOT_REACHED", "ExitOrder", "Outcome", "check_exit_seconds", "ended_as", "log_exit"]

NOT_REACHED = "there was no time left to cancel it"


def check_exit_seconds(seconds: float | None) -> None:
    """Raises `UsageError` for what is no time; None is fine."""
    if seconds is not None:
        check_seconds(seconds)


def ended_as(order: OrderView, *, is_accepted: bool, why: str) -> ExitOrder:
    """What is known of an order after it was to be cancelled; `is_accepted`: the venue took the cancellation."""
    view = order.snapshot()
    outcome: Outcome = "unknown"
    match view.state:
        case "cancelled" | "filled" | "refused" as final:
            outcome, why = final, ""
        case _ if is_accepted:
            outcome, why = "cancelled", ""
        case _ if view.has_ended:
            why = view.why
        case _:
            why = why or "no answer in time"
    return ExitOrder(order=view, outcome=outcome, why=why)


def log_exit(name: str, orders: tuple[ExitOrder, ...], *, when: str = "on the way out") -> None:
    """Says in the log how many orders were cancelled then, and names those that may still stand."""
    open_still = [order for order in orders if order.outcome == "unknown" and not order.order.has_ended]
    if orders:
        gone = len(orders) - len(open_still)
        LOG.info("%s: %d of %d own orders have ended %s", name, gone, len(orders), when)
    left: dict[str, list[str]] = {}
    for order in open_still:
        left.setdefault(order.why, []).append(str(order.order.order_id or order.order.client_order_id))
    for why, ids in left.items():
        what = "order" if len(ids) == 1 else f"{len(ids)} orders"
        LOG.warning("%s: %s %s may still be open: %s", name, what, ", ".join(ids), why)
