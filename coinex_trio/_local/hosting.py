"""Where a local exchange runs, whatever its venue: on loopback in real time, or in memory on virtual time."""

from __future__ import annotations

import errno
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Generic, Literal, Protocol, TypeAlias, TypeVar, final

from attrs import frozen

from coinex_proto.errors import UsageError
from coinex_trio._local.loopback import LoopbackHost, Server, ServerConnection
from coinex_trio.network import Network

T = TypeVar("T")
X_co = TypeVar("X_co", covariant=True)

Side: TypeAlias = Literal["buy", "sell"]
Number: TypeAlias = str | int | Decimal

LOOPBACK: Final = "127.0.0.1"


@frozen(kw_only=True)
class PlacedOrder:
    """An own order as it stood in the local exchange at that moment."""

    order_id: int | str
    client_order_id: str
    market: str
    side: Side
    price: Decimal
    amount: Decimal
    remaining: Decimal


class ExchangeHost(Protocol):
    """Where an exchange runs."""

    def url(self, scheme: str) -> str:
        """`ws://host:port` or `http://host:port`, with an s where it speaks TLS."""
        ...

    @property
    def ca_file(self) -> Path | None:
        """The certificate that clients have to trust; None without TLS."""
        ...

    @property
    def network(self) -> Network:
        """Leads clients to it."""
        ...

    def call(self, work: Callable[[], T]) -> T:
        """Does something to the exchange; it has happened when this returns."""
        ...

    def skip(self, seconds: float) -> None:
        """Sets its time ahead."""
        ...

    def wait_until_ended(self, seconds: float) -> None:
        """Stays here while it serves its clients."""
        ...


@final
class LocalExchange(Generic[X_co]):
    """What `local_exchange()` gives: the exchange runs inside `with` or `async with`, each time a new one."""

    def __init__(
        self,
        make_server: Callable[[float], Server[ServerConnection]],
        made: Callable[[ExchangeHost, Any], X_co],
        address: str,
        port: int,
        *,
        speaks_tls: bool = False,
    ) -> None:
        self._make_server = make_server
        self._made = made
        self._address = address
        self._port = port
        self._speaks_tls = speaks_tls
        self._host: LoopbackHost | None = None

    def __enter__(self) -> X_co:
        if self._host is not None:
            raise UsageError("this local exchange is running already; make another one")
        try:
            host = LoopbackHost(self._make_server, self._address, self._port, speaks_tls=self._speaks_tls)
        except OSError as error:
            where = f"{self._address} port {self._port}"
            free = "; port 0 takes a free one" if error.errno == errno.EADDRINUSE else ""
            raise UsageError(f"the local exchange cannot listen at {where}: {error.strerror or error}{free}") from error
        self._host = host
        host.start()
        return self._made(host, host.server)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        host, self._host = self._host, None
        if host is not None:
            host.stop()

    async def __aenter__(self) -> X_co:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)
