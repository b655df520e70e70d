"""What CoinFLEX says of the own account: notices that come by themselves, and answers that tell the same things.

The rules of `market_updates` hold here too. Source: CoinFLEX API v1, notices, GetBalances, GetOrders, PlaceOrder,
ModifyOrder, CancelOrder, CancelAllOrders, GetTradeVolume.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar, Final, final

from attrs import field, frozen

from coinex_proto.coinflex.market_updates import ABSENT, OrderNotice, OrdersMatched, trade_id
from coinex_proto.fitting import ESSENTIAL
from coinex_proto.ids import TopicKey
from coinex_proto.updates import Update

OWN_ORDERS: Final = "own_orders"
BALANCES: Final = "balances"
VOLUME: Final = "volume"


@frozen(kw_only=True)
class OwnOrdersUpdate(Update):
    """Something about own orders: `OwnOrderUpdate` is a notice, the others are answers. Base class only."""

    tells_order: ClassVar[bool] = True

    @property
    def topic_key(self) -> TopicKey:
        """One key for all markets."""
        return (OWN_ORDERS, None)


@final
@frozen(kw_only=True)
class OwnOrderUpdate(OwnOrdersUpdate):
    """A notice about an own order; whoever watches that book gets the notice itself as well."""

    is_fill: ClassVar[bool] = True

    notice: OrderNotice

    @property
    def occurrence_id(self) -> tuple[Hashable, Hashable] | None:
        """Of a trade, its own orders and the trade, which has no id: what it left of its orders tells it from all others."""
        match self.notice:
            case OrdersMatched() as trade:
                return (trade.bid_tonce, trade.ask_tonce), trade_id(trade)
        return None

    @property
    def is_self_trade(self) -> bool:
        """Both orders of the trade are own: the notice is told once, for both halves."""
        match self.notice:
            case OrdersMatched() as trade:
                both_told = trade.bid_tonce is not ABSENT and trade.ask_tonce is not ABSENT
                return both_told or super().is_self_trade
        return False


@final
@frozen(kw_only=True)
class OpenOrder:
    """One own order as a query tells it.

    Essential: all but `time`.
    """

    id: int
    tonce: int | None = field(metadata=ESSENTIAL)
    base: int
    counter: int
    quantity: int
    """What remains; the sign is the side."""
    price: int
    time: int | None = None
    """Opened at; microseconds since the Unix epoch."""


@final
@frozen(kw_only=True)
class OpenOrdersUpdate(OwnOrdersUpdate):
    """All own orders that are open. Reply to GetOrders."""

    orders: tuple[OpenOrder, ...]

    @property
    def is_whole_order_list(self) -> bool:
        """Always: the reply has no pages."""
        return True


@final
@frozen(kw_only=True)
class OrdersCancelled(OwnOrdersUpdate):
    """All own orders were cancelled: these, with what remained of each. Reply to CancelAllOrders."""

    orders: tuple[OpenOrder, ...]


@final
@frozen(kw_only=True)
class OrderPlaced(OwnOrdersUpdate):
    """An order was taken: a limit order has an id now, a market order is over. Reply to PlaceOrder."""

    base: int
    counter: int
    tonce: int | None
    quantity: int | None
    """As sent: base, negative for a sale."""
    total: int | None
    """As sent: counter, negative for a sale."""
    price: int | None
    """As sent; the book may have it rounded to the tick."""
    id: int | None
    """None: a market order."""
    time: int | None
    """Opened at; microseconds since the Unix epoch."""
    remaining: int | None
    """Market orders: what could not be traded, base or counter as it was ordered."""


@final
@frozen(kw_only=True)
class OrderAmended(OwnOrdersUpdate):
    """A changed order as it stands now. Reply to ModifyOrder.

    Essential: all but `time`.
    """

    id: int
    tonce: int | None = field(metadata=ESSENTIAL)
    base: int
    counter: int
    quantity: int
    """What remains; 0: the change has cancelled it."""
    price: int
    time: int | None = None
    """Of the change; microseconds since the Unix epoch."""


@final
@frozen(kw_only=True)
class OrderCancelled(OwnOrdersUpdate):
    """A cancelled order. Reply to CancelOrder.

    Essential: all but `time`.
    """

    id: int
    tonce: int | None = field(metadata=ESSENTIAL)
    base: int
    counter: int
    quantity: int
    """What remained of it."""
    price: int
    time: int | None = None
    """Opened at, not cancelled at; microseconds since the Unix epoch."""


@final
@frozen(kw_only=True)
class Balance:
    """One asset of the account, in its units.

    Essential: `asset` and `balance`.
    """

    asset: int
    balance: int
    """Available."""
    reserved_balance: int | None = None
    """For open orders; since the end of February 2020."""
    total_balance: int | None = None
    """The sum of both; since the end of February 2020."""


@frozen(kw_only=True)
class BalanceUpdate(Update):
    """Something about balances: all of them, or a changed one. Base class only."""

    @property
    def topic_key(self) -> TopicKey:
        """One key for all assets."""
        return (BALANCES, None)


@final
@frozen(kw_only=True)
class BalancesUpdate(BalanceUpdate):
    """All balances. Reply to GetBalances."""

    balances: tuple[Balance, ...]


@final
@frozen(kw_only=True)
class BalanceChanged(BalanceUpdate):
    """One available balance has changed; what is reserved it does not say.

    Essential: all of it.
    """

    asset: int
    balance: int
    """Available now, in units of the asset."""


@final
@frozen(kw_only=True)
class TradeVolumeUpdate(Update):
    """What the account has traded of one asset in the last 30 days: notice TradeVolumeChanged, reply to GetTradeVolume.

    Essential: all of it.
    """

    asset: int
    volume: int

    @property
    def topic_key(self) -> TopicKey:
        """Kind and asset."""
        return (VOLUME, self.asset)
