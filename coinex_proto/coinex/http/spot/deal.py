"""Own trades on CoinEx spot.

Source: CoinEx API v2, spot/deal.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from coinex_proto.coinex.http._envelope import Page
from coinex_proto.coinex.http._parameters import Milliseconds, Name, PageNumber, PageSize, Side, SpotMarketType
from coinex_proto.coinex.http._routes import get
from coinex_proto.coinex.http.command import HttpCommand


@frozen(kw_only=True)
class SpotTrade:
    """One own trade."""

    deal_id: int
    """Trade id."""
    created_at: int
    """Milliseconds."""
    market: str
    side: str
    order_id: int
    margin_market: str | None = None
    """Null or empty for SPOT."""
    price: Decimal
    amount: Decimal
    role: str | None = None
    """Maker or taker."""
    fee: Decimal | None = None
    fee_ccy: str | None = None
    client_id: str | None = None
    """Not on every answer."""


@frozen(kw_only=True)
class ListUserDeals(HttpCommand[Page[SpotTrade]]):
    """Own trades of one market.

    Source: CoinEx API v2, spot/deal/http/list-user-deals.
    """

    route = get("/spot/user-deals")
    market: Name
    market_type: SpotMarketType = "SPOT"
    side: Side | None = None
    """Both when None."""
    start_time: Milliseconds | None = None
    """Milliseconds, lower bound."""
    end_time: Milliseconds | None = None
    """Milliseconds, upper bound."""
    page: PageNumber | None = None
    """From 1."""
    limit: PageSize | None = None
    """Rows; 10 when None."""


@frozen(kw_only=True)
class ListUserOrderDeals(HttpCommand[Page[SpotTrade]]):
    """The trades of one own order.

    Source: CoinEx API v2, spot/deal/http/list-user-order-deals.
    """

    route = get("/spot/order-deals")
    market: Name
    market_type: SpotMarketType = "SPOT"
    order_id: int
    page: PageNumber | None = None
    """From 1."""
    limit: PageSize | None = None
    """Rows; 10 when None."""
