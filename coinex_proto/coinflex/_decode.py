"""A message in, answers and updates out; never raises.

Messages are flat, so their head is looked at first (0.2 us), then the class of the notice reads it whole. A notice about
an own order is two updates: the notice, which belongs to its book, and an `OwnOrderUpdate`, which belongs to the account.
Source: CoinFLEX API v1, "message classes".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from attrs import frozen

from coinex_proto.coinflex._refusals import refusal
from coinex_proto.coinflex.account_updates import (
    BALANCES,
    OWN_ORDERS,
    VOLUME,
    BalanceChanged,
    OwnOrderUpdate,
    TradeVolumeUpdate,
)
from coinex_proto.coinflex.assets import ASSETS_2020, Assets
from coinex_proto.coinflex.credentials import nonce_of
from coinex_proto.coinflex.market_updates import (
    ABSENT,
    OrderClosed,
    OrderModified,
    OrderNotice,
    OrderOpened,
    OrdersMatched,
    TickerChanged,
)
from coinex_proto.decoding import UNREADABLE, decode_again, decode_plain
from coinex_proto.dialect import Answer, Challenge, Inbound, Mended
from coinex_proto.errors import quoted
from coinex_proto.events import Unrecognised
from coinex_proto.fitting import fitted
from coinex_proto.ids import TopicKey
from coinex_proto.orders.fact import OrdersMissed
from coinex_proto.updates import Update


class _Head(msgspec.Struct, gc=False):
    """What tells messages apart; the types are checked where they matter."""

    notice: Any = None
    error_code: Any = None
    tag: Any = None
    error_msg: Any = ""


class _Welcome(msgspec.Struct, gc=False):
    nonce: str


_HEAD: Final = msgspec.json.Decoder(_Head)
_WELCOME: Final = msgspec.json.Decoder(_Welcome)


def decode(payload: bytes, assets: Assets = ASSETS_2020) -> Sequence[Inbound]:
    """All that one message holds; `assets` names the markets of own orders."""
    head = None
    try:
        head = _HEAD.decode(payload)
        notice = head.notice
        if notice is None:
            return (_answer(head, payload),)
        if head.error_code is not None:
            why = "a message that is both notice and reply"
            return (_missed(payload, why, _name(head), assets),)
        row = _NOTICES.get(notice) if type(notice) is str else None
        if row is None:
            return (_missed(payload, f"unknown notice {quoted(notice)}", _UNKNOWN, assets),)
        return row.read(payload)
    except UNREADABLE as problem:
        notice = _name(head)
        what = "unreadable message" if notice is None else f"unreadable {notice}"
        why = f"{what}: {quoted(problem)}"
    # Only here: as long as the problem is there, so is all that was read before it.
    return (_missed(payload, why, notice, assets),)


_ANYTHING: Final[TopicKey] = (None, None)
"""Of a text that is no message at all: it may have been any notice."""


_UNKNOWN: Final = ""
"""Stands for a notice that nobody documented."""


def _missed(payload: bytes, why: str, notice: str | None, assets: Assets) -> Unrecognised:
    concerns, orders = _concerns(notice, payload), _orders_missed(notice, payload, assets)
    topic = orders.topic if concerns is None and orders is not None else concerns
    return Unrecognised(raw=payload, why=why, concerns=topic, orders=orders)


def _orders_missed(notice: str | None, payload: bytes, assets: Assets) -> OrdersMissed | None:
    """The own orders of a notice about orders: only their owner is told a tonce, which may be null."""
    row = None if notice is None else _NOTICES.get(notice)
    if notice is None or (notice != _UNKNOWN and (row is None or row.kind != OrderOpened.kind)):
        return None
    try:
        record = decode_plain(payload)
    except UNREADABLE:
        return OrdersMissed(topic=_OWN)
    if not isinstance(record, dict) or not any(name in record for name in _TONCES):
        return None
    base, counter = record.get("base"), record.get("counter")
    market = assets.market_name(base, counter) if type(base) is int and type(counter) is int else None
    order_id, tonce = record.get("id"), record.get("tonce")
    return OrdersMissed(
        topic=_OWN,
        market=market,
        order_id=order_id if type(order_id) is int else None,
        client_order_id=str(tonce) if type(tonce) is int else None,
    )


_OWN: Final[TopicKey] = (OWN_ORDERS, None)
_TONCES: Final = ("tonce", "bid_tonce", "ask_tonce")


def _name(head: _Head | None) -> str | None:
    return head.notice if head is not None and type(head.notice) is str else None


class _Market(msgspec.Struct, gc=False):
    base: int
    counter: int


_MARKET: Final = msgspec.json.Decoder(_Market)


def _concerns(notice: str | None, payload: bytes) -> TopicKey | None:
    """The topic of which something was missed, as far as can be seen."""
    if notice is None:
        return _ANYTHING
    row = _NOTICES.get(notice)
    if row is None or row.kind is None:
        return None
    try:
        market = _MARKET.decode(payload)
    except UNREADABLE:
        return (row.kind, None)
    return (row.kind, f"{market.base}/{market.counter}")


def _answer(head: _Head, payload: bytes) -> Inbound:
    code, tag = head.error_code, head.tag
    if code is None:
        return Unrecognised(raw=payload, why="a message that is neither notice nor reply")
    if type(code) is not int:
        return Unrecognised(raw=payload, why=f"a reply whose error_code is {quoted(code)}")
    if type(tag) is not int:
        what = "without a tag" if tag is None else f"with the tag {quoted(tag)}"
        return Unrecognised(raw=payload, why=f"a reply {what} (error_code {code}); it cannot be matched")
    if code == 0:
        return Answer(keys=(("tag", tag),), body=payload)
    message = head.error_msg if isinstance(head.error_msg, str) else quoted(head.error_msg)
    return Answer(keys=(("tag", tag),), body=payload, refusal=refusal(code, message))


# Notices --------------------------------------------------------------------------------------------------------------


def _welcome(payload: bytes) -> Sequence[Inbound]:
    nonce = nonce_of(_WELCOME.decode(payload).nonce)
    if nonce is None:
        return (Unrecognised(raw=payload, why="a Welcome whose nonce is not 16 bytes in base64"),)
    return (Challenge(value=nonce),)


def _update(model: type[Update]) -> Callable[[bytes], Sequence[Inbound]]:
    decode_notice = msgspec.json.Decoder(model).decode

    def read(payload: bytes) -> Sequence[Inbound]:
        try:
            return (decode_notice(payload),)
        except UNREADABLE:
            notice, left_out = fitted(model, decode_again(payload))
            return Mended((notice,), left_out=len(left_out))

    return read


def _order(model: type[OrderNotice]) -> Callable[[bytes], Sequence[Inbound]]:
    decode_notice = msgspec.json.Decoder(model).decode

    def read(payload: bytes) -> Sequence[Inbound]:
        try:
            return _told(decode_notice(payload))
        except UNREADABLE:
            notice, left_out = fitted(model, decode_again(payload))
            return Mended(_told(notice), left_out=len(left_out))

    return read


def _told(notice: OrderNotice) -> Sequence[Update]:
    if isinstance(notice, OrdersMatched):
        is_foreign = notice.bid_tonce is ABSENT and notice.ask_tonce is ABSENT
    else:
        is_foreign = notice.tonce is ABSENT
    return (notice,) if is_foreign else (notice, OwnOrderUpdate(notice=notice))


@frozen
class _Notice:
    read: Callable[[bytes], Sequence[Inbound]]
    kind: str | None
    """Of the topic that has missed something where it cannot be read; None: of none."""


_NOTICES: Final[Mapping[str, _Notice]] = {
    "Welcome": _Notice(_welcome, None),
    "OrderOpened": _Notice(_order(OrderOpened), OrderOpened.kind),
    "OrderModified": _Notice(_order(OrderModified), OrderModified.kind),
    "OrdersMatched": _Notice(_order(OrdersMatched), OrdersMatched.kind),
    "OrderClosed": _Notice(_order(OrderClosed), OrderClosed.kind),
    "TickerChanged": _Notice(_update(TickerChanged), TickerChanged.kind),
    "BalanceChanged": _Notice(_update(BalanceChanged), BALANCES),
    "TradeVolumeChanged": _Notice(_update(TradeVolumeUpdate), VOLUME),
    "UserTradeVolumeChanged": _Notice(_update(TradeVolumeUpdate), None),
}
"""The last is the same under the name that another stream of the venue gives it."""
