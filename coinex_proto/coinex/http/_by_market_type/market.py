"""The public market data that spot and futures both have.

Source: CoinEx API v2, spot/market and futures/market.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from attrs import frozen

from coinex_proto.coinex.http._by_market_type.market_rows import Deal, Kline, MarketDepth
from coinex_proto.coinex.http._parameters import (
    DepthInterval,
    DepthLimit,
    KlinePeriod,
    LongPageSize,
    Milliseconds,
    Name,
    Names,
)
from coinex_proto.coinex.http.command import HttpCommand

R = TypeVar("R")
P = TypeVar("P", bound=str)
"""The prices of which there are candles."""


@frozen(kw_only=True)
class ByMarkets(HttpCommand[tuple[R, ...]]):
    """A command that is answered with a row for each market."""

    market: Names = ()
    """At most ten; none means all."""


@frozen(kw_only=True)
class ListMarketDepth(HttpCommand[MarketDepth]):
    """One order book as it stands."""

    market: Name
    limit: DepthLimit
    """Levels a side."""
    interval: DepthInterval
    """Merge step."""


@frozen(kw_only=True)
class ListMarketDeals(HttpCommand[tuple[Deal, ...]]):
    """The latest public trades, newest first."""

    market: Name
    limit: LongPageSize | None = None
    """Rows; 100 when None."""
    last_id: int | None = None
    """Start after this trade id; 0 = latest."""


@frozen(kw_only=True)
class ListMarketKline(HttpCommand[tuple[Kline, ...]], Generic[P]):
    """Candles of one market."""

    market: Name
    period: KlinePeriod
    price_type: P | None = None
    """latest_price when None."""
    limit: LongPageSize | None = None
    """Rows; 100 when None."""
    start_time: Milliseconds | None = None
    """Milliseconds, lower bound."""
    end_time: Milliseconds | None = None
    """Milliseconds, upper bound."""
