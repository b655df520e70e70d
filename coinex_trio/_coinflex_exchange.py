"""The local CoinFLEX for programs and tests: what `local_exchange("coinflex")` and `memory_exchange("coinflex")` give."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import cast, final

from attrs import frozen

from coinex_proto.coinflex import Credentials
from coinex_proto.errors import UsageError
from coinex_proto.orders import OrderView
from coinex_proto.simulator import CoinflexServer, CrowdSettings, Fault
from coinex_proto.simulator.matching import Order
from coinex_trio._host import Server, ServerConnection
from coinex_trio._stage import Number, PlacedOrder, Side, Stage
from coinex_trio.network import Network


@final
class CoinflexExchange:
    """A running local CoinFLEX, and what a test makes it do. Every verb has happened when it returns."""

    def __init__(self, stage: Stage, server: CoinflexServer) -> None:
        self._stage = stage
        self._server = server
        self.user_id: int = server.user_id
        self.cookie: str = server.cookie
        self.passphrase: str = server.passphrase
        """As text, for clients other than this SDK; it is worth nothing outside this exchange."""

    @property
    def credentials(self) -> Credentials:
        """Of its one account. Raises `MissingExtra` where nothing can sign."""
        return Credentials(self.user_id, self.cookie, self.passphrase)

    @property
    def url(self) -> str:
        """The socket."""
        return f"{self._stage.url('ws')}/v1"

    @property
    def http_url(self) -> str:
        """`http://127.0.0.1:PORT`: assets and markets."""
        return self._stage.url("http")

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

    def fill(self, order: PlacedOrder | OrderView | int, amount: Number | None = None) -> None:
        """Somebody takes the other side of this own order: all of it, or so much."""
        order_id = order if isinstance(order, int) else order.order_id
        if not isinstance(order_id, int):
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

    def refuse(self, method: str, code: int) -> None:
        """Answers the next command of this method with this error code."""
        self._stage.call(lambda: self._server.refuse(method, code))

    def skew_clock(self, seconds: float) -> None:
        """Nothing: this venue tells no time and checks none."""
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
            order_id=order.order_id,
            client_order_id=order.client_id,
            market=spec.name,
            side=order.side,
            price=Decimal(order.price).scaleb(-spec.price_places),
            amount=Decimal(order.amount).scaleb(-spec.amount_places),
            remaining=Decimal(order.left).scaleb(-spec.amount_places),
        )


@frozen(kw_only=True)
class CoinflexSettings:
    """What a local CoinFLEX is started with."""

    seed: int
    markets: Sequence[str] | int
    rate: float
    faults: Sequence[Fault]

    def server(self, now: float) -> Server[ServerConnection]:
        """The exchange without I/O, beginning at this Unix time."""
        made = CoinflexServer(
            now=now,
            seed=self.seed,
            markets=self.markets,
            crowd=CrowdSettings(rate=self.rate),
            faults=self.faults,
        )
        return cast("Server[ServerConnection]", made)
