"""One CoinFLEX WebSocket as the server sees it: commands in, replies out.

Source: CoinFLEX API v1, commands and error codes; what a document leaves open is error 8.
"""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest
from typing import Any, Final, Protocol

import msgspec

from coinex_proto.simulator.coinflex.accounts import NONCE_BYTES, NUMBER_BYTES, Account, decoded
from coinex_proto.simulator.coinflex.catalogue import SCALE, asset_name
from coinex_proto.simulator.coinflex.market_orders import reachable, traded
from coinex_proto.simulator.coinflex.reports import CoinflexReports, signed
from coinex_proto.simulator.hosting.connection import ServerConnection
from coinex_proto.simulator.hosting.rates import Window
from coinex_proto.simulator.market.exchange import Exchange
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.matching import Order, Side
from coinex_proto.simulator.market.refusals import OrderRefused

MAX_OPEN_ORDERS: Final = 1000
MAX_INTEGER: Final = 2**63 - 1
PRIVATE: Final = frozenset(
    (
        "GetBalances",
        "GetOrders",
        "GetTradeVolume",
        "PlaceOrder",
        "ModifyOrder",
        "CancelOrder",
        "CancelAllOrders",
    )
)
QUERIES: Final = frozenset(("GetBalances", "GetOrders", "GetTradeVolume"))
ORDERS: Final = frozenset(("EstimateMarketOrder", "PlaceOrder", "ModifyOrder", "CancelOrder", "CancelAllOrders"))

REASONS: Final = {
    "balance": (4, "You have insufficient funds."),
    "would_take": (9, "Post-only order with these parameters would result in an immediate match."),
}
TOO_RAPIDLY: Final = {
    "orders": "You are sending orders too rapidly.",
    "queries": "You are making information requests too rapidly.",
}


class Refused(Exception):
    """The command gets this error for an answer."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code)
        self.code: int = code
        self.text: str = text


Reply = dict[str, Any]


class SocketBackend(Protocol):
    """What a socket needs of the server."""

    now: float
    exchange: Exchange
    reports: CoinflexReports

    def signed_in(self, connection: ServerConnection, owner: int) -> None: ...

    def requested(self, socket: CoinflexSocket, method: str, command: Reply) -> None: ...

    def reply(self, connection: ServerConnection, reply: Reply) -> None: ...

    def account(self, user_id: object) -> Account | None: ...

    def wake(self, name: str) -> None: ...

    def push_tickers(self) -> None: ...


class CoinflexSocket:
    """The commands and subscriptions of one connection."""

    def __init__(self, server: SocketBackend, connection: ServerConnection, nonce: bytes) -> None:
        self.connection = connection
        self.account: Account | None = None
        """Who has signed in."""
        self.nonce = nonce
        self.watched: dict[str, set[str]] = {"WatchOrders": set(), "WatchTicker": set()}
        """Names of markets."""
        self.volatile: list[Order] = []
        """Orders that end with this connection."""
        self._server = server
        self._reports = server.reports
        self._queries = Window(10, 10.0)
        self._estimates = Window(200, 1.0)
        self._methods: dict[str, Callable[[Reply], Reply]] = {
            "Authenticate": self._authenticate,
            "GetBalances": lambda _: {"balances": self._reports.balances(self._owner)},
            "GetOrders": lambda _: {"orders": [self._reports.record(o) for o in self._open_orders()]},
            "GetTradeVolume": self._volume,
            "EstimateMarketOrder": self._estimate,
            "PlaceOrder": self._place,
            "ModifyOrder": self._modify,
            "CancelOrder": self._cancel,
            "CancelAllOrders": self._cancel_all,
            "WatchOrders": self._watch,
            "WatchTicker": self._watch,
        }

    def message(self, message: str | bytes) -> None:
        """One command."""
        try:
            command = msgspec.json.decode(message) if isinstance(message, str) else None
        except (msgspec.DecodeError, RecursionError):
            command = None
        if not isinstance(command, dict) or not isinstance(command.get("method"), str):
            tag = command.get("tag") if isinstance(command, dict) else None
            self.answer(tag, 8, "The command could not be understood.")
            return
        self._server.requested(self, command["method"], command)

    def closed(self) -> None:
        """The connection is over."""
        for order in self.volatile:
            if not order.finish:
                self._server.exchange.cancel(order)
        self.volatile.clear()

    def perform(self, command: Reply, *, is_answered: bool = True) -> None:
        """Carry out a command, and answer it unless the answer is to be lost."""
        method, tag = command["method"], command.get("tag")
        try:
            handler = self._methods.get(method)
            if handler is None:
                raise Refused(8, "There is no such method.")
            self._check(method)
            members = handler(command)
        except Refused as refusal:
            self.answer(tag, refusal.code, refusal.text)
            return
        if is_answered:
            self.answer(tag, 0, "", members)

    def answer(self, tag: object, code: int, text: str, members: Reply | None = None) -> None:
        """Send a reply; the tag comes back if it was given and is not zero."""
        reply: Reply = {"tag": tag} if type(tag) is int and tag else {}
        reply["error_code"] = code
        if code:
            reply["error_msg"] = text
        self._server.reply(self.connection, {**reply, **(members or {})})

    @property
    def _owner(self) -> int:
        assert self.account is not None
        return self.account.owner

    def _open_orders(self) -> list[Order]:
        return self._server.exchange.open_orders(self._owner)

    def _check(self, method: str) -> None:
        now = self._server.now
        if method in PRIVATE and self.account is None:
            raise Refused(7, "You are not authenticated.")
        if method in QUERIES and not self._queries.take(now):
            raise Refused(6, TOO_RAPIDLY["queries"])
        if method in ORDERS:
            window = self._estimates if self.account is None else self.account.orders
            if not window.take(now):
                raise Refused(6, TOO_RAPIDLY["orders"])

    # Sign-in ----------------------------------------------------------------------------------------------------------

    def _authenticate(self, command: Reply) -> Reply:
        account = self._server.account(command.get("user_id"))
        if account is None:
            raise Refused(1, "There is no such user.")
        if not account.attempts.take(self._server.now):
            raise Refused(6, "You are making authentication attempts too rapidly.")
        if not compare_digest(str(command.get("cookie")).encode("utf-8", "replace"), account.cookie.encode()):
            raise Refused(7, "You sent an incorrect login cookie.")
        signature = command.get("signature")
        if not isinstance(signature, list) or len(signature) != 2:
            raise Refused(8, "The signature must be an array of two strings.")
        nonce = decoded(command.get("nonce"), NONCE_BYTES)
        r, s = (decoded(number, NUMBER_BYTES) for number in signature)
        if nonce is None or r is None or s is None:
            raise Refused(8, "The nonce or the signature has a wrong length.")
        if not account.accepts(self.nonce, nonce, r, s):
            raise Refused(7, "You sent an incorrect signature. This probably means you used a wrong passphrase.")
        self.account = account
        self._server.signed_in(self.connection, account.owner)
        return {}

    # Watching and queries ----------------------------------------------------------------------------------------------

    def _watch(self, command: Reply) -> Reply:
        method, name = command["method"], self._name(command)
        what = "order book" if method == "WatchOrders" else "ticker"
        watched, is_on = self.watched[method], command.get("watch")
        if is_on is True and name in watched:
            raise Refused(2, f"You are already watching the {what} for the specified asset pair.")
        if is_on is False and name not in watched:
            raise Refused(1, f"You are not watching the {what} for the specified asset pair.")
        if is_on is False:
            watched.discard(name)
            return {}
        if is_on is not True:
            raise Refused(8, "Watch must be true or false.")
        self._server.wake(name)
        watched.add(name)
        if method == "WatchOrders":
            return {"orders": self._reports.book(name)}
        self._server.push_tickers()
        return self._reports.ticker(name)

    def _volume(self, command: Reply) -> Reply:
        asset = asset_name(_integer(command, "asset"))
        if asset is None:
            raise Refused(8, "There is no such asset.")
        return {"volume": self._reports.volumes.get((self._owner, asset), 0)}

    def _estimate(self, command: Reply) -> Reply:
        market, side, lots, _ = self._market_order(command, None)
        quantity, total = traded(market, side, lots)
        return {"quantity": quantity, "total": total}

    # Orders -----------------------------------------------------------------------------------------------------------

    def _place(self, command: Reply) -> Reply:
        name = self._name(command)
        self._server.wake(name)
        tonce = self._tonce(command)
        persist = command.get("persist")
        if persist not in (None, True, False, "fill_or_kill") or command.get("post_only") not in (None, True, False):
            raise Refused(8, "Persist or post_only is wrong.")
        if command.get("price") is None:
            return self._place_market(command, tonce)
        price, quantity = _integer(command, "price"), _integer(command, "quantity")
        if "total" in command:
            raise Refused(8, "You must specify either quantity or total for a market order.")
        if quantity == 0:
            raise Refused(8, "Quantity must not be zero.")
        side: Side = "buy" if quantity > 0 else "sell"
        _check_total(quantity, price)
        ticks = self._ticks(name, price, side)
        if len(self._open_orders()) >= MAX_OPEN_ORDERS:
            raise Refused(5, "You have too many outstanding orders.")
        kind = "maker_only" if command.get("post_only") else "ioc" if persist == "fill_or_kill" else "limit"
        order = self._put(name, side, kind, abs(quantity), ticks, tonce)
        if persist is False and not order.finish:
            self.volatile.append(order)
        return {"id": order.order_id, "time": order.created_ms * 1000}

    def _place_market(self, command: Reply, tonce: str) -> Reply:
        if command.get("post_only"):
            raise Refused(8, "A market order cannot be post-only.")
        market, side, lots, amount = self._market_order(command, self._owner)
        quantity, total = traded(market, side, lots)
        if quantity:
            self._put(market.spec.key, side, "market", quantity, 0, tonce)
        return {"remaining": amount - (quantity if "quantity" in command else total)}

    def _put(self, name: str, side: Side, kind: str, lots: int, ticks: int, tonce: str) -> Order:
        try:
            return self._server.exchange.place(self._owner, name, side, kind, amount=lots, price=ticks, client_id=tonce)
        except OrderRefused as refusal:
            raise _refused(refusal) from refusal

    def _market_order(self, command: Reply, owner: int | None) -> tuple[Market, Side, int, int]:
        """Market, side, lots that can trade, and the amount in its own measure."""
        name = self._name(command)
        self._server.wake(name)
        measures = [member for member in ("quantity", "total") if command.get(member) is not None]
        if len(measures) != 1:
            raise Refused(8, "You must specify either quantity or total for a market order.")
        amount = _integer(command, measures[0])
        if amount == 0:
            raise Refused(8, f"{measures[0].capitalize()} must not be zero.")
        side: Side = "buy" if amount > 0 else "sell"
        market, funds = self._server.exchange.markets[name], None
        if owner is not None:
            currency = market.spec.quote if side == "buy" else market.spec.base
            funds = self._server.exchange.ledger.balance(owner, "spot", currency).available
        lots = reachable(market, side, abs(amount), is_total=measures[0] == "total", funds=funds)
        return market, side, lots, abs(amount)

    def _modify(self, command: Reply) -> Reply:
        order = self._order(command)
        delta, price = command.get("quantity_delta"), command.get("price")
        if delta is None and price is None:
            raise Refused(8, "You must specify quantity delta and/or price.")
        ticks = order.price if price is None else self._ticks(order.market, _integer(command, "price"), order.side)
        change = 0 if delta is None else _integer(command, "quantity_delta")
        if delta is not None and change == 0:
            raise Refused(8, "Quantity delta must not be zero.")
        left = order.left + signed(order, change)
        if left <= 0:
            gone = {**self._reports.record(order), "quantity": 0, "time": self._reports.micros}
            self._server.exchange.cancel(order)
            return gone
        _check_total(left, self._reports.price(order.market, ticks))
        self._amend(order, ticks, left, is_post_only=command.get("post_only") is True)
        return {**self._reports.record(order), "time": self._reports.micros}

    def _amend(self, order: Order, ticks: int, left: int, *, is_post_only: bool) -> None:
        exchange = self._server.exchange
        if is_post_only and exchange.markets[order.market].book.next_maker(order.side, ticks) is not None:
            raise Refused(*REASONS["would_take"])
        self._reports.modifies(order)
        try:
            exchange.modify(order, price=ticks, amount=order.filled + left)
        except OrderRefused as refusal:
            raise _refused(refusal) from refusal
        finally:
            self._reports.has_modified(order)

    def _cancel(self, command: Reply) -> Reply:
        order = self._order(command)
        gone = self._reports.record(order)
        self._server.exchange.cancel(order)
        return gone

    def _cancel_all(self, _: Reply) -> Reply:
        orders = self._open_orders()
        gone = [self._reports.record(order) for order in orders]
        for order in orders:
            self._server.exchange.cancel(order)
        return {"orders": gone}

    # Members ----------------------------------------------------------------------------------------------------------

    def _name(self, command: Reply) -> str:
        name = self._reports.names.get((_integer(command, "base"), _integer(command, "counter")))
        if name is None:
            raise Refused(1, "You specified an invalid asset pair.")
        return name

    def _tonce(self, command: Reply) -> str:
        if command.get("tonce") is None:
            return ""
        tonce = _integer(command, "tonce")
        if tonce == 0:
            raise Refused(8, "Tonce must not be zero.")
        if any(order.client_id == str(tonce) for order in self._open_orders()):
            raise Refused(3, "Tonce is out of sequence.")
        return str(tonce)

    def _ticks(self, name: str, price: int, side: Side) -> int:
        """A bid goes down to the tick, an ask up."""
        tick = self._reports.pairs[name].tick
        ticks = price // tick if side == "buy" else -(-price // tick)
        if price <= 0 or ticks <= 0:
            raise Refused(8, "Price must not be zero.")
        return ticks

    def _order(self, command: Reply) -> Order:
        named = [member for member in ("id", "tonce") if command.get(member) is not None]
        if len(named) != 1:
            raise Refused(8, "You must specify either order ID or tonce.")
        number = _integer(command, named[0])
        if named[0] == "tonce" and number == 0:
            raise Refused(8, "Tonce must not be zero.")
        for order in self._open_orders():
            if number == order.order_id if named[0] == "id" else str(number) == order.client_id:
                return order
        raise Refused(1, "The specified order was not found.")


def _refused(refusal: OrderRefused) -> Refused:
    return Refused(*REASONS.get(refusal.reason, (8, str(refusal))))


def _integer(command: Reply, member: str) -> int:
    value = command.get(member)
    if type(value) is not int or not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise Refused(8, f"{member} must be an integer.")
    return value


def _check_total(quantity: int, price: int) -> None:
    if abs(quantity * price) > MAX_INTEGER * SCALE:
        raise Refused(8, "Order total would overflow.")
