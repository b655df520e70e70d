"""Own orders of the local QFEX by the venue's ids, and what happens to them in the venue's words.

Listens to the exchange. An accepted order has ACK first, whatever it meets at once: what the exchange reports while it is
being placed waits until the ACK is out. A taker that does not rest has one FILLED at its end.
Source: QFEX documentation, order_response, fill_response.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from coinex_proto.simulator.market.events import Fill
from coinex_proto.simulator.market.exchange import Exchange
from coinex_proto.simulator.market.futures import Position
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.matching import Order, Side
from coinex_proto.simulator.market.stops import StopOrder
from coinex_proto.simulator.qfex.feeds import QfexFeeds
from coinex_proto.simulator.qfex.forms import QfexForms
from coinex_proto.simulator.qfex.statements import balance_record, position_record
from coinex_proto.simulator.qfex.wire import (
    Ticket,
    fill_record,
    order_record,
    stop_push,
    stop_record,
    uuid,
)

ENDS: Final = {"old": ("CANCELLED", "FILLED"), "new": ("IOC_CANCELLED", "IOC_PARTIALLY_FILLED")}
"""Of an order that was not filled whole: nothing at all, or some of it and it does not rest."""


class Rejected(Exception):
    """An order response with this status is the answer."""

    def __init__(self, status: str, **fields: object) -> None:
        super().__init__(status)
        self.status = status
        self.fields = fields


class QfexOrders:
    """Of one account. `push(channel, key, record)` sends a push to whoever has subscribed."""

    def __init__(
        self,
        exchange: Exchange,
        feeds: QfexFeeds,
        owner: int,
        seed: int | str,
        push: Callable[[str, str, dict[str, Any]], None],
        *,
        forms: QfexForms,
    ) -> None:
        self.forms = forms
        self._exchange = exchange
        self._feeds = feeds
        self.owner = owner
        self.user_id: str = uuid(seed, "user")
        self.by_id: dict[str, Order] = {}
        """Open and over, under every id that they have had."""
        self._seed = seed
        self._push = push
        self._tickets: dict[int, Ticket] = {}
        self._stop_tickets: dict[int, Ticket] = {}
        self._stops: dict[str, StopOrder] = {}
        self._last_id = 0
        self._held: list[Callable[[], None]] | None = None
        self._next: Ticket | None = None
        """Of the order that is being placed."""

    # What order entry does -----------------------------------------------------------------------------------------------

    def new_ticket(self, client_id: str, kind: str, force: str, *, reduces: bool = False) -> Ticket:
        """The venue's side of an order to be: it has an id from now on."""
        return Ticket(
            order_id=self._make_id(), client_order_id=client_id, type=kind, time_in_force=force, reduces=reduces
        )

    def place(
        self, market: Market, side: Side, kind: str, ticket: Ticket, lots: int, price: int, *, reduces: bool
    ) -> None:
        """Place an order. Raises OrderRefused."""
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
        self.by_id.setdefault(ticket.order_id, order)
        accepted = order_record(self.user_id, market, order, ticket, "ACK")
        ack = {**accepted, "quantity_remaining": accepted["quantity"]}
        when = self.forms.ack if held else "before"
        if when == "before":
            self._push("order_responses", "order_response", ack)
        _release(held)
        if when == "after":
            self._push("order_responses", "order_response", ack)

    def place_stop(self, market: Market, side: Side, ticket: Ticket, lots: int, price: int) -> None:
        """Place a stop order. Raises OrderRefused."""
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
        self._push("order_responses", "order_response", stop_record(self.user_id, market, stop, ticket, "ACK"))
        _release(held)

    def modify(self, order: Order, price: int | None, lots: int | None) -> None:
        """Change an open order. Raises OrderRefused."""
        with_new = self._hold()
        try:
            self._exchange.modify(order, price=price, amount=lots)
        finally:
            self._held = None
        if self.forms.modified_id == "new":
            ticket = self._tickets[order.order_id]
            ticket.order_id = self._make_id()
            self.by_id[ticket.order_id] = order
        self._respond(order, "MODIFIED")
        _release(with_new)

    def stop(self, params: Mapping[str, Any]) -> tuple[StopOrder, Ticket]:
        """The open stop order that a request names. Raises Rejected."""
        stop = self._stops.get(str(params.get("stop_order_id")))
        if stop is None or stop.status != "put":
            raise Rejected("NO_SUCH_ORDER", order_id=params.get("stop_order_id"))
        return stop, self._stop_tickets[stop.stop_id]

    # What queries show ------------------------------------------------------------------------------------------------

    def order(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """get_order: open or over. Raises Rejected."""
        order = self.by_id.get(str(params.get("order_id")))
        if order is None or self.symbol(order) != params.get("symbol"):
            raise Rejected("NO_SUCH_ORDER", order_id=params.get("order_id"), symbol=params.get("symbol"))
        return self._record(order, self._tickets[order.order_id].status)

    def all_orders(self, symbol: object) -> list[dict[str, Any]]:
        """Orders and stop orders that are open."""
        orders = [
            self._record(order, self._tickets[order.order_id].status)
            for order in self._exchange.open_orders(self.owner, symbol)
        ]
        return orders + [
            stop_record(self.user_id, market, stop, self._stop_tickets[stop.stop_id], "ACK")
            for stop in self._stops.values()
            if stop.status == "put" and symbol in (None, (market := self._exchange.markets[stop.market]).spec.name)
        ]

    def trades(self, params: Mapping[str, Any]) -> list[tuple[Fill, Ticket]]:
        """Own trades, newest first."""
        start, end = params.get("start_ts") or 0, params.get("end_ts") or float("inf")
        named = params.get("order_id")
        found = (
            (fill, self._tickets[fill.order.order_id])
            for fill in reversed(self._exchange.fills[self.owner])
            if start <= fill.deal.created_ms / 1000 <= end + 1
        )
        return [(fill, ticket) for fill, ticket in found if named in (None, ticket.order_id)]

    def positions(self) -> Iterator[dict[str, Any]]:
        """One record a symbol, flat ones too."""
        for market in self._feeds.markets.values():
            yield position_record(
                self._exchange, self.owner, market, self._exchange.open_orders(self.owner, market.spec.name)
            )

    def balance(self) -> dict[str, Any]:
        """The inside of a balance_response."""
        return balance_record(self._exchange, self.owner, self.user_id)

    def ticket(self, order: Order) -> Ticket:
        """What this venue knows of an own order; one that a test has placed gets its ticket here."""
        found = self._tickets.get(order.order_id)
        if found is None:
            named = ("MARKET", "IOC") if order.kind == "market" else ("LIMIT", "GTC")
            ticket = self._next or self.new_ticket(order.client_id, *named)
            self._next = None
            found = self._tickets[order.order_id] = ticket
            self.by_id[ticket.order_id] = order
        return found

    # What the exchange reports ------------------------------------------------------------------------------------------

    def top_changed(self, market: Market) -> None:
        self._feeds.top_changed(market)

    def filled(self, fill: Fill) -> None:
        ticket = self.ticket(fill.order)
        ticket.trade_id, is_over = uuid("trade", fill.deal.deal_id, fill.order.order_id), not fill.order.left
        record = fill_record(self.user_id, fill, ticket)
        self._later(lambda: self._push("fills", "fill_response", {**record, "order_id": ticket.order_id}))
        if ticket.rests or is_over:
            self._respond(fill.order, "FILLED")

    def order_changed(self, order: Order, event: str) -> None:
        is_new = order.order_id not in self._tickets and self._next is None
        ticket = self.ticket(order)
        if is_new and event == "put":
            self._respond(order, "ACK")
        if event == "finish" and order.finish != "filled":
            ends = ENDS["old" if ticket.rests else self.forms.ioc_ends]
            self._respond(order, ends[1 if order.filled and not ticket.rests else 0])

    def stop_changed(self, stop: StopOrder, event: str) -> None:
        ticket = self._stop_tickets.get(stop.stop_id) or self._next
        if ticket is None:
            return
        market = self._exchange.markets[stop.market]
        record = stop_push(self.user_id, market, stop, ticket)
        self._later(lambda: self._push("stop_orders", "stop_order_response", record))

    def position_changed(self, position: Position, event: str) -> None:
        """The positions channel has a interval of its own."""

    def balance_changed(self, owner: int, wallet: str, currency: str) -> None:
        """The balances channel has a interval of its own."""

    # ------------------------------------------------------------------------------------------------------------------

    def _respond(self, order: Order, status: str) -> None:
        """As the order stands now, though it may go out later."""
        self._tickets[order.order_id].status = status
        record = self._record(order, status)
        ticket = self._tickets[order.order_id]
        self._later(lambda: self._push("order_responses", "order_response", {**record, "order_id": ticket.order_id}))

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

    def symbol(self, order: Order) -> str:
        """The name of its market."""
        return self._exchange.markets[order.market].spec.name

    def _make_id(self) -> str:
        self._last_id += 1
        return uuid(self._seed, "order", self._last_id)


def _release(held: list[Callable[[], None]]) -> None:
    for step in held:
        step()
