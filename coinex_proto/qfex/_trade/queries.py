"""Queries of the Trade socket: orders, own trades, leverage. They wait for the venue's rate limit where they must.

Source: QFEX documentation, Trade pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

from attrs import field, frozen

from coinex_proto.qfex._checks import at_least_or_none, check_symbol, check_symbol_or_none, check_text
from coinex_proto.qfex._trade import replies as _replies
from coinex_proto.qfex._trade.command import TradeCommand, given
from coinex_proto.qfex._trade.updates import LeverageLevel, OpenOrdersUpdate, OrderUpdate, UserTradesUpdate


@final
@frozen(kw_only=True)
class GetOrder(TradeCommand[OrderUpdate]):
    """One order as it stands."""

    type: ClassVar[str] = "get_order"

    order_id: str = field(validator=check_text)
    symbol: str = field(validator=check_symbol)

    def params(self) -> dict[str, object]:
        """The wire's parameters."""
        return given(order_id=self.order_id, symbol=self.symbol)

    def parse(self, body: bytes) -> OrderUpdate:
        """The order."""
        return _replies.order(body)


@final
@frozen(kw_only=True)
class GetUserOrders(TradeCommand[OpenOrdersUpdate]):
    """All open orders and TWAPs, of one symbol or of all. The expensive one: weight 5."""

    type: ClassVar[str] = "get_user_orders"

    limit: int | None = field(default=None, validator=at_least_or_none(1))
    """The venue's default is 1000."""
    offset: int | None = field(default=None, validator=at_least_or_none(0))
    symbol: str | None = field(default=None, validator=check_symbol_or_none)

    def params(self) -> dict[str, object]:
        """The wire's parameters."""
        return given(limit=self.limit, offset=self.offset, symbol=self.symbol)

    def parse(self, body: bytes) -> OpenOrdersUpdate:
        """The list."""
        return _replies.open_orders(body)


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

    def params(self) -> dict[str, object]:
        """The wire's parameters."""
        return given(
            limit=self.limit, offset=self.offset, order_id=self.order_id, start_ts=self.start_ts, end_ts=self.end_ts
        )

    def parse(self, body: bytes) -> UserTradesUpdate:
        """The list."""
        return _replies.user_trades(body)


@final
@frozen(kw_only=True)
class GetUserLeverage(TradeCommand[Sequence[LeverageLevel]]):
    """The leverage that is set, by symbol."""

    type: ClassVar[str] = "get_user_leverage"

    limit: int | None = field(default=None, validator=at_least_or_none(1))
    offset: int | None = field(default=None, validator=at_least_or_none(0))

    def params(self) -> dict[str, object]:
        """The wire's parameters."""
        return given(limit=self.limit, offset=self.offset)

    def parse(self, body: bytes) -> Sequence[LeverageLevel]:
        """The list."""
        return _replies.leverage(body)


@final
@frozen(kw_only=True)
class GetAvailableLeverageLevels(TradeCommand[Sequence[LeverageLevel]]):
    """The leverage that can be set, by symbol."""

    type: ClassVar[str] = "get_available_leverage_levels"

    limit: int | None = field(default=None, validator=at_least_or_none(1))
    offset: int | None = field(default=None, validator=at_least_or_none(0))

    def params(self) -> dict[str, object]:
        """The wire's parameters."""
        return given(limit=self.limit, offset=self.offset)

    def parse(self, body: bytes) -> Sequence[LeverageLevel]:
        """The list."""
        return _replies.leverage(body)
