"""The system's sockets under the blocking HTTP client, so that a whole exchange has one end in time.

httpx2's own time-outs count from the last byte: a peer that sends a header now and then, or interim answers without
end, would hold the calling thread for ever. Here every read and write also ends at the moment the request names. Under
trio a cancel scope does the same. Must not know what is sent.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, final

from coinex_driver.http.wire import CONNECTIONS, UNTIL, PoolSettings, httpcore2, httpx2


@final
class SocketTransport(httpx2.BaseTransport):
    """httpx2 on top, the system's sockets below, and a pool of connections in between.

    A request may say in its extension `UNTIL` when its answer must be complete; what takes longer raises a time-out.
    """

    def __init__(self, settings: PoolSettings, now: Callable[[], float]) -> None:
        self._backend = _Backend(now)
        arguments = settings.arguments()
        options: dict[str, Any] = {
            "ssl_context": arguments["verify"],
            "max_connections": CONNECTIONS.max_connections,
            "max_keepalive_connections": CONNECTIONS.max_keepalive_connections,
            "keepalive_expiry": CONNECTIONS.keepalive_expiry,
            "network_backend": self._backend,
        }
        self._pool: Final = _pool(arguments["proxy"], options)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer, its body yet to be read. Raises the errors of httpx2."""
        self._backend.until = request.extensions.get(UNTIL)
        url = request.url
        below = httpcore2.Request(
            request.method,
            httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.read(),
            extensions=request.extensions,
        )
        with _translated(request):
            found = self._pool.handle_request(below)
        return httpx2.Response(found.status, headers=found.headers, stream=_Body(found, request))

    def close(self) -> None:
        """Ends all connections."""
        self._pool.close()


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


class _Backend(httpcore2.NetworkBackend):
    """The system's sockets. One thread and one exchange at a time, so that one end in time holds for all of them."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.until: float | None = None
        self._now = now
        self._sockets = httpcore2.SyncBackend()

    def left(self, timeout: float | None, error: type[httpcore2.TimeoutException]) -> float | None:
        """What is left of a time-out; raises `error` when that is nothing."""
        if self.until is None:
            return timeout
        seconds = self.until - self._now()
        if seconds <= 0:
            raise error("the answer took too long as a whole")
        return seconds if timeout is None else min(timeout, seconds)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        bounded = self.left(timeout, httpcore2.ConnectTimeout)
        return _Stream(self, self._sockets.connect_tcp(host, port, bounded, local_address, socket_options))


class _Stream(httpcore2.NetworkStream):
    def __init__(self, backend: _Backend, stream: httpcore2.NetworkStream) -> None:
        self._backend = backend
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._backend.left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._backend.left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        bounded = self._backend.left(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._backend, self._stream.start_tls(ssl_context, server_hostname, bounded))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
