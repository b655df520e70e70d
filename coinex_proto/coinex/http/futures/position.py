"""Positions on CoinEx futures: close, adjust, protect, look up.

Source: CoinEx API v2, futures/position.
"""

from __future__ import annotations

from typing import ClassVar, TypeVar

from attrs import frozen

from coinex_proto.coinex.http._by_market_type.order import InMarket
from coinex_proto.coinex.http._orders import changes_something, order_question, price_fits_type
from coinex_proto.coinex.http._parameters import (
    Amount,
    ClientId,
    FuturesMarketType,
    Leverage,
    MarginMode,
    Name,
    OrderType,
    PriceType,
    SignedAmount,
    StpMode,
)
from coinex_proto.coinex.http._routes import Route, get, post
from coinex_proto.coinex.http.futures._order_rows import FuturesOrder
from coinex_proto.coinex.http.futures._position_rows import (
    AutoDeleverage,
    Funding,
    LeverageSetting,
    MarginChange,
    Position,
)
from coinex_proto.coinex.http.paging import HistoryCommand, PagedCommand, in_wire_order

R = TypeVar("R")


@frozen(kw_only=True)
class ClosePosition(InMarket[FuturesOrder, FuturesMarketType]):
    """Close or reduce the position of one market. Orders have no reduce-only flag: this is the way. Never retried.

    Source: CoinEx API v2, futures/position/http/close-position.
    """

    route: ClassVar[Route] = post("/futures/close-position")
    type: OrderType
    price: Amount | None = None
    """Required unless type is market."""
    amount: Amount | None = None
    """Whole position when None."""
    client_id: ClientId | None = None
    is_hide: bool | None = None
    """Hide it from the public book."""
    stp_mode: StpMode | None = None
    """Self-trade prevention: what is cancelled, the rest of the taker, of the maker, or both."""

    def check(self) -> None:
        """A price unless it is a market order."""
        price_fits_type(self.type, self.price)

    def question(self) -> str:
        """By its client id, or by what it looks like."""
        return order_question(self.route.module, self.market, self.client_id)


@frozen(kw_only=True)
class AdjustPositionMargin(InMarket[Position, FuturesMarketType]):
    """Add margin to a position, or take it away.

    Source: CoinEx API v2, futures/position/http/adjust-position-margin.
    """

    route: ClassVar[Route] = post("/futures/adjust-position-margin")
    amount: SignedAmount
    """Positive adds, negative removes."""


@frozen(kw_only=True)
class AdjustPositionLeverage(InMarket[LeverageSetting, FuturesMarketType]):
    """Choose margin mode and leverage of one market.

    Source: CoinEx API v2, futures/position/http/adjust-position-leverage.
    """

    route: ClassVar[Route] = post("/futures/adjust-position-leverage")
    margin_mode: MarginMode
    leverage: Leverage
    """One of the values that the market lists."""


@frozen(kw_only=True)
class SetPositionStopLoss(InMarket[Position, FuturesMarketType]):
    """Attach a stop loss; several may coexist. Source: CoinEx API v2, futures/position/http/set-position-stop-loss."""

    route: ClassVar[Route] = post("/futures/set-position-stop-loss")
    stop_loss_type: PriceType
    """The price that is watched."""
    stop_loss_price: Amount
    stop_loss_amount: Amount | None = None
    """Whole position when None."""


@frozen(kw_only=True)
class ModifyPositionStopLoss(InMarket[Position, FuturesMarketType]):
    """Change a stop loss. Source: CoinEx API v2, futures/position/http/modify-position-stop-loss."""

    route: ClassVar[Route] = post("/futures/modify-position-stop-loss")
    stop_loss_id: int
    """Id from stop_loss_list."""
    stop_loss_type: PriceType | None = None
    """The price that is watched."""
    stop_loss_price: Amount | None = None
    stop_loss_amount: Amount | None = None

    def check(self) -> None:
        """At least one change."""
        changes_something(self, "stop_loss_type", "stop_loss_price", "stop_loss_amount")


@frozen(kw_only=True)
class CancelPositionStopLoss(InMarket[Position, FuturesMarketType]):
    """Take a stop loss away. Source: CoinEx API v2, futures/position/http/cancel-position-stop-loss."""

    route: ClassVar[Route] = post("/futures/cancel-position-stop-loss")
    stop_loss_id: int | None = None
    """All of them when None."""


@frozen(kw_only=True)
class SetPositionTakeProfit(InMarket[Position, FuturesMarketType]):
    """Attach a take profit; several may coexist.

    Source: CoinEx API v2, futures/position/http/set-position-take-profit.
    """

    route: ClassVar[Route] = post("/futures/set-position-take-profit")
    take_profit_type: PriceType
    """The price that is watched."""
    take_profit_price: Amount
    take_profit_amount: Amount | None = None
    """Whole position when None."""


@frozen(kw_only=True)
class ModifyPositionTakeProfit(InMarket[Position, FuturesMarketType]):
    """Change a take profit. Source: CoinEx API v2, futures/position/http/modify-position-take-profit."""

    route: ClassVar[Route] = post("/futures/modify-position-take-profit")
    take_profit_id: int
    """Id from take_profit_list."""
    take_profit_type: PriceType | None = None
    """The price that is watched."""
    take_profit_price: Amount | None = None
    take_profit_amount: Amount | None = None

    def check(self) -> None:
        """At least one change."""
        changes_something(self, "take_profit_type", "take_profit_price", "take_profit_amount")


@frozen(kw_only=True)
class CancelPositionTakeProfit(InMarket[Position, FuturesMarketType]):
    """Take a take profit away. Source: CoinEx API v2, futures/position/http/cancel-position-take-profit."""

    route: ClassVar[Route] = post("/futures/cancel-position-take-profit")
    take_profit_id: int | None = None
    """All of them when None."""


@frozen(kw_only=True, field_transformer=in_wire_order)
class ListPendingPosition(PagedCommand[Position]):
    """Open positions. Source: CoinEx API v2, futures/position/http/list-pending-position."""

    route: ClassVar[Route] = get("/futures/pending-position")
    market: Name | None = None
    """All when None."""
    market_type: FuturesMarketType = "FUTURES"


@frozen(kw_only=True, field_transformer=in_wire_order)
class _PositionHistory(HistoryCommand[R]):
    """What happened to the positions of one market or all within a time."""

    market: Name | None = None
    """All when None."""
    market_type: FuturesMarketType = "FUTURES"


class ListFinishedPosition(_PositionHistory[Position]):
    """Closed positions. Source: CoinEx API v2, futures/position/http/list-finished-position."""

    route: ClassVar[Route] = get("/futures/finished-position")


@frozen(kw_only=True, field_transformer=in_wire_order)
class ListPositionMarginHistory(_PositionHistory[MarginChange]):
    """Changes of margin. Source: CoinEx API v2, futures/position/http/list-position-margin-history."""

    route: ClassVar[Route] = get("/futures/position-margin-history")
    position_id: int | None = None


class ListPositionFundingHistory(_PositionHistory[Funding]):
    """Fundings paid and received. Source: CoinEx API v2, futures/position/http/list-position-funding-history."""

    route: ClassVar[Route] = get("/futures/position-funding-history")


@frozen(kw_only=True, field_transformer=in_wire_order)
class ListPositionAdlHistory(_PositionHistory[AutoDeleverage]):
    """Reductions by auto-deleverage. Source: CoinEx API v2, futures/position/http/list-positiing-adl-history."""

    route: ClassVar[Route] = get("/futures/position-adl-history")
    position_id: int | None = None


@frozen(kw_only=True, field_transformer=in_wire_order)
class ListPositionSettleHistory(_PositionHistory[MarginChange]):
    """Settlements. Source: CoinEx API v2, futures/position/http/list-position-settle-history."""

    route: ClassVar[Route] = get("/futures/position-settle-history")
    position_id: int | None = None
