"""Public market data of CoinEx spot.

Source: CoinEx API v2, spot/market.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from coinex_proto.coinex.http._market import Deal, Kline, MarketDepth, MarketIndex
from coinex_proto.coinex.http._parameters import (
    DepthInterval,
    DepthLimit,
    KlinePeriod,
    LongPageSize,
    Milliseconds,
    Name,
    Names,
    SpotPriceType,
)
from coinex_proto.coinex.http._routes import get
from coinex_proto.coinex.http.command import HttpCommand


@frozen(kw_only=True)
class SpotMarket:
    """One market and its rules."""

    market: str
    maker_fee_rate: Decimal
    taker_fee_rate: Decimal
    min_amount: Decimal
    """Smallest order."""
    base_ccy: str
    quote_ccy: str
    base_ccy_precision: int
    """Decimals of amounts."""
    quote_ccy_precision: int
    """Decimals of prices."""
    status: str | None = None
    """bidding, counting_down or online."""
    delisted_at: int | None = None
    """Expected delisting, milliseconds."""
    is_amm_available: bool | None = None
    is_margin_available: bool | None = None
    is_pre_market_trading_available: bool | None = None
    """Also spelled is_pre_trading_available on the wire."""
    is_api_trading_available: bool | None = None


@frozen(kw_only=True)
class SpotTicker:
    """Prices and volumes of one market over the last 24 hours."""

    market: str
    last: Decimal
    """Latest price."""
    open: Decimal
    """Price 24 h ago."""
    close: Decimal
    """The latest price once more."""
    high: Decimal
    """Highest price in the period."""
    low: Decimal
    """Lowest price in the period."""
    volume: Decimal
    """Traded volume, base currency."""
    value: Decimal
    """Traded value, quote currency."""
    volume_sell: Decimal | None = None
    """Taker sell volume."""
    volume_buy: Decimal | None = None
    """Taker buy volume."""
    period: int | None = None
    """Always 86400."""


@frozen(kw_only=True)
class ListMarket(HttpCommand[tuple[SpotMarket, ...]]):
    """What is traded, and its rules.

    Source: CoinEx API v2, spot/market/http/list-market.
    """

    route = get("/spot/market")
    market: Names = ()
    """At most ten; none means all."""


@frozen(kw_only=True)
class ListMarketTicker(HttpCommand[tuple[SpotTicker, ...]]):
    """Prices and volumes of the last 24 hours.

    Source: CoinEx API v2, spot/market/http/list-market-ticker.
    """

    route = get("/spot/ticker")
    market: Names = ()
    """At most ten; none means all."""


@frozen(kw_only=True)
class ListMarketDepth(HttpCommand[MarketDepth]):
    """One order book as it stands.

    Source: CoinEx API v2, spot/market/http/list-market-depth.
    """

    route = get("/spot/depth")
    market: Name
    limit: DepthLimit
    """Levels a side."""
    interval: DepthInterval
    """Merge step."""


@frozen(kw_only=True)
class ListMarketDeals(HttpCommand[tuple[Deal, ...]]):
    """The latest public trades, newest first.

    Source: CoinEx API v2, spot/market/http/list-market-deals.
    """

    route = get("/spot/deals")
    market: Name
    limit: LongPageSize | None = None
    """Rows; 100 when None."""
    last_id: int | None = None
    """Start after this trade id; 0 = latest."""


@frozen(kw_only=True)
class ListMarketKline(HttpCommand[tuple[Kline, ...]]):
    """Candles of one market.

    Source: CoinEx API v2, spot/market/http/list-market-kline.
    """

    route = get("/spot/kline")
    market: Name
    period: KlinePeriod
    price_type: SpotPriceType | None = None
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

    Source: CoinEx API v2, spot/market/http/list-market-index.
    """

    route = get("/spot/index")
    market: Names = ()
    """At most ten; none means all."""
