"""HTTP over a client's `Network` instead of the system's sockets: what lets a bot's HTTP calls run in memory.

httpx2's own pool (httpcore2, which comes with it) speaks HTTP; here are only the streams below it. One connection a
request, no TLS, no proxy: networks other than the system's lead to a local exchange. Must not import trio when it is
imported.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from coinex_driver.network_errors import describe
from coinex_trio._http.wire import httpcore2, httpx2
from coinex_trio._local.memory import MemoryNetwork
from coinex_trio.network import Network, SystemNetwork
from coinex_trio.proxy import ProxyNetwork

if TYPE_CHECKING:
    import trio

PLAIN_PORT: Final = 80


def trio_transport(network: Network) -> httpx2.AsyncBaseTransport | None:
    """The same for trio."""
    return None if isinstance(network, SystemNetwork) else TrioNetworkTransport(network)


def proxy_of(network: Network, proxy: str | None) -> str | None:
    """The proxy for HTTP: the one that was named for it, else the network's own, so that nothing goes around that."""
    return network.http_proxy if proxy is None and isinstance(network, ProxyNetwork) else proxy


class TrioNetworkTransport(httpx2.AsyncBaseTransport):
    """The same for trio."""

    def __init__(self, network: Network) -> None:
        self._is_memory = isinstance(network, MemoryNetwork)
        self._pool = httpcore2.AsyncConnectionPool(network_backend=_TrioBackend(network), max_keepalive_connections=0)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer. Raises the errors of httpx2."""
        try:
            found = await self._pool.handle_async_request(
                below(request, await request.aread(), is_memory=self._is_memory)
            )
            try:
                return _above(found, await found.aread())
            finally:
                await found.aclose()
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError) as error:
            raise _translated(error, request) from error

    async def aclose(self) -> None:
        await self._pool.aclose()


def below(request: httpx2.Request, body: bytes, *, is_memory: bool) -> httpcore2.Request:
    """The same request one layer down."""
    target = request.extensions.get("target", request.url.raw_path)
    # In memory no TLS is spoken, so that a bot may keep the venue's own address.
    scheme = b"http" if is_memory else request.url.raw_scheme
    port = request.url.port or (PLAIN_PORT if is_memory else None)
    url = httpcore2.URL(scheme=scheme, host=request.url.raw_host, port=port, target=target)
    return httpcore2.Request(
        request.method, url, headers=request.headers.raw, content=body, extensions=request.extensions
    )


def _above(found: httpcore2.Response, body: bytes) -> httpx2.Response:
    return httpx2.Response(found.status, headers=found.headers, content=body)


def _translated(error: Exception, request: httpx2.Request) -> httpx2.TransportError:
    """The error of the same name one layer up."""
    kind: type[httpx2.TransportError] = getattr(httpx2, type(error).__name__)
    return kind(str(error), request=request)


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
