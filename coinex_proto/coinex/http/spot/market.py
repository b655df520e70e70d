"""Public market data of CoinEx spot.

Source: CoinEx API v2, spot/market.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from coinex_proto.coinex.http._by_market_type import market
from coinex_proto.coinex.http._by_market_type.market_rows import AnyMarket, AnyTicker, MarketIndex
from coinex_proto.coinex.http._parameters import SpotPriceType
from coinex_proto.coinex.http._routes import Route, get


@frozen(kw_only=True)
class SpotMarket(AnyMarket):
    """One market and its rules."""

    is_amm_available: bool | None = None
    is_margin_available: bool | None = None
    is_pre_market_trading_available: bool | None = None
    """Also spelled is_pre_trading_available on the wire."""


@frozen(kw_only=True)
class SpotTicker(AnyTicker):
    """Prices and volumes of one market over the last 24 hours."""


class ListMarket(market.ByMarkets[SpotMarket]):
    """What is traded, and its rules. Source: CoinEx API v2, spot/market/http/list-market."""

    route: ClassVar[Route] = get("/spot/market")


class ListMarketTicker(market.ByMarkets[SpotTicker]):
    """Prices and volumes of the last 24 hours. Source: CoinEx API v2, spot/market/http/list-market-ticker."""

    route: ClassVar[Route] = get("/spot/ticker")


class ListMarketDepth(market.ListMarketDepth):
    """One order book as it stands. Source: CoinEx API v2, spot/market/http/list-market-depth."""

    route: ClassVar[Route] = get("/spot/depth")


class ListMarketDeals(market.ListMarketDeals):
    """The latest public trades, newest first. Source: CoinEx API v2, spot/market/http/list-market-deals."""

    route: ClassVar[Route] = get("/spot/deals")


class ListMarketKline(market.ListMarketKline[SpotPriceType]):
    """Candles of one market. Source: CoinEx API v2, spot/market/http/list-market-kline."""

    route: ClassVar[Route] = get("/spot/kline")


class ListMarketIndex(market.ByMarkets[MarketIndex]):
    """Index prices, and where they come from. Source: CoinEx API v2, spot/market/http/list-market-index."""

    route: ClassVar[Route] = get("/spot/index")
