"""The QFEX client under asyncio: what opening one takes and begins. What it does is in tests/coinex_driver/test_async_qfex.py."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest

from coinex_asyncio import QfexClient, open_qfex
from coinex_proto import UsageError, qfex
from coinex_trio import QfexExchange, memory_exchange
from tests.coinex_asyncio.virtual_loop import VirtualLoop

SYMBOL = "AAPL-USD"
BBO = qfex.Bbo(SYMBOL)


@pytest.fixture
def exchange() -> QfexExchange:
    made = memory_exchange("qfex", seed=1)
    made.quote(SYMBOL, bid="100", ask="101", size="5")
    return made


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        await main()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(all_of_it())


def opened(exchange: QfexExchange, main: Callable[[QfexClient], Awaitable[None]], **options: Any) -> None:
    async def all_of_it() -> None:
        async with open_qfex(network=exchange.network, **options) as client:
            await main(client)

    run(all_of_it)


def test_a_stream_brings_the_events_of_both_sockets(exchange: QfexExchange) -> None:
    async def main(client: QfexClient) -> None:
        seen: set[str] = set()
        async with aclosing(client.events(BBO, qfex.Orders())) as stream:
            await client.place_order(SYMBOL, "BUY", "LIMIT", 1, "99")
            async for event in stream:
                seen.add(type(event).__name__)
                if len(seen) == 2:
                    break
        assert seen == {"BboUpdate", "OrderUpdate"}
        newest = client.latest(BBO)
        assert isinstance(await anext(newest), qfex.BboUpdate)
        newest.close()
        with pytest.raises(UsageError, match="topic"):
            client.latest()

    opened(exchange, main, credentials=exchange.credentials)


def test_an_order_has_an_average_price_since_fills_are_subscribed(exchange: QfexExchange) -> None:
    async def main(client: QfexClient) -> None:
        assert [status.topic for status in client.topics()] == [qfex.Fills()]

    opened(exchange, main, credentials=exchange.credentials)


def test_without_credentials_there_is_no_trade_socket(exchange: QfexExchange) -> None:
    async def main(client: QfexClient) -> None:
        await client.ready(BBO)
        assert client.stats is client.market_data_stats
        with pytest.raises(UsageError, match="Authentication required"):
            await client.request(qfex.GetUserTrades())

    opened(exchange, main)


@pytest.mark.parametrize("kind", ["keys", "token", "none"])
def test_http_goes_where_it_was_told_and_signs_with_keys_only(exchange: QfexExchange, kind: str) -> None:
    credentials = {"keys": exchange.credentials, "token": exchange.token_credentials, "none": None}[kind]

    async def main(client: QfexClient) -> None:
        await client.load_reference()
        assert client._has_keys is (kind == "keys")

    opened(exchange, main, credentials=credentials, http_url="http://127.0.0.1")


def test_http_of_sockets_that_are_not_the_venues_own_needs_an_address(exchange: QfexExchange) -> None:
    async def main(client: QfexClient) -> None:
        with pytest.raises(UsageError, match="http_url is needed"):
            await client.load_reference()

    opened(exchange, main, credentials=exchange.credentials, trade_url="wss://elsewhere")
    run_own: dict[str, Any] = {}

    async def own(client: QfexClient) -> None:
        run_own["reference"] = await client.load_reference()

    opened(exchange, own, credentials=exchange.credentials)
    assert run_own["reference"] is not None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cancel_orders_on_exit": float("nan")}, "a time in seconds"),
        ({"check_orders_every": 60.0}, "check_orders_every"),
        ({"account_id": "sub"}, "need credentials"),
        ({"cancel_on_disconnect": True}, "need credentials"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_opened(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        open_qfex(**options)


def test_one_opening_is_for_one_block(exchange: QfexExchange) -> None:
    async def main() -> None:
        opening = open_qfex(network=exchange.network)
        async with opening:
            pass
        with pytest.raises(UsageError, match="open_qfex"):
            async with opening:
                pass

    run(main)
