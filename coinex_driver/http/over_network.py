"""HTTP over streams that a driver brings, instead of the system's sockets: what lets a bot's HTTP calls run in memory.

httpx2's own pool (httpcore2, which comes with it) speaks HTTP; a driver brings the streams below it as a network backend. One
connection a request, no TLS, no proxy: networks other than the system's lead to a local exchange. Must not know trio nor
asyncio.
"""

from __future__ import annotations

from typing import Final

from coinex_driver.http.wire import httpcore2, httpx2

PLAIN_PORT: Final = 80


class AsyncNetworkTransport(httpx2.AsyncBaseTransport):
    """httpx2 on top, the streams of a backend below, for drivers that await.

    `speaks_plainly`: no TLS whatever the address says, so that a bot may keep the venue's own address in memory.
    """

    def __init__(self, backend: httpcore2.AsyncNetworkBackend, *, speaks_plainly: bool) -> None:
        self._speaks_plainly = speaks_plainly
        self._pool = httpcore2.AsyncConnectionPool(network_backend=backend, max_keepalive_connections=0)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer. Raises the errors of httpx2."""
        try:
            found = await self._pool.handle_async_request(
                below(request, await request.aread(), speaks_plainly=self._speaks_plainly)
            )
            try:
                return above(found, await found.aread())
            finally:
                await found.aclose()
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError) as error:
            raise translated(error, request) from error

    async def aclose(self) -> None:
        """Ends the connections."""
        await self._pool.aclose()


def below(request: httpx2.Request, body: bytes, *, speaks_plainly: bool) -> httpcore2.Request:
    """The request one layer down, its target as signed."""
    target = request.extensions.get("target", request.url.raw_path)
    scheme = b"http" if speaks_plainly else request.url.raw_scheme
    port = request.url.port or (PLAIN_PORT if speaks_plainly else None)
    url = httpcore2.URL(scheme=scheme, host=request.url.raw_host, port=port, target=target)
    return httpcore2.Request(
        request.method, url, headers=request.headers.raw, content=body, extensions=request.extensions
    )


def above(found: httpcore2.Response, body: bytes) -> httpx2.Response:
    """The answer one layer up."""
    return httpx2.Response(found.status, headers=found.headers, content=body)


def translated(error: Exception, request: httpx2.Request) -> httpx2.TransportError:
    """The error of the same name one layer up."""
    kind: type[httpx2.TransportError] = getattr(httpx2, type(error).__name__)
    return kind(str(error), request=request)
