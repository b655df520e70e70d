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
from coinex_proto.events import Update

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

Json: TypeAlias = dict[str, Any]
_M = TypeVar("_M")
_PLAIN: Final = msgspec.json.Decoder(float_hook=Decimal)


def lenient(method: str, data: bytes) -> tuple[list[Update], str]:
    """The updates that can be read, and why others cannot (empty when all can).

    One bad entry of a list of markets does not hide the others. Raises what decoding raises, `LookupError` for a method
    that no push has.
    """
    read = _READERS[method]
    updates: list[Update] = []
    why = ""
    for make in read(_object(_PLAIN.decode(data))):
        try:
            updates.append(make())
        except (msgspec.MsgspecError, ArithmeticError, ValueError, PayloadError) as problem:
            why = why or str(problem)
    return updates, why


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

_Makers: TypeAlias = Iterable[Callable[[], Update]]


def _flat(model: type[Update]) -> Callable[[Json], _Makers]:
    return lambda data: [lambda: finite(_filled(model, data))]


def _nested(model: type[Update], member: str, inner: type) -> Callable[[Json], _Makers]:
    return lambda data: [lambda: finite(_filled(model, {**data, member: _renamed(inner, data.get(member))}))]


def _listed(model: type[Update], member: str) -> Callable[[Json], _Makers]:
    def entry(value: Any) -> Callable[[], Update]:
        return lambda: finite(_filled(model, value))

    return lambda data: [entry(value) for value in _list(data.get(member))]


def _depth(data: Json) -> _Makers:
    def make() -> Update:
        depth = _renamed(DepthLevels, data.get("depth"))
        # A side that has not changed may be missing, empty or null.
        sides = {side: depth.get(side) or [] for side in ("asks", "bids")}
        return finite(
            _filled(DepthUpdate, {**data, "is_full": data.get("is_full") or False, "depth": {**depth, **sides}})
        )

    return [make]


def _deals(data: Json) -> _Makers:
    def make() -> Update:
        deals = [_renamed(Deal, deal) for deal in _list(data.get("deal_list") or [])]
        return finite_trades(_filled(TradesUpdate, {**data, "deal_list": deals}))

    return [make]


def _notice(data: Json) -> _Makers:
    """`info` may be a list of infos, or stand in `data` itself."""
    infos = data.get("info", data)

    def entry(info: Any) -> Callable[[], Update]:
        channel = data.get("channel", NOTICE_CHANNEL)
        return lambda: _filled(NoticeUpdate, {"channel": channel, "info": _renamed(NoticeInfo, info)})

    return [entry(info) for info in (infos if isinstance(infos, list) else [infos])]


_READERS: Final[Mapping[str, Callable[[Json], _Makers]]] = {
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
