"""What the status of an order_response says: of the order, of the request, or of neither.

One table for all who ask: the update, the order tracker, and whoever looks for the request that is answered. Source: QFEX
documentation, OrderStatus; the ends of IOC orders, USER_IN_LIQUIDATION and PERMISSION_DENIED are known from clients that
trade there.
"""

from __future__ import annotations

from typing import Final

LIVE: Final = frozenset({"ACK", "MODIFIED"})
CANCELLED: Final = frozenset({"CANCELLED", "CANCELLED_STP"})
IOC_ENDED: Final = frozenset({"IOC_PARTIALLY_FILLED", "IOC_CANCELLED"})
"""How an accepted IOC, FOK or MARKET order ends that was not filled whole; an ACK need not come before it."""

ORDER_STATUSES: Final = frozenset({*LIVE, "FILLED", *CANCELLED, *IOC_ENDED})
"""Something happened to an order."""

REQUEST_STATUSES: Final = frozenset(
    {
        "NO_SUCH_ORDER",
        "CANNOT_MODIFY_NO_SUCH_ORDER",
        "CANNOT_MODIFY_PARTIAL_FILL",
        "CANNOT_MODIFY_ALO_WOULD_CROSS",
        "USER_IN_LIQUIDATION",
        "PERMISSION_DENIED",
    }
)
"""A request was refused, whichever it was; nothing is said of the order."""

_MODIFY: Final = "CANNOT_MODIFY_"
_REFUSALS: Final = ("REJECTED", "INVALID_", "CANNOT_", "FAILED_", "BAD_", "PRICE_", "QUANTITY_", "RATE_LIMITED")
"""How every documented status begins that refuses an order or a change of one."""


def refuses_change(status: str) -> bool:
    """Whether it is the answer to modify_order and nothing else."""
    return status.startswith(_MODIFY)


def refuses_request(status: str) -> bool:
    """Whether it says no to a request and nothing of an order."""
    return status in REQUEST_STATUSES or refuses_change(status)


def is_documented(status: str) -> bool:
    """Whether it is known, or begins like those that refuse. Another one may have ended an order, or begun it."""
    return status in ORDER_STATUSES or refuses_request(status) or status.startswith(_REFUSALS)
