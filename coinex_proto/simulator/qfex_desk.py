"""The account of the local QFEX: its orders by the venue's ids, and what happens to them in the venue's words.

Listens to the exchange. An accepted order has ACK first, whatever it meets at once: what the exchange tells while it is
being placed waits until the ACK is out. A taker that does not rest has one FILLED at its end.
Source: QFEX documentation, order_response, fill_response, cancel_order, modify_order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from coinex_proto.simulator.accounts import NotEnough
from coinex_proto.simulator.amounts import BadNumber, to_scaled
from coinex_proto.simulator.events import Fill
from coinex_proto.simulator.exchange import Exchange
from coinex_proto.simulator.futures import Position
from coinex_proto.simulator.market import Market
from coinex_proto.simulator.matching import Order, Side
from coinex_proto.simulator.qfex_statements import balance_record, position_record
from coinex_proto.simulator.qfex_wire import (
    Ticket,
    fill_record,
    order_record,
    stop_push,
    stop_record,
    trade_record,
    uuid,
)
from coinex_proto.simulator.refusals import OrderRefused
from coinex_proto.simulator.stops import StopOrder

if TYPE_CHECKING:
    from coinex_proto.simulator.qfex_feeds import QfexFeeds

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
CLOSE_REACH: Final = 20
"""A close goes a twentieth through the mark."""


class Rejected(Exception):
    """An order response with this status is the answer."""

    def __init__(self, status: str, **fields: object) -> None:
        super().__init__(status)
        self.status = status
        self.fields = fields


class QfexDesk:
    """One account. `tell(channel, key, record)` sends a push to whoever has subscribed."""

    def __init__(
        self,
        exchange: Exchange,
        feeds: QfexFeeds,
        owner: int,
        seed: int | str,
        tell: Callable[[str, str, dict[str, Any]], None],
        *,
        new_ids: bool,
    ) -> None:
        self._exchange = exchange
        self._feeds = feeds
        self.owner = owner
        self.user_id = uuid(seed, "user")
        self._seed = seed
        self._tell = tell
        self._new_ids = new_ids
        """A changed order goes on under a new id."""
        self._tickets: dict[int, Ticket] = {}
        self._orders: dict[str, Order] = {}
        self._stop_tickets: dict[int, Ticket] = {}
        self._stops: dict[str, StopOrder] = {}
        self._last_id = 0
        self._held: list[Callable[[], None]] | None = None
        self._next: Ticket | None = None
        """Of the order that is being placed."""

    # What requests do -------------------------------------------------------------------------------------------------

    def add(self, params: Mapping[str, Any]) -> None:
        """add_order."""
        market = self._market(params)
        side, kind, force = params.get("side"), params.get("order_type"), params.get("order_time_in_force")
        ticket = self._ticket(str(params.get("client_order_id") or ""), str(kind), str(force))
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
            lots = _scaled(params.get("quantity"), market.spec.amount_places, "INVALID_TICK_SIZE_PRECISION_QUANTITY")
            price = 0
            if kind != "MARKET":
                price = _scaled(params.get("price"), market.spec.price_places, "INVALID_TICK_SIZE_PRECISION_PRICE")
            ticket.take_profit = _scaled(
                params.get("take_profit") or 0, market.spec.price_places, "INVALID_TAKEPROFIT_PRICE"
            )
            ticket.stop_loss = _scaled(params.get("stop_loss") or 0, market.spec.price_places, "INVALID_STOPLOSS_PRICE")
            ticket.price = price
            if kind in STOPS:
                self._add_stop(market, SIDES[side], ticket, lots, price)
            else:
                core = "market" if kind == "MARKET" else "maker_only" if kind == "ALO" else KINDS[force]
                self._place(market, SIDES[side], core, ticket, lots, price, reduces=params.get("reduce_only") is True)
        except OrderRefused as refusal:
            raise Rejected(STATUSES[refusal.reason], order_id=ticket.order_id, **said) from refusal
        except Rejected as rejection:
            raise Rejected(rejection.status, order_id=ticket.order_id, **said) from rejection

    def close_position(self, params: Mapping[str, Any]) -> None:
        """close_position: LIMIT, IOC, reducing, near the mark."""
        market = self._market(params)
        position = self._exchange.futures.position(self.owner, market.spec.key)
        client_id = str(params.get("client_order_id") or "")
        if position is None or not position.lots:
            raise Rejected("REJECTED", symbol=market.spec.name, client_order_id=client_id)
        mark = self._exchange.marks.mark(market)
        side: Side = "sell" if position.lots > 0 else "buy"
        price = mark + mark // CLOSE_REACH if side == "buy" else mark - mark // CLOSE_REACH
        try:
            ticket = self._ticket(client_id, "LIMIT", "IOC")
            self._place(market, side, "ioc", ticket, abs(position.lots), price, reduces=True)
        except OrderRefused as refusal:
            said = {"symbol": market.spec.name, "client_order_id": client_id}
            raise Rejected(STATUSES[refusal.reason], **said) from refusal

    def place_market(self, market: Market, side: Side, lots: int, *, reduces: bool) -> Order | None:
        """A market order of a TWAP; None when the exchange refuses it."""
        ticket = self._ticket("", "MARKET", "IOC")
        try:
            self._place(market, side, "market", ticket, lots, 0, reduces=reduces)
        except OrderRefused:
            return None
        return self._orders[ticket.order_id]

    def modify(self, params: Mapping[str, Any]) -> None:
        """modify_order."""
        market, order_id = self._market(params), params.get("order_id")
        order = self._orders.get(str(order_id))
        said = {"order_id": order_id, "symbol": market.spec.name, "side": params.get("side")}
        if order is None or order.finish or SIDES.get(str(params.get("side"))) != order.side:
            raise Rejected("CANNOT_MODIFY_NO_SUCH_ORDER", **said)
        ticket = self._tickets[order.order_id]
        said["client_order_id"] = ticket.client_order_id
        if order.filled:
            raise Rejected("CANNOT_MODIFY_PARTIAL_FILL", **said)
        price = lots = None
        try:
            if params.get("price") is not None:
                price = _scaled(params["price"], market.spec.price_places, "INVALID_TICK_SIZE_PRECISION_PRICE")
            if params.get("quantity") is not None:
                lots = _scaled(params["quantity"], market.spec.amount_places, "INVALID_TICK_SIZE_PRECISION_QUANTITY")
            with_new = self._hold()
            try:
                self._exchange.modify(order, price=price, amount=lots)
            finally:
                self._held = None
        except OrderRefused as refusal:
            raise Rejected(STATUSES[refusal.reason], **said) from refusal
        except Rejected as rejection:
            raise Rejected(rejection.status, **said) from rejection
        if self._new_ids:
            ticket.order_id = self._make_id()
            self._orders[ticket.order_id] = order
        self._respond(order, "MODIFIED")
        _release(with_new)

    def cancel(self, params: Mapping[str, Any]) -> None:
        """cancel_order by order_id or client_order_id."""
        symbol, name = params.get("symbol"), str(params.get("order_id"))
        if params.get("cancel_order_id_type") == "client_order_id":
            found = [o for o in self.open_orders(symbol) if self._tickets[o.order_id].client_order_id == name]
        else:
            order = self._orders.get(name)
            found = [order] if order is not None and not order.finish and self._symbol(order) == symbol else []
        if not found:
            raise Rejected("NO_SUCH_ORDER", order_id=name, symbol=symbol)
        for order in found:
            self._exchange.cancel(order)

    def cancel_all(self) -> None:
        """Every open order; stop orders stay."""
        for order in self.open_orders(None):
            self._exchange.cancel(order)

    def cancel_stop(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """cancel_stop_order; the record that answers it."""
        stop, ticket = self._stop(params)
        self._exchange.stops.cancel(stop)
        return stop_record(self.user_id, self._exchange.markets[stop.market], stop, ticket, "CANCELLED")

    def modify_stop(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """modify_stop_order; the record that answers it."""
        stop, ticket = self._stop(params)
        spec = self._exchange.markets[stop.market].spec
        price, lots = params.get("price"), params.get("quantity")
        self._exchange.stops.modify(
            stop,
            trigger_price=None
            if price is None
            else _scaled(price, spec.price_places, "INVALID_TICK_SIZE_PRECISION_PRICE"),
            amount=None if lots is None else _scaled(lots, spec.amount_places, "INVALID_TICK_SIZE_PRECISION_QUANTITY"),
        )
        return stop_record(self.user_id, self._exchange.markets[stop.market], stop, ticket, "MODIFIED")

    def set_leverage(self, params: Mapping[str, Any]) -> bool:
        """set_user_leverage; False while there are open orders or a position."""
        market = self._market(params)
        position = self._exchange.futures.position(self.owner, market.spec.key)
        if self.open_orders(market.spec.name) or (position is not None and position.lots):
            return False
        try:
            self._exchange.set_leverage(market, self.owner, "cross", max(1, int(params["leverage"])))
        except (KeyError, TypeError, ValueError, NotEnough):
            return False
        return True

    # What queries show ------------------------------------------------------------------------------------------------

    def open_orders(self, symbol: object) -> list[Order]:
        """Open orders, oldest first; None: of all symbols."""
        return [
            order
            for order in self._exchange.orders.values()
            if order.owner == self.owner and not order.finish and symbol in (None, self._symbol(order))
        ]

    def order(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """get_order: open or over. Raises Rejected."""
        order = self._orders.get(str(params.get("order_id")))
        if order is None or self._symbol(order) != params.get("symbol"):
            raise Rejected("NO_SUCH_ORDER", order_id=params.get("order_id"), symbol=params.get("symbol"))
        return self._record(order, self._tickets[order.order_id].status)

    def all_orders(self, symbol: object) -> list[dict[str, Any]]:
        """Orders and stop orders that are open."""
        orders = [self._record(order, self._tickets[order.order_id].status) for order in self.open_orders(symbol)]
        return orders + [
            stop_record(self.user_id, market, stop, self._stop_tickets[stop.stop_id], "ACK")
            for stop in self._stops.values()
            if stop.status == "put" and symbol in (None, (market := self._exchange.markets[stop.market]).spec.name)
        ]

    def trades(self, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Own trades, newest first."""
        start, end = params.get("start_ts") or 0, params.get("end_ts") or float("inf")
        found = [
            trade_record(fill, self._tickets[fill.order.order_id])
            for fill in reversed(self._exchange.fills[self.owner])
            if start <= fill.deal.created_ms / 1000 <= end + 1
        ]
        wanted = params.get("order_id")
        return [trade for trade in found if wanted in (None, trade["order_id"])]

    def positions(self) -> Iterator[dict[str, Any]]:
        """One record a symbol, flat ones too."""
        for market in self._feeds.markets.values():
            yield position_record(self._exchange, self.owner, market, self.open_orders(market.spec.name))

    def balance(self) -> dict[str, Any]:
        """The inside of a balance_response."""
        return balance_record(self._exchange, self.owner, self.user_id)

    def find(self, order_id: str) -> Order | None:
        """The order that has or had this id."""
        return self._orders.get(order_id)

    def ticket(self, order: Order) -> Ticket:
        """What this venue knows of an own order; one that a test has placed gets its ticket here."""
        found = self._tickets.get(order.order_id)
        if found is None:
            named = ("MARKET", "IOC") if order.kind == "market" else ("LIMIT", "GTC")
            ticket = self._next or self._ticket(order.client_id, *named)
            self._next = None
            found = self._tickets[order.order_id] = ticket
            self._orders[ticket.order_id] = order
        return found

    # What the exchange tells ------------------------------------------------------------------------------------------

    def top_changed(self, market: Market) -> None:
        self._feeds.top_changed(market)

    def filled(self, fill: Fill) -> None:
        ticket = self.ticket(fill.order)
        ticket.trade_id, is_over = uuid("trade", fill.deal.deal_id, fill.order.order_id), not fill.order.left
        record = fill_record(self.user_id, fill, ticket)
        self._later(lambda: self._tell("fills", "fill_response", {**record, "order_id": ticket.order_id}))
        if ticket.rests or is_over:
            self._respond(fill.order, "FILLED")

    def order_changed(self, order: Order, event: str) -> None:
        is_new = order.order_id not in self._tickets and self._next is None
        ticket = self.ticket(order)
        if is_new and event == "put":
            self._respond(order, "ACK")
        if event == "finish" and order.finish != "filled":
            is_partial_taker = order.filled and not ticket.rests
            self._respond(order, "FILLED" if is_partial_taker else "CANCELLED")

    def stop_changed(self, stop: StopOrder, event: str) -> None:
        ticket = self._stop_tickets.get(stop.stop_id) or self._next
        if ticket is None:
            return
        market = self._exchange.markets[stop.market]
        record = stop_push(self.user_id, market, stop, ticket)
        self._later(lambda: self._tell("stop_orders", "stop_order_response", record))

    def position_changed(self, position: Position, event: str) -> None:
        """The positions channel has a pace of its own."""

    def balance_changed(self, owner: int, wallet: str, currency: str) -> None:
        """The balances channel has a pace of its own."""

    # ------------------------------------------------------------------------------------------------------------------

    def _place(
        self, market: Market, side: Side, kind: str, ticket: Ticket, lots: int, price: int, *, reduces: bool
    ) -> None:
        held = self._hold()
        self._next = ticket
        try:
            order = self._exchange.place(
                self.owner, market.spec.key, side, kind, amount=lots, price=0 if kind == "market" else price,
                client_id=ticket.client_order_id, stp="ct", reduces=reduces,
            )  # fmt: skip
        finally:
            self._held = self._next = None
        self._tickets.setdefault(order.order_id, ticket)
        self._orders.setdefault(ticket.order_id, order)
        accepted = order_record(self.user_id, market, order, ticket, "ACK")
        self._tell("order_responses", "order_response", {**accepted, "quantity_remaining": accepted["quantity"]})
        _release(held)

    def _add_stop(self, market: Market, side: Side, ticket: Ticket, lots: int, price: int) -> None:
        held = self._hold()
        self._next = ticket
        try:
            stop = self._exchange.stops.place(
                self.owner, market.spec.key, side, "market", amount=lots, trigger_price=price,
                price_type="mark_price", client_id=ticket.client_order_id,
            )  # fmt: skip
        finally:
            self._held = self._next = None
        self._stop_tickets[stop.stop_id] = ticket
        self._stops[ticket.order_id] = stop
        self._tell("order_responses", "order_response", stop_record(self.user_id, market, stop, ticket, "ACK"))
        _release(held)

    def _stop(self, params: Mapping[str, Any]) -> tuple[StopOrder, Ticket]:
        stop = self._stops.get(str(params.get("stop_order_id")))
        if stop is None or stop.status != "put":
            raise Rejected("NO_SUCH_ORDER", order_id=params.get("stop_order_id"))
        return stop, self._stop_tickets[stop.stop_id]

    def _respond(self, order: Order, status: str) -> None:
        """As the order stands now, though it may be told later."""
        self._tickets[order.order_id].status = status
        record = self._record(order, status)
        ticket = self._tickets[order.order_id]
        self._later(lambda: self._tell("order_responses", "order_response", {**record, "order_id": ticket.order_id}))

    def _record(self, order: Order, status: str) -> dict[str, Any]:
        market = self._exchange.markets[order.market]
        return order_record(self.user_id, market, order, self._tickets[order.order_id], status)

    def _later(self, step: Callable[[], None]) -> None:
        if self._held is None:
            step()
        else:
            self._held.append(step)

    def _hold(self) -> list[Callable[[], None]]:
        self._held = []
        return self._held

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

    def _symbol(self, order: Order) -> str:
        return self._exchange.markets[order.market].spec.name

    def _ticket(self, client_id: str, kind: str, force: str) -> Ticket:
        return Ticket(order_id=self._make_id(), client_order_id=client_id, type=kind, time_in_force=force)

    def _make_id(self) -> str:
        self._last_id += 1
        return uuid(self._seed, "order", self._last_id)


def _release(held: list[Callable[[], None]]) -> None:
    for step in held:
        step()


def _scaled(value: object, places: int, status: str) -> int:
    """Raises Rejected with this status for a number that is none, or finer than the step."""
    if isinstance(value, bool) or value is None:
        raise Rejected(status)
    try:
        return to_scaled(value, places)  # type: ignore[arg-type]
    except BadNumber as error:
        raise Rejected(status) from error
