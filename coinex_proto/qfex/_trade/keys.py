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

from coinex_proto.qfex._trade.statuses import CANCELLED, IOC_ENDED, refuses_change
from coinex_proto.qfex._trade.updates import OrderUpdate, TwapUpdate

Keys: TypeAlias = tuple[tuple[object, ...], ...]
Params: TypeAlias = Mapping[str, Any]

ACK: Final = ("ack",)
"""Requests that an acknowledgement answers."""
ORDER: Final = ("order",)
"""Requests about orders: whoever waits longest gets a refusal that names nothing."""
ANY_GET: Final = ("get any",)
"""The same for get_order, which must not wait for the answers of orders: there may always be one under way."""
CANCEL_ALL: Final = ("cancel all",)
AUTH: Final = ("auth",)
ADD_TWAP: Final = ("add twap",)

_MARKET: Final = "MARKET"


# Requests -------------------------------------------------------------------------------------------------------------


def with_client_id(keys: Keys, client_id: str) -> Keys:
    """The keys of a change of an order whose client id is known, though it is not sent."""
    return (*(key for key in keys if key[0] != "change like"), ("modify client", client_id))


def of_add(params: Params) -> Keys:
    """By client id, else by what it says."""
    client_id = text_of(params.get("client_order_id"))
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


def of_close(params: Params) -> Keys:
    """By client id, else by symbol."""
    client_id = text_of(params.get("client_order_id"))
    return (("add", client_id) if client_id else ("close", text_of(params.get("symbol"))), ORDER)


def of_modify(params: Params) -> Keys:
    """By order id, else by symbol and side."""
    order_id = text_of(params.get("order_id"))
    like = (text_of(params.get("symbol")), text_of(params.get("side")))
    return (("modify", order_id), ("id", order_id), ("change like", *like), ("nameless change", *like), ORDER)


def of_cancel(params: Params) -> Keys:
    """By whichever id it names."""
    order_id = text_of(params.get("order_id"))
    match params.get("cancel_order_id_type"):
        case "client_order_id":
            return (("cancel client", order_id), ORDER)
        case "twap_id" | "client_twap_id":
            return (("twap", order_id), ORDER)
        case _:
            return (("cancel", order_id), ("id", order_id), ORDER)


def of_get(params: Params) -> Keys:
    """By order id."""
    order_id = text_of(params.get("order_id"))
    return (("get", order_id), ("id", order_id), ANY_GET)


def of_cancel_stop(params: Params) -> Keys:
    """By the id of the stop."""
    stop_id = text_of(params.get("stop_order_id"))
    return (("cancel", stop_id), ("id", stop_id), ACK, ORDER)


def of_modify_stop(params: Params) -> Keys:
    """By the id of the stop."""
    stop_id = text_of(params.get("stop_order_id"))
    return (("modify", stop_id), ("id", stop_id), ACK, ORDER)


def of_add_twap(params: Params) -> Keys:
    """By client id, else the one that waits longest."""
    client_id = text_of(params.get("client_twap_id"))
    return (("twap", client_id) if client_id else ADD_TWAP,)


def of_leverage(params: Params) -> Keys:
    """By symbol, else by an acknowledgement."""
    return (("set_user_leverage", text_of(params.get("symbol"))), ACK)


def of_channels(kind: str) -> Callable[[Params], Keys]:
    """One key a channel; `kind` is the word that acknowledges it."""
    return lambda params: tuple((kind, channel) for channel in _texts(params.get("channels")))


# Answers --------------------------------------------------------------------------------------------------------------


def of_order(update: OrderUpdate) -> Keys:
    """Whom an order_response may answer; most answer nobody."""
    status = update.status
    if status in CANCELLED:
        return _of_cancelled(update)
    if status == "ACK":
        return (*_placing(update), *of_described(update))
    if status == "FILLED" or status in IOC_ENDED:
        return (*_named("add", update.client_order_id), *of_described(update))
    if status == "MODIFIED":
        return (*_modifying(update), *of_described(update))
    return _of_refused(update)


def of_placed(update: OrderUpdate) -> Keys:
    """The request to place this very order."""
    return _named("add", update.client_order_id) or _placing(update)


def of_described(update: OrderUpdate) -> Keys:
    """The query about this order."""
    return _named("get", update.order_id)


def _of_cancelled(update: OrderUpdate) -> Keys:
    return (
        *_named("cancel", update.order_id),
        *_named("cancel client", update.client_order_id),
        *_named("add", update.client_order_id),
        *of_described(update),
        CANCEL_ALL,
    )


def _of_refused(update: OrderUpdate) -> Keys:
    """A refusal that names no order goes to the oldest request about one."""
    if not update.order_id and not update.client_order_id:
        return (*(_modifying(update) if refuses_change(update.status) else ()), ORDER, ANY_GET)
    if refuses_change(update.status):
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
        text_of(symbol),
        text_of(side),
        text_of(kind),
        _number(quantity),
        None if kind == _MARKET else _number(price),
    )


def text_of(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(filter(None, map(text_of, value))) if isinstance(value, (list, tuple)) else ()


def _number(value: object) -> Decimal | None:
    """Numbers of an echo may have become floats, or texts: 10, 10.0 and "10" are one."""
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
