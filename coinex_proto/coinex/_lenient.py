"""The second attempt at a push that the typed pass refused: old spellings and known deviations.

Texts are turned into today's form, then the same classes are filled. Slow, and only reached when the typed pass has failed,
so a field with an old spelling must have no default: else the typed pass would succeed without it.
Source: the deviations that other clients recorded (old documentation pages, HTTP twins of a push).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, TypeAlias, TypeVar

import msgspec
from attrs import fields_dict

from coinex_proto.coinex._finite import finite, finite_trades
from coinex_proto.coinex.account_updates import (
    BalanceUpdate,
    NoticeInfo,
    NoticeUpdate,
    Order,
    OrderUpdate,
    Position,
    PositionUpdate,
    StopOrder,
    StopOrderUpdate,
    UserTradeUpdate,
)
from coinex_proto.coinex.market_updates import (
    BestQuoteUpdate,
    Deal,
    DepthLevels,
    DepthUpdate,
    IndexUpdate,
    PremiumUpdate,
    TickerUpdate,
    TradesUpdate,
)
from coinex_proto.errors import PayloadError
from coinex_proto.ids import TopicKey
from coinex_proto.updates import Update

_SPELLINGS: Final[Mapping[type, Mapping[str, str]]] = {
    Order: {
        "unfill_amount": "unfilled_amount",
        "fill_amount": "filled_amount",
        "fill_value": "filled_value",
        "last_fill_amount": "last_filled_amount",
        "last_fill_price": "last_filled_price",
    },
    Position: {"settle_value": "settle_val"},
    NoticeInfo: {"started_at": "start_time", "ended_at": "end_time"},
}
"""Old or other name to today's."""

NOTICE_CHANNEL: Final = 101
"""System maintenance, the only channel there is."""

UNREADABLE: Final = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError, PayloadError)
"""All that decoding can raise for what a peer writes; UnicodeDecodeError is a ValueError."""

Json: TypeAlias = dict[str, Any]
_M = TypeVar("_M")
_PLAIN: Final = msgspec.json.Decoder(float_hook=Decimal)


def lenient(method: str, data: bytes) -> tuple[list[Update], TopicKey | None]:
    """The updates that can be read, and the topic of those that cannot (None: all can; a market of None: several).

    One bad entry of a list of markets does not hide the others. Raises what decoding raises, `LookupError` for a method
    that no push has.
    """
    read = _READERS[method]
    updates: list[Update] = []
    failed: list[object] = []
    try:
        plain = _object(_PLAIN.decode(data))
        for value, make in read(plain):
            try:
                updates.append(make(value))
            except UNREADABLE:
                failed.append(_market_of(value))
    except UNREADABLE:
        failed.append(None)
    if not failed:
        return updates, None
    return updates, (method.removesuffix(".update"), failed[0] if len(failed) == 1 else None)


def _market_of(value: Any) -> str | None:
    """The market (or currency) that an entry names, at its top or one level below."""
    if not isinstance(value, dict):
        return None
    for place in (value, *(inner for inner in value.values() if isinstance(inner, dict))):
        name = place.get("market", place.get("ccy"))
        if isinstance(name, str):
            return name
    return None


def _object(value: Any) -> Json:
    if not isinstance(value, dict):
        raise PayloadError(f"expected an object, got {type(value).__name__}")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise PayloadError(f"expected a list, got {type(value).__name__}")
    return value


def _filled(model: type[_M], value: Any) -> _M:
    """An instance of the model from a plain object in any of its spellings."""
    return msgspec.convert(_renamed(model, value), model, strict=False)


def _renamed(model: type, value: Any) -> Json:
    """The same object in today's names, without empty texts where a number may be absent."""
    spellings = _SPELLINGS.get(model, {})
    attributes = fields_dict(model)
    renamed: Json = {}
    for name, entry in _object(value).items():
        today = spellings.get(name, name)
        if today != name and today in value:
            continue
        if entry == "" and today in attributes and str(attributes[today].type) in _NUMBER_OR_NONE:
            continue
        renamed[today] = entry
    return renamed


_NUMBER_OR_NONE: Final = ("Decimal | None", "int | None")

_Entries: TypeAlias = Iterable[tuple[Any, Callable[[Any], Update]]]
"""Each entry of a push, and what makes an update of it."""


def _flat(model: type[Update]) -> Callable[[Json], _Entries]:
    return lambda data: [(data, lambda value: finite(_filled(model, value)))]


def _nested(model: type[Update], member: str, inner: type) -> Callable[[Json], _Entries]:
    def make(value: Json) -> Update:
        return finite(_filled(model, {**value, member: _renamed(inner, value.get(member))}))

    return lambda data: [(data, make)]


def _listed(model: type[Update], member: str) -> Callable[[Json], _Entries]:
    return lambda data: [(entry, lambda value: finite(_filled(model, value))) for entry in _list(data.get(member))]


def _depth(data: Json) -> _Entries:
    def make(value: Json) -> Update:
        depth = _renamed(DepthLevels, value.get("depth"))
        # A side that has not changed may be missing, empty or null.
        sides = {side: depth.get(side) or [] for side in ("asks", "bids")}
        is_full = value.get("is_full") or False
        return finite(_filled(DepthUpdate, {**value, "is_full": is_full, "depth": {**depth, **sides}}))

    return [(data, make)]


def _deals(data: Json) -> _Entries:
    def make(value: Json) -> Update:
        deals = [_renamed(Deal, deal) for deal in _list(value.get("deal_list") or [])]
        return finite_trades(_filled(TradesUpdate, {**value, "deal_list": deals}))

    return [(data, make)]


def _notice(data: Json) -> _Entries:
    """`info` may be a list of infos, or stand in `data` itself."""
    infos = data.get("info", data)
    channel = data.get("channel", NOTICE_CHANNEL)

    def make(value: Any) -> Update:
        return _filled(NoticeUpdate, {"channel": channel, "info": _renamed(NoticeInfo, value)})

    return [(info, make) for info in (infos if isinstance(infos, list) else [infos])]


_READERS: Final[Mapping[str, Callable[[Json], _Entries]]] = {
    "state.update": _listed(TickerUpdate, "state_list"),
    "depth.update": _depth,
    "deals.update": _deals,
    "index.update": _flat(IndexUpdate),
    "bbo.update": _flat(BestQuoteUpdate),
    "premium.update": _flat(PremiumUpdate),
    "order.update": _nested(OrderUpdate, "order", Order),
    "stop.update": _nested(StopOrderUpdate, "stop", StopOrder),
    "user_deals.update": _flat(UserTradeUpdate),
    "position.update": _nested(PositionUpdate, "position", Position),
    "balance.update": _listed(BalanceUpdate, "balance_list"),
    "notice.update": _notice,
}
