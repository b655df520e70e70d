"""CoinEx over HTTP under asyncio: where it goes, and how often a call is tried."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from coinex_asyncio import open_http
from coinex_driver.http.wire import httpx2
from coinex_proto import SdkError, UsageError
from coinex_proto.coinex.http import spot
from coinex_trio import memory_exchange
from tests.coinex_asyncio.virtual_loop import VirtualLoop


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        await main()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(all_of_it())


def test_it_reaches_an_exchange_in_memory_by_its_network() -> None:
    exchange = memory_exchange(seed=1)

    async def main() -> None:
        async with open_http(exchange.credentials, network=exchange.network) as http:
            assert await http.request(spot.ListMarket())

    run(main)


def test_a_transport_of_ones_own_is_used_and_a_call_is_tried_three_times_more() -> None:
    asked: list[str] = []

    def answer(request: Any) -> Any:
        asked.append(request.url.path)
        return httpx2.Response(503)

    async def main() -> None:
        network: Any = memory_exchange(seed=1).network
        async with open_http(network=network, transport=httpx2.MockTransport(answer)) as http:
            with pytest.raises(SdkError):
                await http.request(spot.ListMarket())

    run(main)
    assert len(asked) == 4


def test_what_leads_nowhere_and_keys_without_tls_are_refused() -> None:
    exchange = memory_exchange(seed=1)

    async def main() -> None:
        with pytest.raises(UsageError, match="network= takes"):
            async with open_http(network=object()):  # type: ignore[arg-type]
                pass
        with pytest.raises(UsageError, match="allow_plaintext"):
            async with open_http(exchange.credentials, url="http://venue.test"):
                pass

    run(main)
