"""Public market data of CoinEx futures.

Source: CoinEx API v2, futures/market.
"""

from __future__ import annotations

from attrs import frozen

from coinex_proto.coinex.http._envelope import Page
from coinex_proto.coinex.http._market import Deal, Kline, MarketDepth, MarketIndex
from coinex_proto.coinex.http._parameters import (
    DepthInterval,
    DepthLimit,
    KlinePeriod,
    LongPageSize,
    Milliseconds,
    Name,
    Names,
    PageNumber,
    PageSize,
    PriceType,
)
from coinex_proto.coinex.http._routes import get
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


@frozen(kw_only=True)
class ListMarket(HttpCommand[tuple[FuturesMarket, ...]]):
    """What is traded, and its rules.

    Source: CoinEx API v2, futures/market/http/list-market.
    """

    route = get("/futures/market")
    market: Names = ()
    """At most ten; none means all."""


@frozen(kw_only=True)
class ListMarketTicker(HttpCommand[tuple[FuturesTicker, ...]]):
    """Prices and volumes of the last 24 hours.

    Source: CoinEx API v2, futures/market/http/list-market-ticker.
    """

    route = get("/futures/ticker")
    market: Names = ()
    """At most ten; none means all."""


@frozen(kw_only=True)
class ListMarketDepth(HttpCommand[MarketDepth]):
    """One order book as it stands.

    Source: CoinEx API v2, futures/market/http/list-market-depth.
    """

    route = get("/futures/depth")
    market: Name
    limit: DepthLimit
    """Levels a side."""
    interval: DepthInterval
    """Merge step."""


@frozen(kw_only=True)
class ListMarketDeals(HttpCommand[tuple[Deal, ...]]):
    """The latest public trades, newest first.

    Source: CoinEx API v2, futures/market/http/list-market-deals.
    """

    route = get("/futures/deals")
    market: Name
    limit: LongPageSize | None = None
    """Rows; 100 when None."""
    last_id: int | None = None
    """Start after this trade id; 0 = latest."""


@frozen(kw_only=True)
class ListMarketKline(HttpCommand[tuple[Kline, ...]]):
    """Candles of one market.

    Source: CoinEx API v2, futures/market/http/list-market-kline.
    """

    route = get("/futures/kline")
    market: Name
    period: KlinePeriod
    price_type: PriceType | None = None
    """latest_price when None."""
    limit: LongPageSize | None = None
    """Rows; 100 when None."""
    start_time: Milliseconds | None = None
    """Milliseconds, lower bound."""
    end_time: Milliseconds | None = None
    """Milliseconds, upper bound."""


@frozen(kw_only=True)
class ListMarketIndex(HttpCommand[tuple[MarketIndex, ...]]):
    """Index prices, and where they come from.

    Source: CoinEx API v2, futures/market/http/list-market-index.
    """

    route = get("/futures/index")
    market: Names = ()
    """At most ten; none means all."""


@frozen(kw_only=True)
class ListMarketFundingRate(HttpCommand[tuple[FundingRate, ...]]):
    """Funding rates now and expected.

    Source: CoinEx API v2, futures/market/http/list-market-funding-rate.
    """

    route = get("/futures/funding-rate")
    market: Names = ()
    """At most ten; none means all."""


@frozen(kw_only=True)
class ListMarketFundingRateHistory(HttpCommand[Page[PastFundingRate]]):
    """Funding rates of the past.

    Source: CoinEx API v2, futures/market/http/list-market-funding-rate-history.
    """

    route = get("/futures/funding-rate-history")
    market: Name
    start_time: Milliseconds | None = None
    """Milliseconds, lower bound."""
    end_time: Milliseconds | None = None
    """Milliseconds, upper bound."""
    page: PageNumber | None = None
    """From 1."""
    limit: PageSize | None = None
    """Rows; 10 when None."""


@frozen(kw_only=True)
class ListMarketPremiumHistory(HttpCommand[Page[PremiumIndex]]):
    """The premium index of the past.

    Source: CoinEx API v2, futures/market/http/list-market-premium-history.
    """

    route = get("/futures/premium-index-history")
    market: Name
    start_time: Milliseconds | None = None
    """Milliseconds; last 8 hours when None, span at most 1 day, at most 30 days back."""
    end_time: Milliseconds | None = None
    """Milliseconds, upper bound."""
    page: PageNumber | None = None
    """From 1."""
    limit: PageSize | None = None
    """Rows; 10 when None."""


@frozen(kw_only=True)
class ListMarketPositionLevel(HttpCommand[tuple[PositionLevels, ...]]):
    """Margin rates and largest leverage by position size.

    Source: CoinEx API v2, futures/market/http/list-market-position-level.
    """

    route = get("/futures/position-level")
    market: Names = ()
    """At most ten; none means all."""


@frozen(kw_only=True)
class ListMarketLiquidationHistory(HttpCommand[Page[Liquidation]]):
    """Liquidations of the past.

    Source: CoinEx API v2, futures/market/http/list-market-liquidation-history.
    """

    route = get("/futures/liquidation-history")
    market: Name
    start_time: Milliseconds | None = None
    """Milliseconds, lower bound."""
    end_time: Milliseconds | None = None
    """Milliseconds, upper bound."""
    page: PageNumber | None = None
    """From 1."""
    limit: PageSize | None = None
    """Rows; 10 when None."""


@frozen(kw_only=True)
class ListMarketBasisHistory(HttpCommand[tuple[Basis, ...]]):
    """Basis rates of the past.

    Source: CoinEx API v2, futures/market/http/list-market-basis-history.
    """

    route = get("/futures/basis-history")
    market: Name
    start_time: Milliseconds | None = None
    """Milliseconds; last 7 days when None."""
    end_time: Milliseconds | None = None
    """Milliseconds, upper bound."""
