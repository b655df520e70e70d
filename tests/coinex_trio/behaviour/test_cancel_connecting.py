"""P1, N30: connecting is cancelled at every single step of TCP, of the way through a proxy and of TLS, and no socket is left."""

from __future__ import annotations

import asyncio
import gc
import os
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio
import trustme

import coinex_asyncio
from coinex_asyncio._io.sockets import Resolver
from coinex_asyncio.network import open_transport
from coinex_trio import ProxyNetwork
from tests.coinex_asyncio.test_client import CancelAt as AsyncioCancelAt
from tests.coinex_trio.behaviour.test_cancel_sweep import CancelAt as TrioCancelAt
from tests.coinex_trio.loopback import loopback
from tests.coinex_trio.proxy_peer import proxy_peer

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts sockets in /proc")
MOST_STEPS = 200


@contextmanager
def venue_behind_a_proxy() -> Iterator[tuple[str, int, ssl.SSLContext]]:
    """The proxy's URL, the port of a TLS peer behind it, and what to trust."""
    authority = trustme.CA()
    serving, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(serving)
    authority.configure_trust(trusting)
    with loopback(serving) as server, proxy_peer(venue_port=server.port) as peer:
        yield peer.url(), server.port, trusting


def own_sockets(peer_port: int) -> int:
    """Sockets of this process that lead to this port, seen from their client."""
    inodes = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[2].rpartition(":")[2], 16) == peer_port:
            inodes.add(f"socket:[{fields[9]}]")
    return sum(_link(path) in inodes for path in Path("/proc/self/fd").iterdir())


def _link(path: Path) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def test_p1_connecting_under_trio_may_be_cancelled_at_any_step_of_tcp_proxy_and_tls() -> None:
    with venue_behind_a_proxy() as (url, port, trusting):
        network = ProxyNetwork(url)

        async def main(step: int) -> bool:
            limiter = trio.CapacityLimiter(2)
            with trio.CancelScope() as scope:
                trio.lowlevel.add_instrument(TrioCancelAt(trio.lowlevel.current_task(), scope, step))
                async with await network.open_stream("localhost", port, trusting, limiter):
                    pass
            return scope.cancel_called

        step = 1
        while trio.run(main, step):
            gc.collect()
            assert own_sockets(port_of(url)) == 0
            step += 1
            assert step < MOST_STEPS
        assert step > 10


def test_p1_connecting_under_asyncio_may_be_cancelled_at_any_step_of_tcp_proxy_and_tls() -> None:
    with venue_behind_a_proxy() as (url, port, trusting):
        network = coinex_asyncio.ProxyNetwork(url)

        async def open_and_close() -> None:
            transport = await open_transport(network, asyncio.Protocol(), "localhost", port, trusting, Resolver())
            transport.abort()

        async def main(step: int) -> bool:
            async def work() -> None:
                await AsyncioCancelAt(open_and_close(), step)

            task = asyncio.create_task(work())
            await asyncio.wait({task})
            for _ in range(5):
                await asyncio.sleep(0)  # what is closed in a call of the loop
            assert asyncio.all_tasks() == {asyncio.current_task()}
            if not task.cancelled():
                task.result()
            return task.cancelled()

        step = 1
        while asyncio.run(main(step)):
            gc.collect()
            assert own_sockets(port_of(url)) == 0
            step += 1
            assert step < MOST_STEPS
        assert step > 3
