"""Positions on CoinEx futures: close, adjust, protect, look up.

Source: CoinEx API v2, futures/position.
"""

from __future__ import annotations

from attrs import frozen

from coinex_proto.coinex.http._envelope import Page
from coinex_proto.coinex.http._orders import changes_something, order_question, price_fits_type
from coinex_proto.coinex.http._parameters import (
    Amount,
    ClientId,
    FuturesMarketType,
    Leverage,
    MarginMode,
    Milliseconds,
    Name,
    OrderType,
    PageNumber,
    PageSize,
    PriceType,
    SignedAmount,
    StpMode,
)
from coinex_proto.coinex.http._routes import get, post
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.coinex.http.futures._order_rows import FuturesOrder
from coinex_proto.coinex.http.futures._position_rows import (
    AutoDeleverage,
    Funding,
    LeverageSetting,
    MarginChange,
    Position,
)


@frozen(kw_only=True)
class ClosePosition(HttpCommand[FuturesOrder]):
    """Close or reduce the position of one market. Orders have no reduce-only flag: this is the way. Never retried.

    Source: CoinEx API v2, futures/position/http/close-position.
    """

    route = post("/futures/close-position")
    market: Name
    market_type: FuturesMarketType = "FUTURES"
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
        return order_question("futures", self.market, self.client_id)


@frozen(kw_only=True)
class AdjustPositionMargin(HttpCommand[Position]):
    """Add margin to a position, or take it away.

    Source: CoinEx API v2, futures/position/http/adjust-position-margin.
    """

    route = post("/futures/adjust-position-margin")
    market: Name
    market_type: FuturesMarketType = "FUTURES"
    amount: SignedAmount
    """Positive adds, negative removes."""


@frozen(kw_only=True)
class AdjustPositionLeverage(HttpCommand[LeverageSetting]):
    """Choose margin mode and leverage of one market.

    Source: CoinEx API v2, futures/position/http/adjust-position-leverage.
    """

    route = post("/futures/adjust-position-leverage")
    market: Name
    market_type: FuturesMarketType = "FUTURES"
    margin_mode: MarginMode
    leverage: Leverage
    """One of the values that the market lists."""


@frozen(kw_only=True)
class SetPositionStopLoss(HttpCommand[Position]):
    """Attach a stop loss; several may coexist.

    Source: CoinEx API v2, futures/position/http/set-position-stop-loss.
    """

    route = post("/futures/set-position-stop-loss")
    market: Name
    market_type: FuturesMarketType = "FUTURES"
    stop_loss_type: PriceType
    """The price that is watched."""
    stop_loss_price: Amount
    stop_loss_amount: Amount | None = None
    """Whole position when None."""


@frozen(kw_only=True)
class ModifyPositionStopLoss(HttpCommand[Position]):
    """Change a stop loss.

    Source: CoinEx API v2, futures/position/http/modify-position-stop-loss.
    """

    route = post("/futures/modify-position-stop-loss")
    market: Name
    market_type: FuturesMarketType = "FUTURES"
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
class CancelPositionStopLoss(HttpCommand[Position]):
    """Take a stop loss away.

    Source: CoinEx API v2, futures/position/http/cancel-position-stop-loss.
    """

    route = post("/futures/cancel-position-stop-loss")
    market: Name
    market_type: FuturesMarketType = "FUTURES"
    stop_loss_id: int | None = None
    """All of them when None."""


@frozen(kw_only=True)
class SetPositionTakeProfit(HttpCommand[Position]):
    """Attach a take profit; several may coexist.

    Source: CoinEx API v2, futures/position/http/set-position-take-profit.
    """

    route = post("/futures/set-position-take-profit")
    market: Name
    market_type: FuturesMarketType = "FUTURES"
    take_profit_type: PriceType
    """The price that is watched."""
    take_profit_price: Amount
    take_profit_amount: Amount | None = None
    """Whole position when None."""


@frozen(kw_only=True)
class ModifyPositionTakeProfit(HttpCommand[Position]):
    """Change a take profit.

    Source: CoinEx API v2, futures/position/http/modify-position-take-profit.
    """

    route = post("/futures/modify-position-take-profit")
    market: Name
    market_type: FuturesMarketType = "FUTURES"
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
class CancelPositionTakeProfit(HttpCommand[Position]):
    """Take a take profit away.

    Source: CoinEx API v2, futures/position/http/cancel-position-take-profit.
    """

    route = post("/futures/cancel-position-take-profit")
    market: Name
    market_type: FuturesMarketType = "FUTURES"
    take_profit_id: int | None = None
    """All of them when None."""


@frozen(kw_only=True)
class ListPendingPosition(HttpCommand[Page[Position]]):
    """Open positions.

    Source: CoinEx API v2, futures/position/http/list-pending-position.
    """

    route = get("/futures/pending-position")
    market: Name | None = None
    """All when None."""
    market_type: FuturesMarketType = "FUTURES"
    page: PageNumber | None = None
    """From 1."""
    limit: PageSize | None = None
    """Rows; 10 when None."""


@frozen(kw_only=True)
class ListFinishedPosition(HttpCommand[Page[Position]]):
    """Closed positions.

    Source: CoinEx API v2, futures/position/http/list-finished-position.
    """

    route = get("/futures/finished-position")
    market: Name | None = None
    """All when None."""
    market_type: FuturesMarketType = "FUTURES"
    start_time: Milliseconds | None = None
    """Milliseconds, lower bound."""
    end_time: Milliseconds | None = None
    """Milliseconds, upper bound."""
    page: PageNumber | None = None
    """From 1."""
    limit: PageSize | None = None
    """Rows; 10 when None."""


@frozen(kw_only=True)
class ListPositionMarginHistory(HttpCommand[Page[MarginChange]]):
    """Changes of margin.

    Source: CoinEx API v2, futures/position/http/list-position-margin-history.
    """

    route = get("/futures/position-margin-history")
    market: Name | None = None
    """All when None."""
    market_type: FuturesMarketType = "FUTURES"
    position_id: int | None = None
    start_time: Milliseconds | None = None
    """Milliseconds, lower bound."""
    end_time: Milliseconds | None = None
    """Milliseconds, upper bound."""
    page: PageNumber | None = None
    """From 1."""
    limit: PageSize | None = None
    """Rows; 10 when None."""


@frozen(kw_only=True)
class ListPositionFundingHistory(HttpCommand[Page[Funding]]):
    """Fundings paid and received.

    Source: CoinEx API v2, futures/position/http/list-position-funding-history.
    """

    route = get("/futures/position-funding-history")
    market: Name | None = None
    """All when None."""
    market_type: FuturesMarketType = "FUTURES"
    start_time: Milliseconds | None = None
    """Milliseconds, lower bound."""
    end_time: Milliseconds | None = None
    """Milliseconds, upper bound."""
    page: PageNumber | None = None
    """From 1."""
    limit: PageSize | None = None
    """Rows; 10 when None."""


@frozen(kw_only=True)
class ListPositionAdlHistory(HttpCommand[Page[AutoDeleverage]]):
    """Reductions by auto-deleverage.

    Source: CoinEx API v2, futures/position/http/list-positiing-adl-history.
    """

    route = get("/futures/position-adl-history")
    market: Name | None = None
    """All when None."""
    market_type: FuturesMarketType = "FUTURES"
    position_id: int | None = None
    start_time: Milliseconds | None = None
    """Milliseconds, lower bound."""
    end_time: Milliseconds | None = None
    """Milliseconds, upper bound."""
    page: PageNumber | None = None
    """From 1."""
    limit: PageSize | None = None
    """Rows; 10 when None."""


@frozen(kw_only=True)
class ListPositionSettleHistory(HttpCommand[Page[MarginChange]]):
    """Settlements.

    Source: CoinEx API v2, futures/position/http/list-position-settle-history.
    """

    route = get("/futures/position-settle-history")
    market: Name | None = None
    """All when None."""
    market_type: FuturesMarketType = "FUTURES"
    position_id: int | None = None
    start_time: Milliseconds | None = None
    """Milliseconds, lower bound."""
    end_time: Milliseconds | None = None
    """Milliseconds, upper bound."""
    page: PageNumber | None = None
    """From 1."""
    limit: PageSize | None = None
    """Rows; 10 when None."""
