"""What the exchange reports and to whom: fills, and the interfaces of listeners and settlements."""

from __future__ import annotations

from typing import Protocol

from attrs import frozen

from coinex_proto.simulator.market.futures import Position
from coinex_proto.simulator.market.market import Deal, Market
from coinex_proto.simulator.market.matching import Order
from coinex_proto.simulator.market.stops import StopOrder


@frozen(kw_only=True)
class Fill:
    """One match, as one side of it sees it."""

    deal: Deal
    order: Order
    market: Market
    is_taker: bool
    fee: int
    """Units of `fee_currency`."""
    fee_currency: str
    position: Position | None = None


class Listener(Protocol):
    """What server halves are notified of.  Private events come for watched owners only."""

    def top_changed(self, market: Market) -> None: ...

    def filled(self, fill: Fill) -> None: ...

    def order_changed(self, order: Order, event: str) -> None:
        """put, update (partly filled), modify or finish."""

    def stop_changed(self, stop: StopOrder, event: str) -> None:
        """put, active (triggered) or cancel."""

    def position_changed(self, position: Position, event: str) -> None: ...

    def balance_changed(self, owner: int, wallet: str, currency: str) -> None: ...


class Settlement(Protocol):
    """How the money of a kind of market moves."""

    def reserve(self, market: Market, order: Order) -> None: ...

    def release(self, market: Market, order: Order) -> None: ...

    def cover(self, market: Market, order: Order, lots: int) -> int: ...

    def trade(
        self, market: Market, buy: Order, sell: Order, lots: int, price: int, taker: Order
    ) -> tuple[int, int]: ...
