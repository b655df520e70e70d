"""HTTP over a client's `Network` instead of the system's sockets: what lets a bot's HTTP calls run in memory.

httpx2's own pool (httpcore2, which comes with it) speaks HTTP; here are only the streams below it. One connection a
request, no TLS, no proxy: networks other than the system's lead to a local exchange. Must not import trio when it is
imported.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from coinex_driver.http.over_network import AsyncNetworkTransport
from coinex_driver.http.wire import httpcore2, httpx2
from coinex_driver.network_errors import describe
from coinex_trio._local.memory import MemoryNetwork
from coinex_trio.network import Network, SystemNetwork
from coinex_trio.proxy import ProxyNetwork

if TYPE_CHECKING:
    import trio


def trio_transport(network: Network) -> httpx2.AsyncBaseTransport | None:
    """The same for trio."""
    if isinstance(network, SystemNetwork):
        return None
    return AsyncNetworkTransport(_TrioBackend(network), speaks_plainly=isinstance(network, MemoryNetwork))


def proxy_of(network: Network, proxy: str | None) -> str | None:
    """The proxy for HTTP: the one that was named for it, else the network's own, so that nothing goes around that."""
    return network.http_proxy if proxy is None and isinstance(network, ProxyNetwork) else proxy


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
