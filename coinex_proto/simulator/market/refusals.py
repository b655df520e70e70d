"""Why the exchange does not take an order."""

from __future__ import annotations

from typing import Final

REASONS: Final = {
    "balance": "the balance is too small for this order",
    "amount": "the amount is below the minimum of the market",
    "price": "the price must be above zero",
    "would_take": "the order would have taken, and is maker_only",
    "cannot_fill": "the order cannot be filled completely, and is fok",
    "thin": "nobody stands on the other side of the book",
    "halted": "the market does not trade at present",
    "gone": "the order is not open",
}


class OrderRefused(ValueError):
    """The exchange does not take this order; `reason` is one of the words in REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(REASONS[reason])
        self.reason = reason
