"""A pool of connections for the blocking HTTP client, on the system's sockets or those of any other network.

The waiting, and what ends it, is in `streams.py`. Under trio a cancel scope does the same. Must not know what is sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, final

from coinex_driver.http.over_network import below
from coinex_driver.http.wire import CONNECTIONS, UNTIL, PoolSettings, httpcore2, httpx2
from coinex_trio._http.streams import Backend, Dial, Patience
from coinex_trio._io.sockets import SocketTransport as TcpTransport
from coinex_trio._local.memory import MemoryNetwork
from coinex_trio.network import Network, SystemNetwork


@final
class SocketTransport(httpx2.BaseTransport):
    """httpx2 on top, a network's sockets below, and a pool of connections in between.

    A request may say in its extension `UNTIL` when its answer must be complete; what takes longer raises a time-out.
    """

    def __init__(self, settings: PoolSettings, network: Network, patience: Patience) -> None:
        self._patience = patience
        self._is_memory = isinstance(network, MemoryNetwork)
        arguments = settings.arguments()
        is_system = isinstance(network, SystemNetwork)
        options: dict[str, Any] = {
            "ssl_context": arguments["verify"],
            "max_connections": CONNECTIONS.max_connections,
            # On virtual time nothing would say how long a connection has been idle.
            "max_keepalive_connections": CONNECTIONS.max_keepalive_connections if is_system else 0,
            "keepalive_expiry": CONNECTIONS.keepalive_expiry,
            "network_backend": Backend(patience, _dial_of(network)),
        }
        self._pool: Final = _pool(arguments["proxy"] if is_system else None, options)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer, its body yet to be read. Raises the errors of httpx2."""
        self._patience.until = request.extensions.get(UNTIL)
        with _translated(request):
            found = self._pool.handle_request(below(request, request.read(), speaks_plainly=self._is_memory))
        return httpx2.Response(found.status, headers=found.headers, stream=_Body(found, request))

    def close(self) -> None:
        """Ends all connections."""
        self._pool.close()


def _dial_of(network: Network) -> Dial:
    """Straight to a host: what leads through a proxy is the pool's business."""
    if isinstance(network, SystemNetwork):
        return lambda host, port: TcpTransport(network.look_up(host, port), host, None)
    return lambda host, port: network.dial(host, port, None)


def _pool(proxy: str | None, options: dict[str, Any]) -> httpcore2.ConnectionPool:
    if proxy is None:
        return httpcore2.ConnectionPool(**options)
    place = httpx2.Proxy(proxy)
    url = httpcore2.URL(
        scheme=place.url.raw_scheme, host=place.url.raw_host, port=place.url.port, target=place.url.raw_path
    )
    return httpcore2.HTTPProxy(proxy_url=url, proxy_auth=place.raw_auth, **options)


@contextmanager
def _translated(request: httpx2.Request) -> Iterator[None]:
    """The error of the same name one layer up."""
    try:
        yield
    except (
        httpcore2.NetworkError,
        httpcore2.TimeoutException,
        httpcore2.ProtocolError,
        httpcore2.ProxyError,
        httpcore2.UnsupportedProtocol,
    ) as error:
        kind: type[httpx2.TransportError] = getattr(httpx2, type(error).__name__)
        raise kind(str(error), request=request) from error


class _Body(httpx2.SyncByteStream):
    def __init__(self, found: httpcore2.Response, request: httpx2.Request) -> None:
        self._found = found
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        with _translated(self._request):
            yield from self._found.iter_stream()

    def close(self) -> None:
        self._found.close()
