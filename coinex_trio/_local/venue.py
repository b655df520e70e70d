"""What a running local exchange does for a test, whatever its venue; a venue's own exchange extends it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from coinex_proto.errors import UsageError
from coinex_proto.numbers import CONTEXT, plain
from coinex_proto.orders.view import OrderView
from coinex_proto.simulator import Fault, FaultScriptError, parse_faults
from coinex_proto.simulator.hosting.venue_server import VenueServer
from coinex_proto.simulator.market.matching import Order
from coinex_trio._local.hosting import ExchangeHost, Number, PlacedOrder, Side
from coinex_trio.network import Network

S = TypeVar("S", bound=VenueServer[Any])
Code = TypeVar("Code", int, str)
"""What the venue's error codes and order ids are."""


class LocalVenue(ABC, Generic[S, Code]):
    """A running local exchange, and what a test makes it do: each of its methods has happened when it returns."""

    _code: ClassVar[type[int | str]]

    def __init__(self, host: ExchangeHost, server: S) -> None:
        self._host = host
        self._server = server

    @property
    def ca_file(self) -> Path | None:
        """With `tls=True` the certificate that clients have to trust, as in `ssl.create_default_context(cafile=...)`."""
        return self._host.ca_file

    @property
    def network(self) -> Network:
        """What clients take as `network=`: the way to an exchange in memory, the system's own to one on loopback."""
        return self._host.network

    def quote(self, market: str, bid: Number, ask: Number, size: Number = "1") -> None:
        """Makes the book exactly one bid and one ask; the random traders leave it alone from then on."""
        self._host.call(lambda: self._server.quote(market, bid, ask, size))

    def trade(self, market: str, side: Side, amount: Number) -> None:
        """Somebody buys or sells so much at the market."""
        self._host.call(lambda: self._server.trade(market, side, amount))

    def place(self, market: str, side: Side, price: Number, amount: Number) -> PlacedOrder:
        """A limit order of the account, as if another program of its owner had placed it."""
        return self._host.call(lambda: self._placed(self._server.place(market, side, price, amount)))

    def fill(self, order: PlacedOrder | OrderView | Code, amount: Number | None = None) -> None:
        """Somebody takes the other side of this own order: all of it, or so much."""
        order_id = order.order_id if isinstance(order, PlacedOrder | OrderView) else order
        if not isinstance(order_id, self._code):
            raise UsageError(f"fill({order}): the exchange has not told its id yet")
        self._host.call(lambda: self._server.fill(order_id, amount))

    def orders(self, market: str | None = None) -> tuple[PlacedOrder, ...]:
        """The account's open orders, oldest first."""
        return self._host.call(lambda: tuple(map(self._placed, self._server.orders(market))))

    def drop(self) -> None:
        """Breaks every connection."""
        self._host.call(self._server.drop)

    def stall(self, seconds: float) -> None:
        """Freezes every connection: nothing is read or written for so long, and nothing is lost."""
        self._host.call(lambda: self._server.stall(seconds))

    def refuse(self, method: str, code: Code) -> None:
        """Answers the next request of this method (QFEX: of this type) with this error code."""
        self._host.call(lambda: self._server.refuse(method, code))

    def skew_clock(self, seconds: float) -> None:
        """Sets the clock that the exchange answers with and checks signatures by so far off; nothing on CoinFLEX, which has none."""
        self._host.call(lambda: self._server.skew_clock(seconds))

    def inject(self, faults: str | Sequence[Fault]) -> None:
        """Schedules more faults, a script or objects, counted from now. Raises `UsageError` for a line that is no fault."""
        checked = checked_faults(faults)

        def inject() -> None:
            for fault in checked:
                self._server.inject(fault)

        self._host.call(inject)

    def advance(self, seconds: float) -> None:
        """Sets the exchange's time ahead; everything due in between happens at once."""
        self._host.skip(seconds)

    def run(self, seconds: float = math.inf) -> None:
        """Stays here while the exchange serves its clients: for a program that does nothing else."""
        self._host.wait_until_ended(seconds)

    @abstractmethod
    def _id_of(self, order: Order) -> Code:
        """How the venue calls an order."""

    def _placed(self, order: Order) -> PlacedOrder:
        spec = self._server.exchange.markets[order.market].spec
        return PlacedOrder(
            order_id=self._id_of(order),
            client_order_id=order.client_id,
            market=spec.name,
            side=order.side,
            price=plain(CONTEXT.scaleb(Decimal(order.price), -spec.price_places)),
            amount=plain(CONTEXT.scaleb(Decimal(order.amount), -spec.amount_places)),
            remaining=plain(CONTEXT.scaleb(Decimal(order.left), -spec.amount_places)),
        )


def checked_faults(faults: str | Sequence[Fault]) -> Sequence[Fault]:
    """The faults of a script. Raises `UsageError` naming the line that is no fault."""
    try:
        return parse_faults(faults) if isinstance(faults, str) else faults
    except FaultScriptError as error:
        raise UsageError(f"faults: {error}") from error
