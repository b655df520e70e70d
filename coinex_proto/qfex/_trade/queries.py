"""Queries of the Trade socket: orders, own trades, leverage. They wait for the venue's rate limit where they must.

Source: QFEX documentation, Trade pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

from attrs import field, frozen

from coinex_proto.qfex._checks import at_least_or_none, check_symbol, check_symbol_or_none, check_text
from coinex_proto.qfex._trade.command import TradeCommand
from coinex_proto.qfex._trade.updates import LeverageLevel, OpenOrdersUpdate, OrderUpdate, UserTradesUpdate


@final
@frozen(kw_only=True)
class GetOrder(TradeCommand[OrderUpdate]):
    """One order as it stands."""

    type: ClassVar[str] = "get_order"

    order_id: str = field(validator=check_text)
    symbol: str = field(validator=check_symbol)


@final
@frozen(kw_only=True)
class GetUserOrders(TradeCommand[OpenOrdersUpdate]):
    """All open orders and TWAPs, of one symbol or of all. The expensive one: weight 5."""

    type: ClassVar[str] = "get_user_orders"

    limit: int | None = field(default=None, validator=at_least_or_none(1))
    """The venue's default is 1000."""
    offset: int | None = field(default=None, validator=at_least_or_none(0))
    symbol: str | None = field(default=None, validator=check_symbol_or_none)


@final
@frozen(kw_only=True)
class GetUserTrades(TradeCommand[UserTradesUpdate]):
    """Own trades, of one order or of all, within a span of time."""

    type: ClassVar[str] = "get_user_trades"

    limit: int | None = field(default=None, validator=at_least_or_none(1))
    """The venue's default is 1000."""
    offset: int | None = field(default=None, validator=at_least_or_none(0))
    order_id: str | None = None
    start_ts: int | None = field(default=None, validator=at_least_or_none(0))
    """Unix seconds, inclusive."""
    end_ts: int | None = field(default=None, validator=at_least_or_none(0))
    """Unix seconds, inclusive."""


@final
@frozen(kw_only=True)
class GetUserLeverage(TradeCommand[Sequence[LeverageLevel]]):
    """The leverage that is set, by symbol."""

    type: ClassVar[str] = "get_user_leverage"

    limit: int | None = field(default=None, validator=at_least_or_none(1))
    offset: int | None = field(default=None, validator=at_least_or_none(0))


@final
@frozen(kw_only=True)
class GetAvailableLeverageLevels(TradeCommand[Sequence[LeverageLevel]]):
    """The leverage that can be set, by symbol."""

    type: ClassVar[str] = "get_available_leverage_levels"

    limit: int | None = field(default=None, validator=at_least_or_none(1))
    offset: int | None = field(default=None, validator=at_least_or_none(0))
