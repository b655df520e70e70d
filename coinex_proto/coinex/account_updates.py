"""Private pushes of the CoinEx v2 sockets; msgspec decodes them directly, so each class is the schema.

The rules of `market_updates` hold here too. Fields that one of the two sockets does not send are None there. Old spellings
(`unfill_amount`, `settle_value`, …) arrive under today's names.
Source: CoinEx API v2, WebSocket pages order, stop, user_deals, position, balance and notice.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, final

from attrs import field, frozen

from coinex_proto.fitting import EACH_ALONE, ESSENTIAL, also_spelt
from coinex_proto.ids import TopicKey
from coinex_proto.moments import unix_seconds
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
    """One own order as of one push.

    Essential: `order_id`, `market`, `side`, `amount`, `unfilled_amount`, and `filled_amount` where it is sent.
    """

    order_id: int
    stop_id: int | None = None
    """Futures: the stop order that it came from, 0: none."""
    market: str
    margin_market: str | None = None
    """Spot: the margin account's market, empty outside margin."""
    type: str | None = None
    """"limit", "market", "maker_only", "ioc", "fok"; the pages also write some in capitals."""
    side: str
    """"buy" or "sell"."""
    amount: Decimal
    """As ordered; for market orders the venue does not say in which currency."""
    price: Decimal | None = None
    unfilled_amount: Decimal = field(metadata=also_spelt("unfill_amount"))
    filled_amount: Decimal | None = field(default=None, metadata={**also_spelt("fill_amount"), **ESSENTIAL})
    """Always seen on both sockets, though the spot page lacks it."""
    filled_value: Decimal | None = field(metadata=also_spelt("fill_value"))
    """In quote currency."""
    taker_fee_rate: Decimal | None = None
    maker_fee_rate: Decimal | None = None
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
    created_at: int | None = None
    updated_at: int | None = None
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

    Essential: `event`, and what is essential of the order.
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
    def venue_time(self) -> float | None:
        """Unix seconds on the venue's clock; None: it does not say, or not so that it can be read."""
        return unix_seconds(self.order.updated_at)


@final
@frozen(kw_only=True)
class StopOrder:
    """One own stop order as of one push.

    Essential: `stop_id`, `market`, `side`, `amount`, `trigger_price`.
    """

    stop_id: int
    market: str
    margin_market: str | None = None
    """Spot: the margin account's market, empty outside margin."""
    type: str | None = None
    side: str
    price: Decimal | None = None
    """After triggering; 0 for a market order."""
    amount: Decimal
    """After triggering."""
    trigger_price: Decimal
    trigger_direction: str | None = None
    """"higher" or "lower"; "higer" has been seen."""
    trigger_price_type: str | None = None
    """Futures: "latest_price", "mark_price" or "index_price"."""
    taker_fee_rate: Decimal | None = None
    maker_fee_rate: Decimal | None = None
    client_id: str | None = None
    status: str | None = None
    """"put", "active_success", "active_fail" or "cancel"."""
    created_at: int | None = None
    updated_at: int | None = None


@final
@frozen(kw_only=True)
class StopOrderUpdate(Update):
    """A change of one own stop order: `event` is "put", "active" or "cancel". Source: CoinEx API v2, stop.update.

    Essential: `event`, and what is essential of the stop order.
    """

    event: str | int
    """The spot page shows the integer 1, whose meaning it does not say."""
    stop: StopOrder

    @property
    def topic_key(self) -> TopicKey:
        """Kind and market."""
        return ("stop", self.stop.market)

    @property
    def venue_time(self) -> float | None:
        """Unix seconds on the venue's clock; None: it does not say, or not so that it can be read."""
        return unix_seconds(self.stop.updated_at)


@final
@frozen(kw_only=True)
class UserTradeUpdate(Update):
    """One own fill. Its place among the pushes of order, position and balance is not fixed.

    Source: CoinEx API v2, user_deals.update.

    Essential: `deal_id`, `order_id`, `market`, `side`, `price`, `amount`.
    """

    tells_order: ClassVar[bool] = True
    is_fill: ClassVar[bool] = True

    deal_id: int
    created_at: int | None = None
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
    role: str | None = None
    """"taker" or "maker"."""
    fee: Decimal | None = None
    """Of this fill, in `fee_ccy`."""
    fee_ccy: str | None = None

    @property
    def topic_key(self) -> TopicKey:
        """Kind and market."""
        return ("user_deals", self.market)

    @property
    def occurrence_id(self) -> tuple[int, int]:
        """Order and fill: a trade with oneself is a fill of two orders."""
        return self.order_id, self.deal_id

    @property
    def venue_time(self) -> float | None:
        """Unix seconds on the venue's clock; None: it does not say, or not so that it can be read."""
        return unix_seconds(self.created_at)


@final
@frozen(kw_only=True)
class Position:
    """One own futures position as of one push.

    Essential: `position_id`, `market`, `side`, `open_interest`.
    """

    position_id: int
    market: str
    side: str
    """"long" or "short"."""
    margin_mode: str | None = None
    """"cross" or "isolated"."""
    open_interest: Decimal
    """Size."""
    close_avbl: Decimal | None = None
    """Size that can be closed."""
    ath_position_amount: Decimal | None = None
    """Largest size so far."""
    unrealized_pnl: Decimal | None = None
    realized_pnl: Decimal | None = None
    avg_entry_price: Decimal | None = None
    cml_position_value: Decimal | None = None
    max_position_value: Decimal | None = None
    take_profit_price: Decimal | None = None
    """0: not set."""
    stop_loss_price: Decimal | None = None
    """0: not set."""
    take_profit_type: str | None = None
    stop_loss_type: str | None = None
    leverage: Decimal | None = None
    margin_avbl: Decimal | None = None
    ath_margin_size: Decimal | None = None
    """Largest margin so far."""
    position_margin_rate: Decimal | None = None
    maintenance_margin_rate: Decimal | None = None
    maintenance_margin_value: Decimal | None = None
    liq_price: Decimal | None = None
    """Price of liquidation."""
    bkr_price: Decimal | None = None
    """Price of bankruptcy."""
    adl_level: int | None = None
    """1 to 5: how near to automatic deleveraging."""
    settle_price: Decimal | None = None
    """Mark price used for settlement."""
    settle_val: Decimal | None = field(metadata=also_spelt("settle_value"))
    """Value at `settle_price`."""
    first_filled_price: Decimal | None = None
    latest_filled_price: Decimal | None = None
    created_at: int | None = None
    updated_at: int | None = None
    market_type: str | None = None
    """Not documented; modelled by another client, as are lists of stops, which stand in `raw` only."""


@final
@frozen(kw_only=True)
class PositionUpdate(Update):
    """A change of one own position.

    `event`: "update", "close", "sys_close", "adl" or "liq"; "alert" and an empty text have been seen.
    Source: CoinEx API v2, position.update.

    Essential: what is essential of the position; whether it is closed its `open_interest` says.
    """

    event: str | int | None = None
    position: Position

    @property
    def topic_key(self) -> TopicKey:
        """Kind and market."""
        return ("position", self.position.market)

    @property
    def venue_time(self) -> float | None:
        """Unix seconds on the venue's clock; None: it does not say, or not so that it can be read."""
        return unix_seconds(self.position.updated_at)


@final
@frozen(kw_only=True)
class BalanceUpdate(Update):
    """One changed balance; `margin_market` and `ccy` together tell which. Source: CoinEx API v2, balance.update.

    Essential: `ccy`, `available`, `frozen`, and `margin_market` where it is sent.
    """

    margin_market: str | None = field(default=None, metadata=ESSENTIAL)
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
        return unix_seconds(self.updated_at)


@final
@frozen(kw_only=True)
class NoticeInfo:
    """One maintenance; Unix milliseconds.

    Essential: `start_time`.
    """

    start_time: int = field(metadata=also_spelt("started_at"))
    end_time: int | None = field(metadata=also_spelt("ended_at"))
    scope: tuple[str, ...] = field(default=(), metadata=EACH_ALONE)
    """"SPOT", "FUTURES", …"""
    protect_duration_start: int | None = None
    """After maintenance only cancelling, maker-only limit orders and margin changes are allowed from here … 0: no such time."""
    protect_duration_end: int | None = None
    """… to here."""


@final
@frozen(kw_only=True)
class NoticeUpdate(Update):
    """An announcement of maintenance. No live one has ever been recorded. Source: CoinEx API v2, notice.update.

    Essential: what is essential of its info.
    """

    announces_end = True

    channel: int | None = None
    """101: system maintenance."""
    info: NoticeInfo

    @property
    def topic_key(self) -> TopicKey:
        """Kind and market."""
        return ("notice", None)
