"""HTTP over a client's `Network` instead of the system's sockets: what lets a bot's HTTP calls run in memory.

httpx2's own pool (httpcore2, which comes with it) speaks HTTP; here are only the streams below it. One connection a
request, no TLS, no proxy: networks other than the system's lead to a local exchange. Must not import trio when it is
imported.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from coinex_driver.http.over_network import AsyncNetworkTransport, above, below, translated
from coinex_driver.http.wire import httpcore2, httpx2
from coinex_driver.network_errors import describe
from coinex_trio._local.memory import MemoryNetwork
from coinex_trio.network import Network, SystemNetwork, Transport
from coinex_trio.proxy import ProxyNetwork

if TYPE_CHECKING:
    import trio


def blocking_transport(network: Network) -> httpx2.BaseTransport | None:
    """The transport for this network; None for the system's, where httpx2 has its own."""
    return None if isinstance(network, SystemNetwork) else BlockingNetworkTransport(network)


def trio_transport(network: Network) -> httpx2.AsyncBaseTransport | None:
    """The same for trio."""
    if isinstance(network, SystemNetwork):
        return None
    return AsyncNetworkTransport(_TrioBackend(network), speaks_plainly=isinstance(network, MemoryNetwork))


def proxy_of(network: Network, proxy: str | None) -> str | None:
    """The proxy for HTTP: the one that was named for it, else the network's own, so that nothing goes around that."""
    return network.http_proxy if proxy is None and isinstance(network, ProxyNetwork) else proxy


class BlockingNetworkTransport(httpx2.BaseTransport):
    """httpx2 on top, a network's transports below."""

    def __init__(self, network: Network) -> None:
        self._is_memory = isinstance(network, MemoryNetwork)
        self._pool = httpcore2.ConnectionPool(network_backend=_Backend(network), max_keepalive_connections=0)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer. Raises the errors of httpx2."""
        try:
            found = self._pool.handle_request(below(request, request.read(), speaks_plainly=self._is_memory))
            try:
                return above(found, found.read())
            finally:
                found.close()
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError) as error:
            raise translated(error, request) from error

    def close(self) -> None:
        self._pool.close()


class _Backend(httpcore2.NetworkBackend):
    def __init__(self, network: Network) -> None:
        self._network = network

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        network = self._network
        until = network.now() + (timeout or math.inf)
        transport = None
        try:
            transport = network.dial(host, port, None)
            while not transport.progress(network.now()):
                if network.now() >= until:
                    raise httpcore2.ConnectTimeout("no connection in time")
                network.wait(((transport, False),), min(until, transport.wakes_at()))
        except BaseException as error:
            if transport is not None:
                transport.close()
            if isinstance(error, OSError):
                raise httpcore2.ConnectError(describe(error)) from error
            raise
        return _Stream(network, transport)


class _Stream(httpcore2.NetworkStream):
    """A transport on which nothing waits, moved on whenever the network says that it can go on."""

    def __init__(self, network: Network, transport: Transport) -> None:
        self._network = network
        self._transport = transport

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        until = self._network.now() + (timeout or math.inf)
        try:
            while (data := self._transport.receive(max_bytes)) is None:
                if self._network.now() >= until:
                    raise httpcore2.ReadTimeout("no answer in time")
                self._network.wait(((self._transport, False),), until)
        except OSError as error:
            raise httpcore2.ReadError(describe(error)) from error
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        until = self._network.now() + (timeout or math.inf)
        unsent = memoryview(buffer)
        try:
            while unsent:
                taken = self._transport.send(unsent)
                unsent = unsent[taken:]
                if taken:
                    continue
                if self._network.now() >= until:
                    raise httpcore2.WriteTimeout("the request was not taken in time")
                self._network.wait(((self._transport, True),), until)
        except OSError as error:
            raise httpcore2.WriteError(describe(error)) from error

    def close(self) -> None:
        self._transport.close()


class _TrioBackend(httpcore2.AsyncNetworkBackend):
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
        import trio

        try:
            with trio.fail_after(timeout or math.inf):
                return _TrioStream(await self._network.open_stream(host, port, None, trio.CapacityLimiter(1)))
        except trio.TooSlowError as error:
            raise httpcore2.ConnectTimeout("no connection in time") from error
        except OSError as error:
            raise httpcore2.ConnectError(describe(error)) from error


class _TrioStream(httpcore2.AsyncNetworkStream):
    """A stream of trio; the caller of the whole exchange bounds the time."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        import trio

        try:
            return bytes(await self._stream.receive_some(max_bytes))
        except (trio.BrokenResourceError, trio.ClosedResourceError, OSError) as error:
            raise httpcore2.ReadError(describe(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        import trio

        try:
            await self._stream.send_all(buffer)
        except (trio.BrokenResourceError, trio.ClosedResourceError, OSError) as error:
            raise httpcore2.WriteError(describe(error)) from error

    async def aclose(self) -> None:
        await self._stream.aclose()
