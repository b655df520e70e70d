"""Pushes and replies of the Trade socket; msgspec decodes them directly, so each class is the schema.

Attributes have the wire's names. Numbers are exact `Decimal`s, whether the venue sends them as numbers or as texts; times
are Unix seconds with a fraction unless said otherwise; enumerations are plain strings, since they grow. What is None was
not sent: frames of refused orders may hold hardly anything. This module must not import for type checking only: msgspec
reads the annotations. Source: QFEX documentation, Trade pages and AsyncAPI file.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final, final

from attrs import field, frozen

from coinex_proto.fitting import EACH_ALONE, ESSENTIAL, MAY_BE_NULL, OWN
from coinex_proto.ids import TopicKey
from coinex_proto.qfex._times import moment
from coinex_proto.qfex._trade.statuses import ORDER_STATUSES
from coinex_proto.updates import Update

LISTED: Final = 1000
"""So many orders the venue lists where no limit is given."""


@frozen(kw_only=True)
class PushedUpdate(Update):
    """What the venue sends by itself, one record a message. Base class only."""

    frame: ClassVar[str]
    """The top-level member of the message that holds the record."""
    channel: ClassVar[str]
    """The wire's name of the channel that brings it, and its kind in topic keys."""


@final
@frozen(kw_only=True)
class OrderUpdate(PushedUpdate):
    """What happened to one order, or why a request about one was refused. Source: order_response.

    An accepted order has ACK first, mostly. FILLED says that a fill happened: the order is complete when
    `quantity_remaining` is 0. IOC_PARTIALLY_FILLED and IOC_CANCELLED end an accepted order that does not rest. A change
    (MODIFIED) may come with a new `order_id`.

    Essential: `status`, and where they are sent the ids, `symbol`, `side`, `type`, `time_in_force` and both quantities.
    """

    frame: ClassVar[str] = "order_response"
    channel: ClassVar[str] = "order_responses"
    tells_order: ClassVar[bool] = True

    order_id: str | None = field(default=None, metadata=ESSENTIAL)
    symbol: str | None = field(default=None, metadata=ESSENTIAL)
    status: str
    quantity: Decimal | None = field(default=None, metadata=ESSENTIAL)
    price: Decimal | None = None
    take_profit: Decimal | None = None
    """0: none."""
    stop_loss: Decimal | None = None
    """0: none."""
    side: str | None = field(default=None, metadata=ESSENTIAL)
    type: str | None = field(default=None, metadata=ESSENTIAL)
    """LIMIT, MARKET, ALO, TAKE_PROFIT, STOP_LOSS or STOP_MARKET."""
    time_in_force: str | None = field(default=None, metadata=ESSENTIAL)
    user_id: str | None = None
    client_order_id: str | None = field(default=None, metadata=ESSENTIAL)
    """May be empty."""
    quantity_remaining: Decimal | None = field(default=None, metadata=ESSENTIAL)
    update_time: Decimal | None = None
    trade_id: str | None = field(default=None, metadata=ESSENTIAL)
    """Of the fill, when FILLED."""
    replaces: str | None = field(default=None, metadata=OWN)
    """Set by the SDK in the result of `ModifyOrder`, never by the venue: the id that the order had before."""

    @property
    def topic_key(self) -> TopicKey:
        """Kind and symbol."""
        return (self.channel, self.symbol)

    @property
    def is_refusal(self) -> bool:
        """Whether it says no to a request, as far as anybody knows."""
        return self.status not in ORDER_STATUSES

    @property
    def shows_fill(self) -> bool:
        """Whether less is left than was ordered: then the order was accepted, whatever the status is called."""
        quantity, left = self.quantity, self.quantity_remaining
        return quantity is not None and left is not None and left < quantity


@final
@frozen(kw_only=True)
class FillUpdate(PushedUpdate):
    """One own trade. Source: fill_response.

    Essential: `trade_id`, `symbol`, `order_id`, `price`, `quantity`, `side`.
    """

    frame: ClassVar[str] = "fill_response"
    channel: ClassVar[str] = "fills"
    tells_order: ClassVar[bool] = True
    is_fill: ClassVar[bool] = True

    trade_id: str
    symbol: str
    order_id: str
    price: Decimal
    quantity: Decimal
    side: str
    client_order_id: str | None = None
    user_id: str | None = None
    execution_type: str | None = None
    aggressor_side: str | None = None
    fee: Decimal | None = None
    order_type: str | None = None
    tif: str | None = None
    order_price: Decimal | None = None
    remaining_quantity: Decimal | None = None
    take_profit: Decimal | None = None
    stop_loss: Decimal | None = None
    realised_pnl: Decimal | None = None
    timestamp: Decimal | None = None

    @property
    def topic_key(self) -> TopicKey:
        """Kind and symbol."""
        return (self.channel, self.symbol)

    @property
    def occurrence_id(self) -> tuple[str, str]:
        """Order and trade: a trade with oneself is a fill of two orders."""
        return self.order_id, self.trade_id

    @property
    def is_taker(self) -> bool:
        """Whether the own order took from the book."""
        return self.side == self.aggressor_side


@final
@frozen(kw_only=True)
class PositionUpdate(PushedUpdate):
    """The position in one symbol, repeated every second or so; flat ones are sent too. Source: position_response.

    Essential: `symbol` and `position`.
    """

    frame: ClassVar[str] = "position_response"
    channel: ClassVar[str] = "positions"

    symbol: str
    position: Decimal
    """Below zero when short."""
    id: str | None = None
    margin_alloc: Decimal | None = None
    realised_pnl: Decimal | None = None
    unrealised_pnl: Decimal | None = None
    net_funding: Decimal | None = None
    open_orders: Decimal | None = None
    open_quantity: Decimal | None = None
    leverage: Decimal | None = None
    initial_margin: Decimal | None = None
    maintenance_margin: Decimal | None = None
    average_price: Decimal | None = None
    margin_mode: str | None = None
    margin: Decimal | None = None

    @property
    def topic_key(self) -> TopicKey:
        """Kind and symbol."""
        return (self.channel, self.symbol)


@final
@frozen(kw_only=True)
class BalanceUpdate(PushedUpdate):
    """The account's money, repeated every second or so. Source: balance_response.

    Essential: `deposit` and `available_balance`.
    """

    frame: ClassVar[str] = "balance_response"
    channel: ClassVar[str] = "balances"

    deposit: Decimal
    available_balance: Decimal
    id: str | None = None
    user_id: str | None = None
    realised_pnl: Decimal | None = None
    unrealised_pnl: Decimal | None = None
    order_margin: Decimal | None = None
    position_margin: Decimal | None = None
    net_funding: Decimal | None = None
    fees: Decimal | None = None
    referral_rewards: Decimal | None = None

    @property
    def topic_key(self) -> TopicKey:
        """There is one."""
        return (self.channel, None)


@final
@frozen(kw_only=True)
class StopOrderUpdate(PushedUpdate):
    """A stop order as it stands. Source: stop_order_response.

    Essential: `stop_order_id`, `symbol`, and where they are sent `quantity` and `direction`.
    """

    frame: ClassVar[str] = "stop_order_response"
    channel: ClassVar[str] = "stop_orders"

    stop_order_id: str
    symbol: str
    user_id: str | None = None
    client_order_id: str | None = None
    price: Decimal | None = None
    """The trigger."""
    quantity: Decimal | None = field(default=None, metadata=ESSENTIAL)
    direction: str | None = field(default=None, metadata=ESSENTIAL)
    """BUY or SELL: of the order that will be triggered."""
    stop_order_type: str | None = None
    """TAKE_PROFIT or STOP_LOSS."""
    update_time: str | None = None
    """RFC 3339, unlike other times of this socket."""

    @property
    def topic_key(self) -> TopicKey:
        """Kind and symbol."""
        return (self.channel, self.symbol)

    @property
    def update_time_ns(self) -> int | None:
        """`update_time` as nanoseconds since the Unix epoch; None where it is missing or no time."""
        return moment(self.update_time)


@final
@frozen(kw_only=True)
class TwapUpdate(PushedUpdate):
    """A TWAP as it stands: the answer to placing or cancelling one. Source: twap_response.

    Essential: the ids, `status`, `symbol`, `side` and both quantities where they are sent.
    """

    frame: ClassVar[str] = "twap_response"
    channel: ClassVar[str] = "twaps"

    twap_id: str | None = field(default=None, metadata=ESSENTIAL)
    client_twap_id: str | None = field(default=None, metadata=ESSENTIAL)
    user_id: str | None = None
    status: str | None = field(default=None, metadata=ESSENTIAL)
    symbol: str | None = field(default=None, metadata=ESSENTIAL)
    side: str | None = field(default=None, metadata=ESSENTIAL)
    total_quantity: Decimal | None = field(default=None, metadata=ESSENTIAL)
    filled_quantity: Decimal | None = field(default=None, metadata=ESSENTIAL)
    average_fill_price: Decimal | None = None
    total_num_orders: int | None = None
    order_interval_secs: int | None = None
    reduce_only: bool | None = None
    updated_at: Decimal | None = None
    created_at: Decimal | None = None

    @property
    def topic_key(self) -> TopicKey:
        """Kind and symbol; no channel brings it."""
        return (self.channel, self.symbol)


# Results of queries that tell of orders, for the order tracker to read -----------------------------------------------------


@final
@frozen(kw_only=True)
class OpenOrdersUpdate(Update):
    """All open orders and TWAPs of the account. Source: all_orders_response.

    Essential: the orders.
    """

    tells_order: ClassVar[bool] = True

    orders: tuple[OrderUpdate, ...] = field(default=(), metadata=MAY_BE_NULL)
    """Since October 2025 stop orders are among them."""
    twaps: tuple[TwapUpdate, ...] = field(default=(), metadata=EACH_ALONE)
    stop_orders: tuple[Mapping[str, Any], ...] = field(default=(), metadata=EACH_ALONE)
    """Where older servers list stop orders, as sent: the form of these records is not documented."""

    @property
    def is_whole_order_list(self) -> bool:
        """Whether the venue has not cut it off at its default number of rows."""
        return len(self.orders) < LISTED

    @property
    def topic_key(self) -> TopicKey:
        """No channel brings it."""
        return ("all_orders", None)


@final
@frozen(kw_only=True)
class UserTrade:
    """One own trade in an answer; the venue has two forms of it, each without some of these.

    Essential: `trade_id`, `symbol`, `order_id`, `price`, `quantity`, and `side` where it is sent.
    """

    trade_id: str
    symbol: str
    order_id: str
    price: Decimal
    quantity: Decimal
    fee: Decimal | None = None
    side: str | None = field(default=None, metadata=ESSENTIAL)
    aggressor_side: str | None = None
    client_order_id: str | None = None
    order_type: str | None = None
    tif: str | None = None
    timestamp: Decimal | None = None


@final
@frozen(kw_only=True)
class UserTradesUpdate(Update):
    """Own trades that were queried. Source: user_trades and count, or user_trades_response.

    Essential: the trades.
    """

    tells_order: ClassVar[bool] = True

    user_trades: tuple[UserTrade, ...]
    count: int | None = None
    """None in the form that has none."""

    @property
    def topic_key(self) -> TopicKey:
        """No channel brings it."""
        return ("user_trades", None)


@final
@frozen(kw_only=True)
class LeverageLevel:
    """Leverage of one symbol, as set or as can be had. Source: user_leverage_response.

    Essential: `symbol` and `leverage`.
    """

    symbol: str
    leverage: Decimal
    id: str | None = None
    initial_margin: Decimal | None = None
    maintenance_margin: Decimal | None = None
    max_notional: Decimal | None = None
    max_position: Decimal | None = None
    """What older servers send instead of `max_notional`."""
