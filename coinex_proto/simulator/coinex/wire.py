"""What CoinEx v2 writes about orders, fills, positions and balances, and how it packs a message.

One function per object; sockets and HTTP differ in a few names, which they change themselves.
Source: CoinEx API v2, private channels of the spot and futures sockets.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import lru_cache
from struct import Struct
from typing import Any, Final, Protocol

import msgspec

from coinex_proto.simulator.hosting.websocket_server import binary_frame, binary_header
from coinex_proto.simulator.market.accounts import Balance
from coinex_proto.simulator.market.amounts import RATE_PLACES, UNIT_PLACES, to_short_text, to_text
from coinex_proto.simulator.market.events import Fill
from coinex_proto.simulator.market.market import Deal, Market
from coinex_proto.simulator.market.matching import Order
from coinex_proto.simulator.market.stops import StopOrder

SMALL: Final = 4096
"""Up to here a small window packs faster at the same size."""
TINY: Final = 1024
"""Up to here deflating saves a quarter of the bytes for twenty times the work: they go as one stored block."""
_STORED: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff\x01"
"""Header of a gzip member (no time, fastest, unknown system), and of its last block, which is stored (RFC 1951, 3.2.4)."""

_STORED_HEAD: Final = Struct("<11sHH").pack
_STORED_TAIL: Final = Struct("<II").pack


class _Heads(dict[int, bytes]):
    """What stands in front of so many stored bytes: the head of the frame and that of the gzip member."""

    def __missing__(self, size: int) -> bytes:
        stored = _STORED_HEAD(_STORED, size, size ^ 0xFFFF)
        head = self[size] = binary_header(len(stored) + size + STORED_TAIL_BYTES) + stored
        return head


STORED_TAIL_BYTES: Final = 8
_HEADS: Final = _Heads()

json_of: Final = msgspec.json.Encoder().encode


def packed(payload: bytes) -> bytes:
    """One gzip member with a zero time stamp: the same text gives the same bytes."""
    size = len(payload)
    if size <= TINY:
        return b"%b%b%b" % (
            _STORED_HEAD(_STORED, size, size ^ 0xFFFF), payload, _STORED_TAIL(zlib.crc32(payload), size)
        )  # fmt: skip
    packer = zlib.compressobj(1, zlib.DEFLATED, 28 if size <= SMALL else 31, 5)
    return packer.compress(payload) + packer.flush()


def framed(payload: bytes) -> bytes:
    """The same as a whole frame."""
    size = len(payload)
    if size > TINY:
        return binary_frame(packed(payload))
    return b"%b%b%b" % (_HEADS[size], payload, _STORED_TAIL(zlib.crc32(payload), size))


class Push:
    """One message as the server sends it; its frame is made once, however many sockets get it."""

    __slots__ = ("_frame", "method", "payload")

    def __init__(self, method: str, data: object) -> None:
        self.method: str = method
        self.payload: bytes = json_of({"method": method, "data": data, "id": None})
        self._frame: bytes | None = None

    @classmethod
    def written(cls, method: str, data: str) -> Push:
        """Of data that is JSON already: what is pushed most is written without an object in between."""
        push = cls.__new__(cls)
        push.method, push._frame = method, None
        push.payload = f'{{"method":"{method}","data":{data},"id":null}}'.encode()
        return push

    @classmethod
    def recorded(cls, method: str, payload: bytes) -> Push:
        """A whole message that was written before."""
        push = cls.__new__(cls)
        push.method, push._frame, push.payload = method, None, payload
        return push

    @property
    def frame(self) -> bytes:
        frame = self._frame
        if frame is None:
            frame = self._frame = framed(self.payload)
        return frame


class Subscriber(Protocol):
    """One socket."""

    def deliver(self, push: Push) -> None: ...


@lru_cache(maxsize=4096)
def text_of(name: str) -> str:
    """The name of a market as JSON."""
    return f'"{name}"' if name.isalnum() and name.isascii() else json_of(name).decode()


def units(value: int) -> str:
    """Spot style: no padding."""
    return to_short_text(value, UNIT_PLACES)


def long_units(value: int) -> str:
    """Futures style: 20 decimals."""
    return to_text(value, UNIT_PLACES)


def rate(value: int) -> str:
    """A rate kept in steps of 10**-8."""
    return to_short_text(value, RATE_PLACES)


def amount(market: Market, order: Order, value: int) -> str:
    """An amount in the measure of the order."""
    return units(value) if order.spends_quote else market.amount_text(value)


def public_deal(market: Market, deal: Deal) -> dict[str, Any]:
    """One entry of a list of public trades."""
    return {
        "deal_id": deal.deal_id,
        "created_at": deal.created_ms,
        "side": deal.side,
        "price": market.price_text(deal.price),
        "amount": market.amount_text(deal.lots),
    }


def public_deal_text(market: Market, deal: Deal) -> str:
    """The same as JSON."""
    deal_id, created_ms, side, price, lots = deal
    return (
        f'{{"deal_id":{deal_id},"created_at":{created_ms},"side":"{side}",'
        f'"price":"{market.price_text(price)}","amount":"{market.amount_text(lots)}"}}'
    )


def spot_order(market: Market, order: Order) -> dict[str, Any]:
    """The order object of the spot socket."""
    return {
        "order_id": order.order_id,
        "market": market.spec.name,
        "margin_market": "",
        "type": order.kind,
        "side": order.side,
        "price": market.price_text(order.price),
        "amount": amount(market, order, order.amount),
        "unfilled_amount": amount(market, order, order.left),
        "filled_amount": market.amount_text(order.filled),
        "filled_value": units(order.filled_value),
        "taker_fee_rate": rate(order.taker_rate),
        "maker_fee_rate": rate(order.maker_rate),
        "base_ccy_fee": units(order.base_fee),
        "quote_ccy_fee": units(order.quote_fee),
        "discount_ccy_fee": "0",
        **_ending(market, order),
    }


def futures_order(market: Market, order: Order) -> dict[str, Any]:
    """The order object of the futures socket."""
    return {
        "order_id": order.order_id,
        "stop_id": order.stop_id,
        "market": market.spec.name,
        "side": order.side,
        "type": order.kind,
        "amount": market.amount_text(order.amount),
        "price": market.price_text(order.price),
        "unfilled_amount": market.amount_text(order.left),
        "filled_amount": market.amount_text(order.filled),
        "filled_value": units(order.filled_value),
        "fee": units(order.quote_fee),
        "fee_ccy": market.spec.settle,
        "taker_fee_rate": rate(order.taker_rate),
        "maker_fee_rate": rate(order.maker_rate),
        **_ending(market, order),
    }


def _ending(market: Market, order: Order) -> dict[str, Any]:
    return {
        "last_filled_amount": market.amount_text(order.last_lots),
        "last_filled_price": market.price_text(order.last_price) if order.last_price else "0",
        "client_id": order.client_id,
        "created_at": order.created_ms,
        "updated_at": order.updated_ms,
    }


def spot_stop(market: Market, stop: StopOrder) -> dict[str, Any]:
    """The stop object of the spot socket."""
    return {
        "stop_id": stop.stop_id,
        "market": market.spec.name,
        "margin_market": "",
        **_stop_terms(market, stop),
        "trigger_direction": stop.direction,
        **_stop_ending(market, stop),
    }


def futures_stop(market: Market, stop: StopOrder) -> dict[str, Any]:
    """The stop object of the futures socket."""
    return {
        "stop_id": stop.stop_id,
        "market": market.spec.name,
        **_stop_terms(market, stop),
        "trigger_direction": stop.direction,
        "trigger_price_type": stop.price_type,
        **_stop_ending(market, stop),
    }


def _stop_terms(market: Market, stop: StopOrder) -> dict[str, Any]:
    return {
        "type": stop.kind,
        "side": stop.side,
        "price": market.price_text(stop.price) if stop.price else "0",
        "amount": units(stop.amount) if stop.spends_quote else market.amount_text(stop.amount),
        "trigger_price": market.price_text(stop.trigger_price),
    }


def _stop_ending(market: Market, stop: StopOrder) -> dict[str, Any]:
    return {
        "taker_fee_rate": rate(market.spec.taker_rate),
        "maker_fee_rate": rate(market.spec.maker_rate),
        "status": stop.status,
        "client_id": stop.client_id,
        "created_at": stop.created_ms,
        "updated_at": stop.updated_ms,
    }


def user_deal(fill: Fill) -> dict[str, Any]:
    """One fill; the futures socket names the position, the spot socket the margin market."""
    place: Mapping[str, object] = (
        {"margin_market": ""} if fill.position is None else {"position_id": fill.position.position_id}
    )
    return {
        "deal_id": fill.deal.deal_id,
        "created_at": fill.deal.created_ms,
        "market": fill.market.spec.name,
        "side": fill.order.side,
        "order_id": fill.order.order_id,
        "client_id": fill.order.client_id,
        **place,
        "price": fill.market.price_text(fill.deal.price),
        "amount": fill.market.amount_text(fill.deal.lots),
        "role": "taker" if fill.is_taker else "maker",
        "fee": units(fill.fee),
        "fee_ccy": fill.fee_currency,
    }


def spot_balance(currency: str, balance: Balance) -> dict[str, Any]:
    """One entry of the spot socket's balance list."""
    return {
        "margin_market": "",
        "ccy": currency,
        "available": units(balance.available),
        "frozen": units(balance.frozen),
        "updated_at": balance.updated_ms,
    }


def futures_balance(currency: str, balance: Balance, unrealized: int) -> dict[str, Any]:
    """One entry of the futures socket's balance list; `unrealized` in units."""
    return {
        "ccy": currency,
        "available": long_units(balance.available),
        "frozen": long_units(balance.frozen),
        "margin": long_units(balance.margin),
        "transferrable": long_units(max(0, balance.available + min(0, unrealized))),
        "unrealized_pnl": long_units(unrealized),
        "equity": long_units(balance.total + unrealized),
    }
