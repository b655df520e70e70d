"""QFEX over HTTP under asyncio: `async with open_qfex_http(credentials) as api: await api.request(...)`.

Leads the steps of `HttpCaller` through. Needs the extra `http`.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import final

from coinex_asyncio._http.network import http_transport, proxy_of
from coinex_asyncio._io.awaiting import AsyncioAwaiting
from coinex_asyncio.network import SYSTEM, Network, check_network
from coinex_driver.http.qfex import QfexHttpCalls, qfex_caller_and_pool
from coinex_driver.http.wire import httpx2
from coinex_proto import Config, qfex
from coinex_proto.qfex.http import HTTP_URL

__all__ = ["QfexHttp", "open_qfex_http"]


@final
class QfexHttp(QfexHttpCalls, AsyncioAwaiting):
    """The client that `open_qfex_http` gives; many tasks may share it."""


@asynccontextmanager
async def open_qfex_http(
    credentials: qfex.HmacCredentials | None = None,
    account_id: str | None = None,
    *,
    url: str = HTTP_URL,
    config: Config | None = None,
    retries: int = 3,
    proxy: str | None = None,
    ssl_context: ssl.SSLContext | None = None,
    allow_plaintext: bool = False,
    network: Network = SYSTEM,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> AsyncIterator[QfexHttp]:
    """QFEX over HTTP under asyncio. Entering opens nothing yet; `account_id`: a subaccount."""
    check_network(network)
    caller, settings = qfex_caller_and_pool(
        network.sources,
        credentials,
        account_id,
        url=url,
        config=config,
        retries=retries,
        proxy=proxy_of(network, proxy),
        ssl_context=ssl_context,
        allow_plaintext=allow_plaintext,
    )
    async with httpx2.AsyncClient(**settings.arguments(), transport=transport or http_transport(network)) as pool:
        yield QfexHttp(caller, pool, settings, network.now)
