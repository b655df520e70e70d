"""The local exchange for programs and tests: on loopback, or in memory on virtual time.

`local_exchange()` is a context manager, `with` or `async with`, of an `Exchange` that listens on TCP, in real time.
`memory_exchange()` gives one without sockets: an hour of market takes no time. The methods are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final, Literal, TypeAlias, cast, final, overload

from attrs import field, frozen

from coinex_proto.coinex import Credentials
from coinex_proto.errors import UsageError
from coinex_proto.simulator import (
    CoinexServer,
    CoinflexServer,
    CrowdSettings,
    Fault,
    QfexForms,
    QfexServer,
)
from coinex_proto.simulator.hosting.web_page import WebPage
from coinex_proto.simulator.market.matching import Order
from coinex_trio._local.coinflex import CoinflexExchange, CoinflexSettings
from coinex_trio._local.hosting import LOOPBACK, ExchangeHost, LocalExchange, Number, PlacedOrder, Side
from coinex_trio._local.loopback import Server, ServerConnection
from coinex_trio._local.memory import MemoryNetwork
from coinex_trio._local.qfex import QfexExchange, QfexSettings
from coinex_trio._local.venue import LocalVenue, checked_faults
from coinex_trio._local.web import made_page, page_url

MOST_ACCOUNTS: Final = 1000

Module: TypeAlias = Literal["spot", "futures"]


@frozen
class LocalAccount:
    """One account of a local CoinEx: its keys, which are worth nothing outside of it."""

    access_id: str
    secret_key: str = field(repr=False)
    """As text, for clients other than this SDK."""

    @property
    def credentials(self) -> Credentials:
        """For clients of this SDK."""
        return Credentials(self.access_id, self.secret_key)


@final
class Exchange(LocalVenue[CoinexServer, int]):
    """A running local exchange, and what a test makes it do: each of its methods has happened when it returns."""

    _code = int

    def __init__(self, host: ExchangeHost, server: CoinexServer, page: WebPage | None = None) -> None:
        super().__init__(host, server)
        self._page = page
        self.credentials: Credentials = Credentials(server.access_id, server.secret_key)
        """Of its first account, whose orders the verbs here place and fill."""
        self.accounts: tuple[LocalAccount, ...] = tuple(LocalAccount(*keys) for keys in server.keys)
        """All of them, each with keys, money and orders of its own."""
        self.access_id: str = server.access_id
        self.secret_key: str = server.secret_key
        """As text, for clients other than this SDK; it is worth nothing outside this exchange."""

    @property
    def socket_url(self) -> str:
        """`ws://127.0.0.1:PORT`: the sockets live below it, at /v2/spot and /v2/futures."""
        return self._host.url("ws")

    @property
    def url(self) -> str:
        """The spot socket."""
        return f"{self.socket_url}/v2/spot"

    @property
    def futures_url(self) -> str:
        """The futures socket."""
        return f"{self.socket_url}/v2/futures"

    @property
    def http_url(self) -> str:
        """`http://127.0.0.1:PORT`: the HTTP interface lives below it, at /v2."""
        return self._host.url("http")

    @property
    def web_url(self) -> str | None:
        """Its page, for a browser, with the token where one is needed; None without `web=True`."""
        return None if self._page is None else page_url(self._host.url("http"), self._page)

    def quote(self, market: str, bid: Number, ask: Number, size: Number = "1", *, module: Module | None = None) -> None:
        """Makes the book exactly one bid and one ask; the random traders leave it alone from then on.

        Here as in `trade` and `place`: the spot market of this name unless `module` says futures, or there is no other.
        """
        self._host.call(lambda: self._server.quote(market, bid, ask, size, module=module))

    def trade(self, market: str, side: Side, amount: Number, *, module: Module | None = None) -> None:
        """Somebody buys or sells so much at the market."""
        self._host.call(lambda: self._server.trade(market, side, amount, module=module))

    def place(
        self, market: str, side: Side, price: Number, amount: Number, *, module: Module | None = None
    ) -> PlacedOrder:
        """A limit order of the account, as if another program of its owner had placed it."""
        return self._host.call(lambda: self._placed(self._server.place(market, side, price, amount, module=module)))

    def _id_of(self, order: Order) -> int:
        return order.order_id


@frozen(kw_only=True)
class Settings:
    """What a local exchange is started with."""

    seed: int
    markets: Sequence[str] | int
    access_id: str | None
    secret_key: str | None
    rate: float
    faults: str | Sequence[Fault]
    allows_old_signatures: bool = True
    accounts: int = 1
    page: WebPage | None = None

    def server(self, now: float) -> Server[ServerConnection]:
        """The exchange without I/O, beginning at this Unix time."""
        try:
            made = CoinexServer(
                now=now,
                seed=self.seed,
                markets=self.markets,
                access_id=self.access_id,
                secret_key=self.secret_key,
                crowd=CrowdSettings(rate=self.rate),
                faults=self.faults,
                allows_old_signatures=self.allows_old_signatures,
                accounts=self.accounts,
                page=self.page,
            )
        except ValueError as error:
            raise UsageError(str(error)) from error
        return cast("Server[ServerConnection]", made)


@overload
def local_exchange(
    venue: Literal["coinex"] = "coinex",
    *,
    seed: int = 0,
    markets: Sequence[str] | int | None = None,
    rate: float = 4.0,
    faults: str | Sequence[Fault] = "",
    access_id: str | None = None,
    secret_key: str | None = None,
    address: str = LOOPBACK,
    port: int = 0,
    tls: bool = False,
    allows_old_signatures: bool = True,
    accounts: int = 1,
    web: bool = False,
) -> LocalExchange[Exchange]: ...


@overload
def local_exchange(
    venue: Literal["qfex"],
    *,
    seed: int = 0,
    markets: Sequence[str] | int | None = None,
    rate: float = 4.0,
    faults: str | Sequence[Fault] = "",
    access_id: str | None = None,
    secret_key: str | None = None,
    address: str = LOOPBACK,
    port: int = 0,
    tls: bool = False,
    forms: QfexForms | None = None,
) -> LocalExchange[QfexExchange]: ...


@overload
def local_exchange(
    venue: Literal["coinflex"],
    *,
    seed: int = 0,
    markets: Sequence[str] | int | None = None,
    rate: float = 4.0,
    faults: str | Sequence[Fault] = "",
    address: str = LOOPBACK,
    port: int = 0,
    tls: bool = False,
) -> LocalExchange[CoinflexExchange]: ...


def local_exchange(
    venue: Literal["coinex", "qfex", "coinflex"] = "coinex",
    *,
    seed: int = 0,
    markets: Sequence[str] | int | None = None,
    rate: float = 4.0,
    faults: str | Sequence[Fault] = "",
    access_id: str | None = None,
    secret_key: str | None = None,
    address: str = LOOPBACK,
    port: int = 0,
    tls: bool = False,
    allows_old_signatures: bool = True,
    accounts: int = 1,
    forms: QfexForms | None = None,
    web: bool = False,
) -> LocalExchange[Exchange] | LocalExchange[QfexExchange] | LocalExchange[CoinflexExchange]:
    """A local exchange on loopback: `with local_exchange() as exchange`, or `async with`.

    Same seed, same market. `markets`: their names, or how many (default: one,
    BTCUSDT, AAPL-USD or XBT/USDT).  `rate`: actions of the random traders a second and market.
    `faults`: what goes wrong and when, one a line, for example `"every 30s drop"`; the language stands in
    `coinex_proto.simulator.hosting.faults`, and a line that is none raises `UsageError`. `allows_old_signatures`: HTTP takes
    SHA-256 over text and secret as well as HMAC, as the live CoinEx did; False: HMAC only. `accounts`: how many (CoinEx), each with
    keys of its own, so that a maker and a taker can trade with each other. `forms`: which form a local QFEX uses where
    the venue has been seen with two. `port` 0 takes a free one. `tls`: sockets and HTTP speak TLS
    with a certificate made for this run; `ca_file` is what clients have to trust (needs the extra `tls`). The keys are made from the seed unless given;
    a local CoinFLEX has the one account of its documentation. `web`: it also serves a page (CoinEx), `web_url`, on which a
    person watches it and makes it do things; where other machines can reach it the page wants the token in that URL.
    `UsageError` when the port is taken.
    """
    if web and venue != "coinex":
        raise UsageError("web: only a local CoinEx has a page")
    page = made_page(address) if web else None
    settings = settings_of(
        venue, seed, markets, rate, faults, access_id, secret_key,
        allows_old_signatures=allows_old_signatures, accounts=accounts, forms=forms, page=page,
    )  # fmt: skip
    if isinstance(settings, QfexSettings):
        return LocalExchange(settings.server, QfexExchange, address, port, speaks_tls=tls)
    if isinstance(settings, CoinflexSettings):
        return LocalExchange(settings.server, CoinflexExchange, address, port, speaks_tls=tls)
    return LocalExchange(settings.server, partial(Exchange, page=page), address, port, speaks_tls=tls)


@overload
def memory_exchange(
    venue: Literal["coinex"] = "coinex",
    *,
    seed: int = 0,
    markets: Sequence[str] | int | None = None,
    rate: float = 4.0,
    faults: str | Sequence[Fault] = "",
    accounts: int = 1,
) -> Exchange: ...


@overload
def memory_exchange(
    venue: Literal["qfex"],
    *,
    seed: int = 0,
    markets: Sequence[str] | int | None = None,
    rate: float = 4.0,
    faults: str | Sequence[Fault] = "",
    forms: QfexForms | None = None,
) -> QfexExchange: ...


@overload
def memory_exchange(
    venue: Literal["coinflex"],
    *,
    seed: int = 0,
    markets: Sequence[str] | int | None = None,
    rate: float = 4.0,
    faults: str | Sequence[Fault] = "",
) -> CoinflexExchange: ...


def memory_exchange(
    venue: Literal["coinex", "qfex", "coinflex"] = "coinex",
    *,
    seed: int = 0,
    markets: Sequence[str] | int | None = None,
    rate: float = 4.0,
    faults: str | Sequence[Fault] = "",
    accounts: int = 1,
    forms: QfexForms | None = None,
) -> Exchange | QfexExchange | CoinflexExchange:
    """A local exchange in memory, on virtual time: give its `network` to clients, as in `CoinexClient(network=exchange.network)`.

    Any address leads to it, and nothing has to be closed. Blocking clients move the time while they wait; under trio it is
    trio's own, so run under `trio.testing.MockClock`. `accounts`: how many (CoinEx), each with keys of its own.
    """
    settings = settings_of(venue, seed, markets, rate, faults, None, None, accounts=accounts, forms=forms)
    network = MemoryNetwork(settings.server, seed)
    return exchange_of(network, network.server)


def exchange_of(host: ExchangeHost, server: object) -> Exchange | QfexExchange | CoinflexExchange:
    """What a program holds of this server half."""
    match server:
        case QfexServer():
            return QfexExchange(host, server)
        case CoinflexServer():
            return CoinflexExchange(host, server)
        case _:
            return Exchange(host, cast(CoinexServer, server))


def settings_of(
    venue: str,
    seed: int,
    markets: Sequence[str] | int | None,
    rate: float,
    faults: str | Sequence[Fault],
    key: str | None,
    secret_key: str | None,
    *,
    allows_old_signatures: bool = True,
    accounts: int = 1,
    forms: QfexForms | None = None,
    page: WebPage | None = None,
) -> Settings | QfexSettings | CoinflexSettings:
    """What an exchange of this venue is started with. Raises `UsageError` for what it cannot be."""
    checked = checked_faults(faults)
    if not 1 <= accounts <= MOST_ACCOUNTS or (accounts > 1 and venue != "coinex"):
        raise UsageError(f"accounts={accounts}: a local CoinEx has 1 to {MOST_ACCOUNTS}, the other exchanges have one")
    if forms is not None and venue != "qfex":
        raise UsageError("forms are those of a local QFEX")
    match venue:
        case "coinex":
            return Settings(
                seed=seed,
                markets=("BTCUSDT",) if markets is None else markets,
                access_id=key,
                secret_key=secret_key,
                rate=rate,
                faults=checked,
                allows_old_signatures=allows_old_signatures,
                accounts=accounts,
                page=page,
            )
        case "qfex":
            return QfexSettings(
                seed=seed,
                markets=("AAPL-USD",) if markets is None else markets,
                public_key=key,
                secret_key=secret_key,
                rate=rate,
                faults=checked,
                forms=QfexForms() if forms is None else forms,
            )
        case "coinflex":
            if key is not None or secret_key is not None:
                raise UsageError("a local CoinFLEX has no access id: its account is the one of the documentation")
            return CoinflexSettings(
                seed=seed, markets=("XBT/USDT",) if markets is None else markets, rate=rate, faults=checked
            )
        case _:
            raise UsageError(f"no local exchange {venue!r}: there are 'coinex', 'qfex' and 'coinflex'")
