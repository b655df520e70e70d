"""Rows of public market data: those that spot and futures share, and what their other rows have in common.

Source: CoinEx API v2, spot/market and futures/market.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import field, frozen

from coinex_proto.fitting import EACH_ALONE
from coinex_proto.rows import Row


@frozen(kw_only=True)
class DepthLevels(Row):
    """Rows of (price, size), best first.

    Essential: the levels.
    """

    asks: tuple[tuple[Decimal, Decimal], ...]
    bids: tuple[tuple[Decimal, Decimal], ...]
    last: Decimal | None = None
    """Latest price."""
    updated_at: int | None = None
    """Milliseconds."""
    checksum: int | None = None
    """CRC-32 of the text of the levels, modulo 2^32."""


@frozen(kw_only=True)
class MarketDepth(Row):
    """One order book. `format(number, "f")` is the venue's own text of a price or size, as its checksum wants it.

    Essential: `market` and the levels.
    """

    market: str
    is_full: bool | None = None
    """Always true in an HTTP answer."""
    depth: DepthLevels


@frozen(kw_only=True)
class Deal(Row):
    """One public trade.

    Essential: all but `created_at`.
    """

    deal_id: int
    created_at: int | None = None
    """Milliseconds."""
    side: str
    """Of the taker: "buy" or "sell"."""
    price: Decimal
    amount: Decimal
    """Base amount."""


@frozen(kw_only=True)
class Kline(Row):
    """One candle.

    Essential: `created_at` and the four prices.
    """

    market: str | None = None
    created_at: int
    """Start of the candle, milliseconds."""
    open: Decimal
    close: Decimal
    high: Decimal
    low: Decimal
    volume: Decimal | None = None
    """Base volume."""
    value: Decimal | None = None
    """Quote value."""


@frozen(kw_only=True)
class IndexSource(Row):
    """What one exchange contributes to an index.

    Essential: `exchange`.
    """

    exchange: str
    created_at: int | None = None
    """Milliseconds."""
    index_weight: Decimal | None = None
    index_price: Decimal | None = None


@frozen(kw_only=True)
class MarketIndex(Row):
    """The index price of one market.

    Essential: `market` and `price`.
    """

    market: str
    created_at: int | None = None
    """Milliseconds."""
    price: Decimal
    sources: tuple[IndexSource, ...] = field(default=(), metadata=EACH_ALONE)


@frozen(kw_only=True)
class AnyMarket(Row):
    """One market and its rules.

    Essential: `market`. A rule that is None is not known: ask for the market again before you round by it.
    """

    market: str
    maker_fee_rate: Decimal | None = None
    taker_fee_rate: Decimal | None = None
    min_amount: Decimal | None = None
    """Smallest order."""
    base_ccy: str | None = None
    quote_ccy: str | None = None
    base_ccy_precision: int | None = None
    """Decimals of amounts."""
    quote_ccy_precision: int | None = None
    """Decimals of prices."""
    status: str | None = None
    """bidding, counting_down or online; not on every answer of futures."""
    delisted_at: int | None = None
    """Expected delisting, milliseconds."""
    is_api_trading_available: bool | None = None


@frozen(kw_only=True)
class AnyTicker(Row):
    """Prices and volumes of one market over the last 24 hours.

    Essential: `market`.
    """

    market: str
    last: Decimal | None = None
    """Latest price."""
    open: Decimal | None = None
    """Price 24 h ago."""
    close: Decimal | None = None
    """The latest price once more."""
    high: Decimal | None = None
    """Highest price in the period."""
    low: Decimal | None = None
    """Lowest price in the period."""
    volume: Decimal | None = None
    """Traded volume, base currency."""
    value: Decimal | None = None
    """Traded value, quote currency."""
    volume_sell: Decimal | None = None
    """Taker sell volume."""
    volume_buy: Decimal | None = None
    """Taker buy volume."""
    period: int | None = None
    """Always 86400."""
