"""The CoinEx client under asyncio: what opening one takes, and what it does by itself. In memory, on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from coinex_asyncio import CoinexClient, open_coinex
from coinex_asyncio.order_guard import OrderGuard
from coinex_proto import Restored, UsageError, coinex
from coinex_proto.events import Backfilled
from coinex_trio import Exchange, memory_exchange
from tests.coinex_asyncio.virtual_loop import VirtualLoop

TRADES = coinex.Trades("BTCUSDT")


def play(scenario: Callable[[CoinexClient, Exchange], Awaitable[None]], **options: Any) -> Exchange:
    exchange = memory_exchange(seed=1)
    exchange.quote("BTCUSDT", "100", "101", "5")

    async def main() -> None:
        async with open_coinex("spot", exchange.credentials, network=exchange.network, **options) as cx:
            await scenario(cx, exchange)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main())
    return exchange


@pytest.mark.parametrize(("options", "filled"), [({}, 0), ({"backfill": True}, 1)])
def test_what_was_missed_is_asked_for_over_http_where_it_was_asked_for(options: dict[str, Any], filled: int) -> None:
    async def scenario(cx: CoinexClient, exchange: Exchange) -> None:
        restored: list[Restored] = []
        told: list[Backfilled] = []
        cx.on(Restored)(restored.append)
        cx.on(Backfilled)(told.append)
        await cx.ready(TRADES)
        exchange.drop()
        await asyncio.sleep(20.0)
        assert len(restored) == 1
        assert len(told) == filled

    play(scenario, **options)


def test_a_guard_cancels_what_stands_on_the_way_out_and_says_so() -> None:
    clients: list[CoinexClient] = []

    async def scenario(cx: CoinexClient, exchange: Exchange) -> None:
        clients.append(cx)
        await cx.place_order("BTCUSDT", "buy", "limit", "0.1", "99")

    exchange = play(scenario, guard=OrderGuard(markets=("BTCUSDT",)))
    assert exchange.orders() == ()
    assert clients[0].guarded is not None


@pytest.mark.parametrize(
    "options",
    [
        {"cancel_orders_on_exit": float("nan")},
        {"cancel_orders_on_exit": 5.0, "guard": OrderGuard(markets=("BTCUSDT",))},
        {"check_orders_every": float("nan")},
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_opened(options: dict[str, Any]) -> None:
    async def scenario(cx: CoinexClient, exchange: Exchange) -> None:
        raise AssertionError

    with pytest.raises(UsageError):
        play(scenario, **options)


def test_a_guard_needs_credentials() -> None:
    async def main() -> None:
        with pytest.raises(UsageError, match="Authentication required"):
            async with open_coinex("spot", guard=OrderGuard(markets=("BTCUSDT",))):
                pass

    asyncio.run(main())
