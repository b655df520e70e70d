"""What QFEX writes: JSON in text frames; numbers on Trade, texts on MDS; times with nanoseconds, or Unix seconds.

Source: QFEX documentation, MDS and Trade pages.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import msgspec
from attrs import define

from coinex_proto.simulator.market.amounts import UNIT_PLACES, to_short_text
from coinex_proto.simulator.market.events import Fill
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.matching import Order
from coinex_proto.simulator.market.stops import StopOrder

json_of: Final = msgspec.json.Encoder().encode
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SIDES: Final = {"buy": "BUY", "sell": "SELL"}


def number(scaled: int, places: int) -> msgspec.Raw:
    """A JSON number with a point, as the venue writes them."""
    text = to_short_text(scaled, places)
    return msgspec.Raw((text if "." in text else text + ".0").encode())


def seconds(now_ms: int) -> msgspec.Raw:
    """Unix seconds with a fraction."""
    return number(now_ms, 3)


def moment(now_ms: int) -> str:
    """RFC 3339 in UTC, with nanoseconds."""
    at = _EPOCH + timedelta(milliseconds=now_ms)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{now_ms % 1000:03d}000000Z"


def uuid(*parts: object) -> str:
    """The UUID that follows from these."""
    digits = sha256(":".join(map(str, parts)).encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


@define(eq=False, kw_only=True)
class Ticket:
    """What QFEX knows of an order beyond the matching core."""

    order_id: str
    client_order_id: str
    type: str
    time_in_force: str
    reduces: bool = False
    take_profit: int = 0
    stop_loss: int = 0
    price: int = 0
    status: str = "ACK"
    trade_id: str | None = None

    @property
    def rests(self) -> bool:
        """What is not filled at once stays in the book."""
        return self.time_in_force == "GTC" and self.type != "MARKET"


def order_record(user_id: str, market: Market, order: Order, ticket: Ticket, status: str) -> dict[str, Any]:
    """The inside of an order_response."""
    return {
        **_response(user_id, market, order, ticket, status, order.price or ticket.price, order.left),
        "take_profit": number(ticket.take_profit, market.spec.price_places),
        "stop_loss": number(ticket.stop_loss, market.spec.price_places),
        "trade_id": ticket.trade_id if status == "FILLED" else None,
    }


def stop_record(user_id: str, market: Market, stop: StopOrder, ticket: Ticket, status: str) -> dict[str, Any]:
    """A stop order as an order_response."""
    return _response(user_id, market, stop, ticket, status, stop.trigger_price, stop.amount)


def _response(
    user_id: str, market: Market, order: Order | StopOrder, ticket: Ticket, status: str, price: int, left: int
) -> dict[str, Any]:
    price_places, amount_places = market.spec.price_places, market.spec.amount_places
    return {
        "order_id": ticket.order_id,
        "symbol": market.spec.name,
        "status": status,
        "quantity": number(order.amount, amount_places),
        "price": number(price, price_places),
        "take_profit": number(0, price_places),
        "stop_loss": number(0, price_places),
        "side": SIDES[order.side],
        "type": ticket.type,
        "time_in_force": ticket.time_in_force,
        "user_id": user_id,
        "client_order_id": ticket.client_order_id,
        "quantity_remaining": number(left, amount_places),
        "update_time": seconds(order.updated_ms),
        "trade_id": None,
    }


def stop_push(user_id: str, market: Market, stop: StopOrder, ticket: Ticket) -> dict[str, Any]:
    """The inside of a stop_order_response."""
    return {
        "stop_order_id": ticket.order_id,
        "user_id": user_id,
        "symbol": market.spec.name,
        "client_order_id": ticket.client_order_id,
        "price": number(stop.trigger_price, market.spec.price_places),
        "quantity": number(stop.amount, market.spec.amount_places),
        "direction": SIDES[stop.side],
        "stop_order_type": ticket.type,
        "update_time": moment(stop.updated_ms),
    }


def fill_record(user_id: str, fill: Fill, ticket: Ticket) -> dict[str, Any]:
    """The inside of a fill_response."""
    spec, order = fill.market.spec, fill.order
    return {
        "trade_id": trade_id(fill),
        "user_id": user_id,
        "symbol": spec.name,
        "price": number(fill.deal.price, spec.price_places),
        "quantity": number(fill.deal.lots, spec.amount_places),
        "side": SIDES[order.side],
        "aggressor_side": SIDES[fill.deal.side],
        "order_id": ticket.order_id,
        "fee": number(fill.fee, UNIT_PLACES),
        "order_type": ticket.type,
        "tif": ticket.time_in_force,
        "order_price": number(order.price, spec.price_places),
        "client_order_id": ticket.client_order_id,
        "remaining_quantity": number(order.left, spec.amount_places),
        "take_profit": number(ticket.take_profit, spec.price_places),
        "stop_loss": number(ticket.stop_loss, spec.price_places),
        "execution_type": "NEW",
        "timestamp": seconds(fill.deal.created_ms),
        "realised_pnl": number(order.realized, UNIT_PLACES),
    }


def _traded(fill: Fill) -> dict[str, Any]:
    spec = fill.market.spec
    return {
        "trade_id": trade_id(fill),
        "symbol": spec.name,
        "price": number(fill.deal.price, spec.price_places),
        "quantity": number(fill.deal.lots, spec.amount_places),
    }


def trade_record(fill: Fill, ticket: Ticket) -> dict[str, Any]:
    """One entry of user_trades."""
    return _traded(fill) | {
        "aggressor_side": SIDES[fill.deal.side],
        "order_id": ticket.order_id,
        "client_order_id": ticket.client_order_id,
        "fee": number(fill.fee, UNIT_PLACES),
        "timestamp": seconds(fill.deal.created_ms),
    }


def old_trade_record(fill: Fill, ticket: Ticket) -> dict[str, Any]:
    """One entry of user_trades_response."""
    return _traded(fill) | {
        "side": SIDES[fill.order.side],
        "order_id": ticket.order_id,
        "fee": number(fill.fee, UNIT_PLACES),
        "order_type": ticket.type,
        "tif": ticket.time_in_force,
    }


def trade_id(fill: Fill) -> str:
    """The same for the fill, the order response and the query."""
    return uuid("trade", fill.deal.deal_id, fill.order.order_id)
