"""Own trades on CoinEx futures.

Source: CoinEx API v2, futures/deal.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from coinex_proto.coinex.http._by_market_type import deal
from coinex_proto.coinex.http._parameters import FuturesMarketType
from coinex_proto.coinex.http._routes import Route, get


@frozen(kw_only=True)
class FuturesTrade(deal.Trade):
    """One own trade on futures."""

    position_id: int | None = None


class ListUserDeals(deal.ListUserDeals[FuturesTrade, FuturesMarketType]):
    """Own trades of one market. Source: CoinEx API v2, futures/deal/http/list-user-deals."""

    route: ClassVar[Route] = get("/futures/user-deals")


class ListUserOrderDeals(deal.ListUserOrderDeals[FuturesTrade, FuturesMarketType]):
    """The trades of one own order. Source: CoinEx API v2, futures/deal/http/list-user-order-deals."""

    route: ClassVar[Route] = get("/futures/order-deals")
