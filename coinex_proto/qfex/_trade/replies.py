"""Answers of the Trade socket, read as what their command promises. The body is the whole frame.

Raises `PayloadError` for what is not as documented. Source: QFEX documentation, Trade pages and AsyncAPI file.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec

from coinex_proto.errors import PayloadError, quoted
from coinex_proto.qfex._finite import check_finite
from coinex_proto.qfex._mending import mended
from coinex_proto.qfex._trade.updates import (
    LeverageLevel,
    OpenOrdersUpdate,
    OrderUpdate,
    TwapUpdate,
    UserTrade,
    UserTradesUpdate,
)

UNREADABLE: Final = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError, PayloadError)
"""All that decoding can raise for what a peer writes; UnicodeDecodeError is a ValueError."""

S = TypeVar("S", bound=msgspec.Struct)


class _Orderly(msgspec.Struct, gc=False):
    order_response: OrderUpdate | None = None
    twap_response: TwapUpdate | None = None


class _OpenOrders(msgspec.Struct, gc=False):
    all_orders_response: OpenOrdersUpdate


class _Trades(msgspec.Struct, gc=False):
    user_trades: tuple[UserTrade, ...] | None = None
    user_trades_response: tuple[UserTrade, ...] | None = None
    count: int | None = None


class _Leverage(msgspec.Struct, gc=False):
    user_leverage_response: tuple[LeverageLevel, ...] | None = None
    available_leverage_levels_response: tuple[LeverageLevel, ...] | None = None


_ORDERLY: Final = msgspec.json.Decoder(_Orderly, strict=False)
_OPEN_ORDERS: Final = msgspec.json.Decoder(_OpenOrders, strict=False)
_TRADES: Final = msgspec.json.Decoder(_Trades, strict=False)
_LEVERAGE: Final = msgspec.json.Decoder(_Leverage, strict=False)
_PLAIN: Final = msgspec.json.Decoder(float_hook=Decimal)


def order(body: bytes) -> OrderUpdate:
    """order_response."""
    update = _read(_ORDERLY, body).order_response
    if update is None:
        raise PayloadError("the answer holds no order_response")
    return checked(update)


def twap(body: bytes) -> TwapUpdate:
    """twap_response."""
    update = _read(_ORDERLY, body).twap_response
    if update is None:
        raise PayloadError("the answer holds no twap_response")
    check_finite(update)
    return update


def order_or_twap(body: bytes) -> OrderUpdate | TwapUpdate:
    """Whichever it is."""
    return order(body) if _read(_ORDERLY, body).order_response is not None else twap(body)


def open_orders(body: bytes) -> OpenOrdersUpdate:
    """all_orders_response."""
    found = _read(_OPEN_ORDERS, body).all_orders_response
    for record in found.orders:
        checked(record)
    for each in found.twaps:
        check_finite(each)
    return found


def user_trades(body: bytes) -> UserTradesUpdate:
    """Either form."""
    frame = _read(_TRADES, body)
    found = frame.user_trades if frame.user_trades is not None else frame.user_trades_response
    if found is None:
        raise PayloadError("the answer holds no user_trades")
    for trade in found:
        check_finite(trade)
    return UserTradesUpdate(user_trades=found, count=frame.count)


def leverage(body: bytes) -> Sequence[LeverageLevel]:
    """user_leverage_response or available_leverage_levels_response."""
    frame = _read(_LEVERAGE, body)
    first, second = frame.user_leverage_response, frame.available_leverage_levels_response
    found = first if first is not None else second
    if found is None:
        raise PayloadError("the answer holds no leverage levels")
    for level in found:
        check_finite(level)
    return found


def plain(body: bytes) -> Any:
    """Plain Python values; numbers with a point as `Decimal`."""
    try:
        return _PLAIN.decode(body)
    except UNREADABLE as problem:
        raise PayloadError(f"the answer cannot be read: {quoted(problem)}") from problem


def checked(update: OrderUpdate) -> OrderUpdate:
    """The same, with finite numbers only. Raises `PayloadError`."""
    check_finite(update)
    if update.replaces is not None:
        raise PayloadError("order_response with a member that is the SDK's own")
    return update


def typed(decoder: msgspec.json.Decoder[S], body: bytes) -> S:
    """A typed frame, if need be at the second reading. Raises one of `UNREADABLE`."""
    try:
        return decoder.decode(body)
    except UNREADABLE:
        better = mended(body)
        if better is None:
            raise
        return decoder.decode(better)


def _read(decoder: msgspec.json.Decoder[S], body: bytes) -> S:
    try:
        return typed(decoder, body)
    except UNREADABLE as problem:
        raise PayloadError(f"the answer is not as documented: {quoted(problem)}") from problem
