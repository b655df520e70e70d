"""The local QFEX for programs and tests: what `local_exchange("qfex")` and `memory_exchange("qfex")` give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast, final

from attrs import evolve, frozen

from coinex_proto.errors import UsageError
from coinex_proto.qfex import HmacCredentials, JwtCredentials
from coinex_proto.simulator import CrowdSettings, Fault, QfexForms, QfexServer
from coinex_proto.simulator.market.matching import Order
from coinex_trio._local.hosting import ExchangeHost
from coinex_trio._local.loopback import Server, ServerConnection
from coinex_trio._local.venue import LocalVenue


@final
class QfexExchange(LocalVenue[QfexServer, str]):
    """A running local QFEX, and what a test makes it do: each of its methods has happened when it returns."""

    _code = str

    def __init__(self, host: ExchangeHost, server: QfexServer) -> None:
        super().__init__(host, server)
        self.credentials: HmacCredentials = HmacCredentials(server.public_key, server.secret_key)
        """Of its one account."""
        self.token_credentials: JwtCredentials = JwtCredentials(server.keys.token)
        """Of the same account."""
        self.public_key: str = server.public_key
        self.secret_key: str = server.secret_key
        """As text, for clients other than this SDK; it is worth nothing outside this exchange."""

    @property
    def mds_url(self) -> str:
        """The market data socket."""
        return f"{self._host.url('ws')}/mds"

    @property
    def trade_url(self) -> str:
        """The socket for orders."""
        return f"{self._host.url('ws')}/trade"

    @property
    def http_url(self) -> str:
        """`http://127.0.0.1:PORT`: the HTTP interface."""
        return self._host.url("http")

    def set_forms(self, **changes: Any) -> None:
        """Uses other forms from now on, where the venue has been seen with two: the fields of `QfexForms`.

        Raises `UsageError` for one that there is not.
        """
        try:
            forms = evolve(self._server.own.forms, **changes)
        except (TypeError, ValueError) as error:
            raise UsageError(f"set_forms: {error}") from error
        self._host.call(lambda: setattr(self._server.own, "forms", forms))

    def _id_of(self, order: Order) -> str:
        return self._server.own.ticket(order).order_id


@frozen(kw_only=True)
class QfexSettings:
    """What a local QFEX is started with."""

    seed: int
    markets: Sequence[str] | int
    public_key: str | None
    secret_key: str | None
    rate: float
    forms: QfexForms
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
            forms=self.forms,
        )
        return cast("Server[ServerConnection]", made)
