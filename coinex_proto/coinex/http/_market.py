"""Rows of public market data that spot and futures share.

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
