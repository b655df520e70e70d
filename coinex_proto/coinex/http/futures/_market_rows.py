"""Rows of public market data that only futures have.

Source: CoinEx API v2, futures/market.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import field, frozen

from coinex_proto.coinex.http._by_market_type.market_rows import AnyMarket, AnyTicker
from coinex_proto.fitting import EACH_ALONE
from coinex_proto.rows import Row


@frozen(kw_only=True)
class FuturesMarket(AnyMarket):
    """One contract and its rules.

    Essential: `market`.
    """

    contract_type: str | None = None
    """linear or inverse."""
    tick_size: Decimal | None = None
    """Price step."""
    leverage: tuple[int, ...] = field(default=(), metadata=EACH_ALONE)
    """What may be chosen."""
    open_interest_volume: Decimal | None = None
    """Open interest."""
    is_market_available: bool | None = None
    is_copy_trading_available: bool | None = None


@frozen(kw_only=True)
class FuturesTicker(AnyTicker):
    """Prices and volumes of one contract over the last 24 hours.

    Essential: `market`.
    """

    index_price: Decimal | None = None
    mark_price: Decimal | None = None
    open_interest_volume: Decimal | None = None


@frozen(kw_only=True)
class FundingRate(Row):
    """What longs pay to shorts (negative: the reverse).

    Essential: `market`.
    """

    market: str
    mark_price: Decimal | None = None
    latest_funding_rate: Decimal | None = None
    """Rate now, reckoned every minute; positive: longs pay."""
    next_funding_rate: Decimal | None = None
    """Rate expected next."""
    max_funding_rate: Decimal | None = None
    min_funding_rate: Decimal | None = None
    latest_funding_time: int | None = None
    """Milliseconds."""
    next_funding_time: int | None = None
    """Milliseconds; every 8 h, may shrink to 4 h or 2 h."""


@frozen(kw_only=True)
class PastFundingRate(Row):
    """One funding that has taken place.

    Essential: `market`, `funding_time`, `actual_funding_rate`.
    """

    market: str
    funding_time: int
    """Milliseconds."""
    theoretical_funding_rate: Decimal | None = None
    actual_funding_rate: Decimal


@frozen(kw_only=True)
class PremiumIndex(Row):
    """The premium index at one moment.

    Essential: all of it.
    """

    market: str
    created_at: int
    """Milliseconds."""
    premium_index: Decimal


@frozen(kw_only=True)
class PositionLevel(Row):
    """One tier of position sizes.

    Essential: `amount` and `leverage`.
    """

    amount: Decimal
    """Upper bound of the tier."""
    leverage: Decimal
    """Largest leverage."""
    maintenance_margin_rate: Decimal | None = None
    min_initial_margin_rate: Decimal | None = None


@frozen(kw_only=True)
class PositionLevels(Row):
    """The tiers of one market.

    Essential: all of it.
    """

    market: str
    level: tuple[PositionLevel, ...]


@frozen(kw_only=True)
class Liquidation(Row):
    """One liquidation.

    Essential: `market`, `side`, `liq_amount`.
    """

    market: str
    side: str
    """Long or short."""
    liq_price: Decimal | None = None
    liq_amount: Decimal
    bkr_price: Decimal | None = None
    """Bankruptcy price."""
    created_at: int | None = None
    """Milliseconds."""


@frozen(kw_only=True)
class Basis(Row):
    """The basis rate at one moment.

    Essential: `market` and `basis_rate`.
    """

    market: str
    created_at: int | None = None
    """Milliseconds (one published row says funding_time instead)."""
    basis_rate: Decimal
