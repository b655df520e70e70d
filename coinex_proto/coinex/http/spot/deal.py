"""Own trades on CoinEx spot.

Source: CoinEx API v2, spot/deal.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from coinex_proto.coinex.http._by_market_type import deal
from coinex_proto.coinex.http._parameters import SpotMarketType
from coinex_proto.coinex.http._routes import Route, get


@frozen(kw_only=True)
class SpotTrade(deal.Trade):
    """One own trade on spot."""

    margin_market: str | None = None
    """Null or empty for SPOT."""


class ListUserDeals(deal.ListUserDeals[SpotTrade, SpotMarketType]):
    """Own trades of one market. Source: CoinEx API v2, spot/deal/http/list-user-deals."""

    route: ClassVar[Route] = get("/spot/user-deals")


class ListUserOrderDeals(deal.ListUserOrderDeals[SpotTrade, SpotMarketType]):
    """The trades of one own order. Source: CoinEx API v2, spot/deal/http/list-user-order-deals."""

    route: ClassVar[Route] = get("/spot/order-deals")
