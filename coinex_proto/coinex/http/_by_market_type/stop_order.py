"""Stop orders on either half: place, change, cancel, by the row that answers and the market types of the half.

Source: CoinEx API v2, spot/order and futures/order.
"""

from __future__ import annotations

from typing import TypeVar

from attrs import frozen

from coinex_proto.coinex.http._by_market_type.order import InMarket, OrderTerms
from coinex_proto.coinex.http._by_market_type.order_rows import StopId
from coinex_proto.coinex.http._orders import changes_something
from coinex_proto.coinex.http._parameters import Amount

R = TypeVar("R")
"""The row that answers."""
M = TypeVar("M", bound=str)
"""The market types of the half."""


@frozen(kw_only=True)
class PutStopOrder(OrderTerms[StopId, M]):
    """Place a stop order."""

    trigger_price: Amount


@frozen(kw_only=True)
class EditStopOrder(InMarket[StopId, M]):
    """Change amount, price or trigger price. The id may be a new one."""

    stop_id: int
    amount: Amount | None = None
    price: Amount | None = None
    trigger_price: Amount | None = None

    def check(self) -> None:
        """At least one change."""
        changes_something(self, "amount", "price", "trigger_price")


@frozen(kw_only=True)
class CancelStopOrder(InMarket[R, M]):
    """Cancel one stop order."""

    stop_id: int
