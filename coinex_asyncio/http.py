"""CoinEx over HTTP under asyncio: `async with open_http(credentials) as http: await http.request(...)`.

What is sent, when, and how often decides `HttpCaller`; here bytes move and time passes. Needs the extra `http`. The exchange's
certificate is verified, and the environment's proxies are not used.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import final

from coinex_asyncio._http.network import http_transport, proxy_of
from coinex_asyncio._io.awaiting import AsyncioAwaiting
from coinex_asyncio.network import SYSTEM, Network, check_network
from coinex_driver.http.coinex import CoinexHttp, caller_and_pool
from coinex_driver.http.wire import DEFAULT_URL, MissingExtra, httpx2
from coinex_proto import Config
from coinex_proto.coinex import Credentials
from coinex_proto.coinex.http import Clock
from coinex_proto.orders.tracker import Orders

__all__ = ["Http", "MissingExtra", "open_http"]


@final
class Http(CoinexHttp, AsyncioAwaiting):
    """The client that `open_http` gives. A call that is cancelled may have taken effect: `resolve_order` tells."""


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
    """CoinEx HTTP under asyncio. Entering opens nothing yet; many tasks may share one client."""
    check_network(network)
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
    async with httpx2.AsyncClient(**settings.arguments(), transport=transport or http_transport(network)) as pool:
        yield Http(caller, pool, settings.place.origin, settings.config, network.now)
