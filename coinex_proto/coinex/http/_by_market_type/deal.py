"""Own trades on either half, by their row and the market types of the half.

Source: CoinEx API v2, spot/deal and futures/deal.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Generic, TypeVar

from attrs import field, frozen

from coinex_proto.coinex.http._by_market_type.order import OF_THE_HALF
from coinex_proto.coinex.http._parameters import Name, Side
from coinex_proto.coinex.http.paging import HistoryCommand, PagedCommand, in_wire_order
from coinex_proto.rows import Row

R = TypeVar("R")
"""The row that answers."""
M = TypeVar("M", bound=str)
"""The market types of the half."""


@frozen(kw_only=True)
class Trade(Row):
    """One own trade.

    Essential: `deal_id`, `market`, `side`, `order_id`, `price`, `amount`.
    """

    deal_id: int
    """Trade id."""
    created_at: int | None = None
    """Milliseconds."""
    market: str
    side: str
    order_id: int
    price: Decimal
    amount: Decimal
    role: str | None = None
    """Maker or taker."""
    fee: Decimal | None = None
    fee_ccy: str | None = None
    client_id: str | None = None
    """Not on every answer."""


@frozen(kw_only=True, field_transformer=in_wire_order)
class ListUserDeals(HistoryCommand[R], Generic[R, M]):
    """Own trades of one market."""

    market: Name
    market_type: M = field(default=OF_THE_HALF)
    side: Side | None = None
    """Both when None."""


@frozen(kw_only=True, field_transformer=in_wire_order)
class ListUserOrderDeals(PagedCommand[R], Generic[R, M]):
    """The trades of one own order."""

    market: Name
    market_type: M = field(default=OF_THE_HALF)
    order_id: int
