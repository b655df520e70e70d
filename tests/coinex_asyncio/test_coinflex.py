"""The CoinFLEX client under asyncio: what opening one takes, and the tables over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from coinex_asyncio import open_coinflex
from coinex_asyncio.coinflex import fetch_assets, fetch_markets
from coinex_proto import RequestRefused, RequestTimedOut, UsageError, coinflex
from coinex_proto.coinflex.http import LIVE_HTTP_URL
from coinex_trio import memory_exchange
from coinex_trio._local.coinflex import CoinflexExchange
from tests.coinex_asyncio.virtual_loop import VirtualLoop

MARKET = "XBT/USDT"
PAIR = coinflex.ASSETS_2020.pair(MARKET)


@pytest.fixture
def exchange() -> CoinflexExchange:
    made = memory_exchange("coinflex", seed=1)
    made.quote(MARKET, bid="9600", ask="9610", size="2")
    return made


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        await main()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(all_of_it())


def test_the_tables_come_over_http(exchange: CoinflexExchange) -> None:
    async def main() -> None:
        network: Any = exchange.network
        assets = await fetch_assets(exchange.http_url, network=network)
        assert assets.pair(MARKET) == PAIR
        markets = await fetch_markets(exchange.http_url, network=network)
        assert markets[PAIR].tick == 10_000
        exchange.refuse("/assets/", 503)
        with pytest.raises(RequestRefused) as caught:
            await fetch_assets(exchange.http_url, network=network)
        assert (caught.value.code, caught.value.retryable) == (503, True)

    run(main)


def test_a_table_that_does_not_come_is_an_error_in_time(exchange: CoinflexExchange) -> None:
    async def main() -> None:
        network: Any = exchange.network
        exchange.inject("on /assets/ ignore")
        began = asyncio.get_running_loop().time()
        with pytest.raises(RequestTimedOut):
            await fetch_assets(exchange.http_url, network=network)
        assert 1.0 < asyncio.get_running_loop().time() - began < 60.0

    run(main)


def test_assets_name_the_markets_and_orders_are_cancelled_when_the_block_is_left(exchange: CoinflexExchange) -> None:
    async def main() -> None:
        network: Any = exchange.network
        async with open_coinflex(
            exchange.credentials, url=exchange.url, network=network, cancel_orders_on_exit=5.0
        ) as client:
            await client.place_order(MARKET, "buy", "0.5", "9500")
            assert len(exchange.orders()) == 1
        assert exchange.orders() == ()
        assert [found.outcome for found in client.cancelled_on_exit] == ["cancelled"]

    run(main)


def test_orders_stand_when_the_block_is_left_unless_they_are_to_be_cancelled(exchange: CoinflexExchange) -> None:
    async def main() -> None:
        network: Any = exchange.network
        async with open_coinflex(exchange.credentials, url=exchange.url, network=network) as client:
            await client.place_order(MARKET, "buy", "0.5", "9500")
        assert len(exchange.orders()) == 1
        assert client.cancelled_on_exit == ()

    run(main)


def test_a_table_comes_from_the_address_that_is_given_or_the_exchanges_own(exchange: CoinflexExchange) -> None:
    async def main() -> None:
        network: Any = exchange.network
        for url, base in ((exchange.http_url, exchange.http_url), (None, LIVE_HTTP_URL)):
            exchange.inject("on /assets/ ignore")
            with pytest.raises(RequestTimedOut, match=f"of {urlsplit(base).hostname}"):
                await fetch_assets(url, network=network)

    run(main)


def test_without_credentials_there_is_market_data_and_nothing_to_cancel(exchange: CoinflexExchange) -> None:
    async def main() -> None:
        network: Any = exchange.network
        async with open_coinflex(url=exchange.url, network=network, cancel_orders_on_exit=5.0) as client:
            await client.ready(coinflex.Ticker(*PAIR))
        assert client.cancelled_on_exit == ()

    run(main)


def test_the_address_left_out_is_the_exchanges_own_and_without_tls_an_account_is_not_sent(
    exchange: CoinflexExchange,
) -> None:
    async def main() -> None:
        network: Any = exchange.network
        plain = "ws://venue.test/v1"
        with pytest.raises(UsageError, match="allow_plaintext"):
            async with open_coinflex(exchange.credentials, url=plain, network=network):
                pass
        async with open_coinflex(exchange.credentials, url=plain, network=network, allow_plaintext=True) as client:
            assert client._core.session.dialect.endpoint.host == "venue.test"
        async with open_coinflex(network=network) as client:
            assert client._core.session.dialect.endpoint.host in coinflex.LIVE_URL

    run(main)
