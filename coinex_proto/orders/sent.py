"""Orders that were sent and whose outcome is open: where the venue is asked about them, and since when.

This module must not know any venue.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple, final

MAX_REMEMBERED: Final = 1024
"""Orders of open outcome; the oldest is forgotten first."""


class SentOrder(NamedTuple):
    """Where and when an order was sent."""

    market: str | None
    market_type: str | None
    """Where a venue has several markets of one name: SPOT, MARGIN, FUTURES. None: not known."""
    at: float


@final
class SentOrders:
    """By client id."""

    def __init__(self) -> None:
        self._by_client_id: OrderedDict[str, SentOrder] = OrderedDict()

    def note(self, client_order_id: str, market: str | None, at: float, market_type: str | None = None) -> None:
        """An order leaves: note it before, since nobody may be left to do so afterwards."""
        self._by_client_id[client_order_id] = SentOrder(market, market_type, at)
        self._by_client_id.move_to_end(client_order_id)
        while len(self._by_client_id) > MAX_REMEMBERED:
            self._by_client_id.popitem(last=False)

    def get(self, client_order_id: str) -> SentOrder | None:
        """What is known of it; None for an order that was not sent here, or whose outcome is known."""
        return self._by_client_id.get(client_order_id)

    def forget(self, client_order_id: str) -> None:
        """Its outcome is known."""
        self._by_client_id.pop(client_order_id, None)
