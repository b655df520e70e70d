"""How an answer finds its request on a socket without request ids.

Requests and answers are given keys; an answer completes the first waiting request that has one of its keys, tried in
order. The keys of a request follow from its wire form alone, so that the echo of a request in an error or an
acknowledgement has the very keys of the request.

- An order is found by its `client_order_id`. An order without one, or an echo without one, is found by what it says:
  symbol, side, type, price, quantity. An echo with a client id never completes an order that was sent with another one.
- Everything about a known order is found by its id, a change also by client id, else by symbol and side: where the
  change or its echo has no client id.
- Acknowledgements without an echo go to whoever waits longest for one.

Source: QFEX documentation and the rules that other clients follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

from attrs import frozen

from coinex_proto.qfex._trade.updates import REQUEST_STATUSES, OrderUpdate, TwapUpdate

Keys: TypeAlias = tuple[tuple[object, ...], ...]
_Params: TypeAlias = Mapping[str, Any]

ACK: Final = ("ack",)
"""Requests that an acknowledgement answers."""
ORDER: Final = ("order",)
"""Requests about orders: whoever waits longest gets a refusal that names nothing."""
ANY_GET: Final = ("get any",)
"""The same for get_order, which must not wait for the answers of orders: there may always be one under way."""
CANCEL_ALL: Final = ("cancel all",)
OPEN_ORDERS: Final = ("get_user_orders",)
USER_TRADES: Final = ("get_user_trades",)
USER_LEVERAGE: Final = ("get_user_leverage",)
LEVERAGE_LEVELS: Final = ("get_available_leverage_levels",)
AUTH: Final = ("auth",)
ADD_TWAP: Final = ("add twap",)

_CANCELLED: Final = frozenset({"CANCELLED", "CANCELLED_STP"})
_MODIFY_REFUSALS: Final = REQUEST_STATUSES - {"NO_SUCH_ORDER"}
_MARKET: Final = "MARKET"


# Requests -------------------------------------------------------------------------------------------------------------


def of_request(kind: str, params: _Params, local_id: str = "") -> Keys:
    """The keys of a request in its wire form, its very own one first; `local_id` is a client id known but not sent."""
    rule = _RULES.get(kind)
    if rule is None or rule.keys is None:
        return ((kind,),)
    keys = rule.keys(params)
    if local_id and kind == "modify_order":
        keys = (*(key for key in keys if key[0] != "change like"), ("modify client", local_id))
    return keys


def of_echo(message: Mapping[str, Any]) -> Keys:
    """The very own key of a request that an error or an acknowledgement repeats."""
    return of_message(message)[:1]


def of_message(message: Mapping[str, Any]) -> Keys:
    """The keys of a whole message in request form."""
    params = message.get("params")
    return of_request(_text(message.get("type")), params if isinstance(params, dict) else {})


def _add(params: _Params) -> Keys:
    client_id = _text(params.get("client_order_id"))
    said = _said(
        params.get("symbol"),
        params.get("side"),
        params.get("order_type"),
        params.get("quantity"),
        params.get("price"),
    )
    if client_id:
        return (("add", client_id), ("nameless echo", said), ORDER)
    return (("nameless order", said), ("nameless echo", said), ORDER)


def _close(params: _Params) -> Keys:
    client_id = _text(params.get("client_order_id"))
    return (("add", client_id) if client_id else ("close", _text(params.get("symbol"))), ORDER)


def _modify(params: _Params) -> Keys:
    order_id = _text(params.get("order_id"))
    like = (_text(params.get("symbol")), _text(params.get("side")))
    return (("modify", order_id), ("id", order_id), ("change like", *like), ("nameless change", *like), ORDER)


def _cancel(params: _Params) -> Keys:
    order_id = _text(params.get("order_id"))
    match params.get("cancel_order_id_type"):
        case "client_order_id":
            return (("cancel client", order_id), ORDER)
        case "twap_id" | "client_twap_id":
            return (("twap", order_id), ORDER)
        case _:
            return (("cancel", order_id), ("id", order_id), ORDER)


def _get(params: _Params) -> Keys:
    order_id = _text(params.get("order_id"))
    return (("get", order_id), ("id", order_id), ANY_GET)


def _cancel_stop(params: _Params) -> Keys:
    stop_id = _text(params.get("stop_order_id"))
    return (("cancel", stop_id), ("id", stop_id), ACK, ORDER)


def _modify_stop(params: _Params) -> Keys:
    stop_id = _text(params.get("stop_order_id"))
    return (("modify", stop_id), ("id", stop_id), ACK, ORDER)


def _twap(params: _Params) -> Keys:
    client_id = _text(params.get("client_twap_id"))
    return (("twap", client_id) if client_id else ADD_TWAP,)


def _leverage(params: _Params) -> Keys:
    return (("set_user_leverage", _text(params.get("symbol"))), ACK)


def _channels(kind: str) -> Callable[[_Params], Keys]:
    return lambda params: tuple((kind, channel) for channel in _texts(params.get("channels")))


@frozen
class Rule:
    """What is known of one type of request."""

    weight: float
    """Units of the venue's rate limit."""
    trades: bool
    """It leaves at once or not at all, and a lost answer leaves the outcome open."""
    keys: Callable[[_Params], Keys] | None
    """None: the type alone."""


_RULES: Final[Mapping[str, Rule]] = {
    "auth": Rule(0.0, False, None),
    "subscribe": Rule(0.1, False, _channels("subscribed")),
    "unsubscribe": Rule(0.1, False, _channels("unsubscribed")),
    "add_order": Rule(1.0, True, _add),
    "close_position": Rule(1.0, True, _close),
    "modify_order": Rule(1.0, True, _modify),
    "cancel_order": Rule(1.0, True, _cancel),
    "cancel_all_orders": Rule(2.0, True, lambda _: (CANCEL_ALL, ACK)),
    "get_order": Rule(2.0, False, _get),
    "get_user_orders": Rule(5.0, False, None),
    "get_user_trades": Rule(0.5, False, None),
    "cancel_on_disconnect": Rule(0.1, False, lambda _: (("cancel_on_disconnect",), ACK)),
    "add_twap": Rule(1.0, True, _twap),
    "cancel_stop_order": Rule(1.0, True, _cancel_stop),
    "modify_stop_order": Rule(1.0, True, _modify_stop),
    "get_user_leverage": Rule(0.1, False, None),
    "get_available_leverage_levels": Rule(0.1, False, None),
    "set_user_leverage": Rule(0.1, True, _leverage),
}
"""Weights: QFEX documentation, "Rate limits"; close_position and add_twap are not listed there and count as an order."""

_OTHER: Final = Rule(1.0, True, None)
"""A type that this SDK does not know: it may trade."""


def rule_of(kind: str) -> Rule:
    """What is known of this type of request."""
    return _RULES.get(kind, _OTHER)


def is_known(kind: str) -> bool:
    """Whether the type is documented."""
    return kind in _RULES


# Answers --------------------------------------------------------------------------------------------------------------


def of_order(update: OrderUpdate) -> Keys:
    """Whom an order_response may answer; most answer nobody."""
    status = update.status
    if status in _CANCELLED:
        return _of_cancelled(update)
    if status == "ACK":
        return (*_placing(update), *_get_keys(update))
    if status == "FILLED":
        return (*_named("add", update.client_order_id), *_get_keys(update))
    if status == "MODIFIED":
        return (*_modifying(update), *_get_keys(update))
    return _of_refused(update)


def _of_cancelled(update: OrderUpdate) -> Keys:
    return (
        *_named("cancel", update.order_id),
        *_named("cancel client", update.client_order_id),
        *_named("add", update.client_order_id),
        *_get_keys(update),
        CANCEL_ALL,
    )


def _of_refused(update: OrderUpdate) -> Keys:
    """A refusal that names no order goes to the oldest request about one."""
    if not update.order_id and not update.client_order_id:
        return (*(_modifying(update) if update.status in _MODIFY_REFUSALS else ()), ORDER, ANY_GET)
    if update.status in _MODIFY_REFUSALS:
        return _modifying(update)
    # A cancel's order_id holds whichever id it is, and its refusal may repeat it there.
    by_id = (*_named("id", update.order_id), *_named("cancel client", update.client_order_id))
    by_any = (*by_id, *_named("cancel client", update.order_id), *_named("twap", update.order_id))
    if update.status == "NO_SUCH_ORDER":
        return by_any
    return (*_named("add", update.client_order_id), *by_any, *_placing(update))


def _placing(update: OrderUpdate) -> Keys:
    said = _said(update.symbol, update.side, update.type, update.quantity, update.price)
    named = _named("add", update.client_order_id)
    return (*named, ("nameless order" if named else "nameless echo", said), ("close", update.symbol))


def _modifying(update: OrderUpdate) -> Keys:
    named = _named("modify client", update.client_order_id)
    kind = "change like" if named else "nameless change"
    return (*_named("modify", update.order_id), *named, (kind, update.symbol, update.side))


def _get_keys(update: OrderUpdate) -> Keys:
    return _named("get", update.order_id)


def _named(kind: str, name: str | None) -> Keys:
    return ((kind, name),) if name else ()


def of_twap(update: TwapUpdate) -> Keys:
    """Whom a twap_response may answer."""
    names = (update.client_twap_id, update.twap_id)
    by_name = tuple(("twap", name) for name in names if name)
    return by_name if update.client_twap_id else (*by_name, ADD_TWAP)


# ----------------------------------------------------------------------------------------------------------------------


def _said(symbol: object, side: object, kind: object, quantity: object, price: object) -> tuple[object, ...]:
    """What tells two orders apart that have no name; a MARKET order's echo may have any price."""
    return (
        _text(symbol),
        _text(side),
        _text(kind),
        _number(quantity),
        None if kind == _MARKET else _number(price),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(filter(None, map(_text, value))) if isinstance(value, (list, tuple)) else ()


def _number(value: object) -> Decimal | None:
    """Numbers of an echo may have become floats, or texts: 10, 10.0 and "10" are one."""
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
