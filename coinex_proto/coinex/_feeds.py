"""The feeds of the CoinEx v2 sockets, one row each: decoding, requests and exports follow from it.

A new feed is its update (`market_updates` or `account_updates`), its topic (`topics`), and its row here.
Source: CoinEx API v2, WebSocket pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final, Literal, TypeAlias

from attrs import Factory, evolve, frozen

from coinex_proto.coinex._spellings import Json, list_of
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
    DepthUpdate,
    IndexUpdate,
    PremiumUpdate,
    TickerUpdate,
    TradesUpdate,
)
from coinex_proto.coinex.topics import (
    Balances,
    BestQuote,
    Depth,
    Index,
    Notices,
    Orders,
    Positions,
    Premium,
    SocketTopic,
    StopOrders,
    Ticker,
    Trades,
    UserTrades,
)
from coinex_proto.decoding import finite_check
from coinex_proto.updates import Update

Module: TypeAlias = Literal["spot", "futures"]

NOTICE_CHANNEL: Final = 101
"""System maintenance, the only channel there is."""


def name_of(topic: SocketTopic[Any]) -> object:
    """The market or currency of a topic; None: all."""
    return topic.key[1]


def _whole(feed: Feed) -> Callable[[Json], Sequence[Any]]:
    name = feed.split
    return (lambda data: [data]) if name is None else (lambda data: list_of(data.get(name)))


@frozen(kw_only=True)
class Feed:
    """One feed: what is subscribed to, and what is pushed."""

    topic: type[SocketTopic[Any]]
    update: type[Update]
    split: str | None = None
    """The member of a push that lists updates; None: a push is one."""
    only_on: tuple[Module, ...] = ("spot", "futures")
    all_on: tuple[Module, ...] = ("spot", "futures")
    """Where one topic may stand for all."""
    parameter: str = "market_list"
    """The member of a request's params that lists what the topics stand for."""
    subscribed_as: Callable[[Any], object] = name_of
    """The entry of a topic in that list."""
    all_as: tuple[object, ...] = ()
    """The list that stands for all."""
    checked: Callable[[Any], Update] = Factory(lambda feed: finite_check(feed.update), takes_self=True)
    """The update as it may be handed out; raises `PayloadError` for a number that is not finite."""
    entries: Callable[[Json], Sequence[Any]] = Factory(_whole, takes_self=True)
    """The updates, still plain, in a push that is not as documented."""

    @property
    def method(self) -> str:
        """The wire's word before `.subscribe`, `.unsubscribe` and `.update`."""
        return self.topic.kind


_finite_trades: Final = finite_check(TradesUpdate)


def _not_history(update: TradesUpdate) -> TradesUpdate:
    """Whatever the peer sent under that name: the mark is the session's own."""
    return evolve(_finite_trades(update), is_history=False) if update.is_history else _finite_trades(update)


def _notices(data: Json) -> Sequence[Any]:
    """`info` may be a list of infos, or stand in `data` itself."""
    infos = data.get("info", data)
    channel = data.get("channel", NOTICE_CHANNEL)
    return [{"channel": channel, "info": info} for info in (infos if isinstance(infos, list) else [infos])]


FEEDS: Final = (
    Feed(topic=Ticker, update=TickerUpdate, split="state_list"),
    Feed(topic=Depth, update=DepthUpdate, subscribed_as=attrgetter("market", "limit", "interval", "full")),
    Feed(topic=Trades, update=TradesUpdate, checked=_not_history),
    Feed(topic=BestQuote, update=BestQuoteUpdate),
    Feed(topic=Index, update=IndexUpdate, all_on=("futures",)),
    Feed(topic=Premium, update=PremiumUpdate, only_on=("futures",)),
    Feed(topic=Orders, update=OrderUpdate),
    Feed(topic=StopOrders, update=StopOrderUpdate),
    Feed(topic=UserTrades, update=UserTradeUpdate),
    Feed(topic=Positions, update=PositionUpdate, only_on=("futures",)),
    Feed(topic=Balances, update=BalanceUpdate, split="balance_list", parameter="ccy_list"),
    Feed(topic=Notices, update=NoticeUpdate, parameter="channels", all_as=(NOTICE_CHANNEL,), entries=_notices),
)

BY_TOPIC: Final[Mapping[type[Any], Feed]] = {feed.topic: feed for feed in FEEDS}
BY_PUSH: Final[Mapping[str, Feed]] = {f"{feed.method}.update": feed for feed in FEEDS}
