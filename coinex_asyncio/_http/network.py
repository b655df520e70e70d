"""HTTP over a client's `Network` instead of the system's sockets: what lets a bot's HTTP calls run in memory.

Networks of the system have httpx2's own sockets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, final

from coinex_asyncio._io.sockets import Resolver
from coinex_asyncio.network import Network, ProxyNetwork, SystemNetwork, open_transport
from coinex_driver.http.over_network import AsyncNetworkTransport
from coinex_driver.http.wire import httpcore2, httpx2
from coinex_driver.network_errors import describe


def http_transport(network: Network) -> httpx2.AsyncBaseTransport | None:
    """The transport for this network; None for the system's, where httpx2 has its own.

    No TLS is spoken on it, so that a bot may keep the venue's own address in memory.
    """
    if isinstance(network, SystemNetwork):
        return None
    return AsyncNetworkTransport(_Backend(network), speaks_plainly=True)


def proxy_of(network: Network, proxy: str | None) -> str | None:
    """The proxy for HTTP: the one that was named for it, else the network's own, so that nothing goes around that."""
    return network.http_proxy if proxy is None and isinstance(network, ProxyNetwork) else proxy


class _Backend(httpcore2.AsyncNetworkBackend):
    def __init__(self, network: Network) -> None:
        self._network = network

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        stream = _Stream()
        try:
            async with asyncio.timeout(timeout):
                stream.transport = await open_transport(self._network, stream, host, port, None, Resolver())
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout("no connection in time") from error
        except OSError as error:
            raise httpcore2.ConnectError(describe(error)) from error
        return stream


@final
class _Stream(asyncio.Protocol, httpcore2.AsyncNetworkStream):
    """A transport as a stream; the caller of the whole exchange bounds the time, and what it reads is small."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._inbox = bytearray()
        self._has_ended = False
        self._error: Exception | None = None
        self._news = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self._inbox += data
        self._news.set()

    def eof_received(self) -> None:
        self._has_ended = True
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_ended, self._error = True, exc
        self._news.set()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        while not self._inbox and not self._has_ended:
            self._news.clear()
            await self._news.wait()
        if not self._inbox and self._error is not None:
            raise httpcore2.ReadError(describe(self._error)) from self._error
        data = bytes(self._inbox[:max_bytes])
        del self._inbox[:max_bytes]
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._has_ended or self.transport is None:
            raise httpcore2.WriteError("the connection has ended") from self._error
        self.transport.write(buffer)

    async def aclose(self) -> None:
        if self.transport is not None:
            self.transport.abort()
