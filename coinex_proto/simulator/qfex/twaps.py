"""TWAPs of the local QFEX: equal market orders, one each interval.

Source: QFEX documentation, add_twap, twap_response.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from attrs import define

from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.matching import Order, Side
from coinex_proto.simulator.qfex.order_entry import SIDES, OrderEntry, scaled
from coinex_proto.simulator.qfex.orders import Rejected
from coinex_proto.simulator.qfex.wire import SIDES as WIRE_SIDES
from coinex_proto.simulator.qfex.wire import number, seconds, uuid


@define(eq=False, kw_only=True)
class Twap:
    """One of them."""

    twap_id: str
    client_twap_id: str | None
    market: Market
    side: Side
    lots: int
    count: int
    interval: int
    is_reducing: bool
    created_ms: int
    due: float
    status: str = "ACTIVE"
    orders: list[Order]

    @property
    def filled(self) -> int:
        """Lots."""
        return sum(order.filled for order in self.orders)


class Twaps:
    """All of one account; `place` puts a market order."""

    def __init__(self, order_entry: OrderEntry, markets: Mapping[str, Market], seed: int | str) -> None:
        self._order_entry = order_entry
        self._markets = markets
        self._seed = seed
        self.all: list[Twap] = []
        self.now: float = 0.0

    @property
    def next_at(self) -> float:
        """When the next order is due."""
        return min((twap.due for twap in self.all if twap.status == "ACTIVE"), default=math.inf)

    def add(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """add_twap; its record. Raises Rejected."""
        market = self._markets.get(str(params.get("symbol")))
        side, count, interval = (params.get(name) for name in ("side", "num_orders", "order_interval_secs"))
        if market is None:
            raise Rejected("BAD_SYMBOL", symbol=params.get("symbol"))
        if side is None or type(count) is not int or type(interval) is not int or count < 2 or interval < 30:
            raise Rejected("REJECTED", symbol=market.spec.name)
        total, places = params.get("total_quantity"), market.spec.amount_places
        try:
            lots = scaled(total, places, "INVALID_TICK_SIZE_PRECISION_QUANTITY")
        except Rejected as rejection:
            raise Rejected(rejection.status, symbol=market.spec.name) from rejection
        if lots < count * market.spec.min_amount:
            raise Rejected("QUANTITY_LESS_THAN_MIN_QUANTITY", symbol=market.spec.name)
        twap = Twap(
            twap_id=uuid(self._seed, "twap", len(self.all)),
            client_twap_id=params.get("client_twap_id"),
            market=market,
            side=SIDES[side],
            lots=lots,
            count=count,
            interval=interval,
            is_reducing=params.get("reduce_only") is True,
            created_ms=round(self.now * 1000),
            due=self.now,
            orders=[],
        )
        self.all.append(twap)
        return self.record(twap)

    def cancel(self, params: Mapping[str, Any]) -> Twap | None:
        """The one that is cancelled now; None when there is none to cancel."""
        name = params.get("order_id")
        for twap in self.all:
            if name in (twap.twap_id, twap.client_twap_id) and twap.status == "ACTIVE":
                twap.status = "CANCELLED"
                return twap
        return None

    def open(self, symbol: object) -> list[dict[str, Any]]:
        """Active ones; None: of all symbols."""
        active = (twap for twap in self.all if twap.status == "ACTIVE")
        return [self.record(twap) for twap in active if symbol in (None, twap.market.spec.name)]

    def act(self) -> None:
        """Place what is due."""
        for twap in self.all:
            if twap.status == "ACTIVE" and twap.due <= self.now:
                number_now = len(twap.orders)
                share = twap.lots // twap.count
                lots = twap.lots - share * (twap.count - 1) if number_now == twap.count - 1 else share
                order = self._order_entry.place_market(twap.market, twap.side, lots, reduces=twap.is_reducing)
                if order is not None:
                    twap.orders.append(order)
                twap.due += twap.interval
                if order is None or len(twap.orders) == twap.count:
                    twap.status = "COMPLETED" if order is not None else "REJECTED"

    def order_record(self, twap: Twap) -> dict[str, Any]:
        """The same as an order, the inside of an order_response."""
        spec, none = twap.market.spec, number(0, twap.market.spec.price_places)
        return {
            "order_id": twap.twap_id,
            "symbol": spec.name,
            "status": twap.status,
            "quantity": number(twap.lots, spec.amount_places),
            "price": none,
            "take_profit": none,
            "stop_loss": none,
            "side": WIRE_SIDES[twap.side],
            "type": "MARKET",
            "time_in_force": "IOC",
            "user_id": self._order_entry.user_id,
            "client_order_id": twap.client_twap_id or "",
            "quantity_remaining": number(twap.lots - twap.filled, spec.amount_places),
            "update_time": seconds(round(self.now * 1000)),
            "trade_id": None,
        }

    def record(self, twap: Twap) -> dict[str, Any]:
        """The inside of a twap_response."""
        spec = twap.market.spec
        filled = twap.filled
        value = sum(order.filled_value for order in twap.orders)
        average = value * 10**spec.amount_places // filled // spec.value_factor if filled else 0
        return {
            "twap_id": twap.twap_id,
            "client_twap_id": twap.client_twap_id,
            "user_id": self._order_entry.user_id,
            "status": twap.status,
            "symbol": spec.name,
            "side": WIRE_SIDES[twap.side],
            "total_quantity": number(twap.lots, spec.amount_places),
            "filled_quantity": number(filled, spec.amount_places),
            "average_fill_price": number(average, spec.price_places + spec.amount_places),
            "total_num_orders": twap.count,
            "order_interval_secs": twap.interval,
            "reduce_only": twap.is_reducing,
            "created_at": seconds(twap.created_ms),
            "updated_at": None,
        }
