"""Private pushes of the CoinEx v2 sockets; msgspec decodes them directly, so each class is the schema.

The rules of `market_updates` hold here too. Fields that one of the two sockets does not send are None there. Old spellings
(`unfill_amount`, `settle_value`, …) arrive under today's names.
Source: CoinEx API v2, WebSocket pages order, stop, user_deals, position, balance and notice.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, final

from attrs import field, frozen

from coinex_proto.coinex._spellings import also_spelt
from coinex_proto.ids import TopicKey
from coinex_proto.updates import Update

__all__ = [
    "BalanceUpdate",
    "NoticeInfo",
    "NoticeUpdate",
    "Order",
    "OrderUpdate",
    "Position",
    "PositionUpdate",
    "StopOrder",
    "StopOrderUpdate",
    "UserTradeUpdate",
]


@final
@frozen(kw_only=True)
class Order:
    """One own order as of one push."""

    order_id: int
    stop_id: int | None = None
    """Futures: the stop order that it came from, 0: none."""
    market: str
    margin_market: str | None = None
    """Spot: the margin account's market, empty outside margin."""
    type: str
    """"limit", "market", "maker_only", "ioc", "fok"; the pages also write some in capitals."""
    side: str
    """"buy" or "sell"."""
    amount: Decimal
    """As ordered; for market orders the venue does not say in which currency."""
    price: Decimal
    unfilled_amount: Decimal = field(metadata=also_spelt("unfill_amount"))
    filled_amount: Decimal | None = field(default=None, metadata=also_spelt("fill_amount"))
    """Always seen on both sockets, though the spot page lacks it."""
    filled_value: Decimal = field(metadata=also_spelt("fill_value"))
    """In quote currency."""
    taker_fee_rate: Decimal
    maker_fee_rate: Decimal
    base_ccy_fee: Decimal | None = None
    """Spot: paid in base currency so far."""
    quote_ccy_fee: Decimal | None = None
    """Spot: paid in quote currency so far."""
    discount_ccy_fee: Decimal | None = None
    """Spot: paid in the discount currency (mostly CET) so far."""
    fee: Decimal | None = None
    """Futures: paid so far, in `fee_ccy`."""
    fee_ccy: str | None = None
    last_filled_amount: Decimal | None = field(metadata=also_spelt("last_fill_amount"))
    """Of the last fill; 0: none yet; None: recovered from the list of finished orders, which does not tell it."""
    last_filled_price: Decimal | None = field(metadata=also_spelt("last_fill_price"))
    client_id: str | None = None
    """The caller's own id; empty: none."""
    created_at: int
    updated_at: int
    market_type: str | None = None
    """Not documented; modelled by other clients."""
    status: str | None = None
    """Not documented; never seen live."""
    realized_pnl: Decimal | None = None
    """Not documented; modelled by other clients for futures."""


@final
@frozen(kw_only=True)
class OrderUpdate(Update):
    """A change of one own order.

    `event`: "put", "update", "modify" or "finish". There is no word for cancelled: a finished order whose
    `unfilled_amount` is 0 was filled, any other was cancelled with that remainder. After any other word the order is
    `unknown`, and is asked about. Source: CoinEx API v2, order.update.
    """

    tells_order: ClassVar[bool] = True

    event: str | int
    """An integer in old recordings."""
    order: Order

    @property
    def topic_key(self) -> TopicKey:
        """Kind and market."""
        return ("order", self.order.market)

    @property
    def occurrence_id(self) -> int | None:
        """The order's, when it is finished."""
        return self.order.order_id if self.event == "finish" else None

    @property
    def venue_time(self) -> float:
        """Unix seconds on the venue's clock."""
        return self.order.updated_at / 1000


@final
@frozen(kw_only=True)
class StopOrder:
    """One own stop order as of one push."""

    stop_id: int
    market: str
    margin_market: str | None = None
    """Spot: the margin account's market, empty outside margin."""
    type: str
    side: str
    price: Decimal
    """After triggering; 0 for a market order."""
    amount: Decimal
    """After triggering."""
    trigger_price: Decimal
    trigger_direction: str
    """"higher" or "lower"; "higer" has been seen."""
    trigger_price_type: str | None = None
    """Futures: "latest_price", "mark_price" or "index_price"."""
    taker_fee_rate: Decimal
    maker_fee_rate: Decimal
    client_id: str | None = None
    status: str | None = None
    """"put", "active_success", "active_fail" or "cancel"."""
    created_at: int
    updated_at: int


@final
@frozen(kw_only=True)
class StopOrderUpdate(Update):
    """A change of one own stop order: `event` is "put", "active" or "cancel". Source: CoinEx API v2, stop.update."""

    event: str | int
    """The spot page shows the integer 1, whose meaning it does not say."""
    stop: StopOrder

    @property
    def topic_key(self) -> TopicKey:
        """Kind and market."""
        return ("stop", self.stop.market)

    @property
    def venue_time(self) -> float:
        """Unix seconds on the venue's clock."""
        return self.stop.updated_at / 1000


@final
@frozen(kw_only=True)
class UserTradeUpdate(Update):
    """One own fill. Its place among the pushes of order, position and balance is not fixed.

    Source: CoinEx API v2, user_deals.update.
    """

    tells_order: ClassVar[bool] = True
    is_fill: ClassVar[bool] = True

    deal_id: int
    created_at: int
    order_id: int
    client_id: str | None = None
    """The caller's own id of the order; empty: none."""
    position_id: int | None = None
    """Futures only."""
    market: str
    margin_market: str | None = None
    """Spot: the margin account's market, empty outside margin."""
    side: str
    """The user's own side."""
    price: Decimal
    amount: Decimal
    role: str
    """"taker" or "maker"."""
    fee: Decimal
    """Of this fill, in `fee_ccy`."""
    fee_ccy: str

    @property
    def topic_key(self) -> TopicKey:
        """Kind and market."""
        return ("user_deals", self.market)

    @property
    def occurrence_id(self) -> tuple[int, int]:
        """Order and fill: a trade with oneself is a fill of two orders."""
        return self.order_id, self.deal_id

    @property
    def venue_time(self) -> float:
        """Unix seconds on the venue's clock."""
        return self.created_at / 1000


@final
@frozen(kw_only=True)
class Position:
    """One own futures position as of one push."""

    position_id: int
    market: str
    side: str
    """"long" or "short"."""
    margin_mode: str
    """"cross" or "isolated"."""
    open_interest: Decimal
    """Size."""
    close_avbl: Decimal
    """Size that can be closed."""
    ath_position_amount: Decimal
    """Largest size so far."""
    unrealized_pnl: Decimal
    realized_pnl: Decimal
    avg_entry_price: Decimal
    cml_position_value: Decimal
    max_position_value: Decimal
    take_profit_price: Decimal
    """0: not set."""
    stop_loss_price: Decimal
    """0: not set."""
    take_profit_type: str
    stop_loss_type: str
    leverage: Decimal
    margin_avbl: Decimal
    ath_margin_size: Decimal
    """Largest margin so far."""
    position_margin_rate: Decimal
    maintenance_margin_rate: Decimal
    maintenance_margin_value: Decimal
    liq_price: Decimal
    """Price of liquidation."""
    bkr_price: Decimal
    """Price of bankruptcy."""
    adl_level: int
    """1 to 5: how near to automatic deleveraging."""
    settle_price: Decimal
    """Mark price used for settlement."""
    settle_val: Decimal = field(metadata=also_spelt("settle_value"))
    """Value at `settle_price`."""
    first_filled_price: Decimal
    latest_filled_price: Decimal
    created_at: int
    updated_at: int
    market_type: str | None = None
    """Not documented; modelled by another client, as are lists of stops, which stand in `raw` only."""


@final
@frozen(kw_only=True)
class PositionUpdate(Update):
    """A change of one own position.

    `event`: "update", "close", "sys_close", "adl" or "liq"; "alert" and an empty text have been seen.
    Source: CoinEx API v2, position.update.
    """

    event: str | int
    position: Position

    @property
    def topic_key(self) -> TopicKey:
        """Kind and market."""
        return ("position", self.position.market)

    @property
    def venue_time(self) -> float:
        """Unix seconds on the venue's clock."""
        return self.position.updated_at / 1000


@final
@frozen(kw_only=True)
class BalanceUpdate(Update):
    """One changed balance; `margin_market` and `ccy` together tell which. Source: CoinEx API v2, balance.update."""

    margin_market: str | None = None
    """Spot: the margin account's market, empty for the plain account."""
    ccy: str
    available: Decimal
    frozen: Decimal
    updated_at: int | None = None
    """Spot only."""
    margin: Decimal | None = None
    """Futures: held by positions."""
    transferrable: Decimal | None = None
    """Futures; the venue's spelling."""
    unrealized_pnl: Decimal | None = None
    """Futures only."""
    equity: Decimal | None = None
    """Futures only."""

    @property
    def topic_key(self) -> TopicKey:
        """Kind and currency."""
        return ("balance", self.ccy)

    @property
    def venue_time(self) -> float | None:
        """Unix seconds on the venue's clock; None on futures."""
        return None if self.updated_at is None else self.updated_at / 1000


@final
@frozen(kw_only=True)
class NoticeInfo:
    """One maintenance; Unix milliseconds."""

    start_time: int = field(metadata=also_spelt("started_at"))
    end_time: int = field(metadata=also_spelt("ended_at"))
    scope: tuple[str, ...] = ()
    """"SPOT", "FUTURES", …"""
    protect_duration_start: int | None = None
    """After maintenance only cancelling, maker-only limit orders and margin changes are allowed from here … 0: no such time."""
    protect_duration_end: int | None = None
    """… to here."""


@final
@frozen(kw_only=True)
class NoticeUpdate(Update):
    """An announcement of maintenance. No live one has ever been recorded. Source: CoinEx API v2, notice.update."""

    channel: int
    """101: system maintenance."""
    info: NoticeInfo

    @property
    def topic_key(self) -> TopicKey:
        """Kind and market."""
        return ("notice", None)
