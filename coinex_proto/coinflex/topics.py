"""What CoinFLEX tells of, as topics to subscribe to. A market is its two asset codes; `Assets.pair("XBT/USDT")` gives them.

Private notices come by themselves after the sign-in; subscribing to them queries the present state as well, on every
connection. Source: CoinFLEX API v1, WatchOrders, WatchTicker and notices.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

from attrs import Attribute, field, frozen

from coinex_proto.books.view import BookChanged
from coinex_proto.coinflex.account_updates import (
    BALANCES,
    OWN_ORDERS,
    VOLUME,
    BalanceUpdate,
    OwnOrdersUpdate,
    TradeVolumeUpdate,
)
from coinex_proto.coinflex.market_updates import ORDERS, TICKER, TickerUpdate, market_key
from coinex_proto.coinflex.ticker import TickerMerger
from coinex_proto.errors import UsageError, quoted
from coinex_proto.ids import TopicKey
from coinex_proto.topics import Topic
from coinex_proto.updates import Event


def check_code(owner: object, attribute: Attribute[Any], value: object) -> None:
    """Raises `UsageError` for what cannot be an asset code."""
    if type(value) is not int or value < 0:
        raise UsageError(
            f"{type(owner).__name__}({attribute.name}={quoted(value)}): must be an asset code, an int; "
            'Assets.pair("XBT/USDT") gives the two of a market'
        )


@final
@frozen
class OrderBook(Topic[BookChanged]):
    """The book of one market, kept order by order and shown by price level; proved by each notice."""

    event: ClassVar[type[Event]] = BookChanged
    is_whole_state: ClassVar[bool] = True

    base: int = field(validator=check_code)
    counter: int = field(validator=check_code)

    @property
    def key(self) -> TopicKey:
        """Kind and market."""
        return market_key(ORDERS, self.base, self.counter)


@final
@frozen
class Ticker(Topic[TickerUpdate]):
    """Best prices and figures of the last 24 hours of one market; every update is whole."""

    event: ClassVar[type[Event]] = TickerUpdate
    is_whole_state: ClassVar[bool] = True

    base: int = field(validator=check_code)
    counter: int = field(validator=check_code)

    @property
    def key(self) -> TopicKey:
        """Kind and market."""
        return market_key(TICKER, self.base, self.counter)

    def merger(self) -> TickerMerger:
        """What makes whole tickers of differences."""
        return TickerMerger()


@final
@frozen
class OwnOrders(Topic[OwnOrdersUpdate]):
    """Own orders in all markets: all that are open first (`OpenOrdersUpdate`), then each notice (`OwnOrderUpdate`)."""

    event: ClassVar[type[Event]] = OwnOrdersUpdate
    is_private: ClassVar[bool] = True

    @property
    def key(self) -> TopicKey:
        """The same for all markets."""
        return (OWN_ORDERS, None)


@final
@frozen
class Balances(Topic[BalanceUpdate]):
    """Own balances: all of them first (`BalancesUpdate`), then each change (`BalanceChanged`)."""

    event: ClassVar[type[Event]] = BalanceUpdate
    is_private: ClassVar[bool] = True

    @property
    def key(self) -> TopicKey:
        """The same for all assets."""
        return (BALANCES, None)


@final
@frozen
class TradeVolume(Topic[TradeVolumeUpdate]):
    """What the account has traded of one asset in the last 30 days."""

    event: ClassVar[type[Event]] = TradeVolumeUpdate
    is_private: ClassVar[bool] = True
    is_whole_state: ClassVar[bool] = True

    asset: int = field(validator=check_code)

    @property
    def key(self) -> TopicKey:
        """Kind and asset."""
        return (VOLUME, self.asset)
