"""The local QFEX for programs and tests: what `local_exchange("qfex")` and `memory_exchange("qfex")` give."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import cast, final

from attrs import frozen

from coinex_proto.errors import UsageError
from coinex_proto.orders import OrderView
from coinex_proto.qfex import HmacCredentials, JwtCredentials
from coinex_proto.simulator import CrowdSettings, Fault, QfexServer
from coinex_proto.simulator.matching import Order
from coinex_trio._host import Server, ServerConnection
from coinex_trio._stage import Number, PlacedOrder, Side, Stage
from coinex_trio.network import Network


@final
class QfexExchange:
    """A running local QFEX, and what a test makes it do. Every verb has happened when it returns."""

    def __init__(self, stage: Stage, server: QfexServer) -> None:
        self._stage = stage
        self._server = server
        self.credentials = HmacCredentials(server.public_key, server.secret_key)
        """Of its one account."""
        self.token_credentials = JwtCredentials(server.keys.token)
        """Of the same account."""
        self.public_key: str = server.public_key
        self.secret_key: str = server.secret_key
        """As text, for clients other than this SDK; it is worth nothing outside this exchange."""

    @property
    def mds_url(self) -> str:
        """The market data socket."""
        return f"{self._stage.url('ws')}/mds"

    @property
    def trade_url(self) -> str:
        """The socket for orders."""
        return f"{self._stage.url('ws')}/trade"

    @property
    def ca_file(self) -> Path | None:
        """With `tls=True` the certificate that clients have to trust."""
        return self._stage.ca_file

    @property
    def network(self) -> Network:
        """What clients take as `network=`: the way to an exchange in memory, the system's own to one on loopback."""
        return self._stage.network

    def quote(self, market: str, bid: Number, ask: Number, size: Number = "1") -> None:
        """Makes the book exactly one bid and one ask; the random traders leave it alone from then on."""
        self._stage.call(lambda: self._server.quote(market, bid, ask, size))

    def trade(self, market: str, side: Side, amount: Number) -> None:
        """Somebody buys or sells so much at the market."""
        self._stage.call(lambda: self._server.trade(market, side, amount))

    def place(self, market: str, side: Side, price: Number, amount: Number) -> PlacedOrder:
        """A limit order of the account, as if another program of its owner had placed it."""
        return self._stage.call(lambda: self._told(self._server.place(market, side, price, amount)))

    def fill(self, order: PlacedOrder | OrderView | str, amount: Number | None = None) -> None:
        """Somebody takes the other side of this own order: all of it, or so much."""
        order_id = order if isinstance(order, str) else order.order_id
        if not isinstance(order_id, str):
            raise UsageError(f"fill({order}): the exchange has not told its id yet")
        self._stage.call(lambda: self._server.fill(order_id, amount))

    def orders(self, market: str | None = None) -> tuple[PlacedOrder, ...]:
        """The account's open orders, oldest first."""
        return self._stage.call(lambda: tuple(map(self._told, self._server.orders(market))))

    def drop(self) -> None:
        """Breaks every connection."""
        self._stage.call(self._server.drop)

    def stall(self, seconds: float) -> None:
        """Freezes every connection: nothing is read or written for so long, and nothing is lost."""
        self._stage.call(lambda: self._server.stall(seconds))

    def refuse(self, method: str, code: str) -> None:
        """Answers the next request of this type with this error code, for example "ServerError"."""
        self._stage.call(lambda: self._server.refuse(method, code))

    def skew_clock(self, seconds: float) -> None:
        """Sets the time that the exchange checks signatures by so far off."""
        self._stage.call(lambda: self._server.skew_clock(seconds))

    def advance(self, seconds: float) -> None:
        """Sets the exchange's time ahead; everything due in between happens at once."""
        self._stage.skip(seconds)

    def run(self, seconds: float = math.inf) -> None:
        """Stays here while the exchange serves its clients: for a program that does nothing else."""
        self._stage.wait_until_ended(seconds)

    def _told(self, order: Order) -> PlacedOrder:
        spec = self._server.exchange.markets[order.market].spec
        return PlacedOrder(
            order_id=self._server.desk.ticket(order).order_id,
            client_order_id=order.client_id,
            market=spec.name,
            side=order.side,
            price=Decimal(order.price).scaleb(-spec.price_places),
            amount=Decimal(order.amount).scaleb(-spec.amount_places),
            remaining=Decimal(order.left).scaleb(-spec.amount_places),
        )


@frozen(kw_only=True)
class QfexSettings:
    """What a local QFEX is started with."""

    seed: int
    markets: Sequence[str] | int
    public_key: str | None
    secret_key: str | None
    rate: float
    faults: Sequence[Fault]

    def server(self, now: float) -> Server[ServerConnection]:
        """The exchange without I/O, beginning at this Unix time."""
        made = QfexServer(
            now=now,
            seed=self.seed,
            markets=self.markets,
            public_key=self.public_key,
            secret_key=self.secret_key,
            crowd=CrowdSettings(rate=self.rate),
            faults=self.faults,
        )
        return cast("Server[ServerConnection]", made)
