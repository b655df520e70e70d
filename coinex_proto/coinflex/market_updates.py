"""What CoinFLEX says of its markets; msgspec decodes these classes directly, so each is the schema.

All amounts and prices are the wire's integers; `Assets` turns them into decimals. A positive quantity is a bid, a negative
one an ask, unless a field says otherwise. `tonce` tells own orders: absent for somebody else's, null for an own one that
has none. Source: CoinFLEX API v1, notices and WatchOrders, WatchTicker.
"""

from __future__ import annotations

from collections.abc import Hashable
from enum import Enum
from typing import ClassVar, Final, TypeAlias, final

from attrs import field, frozen

from coinex_proto.fitting import ESSENTIAL
from coinex_proto.ids import TopicKey
from coinex_proto.updates import Update

ORDERS: Final = "orders"
TICKER: Final = "ticker"


class Absent(Enum):
    """Stands for a member that was not sent, where null means something else."""

    ABSENT = "\0absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent.ABSENT

Tonce: TypeAlias = int | Absent | None
Changed: TypeAlias = int | Absent | None


def market_key(kind: str, base: int, counter: int) -> TopicKey:
    """Kind and market; a market is its two codes."""
    return (kind, f"{base}/{counter}")


@frozen(kw_only=True)
class MarketUpdate(Update):
    """What all that is said of one market has in common. Base class only."""

    kind: ClassVar[str]
    """Of its topic."""

    base: int
    counter: int

    @property
    def topic_key(self) -> TopicKey:
        """Kind and market."""
        return (self.kind, f"{self.base}/{self.counter}")


@final
@frozen(kw_only=True)
class OrderOpened(MarketUpdate):
    """An order rests in the book, or is about to match. Comes after the reservation's BalanceChanged.

    Essential: all but `time`.
    """

    kind: ClassVar[str] = ORDERS

    id: int
    tonce: Tonce = field(default=ABSENT, metadata=ESSENTIAL)
    quantity: int
    price: int
    """Rounded to the tick: may differ from the price sent."""
    time: int | None = None
    """Microseconds since the Unix epoch."""


@final
@frozen(kw_only=True)
class OrderModified(MarketUpdate):
    """An order has a new quantity or price.

    Essential: all but `time`.
    """

    kind: ClassVar[str] = ORDERS

    id: int
    tonce: Tonce = field(default=ABSENT, metadata=ESSENTIAL)
    quantity: int
    """What remains now."""
    price: int
    time: int | None = None
    """Of the change; microseconds since the Unix epoch."""


@final
@frozen(kw_only=True)
class OrdersMatched(MarketUpdate):
    """One trade. All numbers are positive, for both sides.

    Essential: both markets, `quantity`, `price`, and the ids, tonces and rests that are sent.
    """

    kind: ClassVar[str] = ORDERS

    bid: int | None = field(default=None, metadata=ESSENTIAL)
    """Order id; None when that side was a market order."""
    bid_tonce: Tonce = field(default=ABSENT, metadata=ESSENTIAL)
    """Only for the buyer."""
    ask: int | None = field(default=None, metadata=ESSENTIAL)
    """Order id; None when that side was a market order."""
    ask_tonce: Tonce = field(default=ABSENT, metadata=ESSENTIAL)
    """Only for the seller."""
    quantity: int
    """Of base."""
    price: int
    total: int | None = None
    """Of counter."""
    taker_side: str | None = None
    """"bid" or "ask": who began it. Since March 2020."""
    taker: bool | None = None
    """Own trades, since the end of 2019: whether we were the taker."""
    bid_rem: int | None = field(default=None, metadata=ESSENTIAL)
    """What is left of the bid; None when it was a market order."""
    ask_rem: int | None = field(default=None, metadata=ESSENTIAL)
    """What is left of the ask; None when it was a market order."""
    time: int | None = None
    """Microseconds since the Unix epoch."""
    bid_base_fee: int | None = None
    """Only for the buyer."""
    bid_counter_fee: int | None = None
    ask_base_fee: int | None = None
    """Only for the seller."""
    ask_counter_fee: int | None = None


def trade_id(trade: OrdersMatched) -> Hashable:
    """A trade has no id: its two orders and what it left of them tell it from all others."""
    return (trade.bid, trade.ask, trade.bid_rem, trade.ask_rem, trade.time)


@final
@frozen(kw_only=True)
class OrderClosed(MarketUpdate):
    """An order is over: filled, or cancelled with a rest.

    Essential: all but `time_closed`.
    """

    kind: ClassVar[str] = ORDERS

    id: int
    tonce: Tonce = field(default=ABSENT, metadata=ESSENTIAL)
    quantity: int
    """What remained; 0: it was filled."""
    price: int
    time_closed: int | None = None
    """Microseconds since the Unix epoch; since the end of February 2020."""


OrderNotice: TypeAlias = OrderOpened | OrderModified | OrdersMatched | OrderClosed


@final
@frozen(kw_only=True)
class BookOrder:
    """One order of a watched book.

    Essential: all but `time`.
    """

    id: int
    quantity: int
    price: int
    time: int | None = None
    """Opened at; microseconds since the Unix epoch."""


@final
@frozen(kw_only=True)
class OrdersUpdate(MarketUpdate):
    """The whole book of one market: at most the best 1,000 bids and asks, in no known order. Reply to WatchOrders.

    Essential: the orders.
    """

    kind: ClassVar[str] = ORDERS

    orders: tuple[BookOrder, ...]


@final
@frozen(kw_only=True)
class TickerUpdate(MarketUpdate):
    """The whole ticker of one market as of the latest change: WatchTicker's reply, and every notice merged into it.

    Essential: the market, `last`, `bid` and `ask`, whose None has a meaning.
    """

    kind: ClassVar[str] = TICKER
    is_merged: ClassVar[bool] = True

    last: int | None = field(metadata=ESSENTIAL)
    """Price of the last trade; None: never traded."""
    bid: int | None = field(metadata=ESSENTIAL)
    """Best price; None: there is none."""
    ask: int | None = field(metadata=ESSENTIAL)
    """Best price; None: there is none."""
    low: int | None
    """Of the last 24 hours; None: no trade."""
    high: int | None
    """Of the last 24 hours; None: no trade."""
    volume: int | None
    """Base traded in the last 24 hours."""


@final
@frozen(kw_only=True)
class TickerChanged(MarketUpdate):
    """What has changed of a ticker: null overwrites, what is absent stays. A session merges it into a `TickerUpdate`.

    Essential: the market, and `last`, `bid` and `ask` where they are sent. Another figure that could not be read is None.
    """

    kind: ClassVar[str] = TICKER
    is_merged: ClassVar[bool] = True

    last: Changed = field(default=ABSENT, metadata=ESSENTIAL)
    bid: Changed = field(default=ABSENT, metadata=ESSENTIAL)
    ask: Changed = field(default=ABSENT, metadata=ESSENTIAL)
    low: Changed = ABSENT
    high: Changed = ABSENT
    volume: Changed = ABSENT
