"""The typed pass over today's pushes: JSON straight into the public classes, picked by the envelope's `method`.

One row a feed. The envelopes are private; their `data` is what users get. Source: CoinEx API v2, "Message format".
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any, Final, Generic, Protocol, TypeVar, cast

import msgspec

from coinex_proto.coinex._finite import finite, finite_trades
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
from coinex_proto.errors import PayloadError
from coinex_proto.updates import Update

U = TypeVar("U", bound=Update)


class Push(Protocol):
    """An envelope, decoded."""

    def updates(self) -> Sequence[Update]:
        """What it holds; raises `PayloadError` for a number that is not finite."""
        ...


class _One(msgspec.Struct, Generic[U], tag_field="method", gc=False):
    """`data` is one update."""

    data: U

    def updates(self) -> Sequence[Update]:
        return (finite(self.data),)


class _Depth(msgspec.Struct, tag_field="method", tag="depth.update", gc=False):
    """The commonest push: checked by hand, since its levels are texts and it has one number only."""

    data: DepthUpdate

    def updates(self) -> Sequence[Update]:
        last = self.data.depth.last
        if last is not None and not last.is_finite():
            raise PayloadError("DepthUpdate with a number that is not finite")
        return (self.data,)


class _Deals(msgspec.Struct, tag_field="method", tag="deals.update", gc=False):
    data: TradesUpdate

    def updates(self) -> Sequence[Update]:
        return (finite_trades(self.data),)


class _StateList(msgspec.Struct, gc=False):
    state_list: tuple[TickerUpdate, ...]


class _State(msgspec.Struct, tag_field="method", tag="state.update", gc=False):
    data: _StateList

    def updates(self) -> Sequence[Update]:
        return tuple(map(finite, self.data.state_list))


class _BalanceList(msgspec.Struct, gc=False):
    balance_list: tuple[BalanceUpdate, ...]


class _Balance(msgspec.Struct, tag_field="method", tag="balance.update", gc=False):
    data: _BalanceList

    def updates(self) -> Sequence[Update]:
        return tuple(map(finite, self.data.balance_list))


class _Index(_One[IndexUpdate], tag="index.update", gc=False): ...


class _BestQuote(_One[BestQuoteUpdate], tag="bbo.update", gc=False): ...


class _Premium(_One[PremiumUpdate], tag="premium.update", gc=False): ...


class _Order(_One[OrderUpdate], tag="order.update", gc=False): ...


class _Stop(_One[StopOrderUpdate], tag="stop.update", gc=False): ...


class _UserTrade(_One[UserTradeUpdate], tag="user_deals.update", gc=False): ...


class _Position(_One[PositionUpdate], tag="position.update", gc=False): ...


class _Notice(_One[NoticeUpdate], tag="notice.update", gc=False): ...


_ENVELOPES: Final[tuple[Any, ...]] = (
    _Depth,
    _Deals,
    _State,
    _Balance,
    _Index,
    _BestQuote,
    _Premium,
    _Order,
    _Stop,
    _UserTrade,
    _Position,
    _Notice,
)

PUSHES: Final = cast("msgspec.json.Decoder[Push]", msgspec.json.Decoder(reduce(or_, _ENVELOPES)))
"""Decodes any of today's pushes; fails for answers, unknown methods, old spellings and garbage."""
