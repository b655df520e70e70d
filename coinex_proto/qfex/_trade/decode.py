"""A Trade message in, updates and answers out; never raises.

What a frame is says its one top-level key. An order_response is both: the answer to a request, where one waits for it, and
an update; the answer comes first, since only the request knows which id a changed order had before.
Source: QFEX documentation, Trade; the order of looking at the keys is the venue's own client's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec
from attrs import evolve, fields

from coinex_proto.decoding import UNREADABLE, decode_plain, finite_check
from coinex_proto.dialect import Answer, Inbound, Mended
from coinex_proto.errors import PayloadError, quoted
from coinex_proto.events import Unrecognised
from coinex_proto.fitting import fitted
from coinex_proto.ids import ANYTHING, TopicKey
from coinex_proto.orders.fact import OrdersMissed
from coinex_proto.qfex._errors import OLD_TYPES, echo_of, error_answer
from coinex_proto.qfex._refusals import refusal_of_error, refusal_of_login, refusal_of_status
from coinex_proto.qfex._trade.keys import ACK, AUTH, of_described, of_order, of_placed, of_twap
from coinex_proto.qfex._trade.replies import Reply, members_decoder, without_own_member
from coinex_proto.qfex._trade.requests import REQUESTS, key_of_echo, keys_of_message
from coinex_proto.qfex._trade.statuses import is_documented
from coinex_proto.qfex._trade.updates import OrderUpdate, PushedUpdate, TwapUpdate
from coinex_proto.qfex.topics import ACCOUNT_FEEDS

AUTHENTICATED: Final = "authenticated"
"""The member that answers a sign-in, or the type of the message that does."""

_MODELS: Final[tuple[type[PushedUpdate], ...]] = (*ACCOUNT_FEEDS.values(), TwapUpdate)
PUSHES: Final = {model.frame: model for model in _MODELS}
"""What comes by itself, by top-level member; no channel brings a TWAP."""

# All in one pass.
_DECODE: Final = members_decoder(PUSHES)
_RECORDS: Final[Callable[[Any], tuple[PushedUpdate | None, ...]]] = attrgetter(*PUSHES)
_CHECKS: Final[Mapping[type[PushedUpdate], Callable[[Any], Any]]] = {
    model: finite_check(model) for model in PUSHES.values()
}


def decode(payload: bytes) -> Sequence[Inbound]:
    """All that one message holds."""
    try:
        update = next(filter(None, _RECORDS(_DECODE(payload))), None)
        if update is not None:
            return _pushed(payload, _CHECKS[type(update)](update))
    except UNREADABLE:
        pass  # read once more below, where it is said what is wrong
    try:
        return _by_keys(payload, decode_plain(payload))
    except UNREADABLE as problem:
        # JSON of another shape is no push; what is no JSON may have been any.
        concerns = None if isinstance(problem, msgspec.ValidationError | PayloadError) else ANYTHING
        return (Unrecognised(raw=payload, why=f"unreadable message: {quoted(problem)}", concerns=concerns),)


def _pushed(payload: bytes, update: PushedUpdate) -> Sequence[Inbound]:
    """The update, and before it the answer that it may be. Raises `PayloadError`."""
    if isinstance(update, OrderUpdate):
        update = without_own_member(update)
        if update.is_refusal:
            return _refused(payload, update)
        return (Answer(keys=of_order(update), body=payload), update)
    if isinstance(update, TwapUpdate):
        return (Answer(keys=of_twap(update), body=payload), update)
    return (update,)


def _refused(payload: bytes, update: OrderUpdate) -> Sequence[Inbound]:
    """A no. But what shows a fill was accepted: to whoever placed it, its outcome is not known.

    A status that nobody has documented may be anything: a change or a cancel has an unknown outcome too, and a query is
    answered. What is known of the order comes first then: one that was accepted before is never called refused.
    """
    keys, refusal = of_order(update), refusal_of_status(update.status)
    in_doubt = evolve(refusal, is_unknown=True)
    is_named = bool(update.order_id or update.client_order_id)
    if is_documented(update.status):
        if not update.shows_fill:
            return (Answer(keys=keys, body=payload, refusal=refusal), update)
        placed = of_placed(update)
        rest = tuple(key for key in keys if key not in placed)
        return (
            Answer(keys=placed, body=payload, refusal=in_doubt),
            Answer(keys=rest, body=payload, refusal=refusal),
            update,
        )
    if not is_named:
        return (update, Answer(keys=keys, body=payload, refusal=in_doubt))
    placed, described = of_placed(update), of_described(update)
    rest = tuple(key for key in keys if key not in (*placed, *described))
    return (
        update,
        Answer(keys=placed, body=payload, refusal=in_doubt if update.shows_fill else refusal),
        Answer(keys=described, body=payload),
        Answer(keys=rest, body=payload, refusal=in_doubt),
    )


# The long way ---------------------------------------------------------------------------------------------------------


def _by_keys(payload: bytes, message: object) -> Sequence[Inbound]:
    """By top-level key."""
    if not isinstance(message, dict):
        return (Unrecognised(raw=payload, why="a message that is no object"),)
    for key, read in _READERS.items():
        if key in message:
            return read(payload, message)
    for key in PUSHES:
        if message.get(key) is not None:
            return _second_reading(payload, key, message[key])
    kind = message.get("type")
    if isinstance(kind, str) and kind.lower() in OLD_TYPES:
        return (error_answer(message, key_of_echo),)
    if kind == AUTHENTICATED:
        return _authenticated(payload, message)
    if kind == "auth":
        return (_login(payload, message.get("result") == "success", message.get("result")),)
    return (Unrecognised(raw=payload, why="a message of an unknown kind"),)


def _login(payload: bytes, is_in: bool, said: object) -> Answer:
    refusal = None if is_in else refusal_of_login(None, said if isinstance(said, str) else "")
    return Answer(keys=(AUTH,), body=payload, refusal=refusal)


def _authenticated(payload: bytes, message: Mapping[str, Any]) -> Sequence[Inbound]:
    """`true`, an object, or nothing but the word, as `{"type":"authenticated"}`: all but a no is a yes."""
    said = message.get(AUTHENTICATED, True)
    parts = (message, said) if isinstance(said, dict) else (message,)
    error = next((part["error"] for part in parts if part.get("error")), None)
    is_no = said is False or said is None or error or any(part.get("success") is False for part in parts)
    texts = (error, *(part.get("message") for part in parts))
    return (_login(payload, not is_no, next((text for text in texts if isinstance(text, str)), None)),)


def _err(_: bytes, message: Mapping[str, Any]) -> Sequence[Inbound]:
    return (error_answer(message, key_of_echo),)


def _channel(kind: str) -> Callable[[bytes, Mapping[str, Any]], Sequence[Inbound]]:
    def read(payload: bytes, message: Mapping[str, Any]) -> Sequence[Inbound]:
        if not isinstance(message[kind], str):
            raise PayloadError(f"{kind}: expected the name of a channel")
        return (Answer(keys=((kind, message[kind]),), body=payload),)

    return read


def _ack(payload: bytes, message: Mapping[str, Any]) -> Sequence[Inbound]:
    """With the echo of the request, or without."""
    ack = message["ack"]
    echo = echo_of(ack) if isinstance(ack, dict) else None
    if echo is None:
        return (Answer(keys=(ACK,), body=payload),)
    # An order that is acknowledged so is not accepted yet: its order_response says that.
    is_enough = ACK in keys_of_message(echo)
    return (Answer(keys=key_of_echo(echo) if is_enough else (), body=payload),)


def _ack_response(payload: bytes, message: Mapping[str, Any]) -> Sequence[Inbound]:
    is_yes = message["ack_response"] is True
    refusal = None if is_yes else refusal_of_error("not acknowledged", "")
    return (Answer(keys=(ACK,), body=payload, refusal=refusal),)


def _result(kind: str) -> Callable[[bytes, Mapping[str, Any]], Sequence[Inbound]]:
    return lambda payload, _: (Answer(keys=((kind,),), body=payload),)


_READERS: Final[Mapping[str, Callable[[bytes, Mapping[str, Any]], Sequence[Inbound]]]] = {
    AUTHENTICATED: _authenticated,
    "err": _err,
    "subscribed": _channel("subscribed"),
    "unsubscribed": _channel("unsubscribed"),
    "ack": _ack,
    "ack_response": _ack_response,
    **{
        frame: _result(kind)
        for kind, row in REQUESTS.items()
        if isinstance(row.reply, Reply)
        for frame in row.reply.frames
        if frame not in PUSHES
    },
}
"""One row an answer, in the order of looking; those of queries follow from the table of requests."""


def _second_reading(payload: bytes, key: str, record: object) -> Sequence[Inbound]:
    """A push with the members left out that it can do without."""
    try:
        update, left_out = fitted(PUSHES[key], record, f"$.{key}")
        return Mended(_pushed(payload, update), left_out=len(left_out))
    except UNREADABLE as problem:
        return _spoilt(payload, key, record, quoted(problem))


def _spoilt(payload: bytes, key: str, record: object, why: str) -> Sequence[Inbound]:
    """A push that is not as documented: reported, and of an order as much kept as can be read."""
    symbol = record.get("symbol") if isinstance(record, dict) else None
    market = symbol if isinstance(symbol, str) else None
    concerns = (PUSHES[key].channel, market) if PUSHES[key] in ACCOUNT_FEEDS.values() else None
    orders = _orders_missed((PUSHES[key].channel, market), record) if PUSHES[key].tells_order else None
    report = Unrecognised(raw=payload, why=f"{key}: {why}", concerns=concerns, orders=orders)
    if key != OrderUpdate.frame or not isinstance(record, dict):
        return (report,)
    try:
        update = _legible(record)
    except UNREADABLE:
        return (report,)
    # The numbers cannot be trusted: no result is read from it, so that a waiting request ends as not known.
    answer = Answer(keys=of_order(update), body=payload)
    return (answer, report)


def _orders_missed(topic: TopicKey, record: object) -> OrdersMissed:
    """As far as the record names an order."""
    named = record if isinstance(record, dict) else {}
    market, order_id, client_id = (
        value if isinstance(value := named.get(name), str) and value else None
        for name in ("symbol", "order_id", "client_order_id")
    )
    return OrdersMissed(topic=topic, market=market, order_id=order_id, client_order_id=client_id)


def _legible(record: Mapping[str, Any]) -> OrderUpdate:
    """Names and status, without the numbers."""
    texts = {name: value for name, value in record.items() if isinstance(value, str) and name in _TEXTS}
    if "status" not in texts:
        raise PayloadError("no status")
    return msgspec.convert(texts, OrderUpdate)


_TEXTS: Final = frozenset(one.name for one in fields(OrderUpdate) if str(one.type).startswith("str")) - {"replaces"}
