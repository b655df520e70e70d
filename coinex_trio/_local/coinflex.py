"""The local CoinFLEX for programs and tests: what `local_exchange("coinflex")` and `memory_exchange("coinflex")` give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast, final

from attrs import frozen

from coinex_proto.coinflex import Credentials
from coinex_proto.simulator import CoinflexServer, CrowdSettings, Fault
from coinex_proto.simulator.market.matching import Order
from coinex_trio._local.hosting import ExchangeHost
from coinex_trio._local.loopback import Server, ServerConnection
from coinex_trio._local.venue import LocalVenue


@final
class CoinflexExchange(LocalVenue[CoinflexServer, int]):
    """A running local CoinFLEX, and what a test makes it do: each of its methods has happened when it returns."""

    _code = int

    def __init__(self, host: ExchangeHost, server: CoinflexServer) -> None:
        super().__init__(host, server)
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
        return f"{self._host.url('ws')}/v1"

    @property
    def http_url(self) -> str:
        """`http://127.0.0.1:PORT`: assets and markets."""
        return self._host.url("http")

    def _id_of(self, order: Order) -> int:
        return order.order_id


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
