"""The table of requests of the Trade socket: one row says all that is known of one type, whoever makes it.

Commands, `Raw` and the echoes in errors and acknowledgements are distinguished by their wire name alone, so that the row of a
name serves all three. Weights: QFEX documentation, "Rate limits"; close_position and add_twap are not listed there and
count as an order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import frozen

from coinex_proto.qfex._trade import keys, replies
from coinex_proto.qfex._trade.keys import Keys, Params

ORDERS: Final = "orders"
CANCELS: Final = "cancels"
"""Cancels have a bucket of their own."""


@frozen
class RequestType:
    """What is known of one type of request."""

    weight: float
    """Units of the venue's rate limit."""
    keys: Callable[[Params], Keys] | None = None
    """What its answer is found by; None: the type alone."""
    reply: Callable[[bytes], Any] = replies.nothing
    """How its answer is read."""
    bucket: str = ORDERS
    may_wait: bool = False
    """False: it trades. It leaves at once or not at all."""
    is_reply_optional: bool = False
    """Whether it is answered is not documented."""


REQUESTS: Final[Mapping[str, RequestType]] = {
    "auth": RequestType(0.0, may_wait=True),
    "subscribe": RequestType(0.1, keys.of_channels("subscribed"), may_wait=True),
    "unsubscribe": RequestType(0.1, keys.of_channels("unsubscribed"), may_wait=True),
    # No order must wait for this one.
    "cancel_on_disconnect": RequestType(
        0.1, lambda _: (("cancel_on_disconnect",), keys.ACK), may_wait=True, is_reply_optional=True
    ),
    "add_order": RequestType(1.0, keys.of_add, replies.ORDER),
    "close_position": RequestType(1.0, keys.of_close, replies.ORDER),
    "modify_order": RequestType(1.0, keys.of_modify, replies.ORDER),
    "cancel_order": RequestType(1.0, keys.of_cancel, replies.order_or_twap, CANCELS),
    "cancel_all_orders": RequestType(2.0, lambda _: (keys.CANCEL_ALL, keys.ACK), bucket=CANCELS),
    "modify_stop_order": RequestType(1.0, keys.of_modify_stop),
    "cancel_stop_order": RequestType(1.0, keys.of_cancel_stop, bucket=CANCELS),
    "add_twap": RequestType(1.0, keys.of_add_twap, replies.TWAP),
    "set_user_leverage": RequestType(0.1, keys.of_leverage),
    "get_order": RequestType(2.0, keys.of_get, replies.ORDER, may_wait=True),
    "get_user_orders": RequestType(5.0, None, replies.OPEN_ORDERS, may_wait=True),
    "get_user_trades": RequestType(0.5, None, replies.USER_TRADES, may_wait=True),
    "get_user_leverage": RequestType(0.1, None, replies.USER_LEVERAGE, may_wait=True),
    "get_available_leverage_levels": RequestType(0.1, None, replies.LEVERAGE_LEVELS, may_wait=True),
}

_UNKNOWN: Final = RequestType(1.0)
_UNKNOWN_CANCEL: Final = RequestType(1.0, bucket=CANCELS)


def request_type(kind: str) -> RequestType:
    """The row of this type; one that this SDK does not know may trade."""
    return REQUESTS.get(kind, _UNKNOWN_CANCEL if kind.startswith("cancel_") else _UNKNOWN)


def keys_of_request(kind: str, params: Params) -> Keys:
    """The keys of a request in its wire form, its very own one first."""
    rule = request_type(kind).keys
    return ((kind,),) if rule is None else rule(params)


def keys_of_message(message: Mapping[str, Any]) -> Keys:
    """The keys of a whole message in request form."""
    params = message.get("params")
    return keys_of_request(keys.text_of(message.get("type")), params if isinstance(params, dict) else {})


def key_of_echo(message: Mapping[str, Any]) -> Keys:
    """The very own key of a request that an error or an acknowledgement repeats."""
    return keys_of_message(message)[:1]
