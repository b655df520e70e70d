"""Rows of public market data that only futures have.

Source: CoinEx API v2, futures/market.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from coinex_proto.coinex.http._by_market_type.market_rows import AnyMarket, AnyTicker


@frozen(kw_only=True)
class FuturesMarket(AnyMarket):
    """One contract and its rules."""

    contract_type: str
    """linear or inverse."""
    tick_size: Decimal
    """Price step."""
    leverage: tuple[int, ...] = ()
    """What may be chosen."""
    open_interest_volume: Decimal | None = None
    """Open interest."""
    is_market_available: bool | None = None
    is_copy_trading_available: bool | None = None


@frozen(kw_only=True)
class FuturesTicker(AnyTicker):
    """Prices and volumes of one contract over the last 24 hours."""

    index_price: Decimal
    mark_price: Decimal
    open_interest_volume: Decimal | None = None


@frozen(kw_only=True)
class FundingRate:
    """What longs pay to shorts (negative: the reverse)."""

    market: str
    mark_price: Decimal | None = None
    latest_funding_rate: Decimal
    """Rate now, reckoned every minute; positive: longs pay."""
    next_funding_rate: Decimal
    """Rate expected next."""
    max_funding_rate: Decimal | None = None
    min_funding_rate: Decimal | None = None
    latest_funding_time: int
    """Milliseconds."""
    next_funding_time: int
    """Milliseconds; every 8 h, may shrink to 4 h or 2 h."""


@frozen(kw_only=True)
class PastFundingRate:
    """One funding that has taken place."""

    market: str
    funding_time: int
    """Milliseconds."""
    theoretical_funding_rate: Decimal
    actual_funding_rate: Decimal


@frozen(kw_only=True)
class PremiumIndex:
    """The premium index at one moment."""

    market: str
    created_at: int
    """Milliseconds."""
    premium_index: Decimal


@frozen(kw_only=True)
class PositionLevel:
    """One tier of position sizes."""

    amount: Decimal
    """Upper bound of the tier."""
    leverage: Decimal
    """Largest leverage."""
    maintenance_margin_rate: Decimal
    min_initial_margin_rate: Decimal


@frozen(kw_only=True)
class PositionLevels:
    """The tiers of one market."""

    market: str
    level: tuple[PositionLevel, ...]


@frozen(kw_only=True)
class Liquidation:
    """One liquidation."""

    market: str
    side: str
    """Long or short."""
    liq_price: Decimal
    liq_amount: Decimal
    bkr_price: Decimal | None = None
    """Bankruptcy price."""
    created_at: int
    """Milliseconds."""


@frozen(kw_only=True)
class Basis:
    """The basis rate at one moment."""

    market: str
    created_at: int | None = None
    """Milliseconds (one published row says funding_time instead)."""
    basis_rate: Decimal
