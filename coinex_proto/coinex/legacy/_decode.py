"""Old v1 pushes into the classes of `legacy`: positions and numbers into today's names and words.

Elements are recognised by their JSON type, not by their place, since recordings and manuals disagree on the places.
Source: CoinEx API v1 and the frames that clients of it show.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, TypeVar

from attrs import fields_dict

from coinex_proto.coinex._spellings import Json, list_of, object_of
from coinex_proto.coinex.legacy.updates import (
    LegacyBalanceUpdate,
    LegacyDeal,
    LegacyDepthLevels,
    LegacyDepthUpdate,
    LegacyKline,
    LegacyKlineUpdate,
    LegacyOrder,
    LegacyOrderUpdate,
    LegacyPosition,
    LegacyPositionUpdate,
    LegacyTickerUpdate,
    LegacyTradesUpdate,
)
from coinex_proto.decoding import decode_plain
from coinex_proto.errors import PayloadError, quoted
from coinex_proto.fitting import fitted
from coinex_proto.numbers import CONTEXT
from coinex_proto.updates import Update

_M = TypeVar("_M")

_NAMES: Final[Mapping[type, Mapping[str, str]]] = {
    LegacyTickerUpdate: {
        "deal": "value",
        "sell_total": "volume_sell",
        "buy_total": "volume_buy",
        "sign_price": "mark_price",
        "position_amount": "open_interest_size",
        "insurance": "insurance_fund_size",
        "funding_rate_last": "latest_funding_rate",
        "funding_rate_next": "next_funding_rate",
    },
    LegacyDepthLevels: {"time": "updated_at", "sign_price": "mark_price"},
    LegacyDeal: {"id": "deal_id", "time": "created_at", "type": "side"},
    LegacyOrder: {
        "id": "order_id",
        "left": "unfilled_amount",
        "deal_stock": "filled_amount",
        "deal_money": "filled_value",
        "stock_fee": "base_ccy_fee",
        "money_fee": "quote_ccy_fee",
        "asset_fee": "discount_ccy_fee",
        "deal_fee": "fee",
        "deal_asset_fee": "discount_ccy_fee",
        "ctime": "created_at",
        "mtime": "updated_at",
        "create_time": "created_at",
        "update_time": "updated_at",
        "taker_fee": "taker_fee_rate",
        "maker_fee": "maker_fee_rate",
        "last_deal_amount": "last_filled_amount",
        "last_deal_price": "last_filled_price",
        "last_deal_role": "last_role",
    },
    LegacyPosition: {
        "type": "margin_mode",
        "amount": "open_interest",
        "close_left": "close_avbl",
        "open_price": "avg_entry_price",
        "profit_real": "realized_pnl",
        "profit_clearing": "unrealized_pnl",
        "create_time": "created_at",
        "update_time": "updated_at",
    },
}
"""v1 name to today's."""

_FUTURES_ORDER: Final = {"deal_stock": "filled_value"}
"""On the futures socket (known by its `order_id`) this is the value."""

_WORDS: Final[Mapping[tuple[type, str], Mapping[int, str]]] = {
    (LegacyOrder, "type"): {1: "limit", 2: "market"},
    (LegacyOrder, "side"): {1: "sell", 2: "buy"},
    (LegacyOrder, "last_role"): {1: "maker", 2: "taker"},
    (LegacyPosition, "margin_mode"): {1: "isolated", 2: "cross"},
    (LegacyPosition, "side"): {1: "short", 2: "long"},
}
"""v1 number to today's word."""

_EVENTS: Final[Mapping[int, str]] = {1: "put", 2: "update", 3: "finish"}
_SECONDS: Final = frozenset({LegacyDeal, LegacyOrder, LegacyPosition})
"""Classes whose times v1 wrote in seconds."""
_LAST_SECOND: Final = 10**12
"""Times beyond the year 33658 are garbage, and could have a million digits."""


def legacy_updates(method: str, params: bytes) -> list[Update]:
    """The updates of one v1 push. Raises what decoding raises, `LookupError` for an unknown method."""
    read = _READERS[method]
    return read(list_of(decode_plain(params)))


def _in_todays_words(model: type[_M], value: object, **given: object) -> _M:
    """An instance from a v1 object; `given` wins over what it holds."""
    names = _NAMES.get(model, {})
    sent = object_of(value)
    if model is LegacyOrder and "order_id" in sent:
        names = {**names, **_FUTURES_ORDER}
    members: Json = {}
    for name, entry in sent.items():
        today = names.get(name, name)
        if entry != "" and (today == name or today not in sent):
            members[today] = _translated(model, today, entry)
    made, _ = fitted(model, {**members, **given})
    return made


def _translated(model: type, name: str, entry: object) -> object:
    if name in ("created_at", "updated_at") and model in _SECONDS:
        return _milliseconds_or_none(entry)
    words = _WORDS.get((model, name))
    return words.get(entry, entry) if words is not None and type(entry) is int else entry


def _milliseconds(seconds: object) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, Decimal)):
        raise PayloadError(f"{quoted(seconds)} is no time in seconds")
    number = Decimal(seconds)
    if not number.copy_abs() < _LAST_SECOND:
        raise PayloadError(f"{quoted(seconds)} is no time in seconds")
    return int(CONTEXT.multiply(number, Decimal(1000)))


def _milliseconds_or_none(seconds: object) -> int | None:
    """A time that nothing depends on."""
    try:
        return _milliseconds(seconds)
    except PayloadError:
        return None


def _first(elements: list[Any], kind: type[_M]) -> _M | None:
    """The first element of this JSON type."""
    return next((element for element in elements if type(element) is kind), None)


def _state(elements: list[Any]) -> list[Update]:
    figures = _first(elements, dict)
    if figures is None:
        raise PayloadError("state.update without figures")
    market = figures.get("market", _first(elements, str))
    if isinstance(market, str):
        return [_in_todays_words(LegacyTickerUpdate, figures, market=market)]
    return [_in_todays_words(LegacyTickerUpdate, entry, market=name) for name, entry in figures.items()]


def _depth(elements: list[Any]) -> list[Update]:
    levels = _in_todays_words(LegacyDepthLevels, _first(elements, dict))
    is_full = _first(elements, bool)
    if is_full is None:
        raise PayloadError("depth.update without its flag for whole books")
    return [LegacyDepthUpdate(market=_first(elements, str), is_full=is_full, depth=levels)]


def _deals(elements: list[Any]) -> list[Update]:
    market, trades = _first(elements, str), _first(elements, list)
    if market is None or trades is None:
        raise PayloadError("deals.update without a market or a list of trades")
    return [LegacyTradesUpdate(market=market, deal_list=tuple(_in_todays_words(LegacyDeal, trade) for trade in trades))]


def _event(elements: list[Any]) -> str | int | None:
    return next((element for element in elements if type(element) in (int, str)), None)


def _order(*, is_stop: bool) -> Callable[[list[Any]], list[Update]]:
    def read(elements: list[Any]) -> list[Update]:
        event = _event(elements)
        if event is None:
            raise PayloadError("order.update without its event")
        word = _EVENTS.get(event, event) if isinstance(event, int) else event
        return [
            LegacyOrderUpdate(event=word, order=_in_todays_words(LegacyOrder, _first(elements, dict)), is_stop=is_stop)
        ]

    return read


def _position(elements: list[Any]) -> list[Update]:
    position = _in_todays_words(LegacyPosition, _first(elements, dict))
    return [LegacyPositionUpdate(event=_event(elements), position=position)]


def _asset(elements: list[Any]) -> list[Update]:
    balances = _first(elements, dict)
    if balances is None:
        raise PayloadError("asset.update without balances")
    time = next((element for element in elements if type(element) in (int, Decimal)), None)
    updated_at = _milliseconds_or_none(time)
    return [
        _in_todays_words(LegacyBalanceUpdate, entry, ccy=ccy, updated_at=updated_at) for ccy, entry in balances.items()
    ]


def _kline(elements: list[Any]) -> list[Update]:
    names = list(fields_dict(LegacyKline))
    candles: list[LegacyKline] = []
    for row in elements:
        if not isinstance(row, list) or not row:
            raise PayloadError("a candle that is no list")
        members = dict(zip(names, row, strict=False))
        candles.append(_in_todays_words(LegacyKline, members, created_at=_milliseconds(row[0])))
    return [LegacyKlineUpdate(kline_list=tuple(candles))]


_READERS: Final[Mapping[str, Callable[[list[Any]], list[Update]]]] = {
    "state.update": _state,
    "depth.update": _depth,
    "deals.update": _deals,
    "order.update": _order(is_stop=False),
    "order.update_stop": _order(is_stop=True),
    "position.update": _position,
    "asset.update": _asset,
    "kline.update": _kline,
}
