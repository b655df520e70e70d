"""CoinEx over HTTP: `open_http` under trio and `BlockingHttp` in the calling thread, of the same shape.

Both are loops around `HttpCaller`, which decides what is sent, when, and how often; here bytes move and time passes. Needs
the extra `http`. The exchange's certificate is verified, and the environment's proxies are not used.
"""

from __future__ import annotations

import math
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar, final

from coinex_driver.http.coinex import CoinexHttp, caller_and_pool
from coinex_driver.http.wire import (
    DEFAULT_URL,
    MissingExtra,
    httpx2,
)
from coinex_proto import Config
from coinex_proto.coinex import Credentials
from coinex_proto.coinex.http import (
    Clock,
    HttpCaller,
    HttpCommand,
    HttpCommands,
    Json,
    MarketType,
    ResolvedOrder,
    call,
)
from coinex_proto.orders.tracker import Orders
from coinex_trio._http.loops import BlockingCalls
from coinex_trio._http.network import proxy_of, trio_transport
from coinex_trio._io.trio_awaiting import TrioAwaiting
from coinex_trio.network import SYSTEM, Network

__all__ = ["BlockingHttp", "Http", "MissingExtra", "open_http"]

R = TypeVar("R")


@final
class BlockingHttp(BlockingCalls):
    """CoinEx HTTP in the calling thread: `BlockingHttp(credentials).request(spot.PutOrder(...))`.

    One thread at a time. Connections are kept open between calls; `close` or a `with` block ends them.
    """

    def __init__(
        self,
        credentials: Credentials | None = None,
        *,
        url: str = DEFAULT_URL,
        config: Config | None = None,
        window_ms: int | None = None,
        retries: int = 3,
        proxy: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        allow_plaintext: bool = False,
        network: Network = SYSTEM,
        clock: Clock | None = None,
        orders: Orders | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """Nothing is opened yet. `transport` replaces the sockets, for example by a local exchange's."""
        self._caller, settings = caller_and_pool(
            network.sources,
            credentials,
            url=url,
            config=config,
            window_ms=window_ms,
            retries=retries,
            proxy=proxy_of(network, proxy),
            ssl_context=ssl_context,
            allow_plaintext=allow_plaintext,
            clock=clock,
            orders=orders,
        )
        super().__init__(settings, network, transport)

    def request(self, command: HttpCommand[R]) -> R:
        """The result of a command. Raises what `HttpCaller.request` raises; a call that changes something is sent once."""
        return self._run(self._caller.request(command, self._network.now()))

    def call(self, method: str, path: str, /, **parameters: object) -> Json:
        """The `data` of any call as plain JSON: `call("GET", "/futures/ticker", market="BTCUSDT")`."""
        return self.request(call(method, path, **parameters))

    def resolve_order(
        self, client_id: str, *, market: str | None = None, market_type: MarketType | None = None
    ) -> ResolvedOrder:
        """What the venue knows of an order whose outcome is unknown. "not_found" is no proof right after sending."""
        steps = self._caller.resolve_order(client_id, self._network.now(), market=market, market_type=market_type)
        return self._run(steps)

    def run(self, commands: HttpCommands[R], *, timeout: float = math.inf) -> R:
        """What comes of commands that follow from each other: those of an `OrderEntry`, a `Backfill`, of holdings.

        Raises `TimeoutError` when there is no answer after `timeout` seconds, repetitions included; for queries only,
        since a call that changes something may have taken effect then.
        """
        now = self._network.now()
        return self._run(self._caller.run(commands, now), now + timeout)

    def sync_clock(self) -> float:
        """Asks the venue's time, and gives its clock minus ours in seconds."""
        self._run(self._caller.sync_clock(self._network.now()))
        return self._caller.clock_offset_ms / 1000

    @property
    def caller(self) -> HttpCaller:
        """Rate limits and clock, for those who look closer."""
        return self._caller


@asynccontextmanager
async def open_http(
    credentials: Credentials | None = None,
    *,
    url: str = DEFAULT_URL,
    config: Config | None = None,
    window_ms: int | None = None,
    retries: int = 3,
    proxy: str | None = None,
    ssl_context: ssl.SSLContext | None = None,
    allow_plaintext: bool = False,
    network: Network = SYSTEM,
    clock: Clock | None = None,
    orders: Orders | None = None,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> AsyncIterator[Http]:
    """CoinEx HTTP under trio: `async with open_http(credentials) as http: await http.request(...)`.

    Entering opens nothing yet. Many tasks may share one client.
    """
    from coinex_trio._io.trio_clock import unix_clock

    caller, settings = caller_and_pool(
        network.sources,
        credentials,
        url=url,
        config=config,
        window_ms=window_ms,
        retries=retries,
        proxy=proxy_of(network, proxy),
        ssl_context=ssl_context,
        allow_plaintext=allow_plaintext,
        clock=clock,
        orders=orders,
    )
    async with httpx2.AsyncClient(**settings.arguments(), transport=transport or trio_transport(network)) as pool:
        yield Http(caller, pool, settings.place.origin, settings.config, unix_clock(network))


@final
class Http(CoinexHttp, TrioAwaiting):
    """The client that `open_http` gives. A call that is cancelled may have taken effect: `resolve_order` tells."""
