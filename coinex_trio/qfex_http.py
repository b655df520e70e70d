"""QFEX over HTTP: `open_qfex_http` under trio and `QfexHttp` in the calling thread, of the same shape.

Both lead the steps of `HttpCaller` through. Needs the extra `http`. Must not import trio when it is imported.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar, final

from coinex_driver.http.qfex import QfexHttpCalls, qfex_caller_and_pool
from coinex_driver.http.wire import httpx2
from coinex_proto import Config, qfex
from coinex_proto.qfex.http import HTTP_URL, HttpCaller, HttpCommand
from coinex_trio._http.loops import BlockingCalls
from coinex_trio._http.network import proxy_of, trio_transport
from coinex_trio._io.trio_awaiting import TrioAwaiting
from coinex_trio.network import SYSTEM, Network

__all__ = ["QfexHttp", "TrioQfexHttp", "open_qfex_http"]

R = TypeVar("R")


@final
class QfexHttp(BlockingCalls):
    """`QfexHttp(credentials).request(http.GetPositions())`, in the calling thread, one thread at a time.

    Connections are kept open between calls; `close` or a `with` block ends them.
    """

    def __init__(
        self,
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
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """Nothing is opened yet. `account_id`: a subaccount. `transport` replaces the sockets."""
        self._caller, settings = qfex_caller_and_pool(
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
        super().__init__(settings, network, transport)

    def request(self, command: HttpCommand[R]) -> R:
        """The result of a call. Raises what `HttpCaller.request` raises; one that changes something is sent once."""
        return self._run(self._caller.request(command, self._network.now()))

    @property
    def caller(self) -> HttpCaller:
        """What counts what could not be read."""
        return self._caller


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
) -> AsyncIterator[TrioQfexHttp]:
    """QFEX over HTTP under trio: `async with open_qfex_http(credentials) as api: await api.request(…)`."""
    from coinex_trio._io.trio_clock import unix_clock

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
    async with httpx2.AsyncClient(**settings.arguments(), transport=transport or trio_transport(network)) as pool:
        yield TrioQfexHttp(caller, pool, settings, unix_clock(network))


@final
class TrioQfexHttp(QfexHttpCalls, TrioAwaiting):
    """The client that `open_qfex_http` gives; many tasks may share it."""
