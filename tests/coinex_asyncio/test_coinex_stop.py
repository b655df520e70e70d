"""HTTP calls of the asyncio client that are under way at `stop()`, on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from coinex_asyncio import CoinexClient, open_coinex
from coinex_proto import Config, OutcomeUnknown
from coinex_trio import Exchange, memory_exchange
from tests.coinex_asyncio.virtual_loop import VirtualLoop


def play(scenario: Callable[[CoinexClient, Exchange], Awaitable[None]]) -> None:
    exchange = memory_exchange(seed=1)
    exchange.quote("BTCUSDT", "100", "101", "5")

    async def main() -> None:
        config = Config(close_timeout=1.0, request_timeout=60.0)
        async with open_coinex("spot", exchange.credentials, network=exchange.network, config=config) as cx:
            await scenario(cx, exchange)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main())


def test_a_call_under_way_has_the_time_of_closing_and_its_order_is_unknown() -> None:
    async def scenario(cx: CoinexClient, exchange: Exchange) -> None:
        await cx.place_order("BTCUSDT", "buy", "limit", "0.1", "99")
        exchange.inject("on /spot/order every 1 ignore")
        placing = asyncio.create_task(cx.place_order("BTCUSDT", "buy", "limit", "0.1", "98"))
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0.5)
        stopped_at = loop.time()
        cx.stop()
        with pytest.raises(OutcomeUnknown):
            await placing
        assert loop.time() - stopped_at <= 1.1
        assert [order.state for order in cx.orders()][-1] == "unknown"

    play(scenario)


def test_a_call_that_is_answered_while_the_client_closes_has_its_result() -> None:
    async def scenario(cx: CoinexClient, exchange: Exchange) -> None:
        await cx.place_order("BTCUSDT", "buy", "limit", "0.1", "99")
        exchange.inject("on /spot/order late 0.5")
        placing = asyncio.create_task(cx.place_order("BTCUSDT", "buy", "limit", "0.1", "98"))
        await asyncio.sleep(0.1)
        cx.stop()
        assert (await placing).order_id is not None

    play(scenario)


def test_a_call_after_the_stop_has_its_own_time() -> None:
    async def scenario(cx: CoinexClient, exchange: Exchange) -> None:
        order = await cx.place_order("BTCUSDT", "buy", "limit", "0.1", "99")
        cx.stop()
        exchange.inject("on /spot/cancel-order late 3")
        assert (await cx.cancel_order(order)).state == "cancelled"
        assert exchange.orders() == ()

    play(scenario)


def test_cancelling_a_call_leaves_no_task_behind() -> None:
    async def scenario(cx: CoinexClient, exchange: Exchange) -> None:
        await cx.place_order("BTCUSDT", "buy", "limit", "0.1", "99")
        exchange.inject("on /spot/order every 1 ignore")
        placing = asyncio.create_task(cx.place_order("BTCUSDT", "buy", "limit", "0.1", "98"))
        await asyncio.sleep(0.1)
        placing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await placing

    play(scenario)
