"""Stop orders and what hangs on positions: they wait for a price, then become ordinary orders.

A stop remembers where the price stood when it was placed: higher (above the trigger, so it fires on a fall) or lower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from attrs import define

from coinex_proto.simulator.market.futures import FuturesSettlement, Position
from coinex_proto.simulator.market.guards import Guard
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.marks import Marks
from coinex_proto.simulator.market.matching import Order, Side
from coinex_proto.simulator.market.refusals import OrderRefused


@define(eq=False, kw_only=True)
class StopOrder:
    """One stop order, waiting or over."""

    stop_id: int
    owner: int
    market: str
    side: Side
    kind: str
    price: int
    amount: int
    spends_quote: bool = False
    trigger_price: int
    direction: str
    """Where the price stood when it was placed: higher or lower than the trigger."""
    price_type: str = "latest_price"
    client_id: str = ""
    stp: str = ""
    is_hidden: bool = False
    status: str = "put"
    """put, active_success, active_fail or cancel."""
    created_ms: int = 0
    updated_ms: int = 0


class Trading(Protocol):
    """What stop orders need of the exchange."""

    now_ms: int
    markets: dict[str, Market]
    marks: Marks
    futures: FuturesSettlement

    def prepare(
        self, owner: int, key: str, side: Side, kind: str, *, amount: int, price: int, spends_quote: bool,
        client_id: str, stp: str, stop_id: int, is_hidden: bool,
    ) -> Order: ...  # fmt: skip

    def start(self, order: Order) -> None: ...

    def close(self, position: Position, why: str, guard: Guard | None) -> None: ...


class StopBook:
    """All stop orders, and the stop-loss and take-profit prices of positions."""

    def __init__(self, exchange: Trading, report: Callable[[StopOrder, str], None]) -> None:
        self._exchange = exchange
        self._report = report
        self._last_id = 102_067_000_000
        self.waiting: dict[str, dict[int, StopOrder]] = {}
        """What may fire, by market and id; no market without one."""
        self.stops: dict[int, StopOrder] = {}
        """Every stop order ever placed, oldest first."""

    def place(
        self,
        owner: int,
        key: str,
        side: Side,
        kind: str,
        *,
        amount: int,
        trigger_price: int,
        price: int = 0,
        price_type: str = "latest_price",
        spends_quote: bool = False,
        client_id: str = "",
        stp: str = "",
        is_hidden: bool = False,
    ) -> StopOrder:
        """Wait for a price.  Raises OrderRefused for a price or amount that no order could have."""
        exchange = self._exchange
        market = exchange.markets[key]
        if trigger_price <= 0 or (kind != "market" and price <= 0):
            raise OrderRefused("price")
        if amount <= 0:
            raise OrderRefused("amount")
        self._last_id += 1
        stop = StopOrder(
            stop_id=self._last_id, owner=owner, market=key, side=side, kind=kind, price=price, amount=amount,
            spends_quote=spends_quote, trigger_price=trigger_price, price_type=price_type, client_id=client_id, stp=stp,
            is_hidden=is_hidden, direction=self._direction(market, price_type, trigger_price),
            created_ms=exchange.now_ms, updated_ms=exchange.now_ms,
        )  # fmt: skip
        self.stops[stop.stop_id] = stop
        self.waiting.setdefault(key, {})[stop.stop_id] = stop
        self._report(stop, "put")
        return stop

    def modify(
        self, stop: StopOrder, *, amount: int | None = None, price: int | None = None, trigger_price: int | None = None
    ) -> None:
        """Change a waiting stop order.  Raises OrderRefused when it waits no more, or for what no order could have."""
        self._require(stop)
        for reason, number in (("amount", amount), ("price", price), ("price", trigger_price)):
            if number is not None and number <= 0:
                raise OrderRefused(reason)
        stop.amount = stop.amount if amount is None else amount
        stop.price = stop.price if price is None else price
        if trigger_price is not None:
            stop.trigger_price = trigger_price
            stop.direction = self._direction(self._exchange.markets[stop.market], stop.price_type, trigger_price)
        stop.updated_ms = self._exchange.now_ms
        self._report(stop, "put")

    def cancel(self, stop: StopOrder) -> None:
        """Take a waiting stop order back.  Raises OrderRefused when it waits no more."""
        self._require(stop)
        self._end(stop, "cancel", "cancel")

    def check(self, markets: Iterable[Market]) -> None:
        """Fire what the present prices reach."""
        for market in markets:
            for stop in tuple(self.waiting.get(market.spec.key, {}).values()):
                if stop.status == "put" and self._is_reached(market, stop):
                    self._fire(stop)
            if market.spec.wallet == "futures":
                for position in self._exchange.futures.watched_in(market.spec.key):
                    self._protect(market, position)

    def _fire(self, stop: StopOrder) -> None:
        try:
            order = self._exchange.prepare(
                stop.owner, stop.market, stop.side, stop.kind, amount=stop.amount, price=stop.price,
                spends_quote=stop.spends_quote, client_id=stop.client_id, stp=stop.stp, stop_id=stop.stop_id,
                is_hidden=stop.is_hidden,
            )  # fmt: skip
        except OrderRefused:
            self._end(stop, "active_fail", "active")
        else:
            self._end(stop, "active_success", "active")
            self._exchange.start(order)

    def _protect(self, market: Market, position: Position) -> None:
        """Close a position, or the part that was named, when its take-profit or stop-loss price is reached."""
        is_long = position.lots > 0
        for word, from_below in (("take_profit", is_long), ("stop_loss", not is_long)):
            for guard in position.guards[word]:
                price = self._exchange.marks.watched(market, guard.price_type)
                if position.lots and guard in position.guards[word] and guard.is_reached(price, from_below=from_below):
                    self._exchange.close(position, word, guard)

    def _is_reached(self, market: Market, stop: StopOrder) -> bool:
        price = self._exchange.marks.watched(market, stop.price_type)
        return price <= stop.trigger_price if stop.direction == "higher" else price >= stop.trigger_price

    def _direction(self, market: Market, price_type: str, trigger_price: int) -> str:
        return "higher" if self._exchange.marks.watched(market, price_type) > trigger_price else "lower"

    def _require(self, stop: StopOrder) -> None:
        if stop.status != "put":
            raise OrderRefused("gone")

    def _end(self, stop: StopOrder, status: str, event: str) -> None:
        stop.status, stop.updated_ms = status, self._exchange.now_ms
        del self.waiting[stop.market][stop.stop_id]
        if not self.waiting[stop.market]:
            del self.waiting[stop.market]
        self._report(stop, event)
