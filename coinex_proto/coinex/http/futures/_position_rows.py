"""Positions on CoinEx futures, as answers tell them.

Source: CoinEx API v2, futures/position.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import field, frozen

from coinex_proto.fitting import EACH_ALONE
from coinex_proto.rows import Row


@frozen(kw_only=True)
class PositionExit(Row):
    """One stop loss or take profit attached to a position.

    Essential: `id`.
    """

    id: int
    price: Decimal | None = None
    type: str | None = None
    """The price that is watched."""
    amount: Decimal | None = None
    is_all: bool | None = None
    """The whole position."""
    created_at: int | None = None
    """Milliseconds."""


@frozen(kw_only=True)
class Position(Row):
    """A position as the venue knows it.

    Essential: `position_id`, `market`, `side`, `open_interest`.
    """

    position_id: int
    market: str
    market_type: str | None = None
    """FUTURES."""
    side: str
    """long or short."""
    margin_mode: str | None = None
    """isolated or cross."""
    open_interest: Decimal
    """Position size."""
    close_avbl: Decimal | None = None
    """Size that can still be closed."""
    ath_position_amount: Decimal | None = None
    """Largest size the position has had."""
    unrealized_pnl: Decimal | None = None
    realized_pnl: Decimal | None = None
    avg_entry_price: Decimal | None = None
    cml_position_value: Decimal | None = None
    """Cumulative position value."""
    max_position_value: Decimal | None = None
    take_profit_price: Decimal | None = None
    """None or 0 when there is none."""
    stop_loss_price: Decimal | None = None
    """None or 0 when there is none."""
    take_profit_type: str | None = None
    """Empty when there is none."""
    stop_loss_type: str | None = None
    """Empty when there is none."""
    leverage: int | None = None
    margin_avbl: Decimal | None = None
    """Margin available = initial + added - removed."""
    ath_margin_size: Decimal | None = None
    """Largest margin the position has had."""
    position_margin_rate: Decimal | None = None
    maintenance_margin_rate: Decimal | None = None
    maintenance_margin_value: Decimal | None = None
    liq_price: Decimal | None = None
    """Liquidation price."""
    bkr_price: Decimal | None = None
    """Bankruptcy price."""
    adl_level: int | None = None
    """Auto-deleverage rank 1..5."""
    settle_price: Decimal | None = None
    """Settlement price (mark price)."""
    settle_value: Decimal | None = None
    """Settlement value."""
    created_at: int | None = None
    """Milliseconds."""
    updated_at: int | None = None
    """Milliseconds."""
    stop_loss_list: tuple[PositionExit, ...] = field(default=(), metadata=EACH_ALONE)
    """Not on every answer."""
    take_profit_list: tuple[PositionExit, ...] = field(default=(), metadata=EACH_ALONE)
    """Not on every answer."""
    finished_type: str | None = None
    """How it ended: liq, adl, sys, limit, market, market_close_all, take_profit or stop_loss."""


@frozen(kw_only=True)
class LeverageSetting(Row):
    """Margin mode and leverage of one market.

    Essential: all of it.
    """

    margin_mode: str
    leverage: int


@frozen(kw_only=True)
class MarginChange(Row):
    """One change of a position's margin, or one settlement.

    Essential: `market`, `position_id`, `margin_change`.
    """

    market: str
    market_type: str | None = None
    position_id: int
    margin_mode: str | None = None
    leverage: int | None = None
    liq_price: Decimal | None = None
    bkr_price: Decimal | None = None
    settle_price: Decimal | None = None
    open_interest: Decimal | None = None
    margin_avbl: Decimal | None = None
    """Margin after the change."""
    margin_change: Decimal
    """Signed change."""
    created_at: int | None = None
    """Milliseconds."""


@frozen(kw_only=True)
class Funding(Row):
    """One funding that was paid or received.

    Essential: `market`, `position_id`, `ccy`, `funding_value`.
    """

    market: str
    market_type: str | None = None
    ccy: str
    """Settlement currency."""
    position_id: int
    side: str | None = None
    """Long or short."""
    margin_mode: str | None = None
    open_interest: Decimal | None = None
    settle_price: Decimal | None = None
    funding_rate: Decimal | None = None
    funding_value: Decimal
    created_at: int | None = None
    """Milliseconds."""


@frozen(kw_only=True)
class AutoDeleverage(Row):
    """One trade by which a position was reduced against its owner's will.

    Essential: `market`, `position_id`, `side`, `amount`, `price`.
    """

    market: str
    market_type: str | None = None
    position_id: int
    order_id: int | None = None
    deal_id: int | None = None
    amount: Decimal
    price: Decimal
    side: str
    role: str | None = None
    """Maker or taker."""
    created_at: int | None = None
    """Milliseconds."""
