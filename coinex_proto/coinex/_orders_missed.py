"""Which own orders a push of CoinEx may have told of that could not be read: by as much of it as can be.

Slow, and only reached when everything else has failed. Source: CoinEx API v2, order.update and user_deals.update.
"""

from __future__ import annotations

from typing import Any, Final

from coinex_proto.coinex.topics import Orders, UserTrades
from coinex_proto.decoding import UNREADABLE, decode_plain
from coinex_proto.ids import OrderId
from coinex_proto.orders.fact import OrdersMissed

_KINDS: Final = (Orders.kind, UserTrades.kind)


def orders_missed(kind: str, data: bytes) -> OrdersMissed | None:
    """Those of a push of this kind; None when it tells of none."""
    if kind not in _KINDS:
        return None
    return _missed(kind, _record(data))


def orders_of_unknown(data: bytes) -> OrdersMissed | None:
    """The own order that a push of an unknown method names as order.update does; None when it names none."""
    record = _record(data)
    return None if _id(record.get("order_id")) is None else _missed(Orders.kind, record)


def _missed(kind: str, record: dict[str, Any]) -> OrdersMissed:
    market = _text(record.get("market"))
    return OrdersMissed(
        topic=(kind, market),
        market=market,
        order_id=_id(record.get("order_id")),
        client_order_id=_text(record.get("client_id")),
    )


def _record(data: bytes) -> dict[str, Any]:
    """What says which order: the push itself, or its member `order`."""
    try:
        value = decode_plain(data)
    except UNREADABLE:
        return {}
    if not isinstance(value, dict):
        return {}
    order = value.get("order")
    return order if isinstance(order, dict) else value


def _id(value: object) -> OrderId | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        return int(value)
    return value if type(value) is int else None


def _text(value: object) -> str | None:
    return value or None if isinstance(value, str) else None
