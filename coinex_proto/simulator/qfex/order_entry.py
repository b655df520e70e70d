"""What requests do to the account of the local QFEX: checked in the venue's order, refused in its statuses.

Source: QFEX documentation, add_order, cancel_order, modify_order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from coinex_proto.simulator.market.accounts import NotEnough
from coinex_proto.simulator.market.amounts import BadNumber, to_scaled
from coinex_proto.simulator.market.exchange import Exchange
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.matching import Order, Side
from coinex_proto.simulator.market.refusals import OrderRefused
from coinex_proto.simulator.qfex.feeds import QfexFeeds
from coinex_proto.simulator.qfex.orders import QfexOrders, Rejected
from coinex_proto.simulator.qfex.wire import Ticket, stop_record

STATUSES: Final = {
    "balance": "FAILED_MARGIN_CHECK",
    "amount": "QUANTITY_LESS_THAN_MIN_QUANTITY",
    "price": "PRICE_LESS_THAN_MIN_PRICE",
    "would_take": "REJECTED",
    "cannot_fill": "REJECTED",
    "thin": "REJECTED_FAILED_TO_PROCESS",
    "halted": "REJECTED_MARKET_CLOSED",
    "gone": "NO_SUCH_ORDER",
}
"""Why the exchange refuses, in the venue's statuses."""
KINDS: Final = {"GTC": "limit", "IOC": "ioc", "FOK": "fok"}
STOPS: Final = frozenset({"TAKE_PROFIT", "STOP_LOSS"})
TYPES: Final = frozenset({"LIMIT", "MARKET", "ALO"}) | STOPS
SIDES: Final[Mapping[str, Side]] = {"BUY": "buy", "SELL": "sell"}
ALO_CROSSES: Final = "CANNOT_MODIFY_ALO_WOULD_CROSS"
CLOSE_REACH: Final = 20
"""A close goes a twentieth through the mark."""


class OrderEntry:
    """One account."""

    def __init__(self, exchange: Exchange, feeds: QfexFeeds, orders: QfexOrders) -> None:
        self._exchange = exchange
        self._feeds = feeds
        self._orders = orders
        self.user_id: str = orders.user_id

    def add(self, params: Mapping[str, Any]) -> None:
        """add_order."""
        market = self._market(params)
        side, kind, force = params.get("side"), params.get("order_type"), params.get("order_time_in_force")
        reduces = params.get("reduce_only") is True
        client_id = str(params.get("client_order_id") or "")
        ticket = self._orders.new_ticket(client_id, str(kind), str(force), reduces=reduces)
        said = {
            "symbol": market.spec.name,
            "side": side,
            "type": kind,
            "time_in_force": force,
            "client_order_id": ticket.client_order_id,
            **{name: params[name] for name in ("quantity", "price") if name in params},
        }
        try:
            if kind not in TYPES or side is None:
                raise Rejected("INVALID_ORDER_TYPE")
            if force is None or force not in KINDS:
                raise Rejected("INVALID_TIME_IN_FORCE")
            lots = scaled(params.get("quantity"), market.spec.amount_places, "INVALID_TICK_SIZE_PRECISION_QUANTITY")
            price = 0
            if kind == "MARKET":
                self._check_market_price(params)
            else:
                price = scaled(params.get("price"), market.spec.price_places, "INVALID_TICK_SIZE_PRECISION_PRICE")
            ticket.take_profit = scaled(
                params.get("take_profit") or 0, market.spec.price_places, "INVALID_TAKEPROFIT_PRICE"
            )
            ticket.stop_loss = scaled(params.get("stop_loss") or 0, market.spec.price_places, "INVALID_STOPLOSS_PRICE")
            ticket.price = price
            if kind in STOPS:
                self._orders.place_stop(market, SIDES[side], ticket, lots, price)
            else:
                core = "market" if kind == "MARKET" else "maker_only" if kind == "ALO" else KINDS[force]
                self._orders.place(market, SIDES[side], core, ticket, lots, price, reduces=reduces)
        except OrderRefused as refusal:
            raise Rejected(STATUSES[refusal.reason], order_id=ticket.order_id, **said) from refusal
        except Rejected as rejection:
            raise Rejected(rejection.status, order_id=ticket.order_id, **said) from rejection

    def close_position(self, params: Mapping[str, Any]) -> None:
        """close_position: LIMIT, IOC, reducing, near the mark."""
        market = self._market(params)
        position = self._exchange.futures.position(self._orders.owner, market.spec.key)
        client_id = str(params.get("client_order_id") or "")
        if position is None or not position.lots:
            raise Rejected("REJECTED", symbol=market.spec.name, client_order_id=client_id)
        mark = self._exchange.marks.mark(market)
        side: Side = "sell" if position.lots > 0 else "buy"
        price = mark + mark // CLOSE_REACH if side == "buy" else mark - mark // CLOSE_REACH
        try:
            ticket = self._orders.new_ticket(client_id, "LIMIT", "IOC", reduces=True)
            self._orders.place(market, side, "ioc", ticket, abs(position.lots), price, reduces=True)
        except OrderRefused as refusal:
            said = {"symbol": market.spec.name, "client_order_id": client_id}
            raise Rejected(STATUSES[refusal.reason], **said) from refusal

    def place_market(self, market: Market, side: Side, lots: int, *, reduces: bool) -> Order | None:
        """A market order of a TWAP; None when the exchange refuses it."""
        ticket = self._orders.new_ticket("", "MARKET", "IOC", reduces=reduces)
        try:
            self._orders.place(market, side, "market", ticket, lots, 0, reduces=reduces)
        except OrderRefused:
            return None
        return self._orders.by_id[ticket.order_id]

    def modify(self, params: Mapping[str, Any]) -> None:
        """modify_order."""
        market, order_id = self._market(params), params.get("order_id")
        order = self._orders.by_id.get(str(order_id))
        said = {"order_id": order_id, "symbol": market.spec.name, "side": params.get("side")}
        if order is None or order.finish or SIDES.get(str(params.get("side"))) != order.side:
            raise Rejected("CANNOT_MODIFY_NO_SUCH_ORDER", **said)
        ticket = self._orders.ticket(order)
        if self._orders.forms.modify_demands_reduce_only and not _is_as_placed(ticket, params):
            raise Rejected("CANNOT_MODIFY_NO_SUCH_ORDER", **said)
        said["client_order_id"] = ticket.client_order_id
        if order.filled:
            raise Rejected("CANNOT_MODIFY_PARTIAL_FILL", **said)
        price = lots = None
        try:
            if params.get("price") is not None:
                price = scaled(params["price"], market.spec.price_places, "INVALID_TICK_SIZE_PRECISION_PRICE")
            if params.get("quantity") is not None:
                lots = scaled(params["quantity"], market.spec.amount_places, "INVALID_TICK_SIZE_PRECISION_QUANTITY")
            self._orders.modify(order, price, lots)
        except OrderRefused as refusal:
            status = ALO_CROSSES if refusal.reason == "would_take" else STATUSES[refusal.reason]
            raise Rejected(status, **said) from refusal
        except Rejected as rejection:
            raise Rejected(rejection.status, **said) from rejection

    def cancel(self, params: Mapping[str, Any]) -> None:
        """cancel_order by order_id or client_order_id."""
        symbol, name = params.get("symbol"), str(params.get("order_id"))
        if params.get("cancel_order_id_type") == "client_order_id":
            found = [o for o in self._open_orders(symbol) if self._orders.ticket(o).client_order_id == name]
        else:
            order = self._orders.by_id.get(name)
            found = [order] if order is not None and not order.finish and self._orders.symbol(order) == symbol else []
        if not found:
            raise Rejected("NO_SUCH_ORDER", order_id=name, symbol=symbol)
        for order in found:
            self._exchange.cancel(order)

    def cancel_all(self, symbol: object = None) -> None:
        """Every open order, of one symbol or of all; stop orders stay."""
        for order in self._open_orders(symbol):
            self._exchange.cancel(order)

    def cancel_stop(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """cancel_stop_order; the record that answers it."""
        stop, ticket = self._orders.stop(params)
        self._exchange.stops.cancel(stop)
        return stop_record(self.user_id, self._exchange.markets[stop.market], stop, ticket, "CANCELLED")

    def modify_stop(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """modify_stop_order; the record that answers it."""
        stop, ticket = self._orders.stop(params)
        spec = self._exchange.markets[stop.market].spec
        price, lots = params.get("price"), params.get("quantity")
        if price is not None:
            price = scaled(price, spec.price_places, "INVALID_TICK_SIZE_PRECISION_PRICE")
        if lots is not None:
            lots = scaled(lots, spec.amount_places, "INVALID_TICK_SIZE_PRECISION_QUANTITY")
        try:
            self._exchange.stops.modify(stop, trigger_price=price, amount=lots)
        except OrderRefused as refusal:
            said = {"order_id": ticket.order_id, "symbol": spec.name}
            raise Rejected(STATUSES[refusal.reason], **said) from refusal
        return stop_record(self.user_id, self._exchange.markets[stop.market], stop, ticket, "MODIFIED")

    def set_leverage(self, params: Mapping[str, Any]) -> bool:
        """set_user_leverage; False while there are open orders or a position."""
        market = self._market(params)
        position = self._exchange.futures.position(self._orders.owner, market.spec.key)
        if self._open_orders(market.spec.name) or (position is not None and position.lots):
            return False
        try:
            self._exchange.set_leverage(market, self._orders.owner, "cross", max(1, int(params["leverage"])))
        except (KeyError, TypeError, ValueError, NotEnough):
            return False
        return True

    def _check_market_price(self, params: Mapping[str, Any]) -> None:
        is_allowed = self._orders.forms.market_price == "ignored" or not params.get("price")
        if not is_allowed:
            raise Rejected("INVALID_TICK_SIZE_PRECISION_PRICE")

    def _open_orders(self, symbol: object = None) -> list[Order]:
        return self._exchange.open_orders(self._orders.owner, symbol)

    def _market(self, params: Mapping[str, Any]) -> Market:
        market = self._feeds.markets.get(str(params.get("symbol")))
        if market is None:
            raise Rejected(
                "BAD_SYMBOL",
                symbol=params.get("symbol"),
                client_order_id=params.get("client_order_id") or "",
                order_id=params.get("order_id") or "",
            )
        return market


def _is_as_placed(ticket: Ticket, params: Mapping[str, Any]) -> bool:
    return params.get("reduce_only") is ticket.reduces and params.get("order_type") == ticket.type


def scaled(value: object, places: int, status: str) -> int:
    """Raises Rejected with this status for a number that is none, or finer than the step."""
    if isinstance(value, bool) or value is None:
        raise Rejected(status)
    try:
        return to_scaled(value, places)  # type: ignore[arg-type]
    except BadNumber as error:
        raise Rejected(status) from error
