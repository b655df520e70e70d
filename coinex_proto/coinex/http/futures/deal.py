"""Own trades on CoinEx futures.

Source: CoinEx API v2, futures/deal.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from coinex_proto.coinex.http._envelope import Page
from coinex_proto.coinex.http._parameters import FuturesMarketType, Milliseconds, Name, PageNumber, PageSize, Side
from coinex_proto.coinex.http._routes import get
from coinex_proto.coinex.http.command import HttpCommand


@frozen(kw_only=True)
class FuturesTrade:
    """One own trade."""

    deal_id: int
    """Trade id."""
    created_at: int
    """Milliseconds."""
    market: str
    side: str
    order_id: int
    position_id: int | None = None
    price: Decimal
    amount: Decimal
    role: str | None = None
    """Maker or taker."""
    fee: Decimal | None = None
    fee_ccy: str | None = None
    client_id: str | None = None
    """Not on every answer."""


@frozen(kw_only=True)
class ListUserDeals(HttpCommand[Page[FuturesTrade]]):
    """Own trades of one market.

    Source: CoinEx API v2, futures/deal/http/list-user-deals.
    """

    route = get("/futures/user-deals")
    market: Name
    market_type: FuturesMarketType = "FUTURES"
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
class ListUserOrderDeals(HttpCommand[Page[FuturesTrade]]):
    """The trades of one own order.

    Source: CoinEx API v2, futures/deal/http/list-user-order-deals.
    """

    route = get("/futures/order-deals")
    market: Name
    market_type: FuturesMarketType = "FUTURES"
    order_id: int
    page: PageNumber | None = None
    """From 1."""
    limit: PageSize | None = None
    """Rows; 10 when None."""
