"""CoinEx over HTTP, awaited: the methods of the client that each driver's `open_http` gives, and what they are made of.

A driver adds how to wait (`AsyncCalls`). Must not know trio nor asyncio.
"""

from __future__ import annotations

from collections.abc import Callable
from ssl import SSLContext
from typing import TypeVar

from coinex_driver.http.calls import AsyncCalls
from coinex_driver.http.wire import PoolSettings, httpx2, place_of
from coinex_proto import Config, Sources
from coinex_proto.coinex import Credentials
from coinex_proto.coinex.http import (
    Clock,
    HttpCaller,
    HttpCommand,
    HttpCommands,
    HttpOptions,
    Json,
    MarketType,
    ResolvedOrder,
    call,
)
from coinex_proto.orders.tracker import Orders

R = TypeVar("R")


class CoinexHttp(AsyncCalls):
    """CoinEx's calls. A call that is cancelled may have taken effect: `resolve_order` tells. Base class only."""

    def __init__(
        self, caller: HttpCaller, pool: httpx2.AsyncClient, origin: str, config: Config, now: Callable[[], float]
    ) -> None:
        super().__init__(pool, origin, config, now)
        self._caller = caller

    async def request(self, command: HttpCommand[R]) -> R:
        """The result of a command. Raises what `HttpCaller.request` raises; a call that changes something is sent once."""
        return await self._run(self._caller.request(command, self._now()))

    async def call(self, method: str, path: str, /, **parameters: object) -> Json:
        """The `data` of any call as plain JSON: `call("GET", "/futures/ticker", market="BTCUSDT")`."""
        return await self.request(call(method, path, **parameters))

    async def resolve_order(
        self, client_id: str, *, market: str | None = None, market_type: MarketType | None = None
    ) -> ResolvedOrder:
        """What the venue knows of an order whose outcome is unknown. "not_found" is no proof right after sending."""
        return await self._run(
            self._caller.resolve_order(client_id, self._now(), market=market, market_type=market_type)
        )

    async def run(self, commands: HttpCommands[R]) -> R:
        """What comes of commands that follow from each other: those of an `OrderEntry`, a `Backfill`, of holdings."""
        return await self._run(self._caller.run(commands, self._now()))

    async def sync_clock(self) -> float:
        """Asks the venue's time, and gives its clock minus ours in seconds."""
        await self._run(self._caller.sync_clock(self._now()))
        return self._caller.clock_offset_ms / 1000

    @property
    def caller(self) -> HttpCaller:
        """Rate limits and clock, for those who look closer."""
        return self._caller


def caller_and_pool(
    sources: Sources,
    credentials: Credentials | None,
    *,
    url: str,
    config: Config | None,
    window_ms: int | None,
    retries: int,
    proxy: str | None,
    ssl_context: SSLContext | None,
    allow_plaintext: bool,
    clock: Clock | None,
    orders: Orders | None,
) -> tuple[HttpCaller, PoolSettings]:
    """What decides over the calls of one client, and how its connections are made. Raises `UsageError`."""
    place = place_of(url, has_credentials=credentials is not None, allow_plaintext=allow_plaintext)
    settings = PoolSettings(
        place=place,
        config=config if config is not None else Config(),
        has_credentials=credentials is not None,
        proxy=proxy,
        ssl_context=ssl_context,
    )
    options = HttpOptions(base_path=place.base_path, host=place.host, window_ms=window_ms, retries=retries)
    return HttpCaller(sources, credentials, options, clock=clock, orders=orders), settings
