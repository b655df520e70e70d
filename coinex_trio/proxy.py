"""The system's network through an HTTP proxy: `network=ProxyNetwork("http://user:password@host:port")`.

The proxy gets the venue's name and finds its address; TLS to the venue is spoken through the tunnel, so that the proxy
sees host and port and nothing else. This module must not import trio when it is imported.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, final

from coinex_driver.network_errors import describe
from coinex_driver.proxy_tunnel import Proxy, Tunnel
from coinex_proto import ProxyError
from coinex_trio._io.sockets import SocketTransport
from coinex_trio.network import SystemNetwork, Way

if TYPE_CHECKING:
    import trio


@final
class ProxyNetwork(SystemNetwork):
    """Real sockets that lead through one HTTP proxy (CONNECT), for WebSockets and for CoinEx over HTTP.

    Everything goes through it, loopback addresses too; only HTTP to a loopback address does not. User and password are
    percent-encoded and may be left out. The environment's proxy variables are not read. Raises `UsageError`, without
    any part of the text, for what is no such URL; `https://` (TLS to the proxy) and SOCKS are not spoken.

    A proxy that cannot be reached, refuses, stays silent or talks nonsense is a `ProxyError`, within `Config.open_timeout`.
    So is a venue that stays silent in TLS: from outside nobody can see that.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        # Whoever prints the locals of a failed construction must not see it here.
        holder = [url]
        del url
        self._proxy = Proxy(holder.pop())

    def __repr__(self) -> str:
        return f"ProxyNetwork({str(self._proxy)!r})" if hasattr(self, "_proxy") else "ProxyNetwork()"

    @property
    def http_proxy(self) -> str:
        """For HTTP clients: the proxy's URL, with its password."""
        return self._proxy.url

    def dial(self, host: str, port: int, ssl_context: ssl.SSLContext | None) -> SocketTransport:
        """Begins to resolve the proxy's name, and connects to it then. What goes wrong is a `ProxyError` of `progress`."""
        addresses = self.look_up(self._proxy.host, self._proxy.port)
        return SocketTransport(addresses, host, ssl_context, Tunnel(self._proxy, host, port))

    async def open_stream(
        self, host: str, port: int, ssl_context: ssl.SSLContext | None, resolver: trio.CapacityLimiter
    ) -> trio.abc.Stream:
        """TCP to the proxy, CONNECT, then TLS to the venue. Raises `ProxyError` for all before TLS."""
        from coinex_trio._io.trio_streams import go_through, open_tcp, start_tls

        tunnel = Tunnel(self._proxy, host, port)
        try:
            stream = await open_tcp(self._proxy.host, self._proxy.port, resolver, self.resolve)
        except OSError as error:
            why = describe(error)
        else:
            await go_through(stream, tunnel)
            return stream if ssl_context is None else await start_tls(stream, host, ssl_context)
        raise tunnel.failed(why)

    def way_to(self, host: str, port: int) -> Way:
        """To the proxy, and through it."""
        return Way(self._proxy.host, self._proxy.port, Tunnel(self._proxy, host, port))

    def failed(self, host: str, port: int, why: str) -> ProxyError:
        """A `ProxyError`: nobody can see from outside where on the way it went wrong."""
        return Tunnel(self._proxy, host, port).failed(why)
