"""Where a client's sockets, clock and random bytes come from, under asyncio.

`SYSTEM` is the real network and `ProxyNetwork` the same through an HTTP proxy: both are those of the other drivers. A local
exchange brings its own, `exchange.network`. Whatever else has `sources`, `now` and `open_transport` will do as well.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Protocol, TypeGuard, cast

from coinex_asyncio._io.sockets import Resolver, go_through, open_tcp, transport_on
from coinex_driver.network_errors import describe
from coinex_proto import Sources, UsageError
from coinex_proto.errors import quoted
from coinex_trio.network import SYSTEM, SystemNetwork
from coinex_trio.proxy import ProxyNetwork

__all__ = ["SYSTEM", "Network", "ProxyNetwork", "SystemNetwork", "VirtualNetwork"]


class Network(Protocol):
    """What a client needs of the world: a `SystemNetwork`, or a `VirtualNetwork`."""

    @property
    def sources(self) -> Sources:
        """Wall time and random bytes for the core."""
        ...

    def now(self) -> float:
        """Seconds on a clock that never goes back; it reads as Unix time. Its pace is the loop's."""
        ...


class Receiver(Protocol):
    """What a client gives to a network: the methods of an `asyncio.Protocol`."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...

    def data_received(self, data: bytes) -> None: ...

    def eof_received(self) -> bool | None: ...

    def connection_lost(self, exc: Exception | None) -> None: ...

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...


class VirtualNetwork(Network, Protocol):
    """A network without sockets of the system's."""

    async def open_transport(
        self, protocol: Receiver, host: str, port: int, ssl_context: ssl.SSLContext | None
    ) -> asyncio.Transport:
        """An open transport, TLS done, that calls this protocol, as asyncio's do.

        The caller bounds the time. Raises `OSError` or a `ConnectFailed` of its own.
        """
        ...


def check_network(network: object) -> None:
    """Raises `UsageError` for what leads nowhere under asyncio."""
    if not isinstance(network, SystemNetwork) and not _is_virtual(network):
        raise UsageError(
            f"network= takes SYSTEM, a ProxyNetwork, the network of a local exchange, or an object with open_transport(), "
            f"not {quoted(network)}"
        )


def _is_virtual(network: object) -> TypeGuard[VirtualNetwork]:
    return hasattr(network, "open_transport") and hasattr(network, "sources") and hasattr(network, "now")


async def open_transport(
    network: Network,
    protocol: asyncio.BaseProtocol,
    host: str,
    port: int,
    ssl_context: ssl.SSLContext | None,
    resolver: Resolver,
) -> asyncio.Transport:
    """An open transport, TLS done, that calls this protocol, which can do what a `Receiver` can.

    Raises `OSError` or a `ConnectFailed`.
    """
    if _is_virtual(network):
        return await network.open_transport(cast(Receiver, protocol), host, port, ssl_context)
    assert isinstance(network, SystemNetwork), "check_network() was called"
    way = network.way_to(host, port)
    try:
        opened = await open_tcp(await resolver.resolve(network.resolve, way.host, way.port))
    except OSError as error:
        if way.tunnel is None:
            raise
        why = describe(error)
    else:
        if way.tunnel is not None:
            await go_through(opened, way.tunnel)
        return await transport_on(opened, protocol, host, ssl_context)
    raise way.tunnel.failed(why)  # out here it has no context, whose frames hold the login
