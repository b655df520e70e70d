"""Public market data of CoinEx futures.

Source: CoinEx API v2, futures/market.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from coinex_proto.coinex.http._by_market_type import market
from coinex_proto.coinex.http._by_market_type.market_rows import MarketIndex
from coinex_proto.coinex.http._parameters import Milliseconds, Name, PriceType
from coinex_proto.coinex.http._routes import Route, get
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.coinex.http.futures._market_rows import (
    Basis,
    FundingRate,
    FuturesMarket,
    FuturesTicker,
    Liquidation,
    PastFundingRate,
    PositionLevels,
    PremiumIndex,
)
from coinex_proto.coinex.http.paging import HistoryCommand, PagedCommand, in_wire_order


class ListMarket(market.ByMarkets[FuturesMarket]):
    """What is traded, and its rules. Source: CoinEx API v2, futures/market/http/list-market."""

    route: ClassVar[Route] = get("/futures/market")


class ListMarketTicker(market.ByMarkets[FuturesTicker]):
    """Prices and volumes of the last 24 hours. Source: CoinEx API v2, futures/market/http/list-market-ticker."""

    route: ClassVar[Route] = get("/futures/ticker")


class ListMarketDepth(market.ListMarketDepth):
    """One order book as it stands. Source: CoinEx API v2, futures/market/http/list-market-depth."""

    route: ClassVar[Route] = get("/futures/depth")


class ListMarketDeals(market.ListMarketDeals):
    """The latest public trades, newest first. Source: CoinEx API v2, futures/market/http/list-market-deals."""

    route: ClassVar[Route] = get("/futures/deals")


class ListMarketKline(market.ListMarketKline[PriceType]):
    """Candles of one market. Source: CoinEx API v2, futures/market/http/list-market-kline."""

    route: ClassVar[Route] = get("/futures/kline")


class ListMarketIndex(market.ByMarkets[MarketIndex]):
    """Index prices, and where they come from. Source: CoinEx API v2, futures/market/http/list-market-index."""

    route: ClassVar[Route] = get("/futures/index")


class ListMarketFundingRate(market.ByMarkets[FundingRate]):
    """Funding rates now and expected. Source: CoinEx API v2, futures/market/http/list-market-funding-rate."""

    route: ClassVar[Route] = get("/futures/funding-rate")


@frozen(kw_only=True, field_transformer=in_wire_order)
class ListMarketFundingRateHistory(HistoryCommand[PastFundingRate]):
    """Funding rates of the past. Source: CoinEx API v2, futures/market/http/list-market-funding-rate-history."""

    route: ClassVar[Route] = get("/futures/funding-rate-history")
    market: Name


@frozen(kw_only=True, field_transformer=in_wire_order)
class ListMarketPremiumHistory(PagedCommand[PremiumIndex]):
    """The premium index of the past. Source: CoinEx API v2, futures/market/http/list-market-premium-history."""

    route: ClassVar[Route] = get("/futures/premium-index-history")
    market: Name
    start_time: Milliseconds | None = None
    """Milliseconds; last 8 hours when None, span at most 1 day, at most 30 days back."""
    end_time: Milliseconds | None = None
    """Milliseconds, upper bound."""


class ListMarketPositionLevel(market.ByMarkets[PositionLevels]):
    """Margin rates and largest leverage by position size.

    Source: CoinEx API v2, futures/market/http/list-market-position-level.
    """

    route: ClassVar[Route] = get("/futures/position-level")


@frozen(kw_only=True, field_transformer=in_wire_order)
class ListMarketLiquidationHistory(HistoryCommand[Liquidation]):
    """Liquidations of the past. Source: CoinEx API v2, futures/market/http/list-market-liquidation-history."""

    route: ClassVar[Route] = get("/futures/liquidation-history")
    market: Name


@frozen(kw_only=True)
class ListMarketBasisHistory(HttpCommand[tuple[Basis, ...]]):
    """Basis rates of the past. Source: CoinEx API v2, futures/market/http/list-market-basis-history."""

    route: ClassVar[Route] = get("/futures/basis-history")
    market: Name
    start_time: Milliseconds | None = None
    """Milliseconds; last 7 days when None."""
    end_time: Milliseconds | None = None
    """Milliseconds, upper bound."""
