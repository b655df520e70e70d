"""What may be given as `network=` under asyncio, and where its connections lead. Real loopback."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from coinex_asyncio import open_client
from coinex_asyncio._io.sockets import Resolver
from coinex_asyncio.network import SYSTEM, Network, ProxyNetwork, SystemNetwork, check_network, open_transport
from coinex_proto import ProxyError, UsageError, coinex
from coinex_trio import memory_exchange
from tests.ports import refusing_port
from tests.processes import HANGS_AFTER


class Echo:
    """Answers a CONNECT, where one comes, and gives back what comes behind it."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.asked = b""
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                peer, _ = self._listener.accept()
                with peer:
                    while data := peer.recv(65536):
                        if data.startswith(b"CONNECT"):
                            self.asked = data
                            data = b"HTTP/1.1 200 OK\r\n\r\n"
                        peer.sendall(data)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(HANGS_AFTER)


@pytest.fixture
def echo() -> Iterator[Echo]:
    made = Echo()
    yield made
    made.close()


class Got(asyncio.Protocol):
    """What has come."""

    def __init__(self) -> None:
        self.data = asyncio.Event()
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        self.data.set()


def run(main: Callable[[], Awaitable[Any]]) -> None:
    async def guarded() -> None:
        async with asyncio.timeout(HANGS_AFTER):
            await main()

    asyncio.run(guarded())


async def echoed(network: Network, host: str, port: int) -> bytes:
    got = Got()
    transport = await open_transport(network, got, host, port, None, Resolver())
    transport.write(b"hello")
    await got.data.wait()
    transport.abort()
    return got.received


def test_the_system_leads_to_the_address_itself(echo: Echo) -> None:
    async def main() -> None:
        assert await echoed(SYSTEM, "127.0.0.1", echo.port) == b"hello"
        assert echo.asked == b""
        with pytest.raises(ConnectionRefusedError):
            await echoed(SYSTEM, "127.0.0.1", refusing_port())

    run(main)


def test_a_proxy_network_leads_through_the_proxy_and_says_so_where_it_cannot(echo: Echo) -> None:
    async def main() -> None:
        assert await echoed(ProxyNetwork(f"http://127.0.0.1:{echo.port}"), "venue.test", 443) == b"hello"
        assert echo.asked.startswith(b"CONNECT venue.test:443 ")
        dead = refusing_port()
        with pytest.raises(ProxyError, match=rf"venue\.test:443 through the proxy 127\.0\.0\.1:{dead}: .*refused"):
            await echoed(ProxyNetwork(f"http://127.0.0.1:{dead}"), "venue.test", 443)

    run(main)


def test_the_network_of_an_exchange_in_memory_takes_any_address() -> None:
    exchange = memory_exchange(seed=1)

    async def main() -> None:
        transport = await open_transport(exchange.network, Got(), "venue.test", 443, None, Resolver())
        transport.abort()

    run(main)


def test_every_network_there_is_may_be_given() -> None:
    for network in (SYSTEM, SystemNetwork(), ProxyNetwork("http://proxy.test:8080"), memory_exchange().network):
        check_network(network)


@pytest.mark.parametrize("has", [(), ("open_transport",), ("open_transport", "now"), ("sources", "now")])
def test_what_leads_nowhere_under_asyncio_is_refused_before_anything_is_opened(has: tuple[str, ...]) -> None:
    network: Any = type("Network", (), dict.fromkeys(has))()

    async def main() -> None:
        with pytest.raises(UsageError, match="network= takes SYSTEM, a ProxyNetwork"):
            async with open_client(coinex.spot(), network=network):
                pass

    run(main)
