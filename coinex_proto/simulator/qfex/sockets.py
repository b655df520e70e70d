"""The two WebSockets of the local QFEX as the server sees them: requests in, answers out.

Source: QFEX documentation; where it does not determine a form, one of those that clients have seen is used.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, Protocol

import msgspec

from coinex_proto.simulator.hosting.connection import ServerConnection
from coinex_proto.simulator.qfex.accounts import KeyRing, Meters
from coinex_proto.simulator.qfex.feeds import ALL, CANDLE_MINUTES, PUSH_INTERVALS_MS, QfexFeeds, Subscription
from coinex_proto.simulator.qfex.order_entry import SIDES, OrderEntry
from coinex_proto.simulator.qfex.orders import QfexOrders, Rejected
from coinex_proto.simulator.qfex.twaps import Twaps
from coinex_proto.simulator.qfex.wire import json_of, old_trade_record, trade_record

CHANNELS: Final = frozenset({"order_responses", "fills", "positions", "balances", "stop_orders"})
_FORMS: Final[Mapping[str, tuple[type, ...]]] = {
    **dict.fromkeys(("symbol", "side", "order_type", "order_time_in_force", "client_order_id", "order_id"), (str,)),
    **dict.fromkeys(("cancel_order_id_type", "stop_order_id", "client_twap_id", "account_id", "jwt"), (str,)),
    **dict.fromkeys(("quantity", "price", "take_profit", "stop_loss", "leverage", "total_quantity"), (int, Decimal)),
    **dict.fromkeys(("limit", "offset", "start_ts", "end_ts", "num_orders", "order_interval_secs"), (int,)),
}
"""What a parameter must be."""
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)

Message = dict[str, Any]

SIGNED_IN: Final[Mapping[str, Message]] = {
    "true": {"authenticated": True},
    "object": {"authenticated": {"success": True, "error": None}},
    "type": {"type": "authenticated"},
    "old": {"type": "auth", "result": "success"},
}
"""Forms of the answer to a sign-in."""


class Refused(Exception):
    """An error frame with this code is the answer."""

    def __init__(self, code: str, message: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


class SocketBackend(Protocol):
    """What a socket needs of the server."""

    now: float
    feeds: QfexFeeds
    keys: KeyRing
    meters: Meters
    own: QfexOrders
    order_entry: OrderEntry
    twaps: Twaps
    trade_sockets: dict[TradeSocket, None]
    owner: int

    @property
    def clock(self) -> float: ...

    def signed_in(self, connection: ServerConnection, owner: int) -> None: ...

    def requested(self, socket: QfexSocket, request: Message) -> None: ...

    def deliver(self, connection: ServerConnection, name: str, payload: bytes) -> None: ...

    def leverage(self, level: str) -> list[Message]: ...


class QfexSocket(ABC):
    """What both sockets have in common."""

    def __init__(self, server: SocketBackend, connection: ServerConnection) -> None:
        self.server = server
        self.connection = connection

    def message(self, message: str | bytes) -> None:
        """One request."""
        try:
            request = _DECODER.decode(message)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.refuse("InvalidJSONFormat", None, message if isinstance(message, str) else None)
            return
        if not isinstance(request, dict) or not isinstance(request.get("type"), str):
            self.refuse("InvalidJSONFormat", None, request)
            return
        self.server.requested(self, request)

    @abstractmethod
    def closed(self) -> None:
        """The connection is over."""

    @abstractmethod
    def perform(self, request: Message, *, is_answered: bool = True) -> None:
        """Carry out a request, and answer it unless the answer is to be lost."""

    def refuse(self, code: str, text: str | None, echo: object) -> None:
        """An error frame."""
        self.send({"err": {"error_code": code, "message": text, "incoming_message": _plain(echo)}}, "err")

    def send(self, message: Message, name: str) -> None:
        """One message; `name` is its name in faults."""
        if self.server.own.forms.null_arrays and name != "err":
            message = nulled(message)
        self.server.deliver(self.connection, name, json_of(message))


class MdsSocket(QfexSocket):
    """Market data; no sign-in."""

    def __init__(self, server: SocketBackend, connection: ServerConnection) -> None:
        super().__init__(server, connection)
        self.subscriptions: dict[Subscription, None] = {}
        self._sequence = 0

    def push(self, message: Message) -> None:
        """One push, with the next number of this connection."""
        self.send({**message, "sequence": self.next_sequence()}, message["type"])

    def next_sequence(self) -> int:
        """The number of the next push."""
        self._sequence += 1
        return self._sequence

    def closed(self) -> None:
        self.server.feeds.subscribers.pop(self, None)

    def perform(self, request: Message, *, is_answered: bool = True) -> None:
        kind = request["type"]
        try:
            if kind not in ("subscribe", "unsubscribe"):
                raise Refused("InvalidJSONFormat", f"unknown type {kind[:40]}")
            subscriptions = self._subscriptions(request)
        except Refused as refusal:
            self.refuse(refusal.code, refusal.message, request)
            return
        if is_answered:
            self.send({**request, "type": f"{kind}d"}, f"{kind}d")
        for subscription in subscriptions:
            if kind == "subscribe":
                self.server.feeds.follow(self, subscription)
            else:
                self.subscriptions.pop(subscription, None)

    def _subscriptions(self, request: Message) -> list[Subscription]:
        channels, symbols = request.get("channels"), request.get("symbols")
        if not isinstance(channels, list) or not isinstance(symbols, list) or not channels or not symbols:
            raise Refused("InvalidJSONFormat", "channels and symbols are needed")
        return [
            (channel, symbol, detail)
            for channel in map(self._channel, channels)
            for symbol in map(self._symbol, symbols)
            for detail in _details(channel, request)
        ]

    def _channel(self, name: object) -> str:
        if not isinstance(name, str) or name not in PUSH_INTERVALS_MS:
            raise Refused("InvalidParameter", "no such channel")
        return name

    def _symbol(self, name: object) -> str:
        if not isinstance(name, str) or (name != ALL and name not in self.server.feeds.markets):
            raise Refused("InvalidParameter", "no such symbol")
        return name


def _details(channel: str, request: Message) -> list[object]:
    if channel == "candle":
        intervals = request.get("intervals")
        if not isinstance(intervals, list) or not intervals or not set(map(str, intervals)) <= set(CANDLE_MINUTES):
            raise Refused("InvalidParameter", "intervals are needed")
        return list(intervals)
    if channel == "level2":
        sig_figs = request.get("sig_figs") or [0]
        if not isinstance(sig_figs, list) or not all(type(one) is int and 0 <= one <= 2 for one in sig_figs):
            raise Refused("InvalidParameter", "sig_figs are 0, 1 or 2")
        return list(sig_figs)
    return [None]


class TradeSocket(QfexSocket):
    """Orders and account data of one connection."""

    def __init__(self, server: SocketBackend, connection: ServerConnection) -> None:
        super().__init__(server, connection)
        self.is_signed_in: bool = False
        self.opened_at: float = server.now
        self.channels: dict[str, None] = {}
        self.cancels_on_disconnect: bool = False
        self._is_answered = True
        entry = server.order_entry
        self._methods: dict[str, Callable[[Message, Message], None]] = {
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "add_order": self._add,
            "close_position": lambda params, _: entry.close_position(params),
            "modify_order": self._modify,
            "cancel_order": self._cancel,
            "cancel_all_orders": self._cancel_all,
            "cancel_stop_order": lambda params, _: self._order(entry.cancel_stop(params)),
            "modify_stop_order": lambda params, _: self._order(entry.modify_stop(params)),
            "get_order": lambda params, _: self._order(server.own.order(params)),
            "get_user_orders": self._user_orders,
            "get_user_trades": self._user_trades,
            "get_user_leverage": lambda *_: self._leverage("user_leverage_response", ("set",)),
            "get_available_leverage_levels": lambda *_: self._leverage(
                "available_leverage_levels_response", ("1", "2", "5", "10", "20")
            ),
            "set_user_leverage": self._set_leverage,
            "cancel_on_disconnect": self._cancel_on_disconnect,
            "add_twap": lambda params, _: self._answer("twap_response", server.twaps.add(params)),
        }

    def closed(self) -> None:
        self.server.trade_sockets.pop(self, None)
        if self.cancels_on_disconnect:
            self.server.order_entry.cancel_all()

    def perform(self, request: Message, *, is_answered: bool = True) -> None:
        kind, params = request["type"], request.get("params")
        self._is_answered = is_answered
        try:
            if not isinstance(params, dict):
                raise Refused("InvalidJSONFormat", "params are needed")
            _check_forms(params)
            if kind == "auth":
                self._sign_in(params)
                return
            if not self.is_signed_in:
                raise Refused("PermissionDenied", "sign in first")
            method = self._methods.get(kind)
            if method is None:
                raise Refused("InvalidJSONFormat", "unknown type")
            wait = self.server.meters.take(kind, self.server.now)
            if wait:
                raise Refused("RateLimited", f"You have exceeded the allowed message rate. Retry after {wait:.3f} s.")
            method(params, request)
        except Refused as refusal:
            if is_answered:
                self.refuse(refusal.code, refusal.message, request)
        except Rejected as rejection:
            if is_answered:
                self._order({**rejection.fields, "status": rejection.status})
        finally:
            self._is_answered = True

    def push(self, key: str, record: Message) -> None:
        """A push."""
        if self._is_answered:
            self.send({key: record}, key)

    def _answer(self, key: str, value: object) -> None:
        if self._is_answered:
            self.send({key: value}, key)

    def _order(self, record: Message) -> None:
        self._answer("order_response", _plain(record))

    def _sign_in(self, params: Message) -> None:
        if self.is_signed_in:
            raise Refused("AlreadyAuthenticated")
        self.is_signed_in = self.server.keys.accepts(params, self.server.clock)
        if self.is_signed_in:
            self.server.signed_in(self.connection, self.server.owner)
        if self._is_answered:
            said = SIGNED_IN[self.server.own.forms.sign_in] if self.is_signed_in else {"authenticated": False}
            self.send(dict(said), "authenticated")

    def _add(self, params: Message, request: Message) -> None:
        demands = self.server.own.forms.market_price == "demanded" and params.get("order_type") == "MARKET"
        if demands and params.get("price") is None:
            raise Refused("InvalidJSONFormat", "missing field `price`")
        self.server.order_entry.add(params)

    def _modify(self, params: Message, request: Message) -> None:
        demands = self.server.own.forms.modify_demands_reduce_only
        if demands and not isinstance(params.get("reduce_only"), bool):
            raise Refused("InvalidParameter", "reduce_only is needed")
        self.server.order_entry.modify(params)

    def _subscribe(self, params: Message, request: Message) -> None:
        for channel in self._channels(params):
            self.channels[channel] = None
            self._answer("subscribed", channel)

    def _unsubscribe(self, params: Message, request: Message) -> None:
        for channel in self._channels(params):
            self.channels.pop(channel, None)
            self._answer("unsubscribed", channel)

    def _channels(self, params: Message) -> list[str]:
        channels = params.get("channels")
        if not isinstance(channels, list) or not set(map(str, channels)) <= CHANNELS:
            raise Refused("InvalidParameter", "no such channel")
        return channels

    def _cancel(self, params: Message, request: Message) -> None:
        if params.get("cancel_order_id_type") in ("twap_id", "client_twap_id"):
            twap = self.server.twaps.cancel(params)
            if twap is None:
                raise Rejected("NO_SUCH_ORDER", order_id=params.get("order_id"), symbol=params.get("symbol"))
            self._answer("twap_response", self.server.twaps.record(twap))
            if self.server.own.forms.twap_cancel == "both":
                self._order(self.server.twaps.order_record(twap))
            return
        self.server.order_entry.cancel(params)

    def _cancel_all(self, params: Message, request: Message) -> None:
        self.server.order_entry.cancel_all(params.get("symbol"))
        self._answer("ack", {"incoming_message": _plain(request)})

    def _user_orders(self, params: Message, request: Message) -> None:
        orders = self.server.own.all_orders(params.get("symbol"))[_wanted(params)]
        twaps = self.server.twaps.open(params.get("symbol"))
        self._answer("all_orders_response", {"orders": orders, "twaps": twaps})

    def _user_trades(self, params: Message, request: Message) -> None:
        trades, form = self.server.own.trades(params)[_wanted(params)], self.server.own.forms.user_trades
        answer: Message = {}
        if form != "asyncapi":
            answer.update(user_trades=[trade_record(*trade) for trade in trades], count=len(trades))
        if form != "page":
            answer["user_trades_response"] = [old_trade_record(*trade) for trade in trades]
        if self._is_answered:
            self.send(answer, next(iter(answer)))

    def _leverage(self, key: str, levels: tuple[str, ...]) -> None:
        self._answer(key, [record for level in levels for record in self.server.leverage(level)])

    def _set_leverage(self, params: Message, request: Message) -> None:
        try:
            is_set = self.server.order_entry.set_leverage(params)
        except Rejected as rejection:  # an order_response would be taken for an order's
            raise Refused("InvalidParameter", "no such symbol") from rejection
        if not is_set:
            raise Refused("InvalidParameter", "open orders or a position")
        self._answer("ack", {"incoming_message": _plain(request)})

    def _cancel_on_disconnect(self, params: Message, request: Message) -> None:
        self.cancels_on_disconnect = params.get("cancel_on_disconnect") is True
        self._answer("ack", {"incoming_message": _plain(request)})


def _wanted(params: Message) -> slice:
    """The part of a list that a query asks for.  Raises Refused."""
    offset, limit = params.get("offset") or 0, params.get("limit") or 1000
    if offset < 0 or limit < 0:
        raise Refused("InvalidParameter", "offset and limit are not below zero")
    return slice(offset, offset + limit)


def _check_forms(params: Message) -> None:
    """Each known parameter has its type, and each enumeration one of its values."""
    for name, value in params.items():
        kinds = _FORMS.get(name)
        if kinds is not None and value is not None and (not isinstance(value, kinds) or isinstance(value, bool)):
            raise Refused("InvalidJSONFormat", f"{name} has the wrong type")
    if params.get("side") not in (None, *SIDES):
        raise Refused("InvalidJSONFormat", "unknown side")


def nulled(value: Any) -> Any:
    """The same with null for each empty array."""
    match value:
        case Mapping():
            return {name: nulled(entry) for name, entry in value.items()}
        case list() | tuple():
            return [nulled(entry) for entry in value] or None
        case _:
            return value


def _plain(value: object) -> object:
    """What was read, as it can be written: integers of an echo come back as floats, as the venue's do."""
    match value:
        case Decimal():
            return float(value)
        case Mapping():
            return {name: _plain(entry) for name, entry in value.items()}
        case list():
            return [_plain(entry) for entry in value]
        case _:
            return value
