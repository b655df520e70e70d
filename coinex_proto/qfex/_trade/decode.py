"""A Trade message in, updates and answers out; never raises.

What a frame is says its one top-level key. An order_response is both: the answer to a request, where one waits for it, and
an update; the answer comes first, since only the request knows which id a changed order had before.
Source: QFEX documentation, Trade; the order of looking at the keys is the venue's own client's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from attrs import fields

from coinex_proto.dialect import Answer, Inbound
from coinex_proto.errors import PayloadError, quoted
from coinex_proto.events import Unrecognised
from coinex_proto.qfex import _errors, _refusals
from coinex_proto.qfex._finite import check_finite
from coinex_proto.qfex._trade import keys as _keys
from coinex_proto.qfex._trade.replies import UNREADABLE, checked, plain, typed
from coinex_proto.qfex._trade.updates import (
    BalanceUpdate,
    FillUpdate,
    OrderUpdate,
    PositionUpdate,
    StopOrderUpdate,
    TwapUpdate,
)
from coinex_proto.updates import Update


class _Pushes(msgspec.Struct, gc=False):
    """The frames that come by themselves, read in one pass."""

    order_response: OrderUpdate | None = None
    fill_response: FillUpdate | None = None
    position_response: PositionUpdate | None = None
    balance_response: BalanceUpdate | None = None
    stop_order_response: StopOrderUpdate | None = None
    twap_response: TwapUpdate | None = None


_PUSHES: Final = msgspec.json.Decoder(_Pushes, strict=False)
_PUSH_KEYS: Final = _Pushes.__struct_fields__
_CONCERNS: Final = {
    "order_response": "order_responses",
    "fill_response": "fills",
    "position_response": "positions",
    "balance_response": "balances",
    "stop_order_response": "stop_orders",
}


def decode(payload: bytes) -> Sequence[Inbound]:
    """All that one message holds."""
    try:
        found = _pushed(payload, typed(_PUSHES, payload))
        if found is not None:
            return found
        why = ""
    except UNREADABLE as problem:
        why = quoted(problem)
    try:
        return _by_keys(payload, plain(payload), why)
    except UNREADABLE as problem:
        return (Unrecognised(raw=payload, why=f"unreadable message: {quoted(problem)}"),)


def _pushed(payload: bytes, frame: _Pushes) -> Sequence[Inbound] | None:
    """What a typed frame says; None when it is of another kind. Raises `PayloadError`."""
    order = frame.order_response
    if order is not None:
        return _order(payload, checked(order))
    update: Update | None = (
        frame.fill_response or frame.position_response or frame.balance_response or frame.stop_order_response
    )
    if update is not None:
        check_finite(update)
        return (update,)
    twap = frame.twap_response
    if twap is None:
        return None
    check_finite(twap)
    return (Answer(keys=_keys.of_twap(twap), body=payload), twap)


def _order(payload: bytes, update: OrderUpdate) -> Sequence[Inbound]:
    keys = _keys.of_order(update)
    refusal = _refusals.of_status(update.status) if update.is_refusal else None
    return (Answer(keys=keys, body=payload, refusal=refusal), update)


# The long way ---------------------------------------------------------------------------------------------------------


def _by_keys(payload: bytes, message: object, why: str) -> Sequence[Inbound]:
    """By top-level key; `why` is what the typed pass said."""
    if not isinstance(message, dict):
        return (Unrecognised(raw=payload, why="a message that is no object"),)
    for key, read in _READERS.items():
        if key in message:
            return read(payload, message)
    for key in _PUSH_KEYS:
        if key in message:
            return _spoilt(payload, key, message[key], why)
    kind = message.get("type")
    if isinstance(kind, str) and kind.lower() in _errors.OLD_TYPES:
        return (_errors.answer(message, _keys.of_echo),)
    if kind == "auth":
        return (_login(payload, message.get("result") == "success", message.get("result")),)
    return (Unrecognised(raw=payload, why="a message of an unknown kind"),)


def _login(payload: bytes, is_in: bool, said: object) -> Answer:
    refusal = None if is_in else _refusals.of_login(None, said if isinstance(said, str) else "")
    return Answer(keys=(_keys.AUTH,), body=payload, refusal=refusal)


def _authenticated(payload: bytes, message: Mapping[str, Any]) -> Sequence[Inbound]:
    return (_login(payload, message["authenticated"] is True, message.get("message")),)


def _err(_: bytes, message: Mapping[str, Any]) -> Sequence[Inbound]:
    return (_errors.answer(message, _keys.of_echo),)


def _channel(verb: str) -> Callable[[bytes, Mapping[str, Any]], Sequence[Inbound]]:
    def read(payload: bytes, message: Mapping[str, Any]) -> Sequence[Inbound]:
        if not isinstance(message[verb], str):
            raise PayloadError(f"{verb}: expected the name of a channel")
        return (Answer(keys=((verb, message[verb]),), body=payload),)

    return read


def _ack(payload: bytes, message: Mapping[str, Any]) -> Sequence[Inbound]:
    """With the echo of the request, or without."""
    ack = message["ack"]
    echo = _errors.echo_of(ack) if isinstance(ack, dict) else None
    if echo is None:
        return (Answer(keys=(_keys.ACK,), body=payload),)
    # An order that is acknowledged so is not accepted yet: its order_response says that.
    is_enough = _keys.ACK in _keys.of_message(echo)
    return (Answer(keys=_keys.of_echo(echo) if is_enough else (), body=payload),)


def _ack_response(payload: bytes, message: Mapping[str, Any]) -> Sequence[Inbound]:
    is_yes = message["ack_response"] is True
    refusal = None if is_yes else _refusals.of_error("not acknowledged", "")
    return (Answer(keys=(_keys.ACK,), body=payload, refusal=refusal),)


def _result(key: tuple[str, ...]) -> Callable[[bytes, Mapping[str, Any]], Sequence[Inbound]]:
    return lambda payload, _: (Answer(keys=(key,), body=payload),)


_READERS: Final[Mapping[str, Callable[[bytes, Mapping[str, Any]], Sequence[Inbound]]]] = {
    "authenticated": _authenticated,
    "err": _err,
    "subscribed": _channel("subscribed"),
    "unsubscribed": _channel("unsubscribed"),
    "ack": _ack,
    "ack_response": _ack_response,
    "all_orders_response": _result(_keys.OPEN_ORDERS),
    "user_trades": _result(_keys.USER_TRADES),
    "user_trades_response": _result(_keys.USER_TRADES),
    "user_leverage_response": _result(_keys.USER_LEVERAGE),
    "available_leverage_levels_response": _result(_keys.LEVERAGE_LEVELS),
}
"""One row an answer, in the order of looking."""


def _spoilt(payload: bytes, key: str, record: object, why: str) -> Sequence[Inbound]:
    """A push that is not as documented: reported, and of an order as much kept as can be read."""
    symbol = record.get("symbol") if isinstance(record, dict) else None
    market = symbol if isinstance(symbol, str) else None
    concerns = (_CONCERNS[key], market) if key in _CONCERNS else None
    report = Unrecognised(raw=payload, why=f"{key}: {why or 'not as documented'}", concerns=concerns)
    if key != "order_response" or not isinstance(record, dict):
        return (report,)
    try:
        update = checked(_legible(record))
    except UNREADABLE:
        return (report,)
    # The numbers cannot be trusted: no result is read from it, so that a waiting request ends as not known.
    answer = Answer(keys=_keys.of_order(update), body=payload)
    return (answer, report)


def _legible(record: Mapping[str, Any]) -> OrderUpdate:
    """Names and status, without the numbers."""
    texts = {name: value for name, value in record.items() if isinstance(value, str) and name in _TEXTS}
    if "status" not in texts:
        raise PayloadError("no status")
    return msgspec.convert(texts, OrderUpdate)


_TEXTS: Final = frozenset(one.name for one in fields(OrderUpdate) if str(one.type).startswith("str")) - {"replaces"}
