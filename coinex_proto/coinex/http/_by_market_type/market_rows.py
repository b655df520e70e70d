"""Rows of public market data: those that spot and futures share, and what their other rows have in common.

Source: CoinEx API v2, spot/market and futures/market.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen


@frozen(kw_only=True)
class DepthLevels:
    """Rows of (price, size), best first."""

    asks: tuple[tuple[Decimal, Decimal], ...]
    bids: tuple[tuple[Decimal, Decimal], ...]
    last: Decimal | None = None
    """Latest price."""
    updated_at: int
    """Milliseconds."""
    checksum: int | None = None
    """CRC-32 of the text of the levels, modulo 2^32."""


@frozen(kw_only=True)
class MarketDepth:
    """One order book. `format(number, "f")` is the venue's own text of a price or size, as its checksum wants it."""

    market: str
    is_full: bool
    """Always true in an HTTP answer."""
    depth: DepthLevels


@frozen(kw_only=True)
class Deal:
    """One public trade."""

    deal_id: int
    created_at: int
    """Milliseconds."""
    side: str
    """Of the taker: "buy" or "sell"."""
    price: Decimal
    amount: Decimal
    """Base amount."""


@frozen(kw_only=True)
class Kline:
    """One candle."""

    market: str
    created_at: int
    """Start of the candle, milliseconds."""
    open: Decimal
    close: Decimal
    high: Decimal
    low: Decimal
    volume: Decimal
    """Base volume."""
    value: Decimal
    """Quote value."""


@frozen(kw_only=True)
class IndexSource:
    """What one exchange contributes to an index."""

    exchange: str
    created_at: int
    """Milliseconds."""
    index_weight: Decimal
    index_price: Decimal | None = None


@frozen(kw_only=True)
class MarketIndex:
    """The index price of one market."""

    market: str
    created_at: int
    """Milliseconds."""
    price: Decimal
    sources: tuple[IndexSource, ...] = ()


@frozen(kw_only=True)
class AnyMarket:
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
    """bidding, counting_down or online; not on every answer of futures."""
    delisted_at: int | None = None
    """Expected delisting, milliseconds."""
    is_api_trading_available: bool | None = None


@frozen(kw_only=True)
class AnyTicker:
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
