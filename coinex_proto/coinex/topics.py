"""The channels of the CoinEx v2 sockets, as topics to subscribe to.

One market (or currency) a topic; None stands for all, where the venue allows it. What is wrong is refused here with
`UsageError`, since the venue itself acknowledges unknown markets and limits and then stays silent for ever.
Source: CoinEx API v2, pages "Market" and "Order" of the spot and futures WebSocket.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final, final

from attrs import Attribute, field, frozen

from coinex_proto.books.view import BookChanged
from coinex_proto.coinex.account_updates import (
    BalanceUpdate,
    NoticeUpdate,
    OrderUpdate,
    PositionUpdate,
    StopOrderUpdate,
    UserTradeUpdate,
)
from coinex_proto.coinex.market_updates import (
    BestQuoteUpdate,
    IndexUpdate,
    PremiumUpdate,
    TickerUpdate,
    TradesUpdate,
)
from coinex_proto.errors import UsageError, quoted
from coinex_proto.ids import TopicKey
from coinex_proto.topics import E_co, Topic
from coinex_proto.updates import Event

__all__ = [
    "DEPTH_INTERVALS",
    "DEPTH_LIMITS",
    "Balances",
    "BestQuote",
    "Depth",
    "Index",
    "Notices",
    "Orders",
    "Positions",
    "Premium",
    "StopOrders",
    "Ticker",
    "Trades",
    "UserTrades",
]

DEPTH_LIMITS: Final = (5, 10, 20, 50)
"""Levels a side that a depth subscription may ask for."""

DEPTH_INTERVALS: Final = (
    "0",
    "0.000000000001",
    "0.00000000001",
    "0.0000000001",
    "0.000000001",
    "0.00000001",
    "0.0000001",
    "0.000001",
    "0.00001",
    "0.0001",
    "0.001",
    "0.01",
    "0.1",
    "1",
    "10",
    "100",
    "1000",
)
"""Steps that prices may be merged to; "0": not merged."""

ONE_TICKER_SILENT_AFTER: Final = 60.0
"""Seconds: 300 pushes of the documented pace."""

_NAME: Final = re.compile(r"[!-~]{1,64}", re.ASCII)
_NOT_IN_NAMES: Final = re.compile(r"[a-z/\-:,;\"'\\]", re.ASCII)


def _stated(owner: object, attribute: Attribute[Any], value: object) -> str:
    return f"{type(owner).__name__}({attribute.name}={quoted(value)})"


def _check_name(topic: object, attribute: Attribute[Any], value: object) -> None:
    what = _stated(topic, attribute, value)
    if not isinstance(value, str):
        raise UsageError(f"{what}: must be a str")
    if not value:
        raise UsageError(f"{what}: is empty; for all of them, where the exchange has that, leave it out")
    if not _NAME.fullmatch(value) or _NOT_IN_NAMES.search(value):
        likely = re.sub(r"[^A-Z0-9_]", "", value[:64].upper())
        hint = f"; did you mean {likely!r}?" if likely else ""
        raise UsageError(f"{what}: CoinEx writes names in capitals and without separators{hint}")


def _check_name_or_none(topic: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None:
        _check_name(topic, attribute, value)


def _check_limit(topic: object, attribute: Attribute[Any], value: object) -> None:
    if type(value) is not int or value not in DEPTH_LIMITS:
        allowed = ", ".join(map(str, DEPTH_LIMITS))
        raise UsageError(f"{_stated(topic, attribute, value)}: must be one of {allowed}")


def _check_interval(topic: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, str) or value not in DEPTH_INTERVALS:
        allowed = ", ".join(f'"{interval}"' for interval in DEPTH_INTERVALS)
        raise UsageError(f"{_stated(topic, attribute, value)}: must be one of the texts {allowed}")


def _check_flag(topic: object, attribute: Attribute[Any], value: object) -> None:
    if type(value) is not bool:
        raise UsageError(f"{_stated(topic, attribute, value)}: must be True or False")


@frozen
class SocketTopic(Topic[E_co]):
    """A topic of the CoinEx sockets: what all of them have in common."""

    kind: ClassVar[str]
    """The wire's word for it; the first member of the key."""

    @property
    def key(self) -> TopicKey:
        """Kind and market; None: all, or a feed without markets."""
        return (self.kind, getattr(self, "market", None))


# Market data ----------------------------------------------------------------------------------------------------------


@final
@frozen
class Ticker(SocketTopic[TickerUpdate]):
    """24-hour figures of one market, at most every 200 ms; None: of all markets, pseudo markets included."""

    kind: ClassVar[str] = "state"
    event: ClassVar[type[Event]] = TickerUpdate
    is_whole_state: ClassVar[bool] = True
    pushed_every: ClassVar[float | None] = 0.2

    market: str | None = field(default=None, validator=_check_name_or_none)

    @property
    def silent_after(self) -> float | None:
        """Seconds. The pace is the most there is: one market without trades may well pause, all of them do not."""
        return super().silent_after if self.market is None else ONE_TICKER_SILENT_AFTER


@final
@frozen
class Depth(SocketTopic[BookChanged]):
    """The order book of one market, proved by the venue's checksum on every push.

    Whether the venue's checksum also covers merged prices (an `interval` other than "0") has never been seen; if it does
    not, such a book is never trusted, and says so.
    """

    kind: ClassVar[str] = "depth"
    event: ClassVar[type[Event]] = BookChanged
    is_whole_state: ClassVar[bool] = True

    market: str = field(validator=_check_name)
    limit: int = field(default=50, validator=_check_limit)
    """Levels a side: 5, 10, 20 or 50."""
    interval: str = field(default="0", validator=_check_interval)
    """Prices are merged to multiples of this; "0": not merged."""
    full: bool = field(default=False, validator=_check_flag)
    """True: the venue sends the whole book every time, else differences and the whole book once a minute."""
    every_read: bool = field(default=False, kw_only=True, validator=_check_flag)
    """True: one `BookChanged` for all pushes of one read, after the other events of it; False: one a push.

    True proves the book by the checksum of the last of them, which is over the whole book; False by that of each.
    """


@final
@frozen
class Trades(SocketTopic[TradesUpdate]):
    """Public trades; the first push after a subscription is history. None: of all markets."""

    kind: ClassVar[str] = "deals"
    event: ClassVar[type[Event]] = TradesUpdate

    market: str | None = field(default=None, validator=_check_name_or_none)


@final
@frozen
class BestQuote(SocketTopic[BestQuoteUpdate]):
    """Best bid and ask of one market, at once."""

    kind: ClassVar[str] = "bbo"
    event: ClassVar[type[Event]] = BestQuoteUpdate
    is_whole_state: ClassVar[bool] = True

    market: str = field(validator=_check_name)


@final
@frozen
class Index(SocketTopic[IndexUpdate]):
    """Index price (futures: and mark price), about every 5 s. None: of all markets, futures only."""

    kind: ClassVar[str] = "index"
    event: ClassVar[type[Event]] = IndexUpdate
    is_whole_state: ClassVar[bool] = True
    pushed_every: ClassVar[float | None] = 5.0

    market: str | None = field(default=None, validator=_check_name_or_none)


@final
@frozen
class Premium(SocketTopic[PremiumUpdate]):
    """Premium index of one futures market."""

    kind: ClassVar[str] = "premium"
    event: ClassVar[type[Event]] = PremiumUpdate
    is_whole_state: ClassVar[bool] = True

    market: str = field(validator=_check_name)


# Account data ---------------------------------------------------------------------------------------------------------


@final
@frozen
class Orders(SocketTopic[OrderUpdate]):
    """Changes of own orders. None: in all markets."""

    kind: ClassVar[str] = "order"
    event: ClassVar[type[Event]] = OrderUpdate
    is_private: ClassVar[bool] = True

    market: str | None = field(default=None, validator=_check_name_or_none)


@final
@frozen
class StopOrders(SocketTopic[StopOrderUpdate]):
    """Changes of own stop orders. None: in all markets."""

    kind: ClassVar[str] = "stop"
    event: ClassVar[type[Event]] = StopOrderUpdate
    is_private: ClassVar[bool] = True

    market: str | None = field(default=None, validator=_check_name_or_none)


@final
@frozen
class UserTrades(SocketTopic[UserTradeUpdate]):
    """Own fills, one an update. None: in all markets."""

    kind: ClassVar[str] = "user_deals"
    event: ClassVar[type[Event]] = UserTradeUpdate
    is_private: ClassVar[bool] = True

    market: str | None = field(default=None, validator=_check_name_or_none)


@final
@frozen
class Positions(SocketTopic[PositionUpdate]):
    """Changes of own futures positions. None: in all markets."""

    kind: ClassVar[str] = "position"
    event: ClassVar[type[Event]] = PositionUpdate
    is_private: ClassVar[bool] = True

    market: str | None = field(default=None, validator=_check_name_or_none)


@final
@frozen
class Balances(SocketTopic[BalanceUpdate]):
    """Changes of own balances, one currency an update; the first state comes over HTTP. None: of all currencies."""

    kind: ClassVar[str] = "balance"
    event: ClassVar[type[Event]] = BalanceUpdate
    is_private: ClassVar[bool] = True

    currency: str | None = field(default=None, validator=_check_name_or_none)

    @property
    def key(self) -> TopicKey:
        """Kind and currency; None: all."""
        return (self.kind, self.currency)


@final
@frozen
class Notices(SocketTopic[NoticeUpdate]):
    """Announcements of maintenance (channel 101, the only one). Needs a sign-in."""

    kind: ClassVar[str] = "notice"
    event: ClassVar[type[Event]] = NoticeUpdate
    is_private: ClassVar[bool] = True
