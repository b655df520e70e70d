"""`cancel_orders_on_exit` and the venue's own switch under asyncio: however a block is left, on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from coinex_asyncio import open_coinex, open_coinflex, open_qfex
from coinex_proto import Config
from coinex_trio import memory_exchange
from tests.coinex_asyncio.virtual_loop import VirtualLoop

Place = Callable[[Any], Awaitable[object]]


def coinex_case() -> tuple[Any, Callable[..., Any], Place]:
    exchange = memory_exchange(seed=1)
    exchange.quote("BTCUSDT", "100", "101", "5")
    return (
        exchange,
        lambda **options: open_coinex("spot", exchange.credentials, network=exchange.network, **options),
        lambda cx: cx.place_order("BTCUSDT", "buy", "limit", "0.1", "99"),
    )


def qfex_case() -> tuple[Any, Callable[..., Any], Place]:
    exchange = memory_exchange("qfex", seed=1)
    exchange.quote("AAPL-USD", bid="100", ask="101", size="5")
    return (
        exchange,
        lambda **options: open_qfex(exchange.credentials, network=exchange.network, **options),
        lambda cx: cx.place_order("AAPL-USD", "BUY", "LIMIT", quantity="1", price="99.50"),
    )


def coinflex_case() -> tuple[Any, Callable[..., Any], Place]:
    exchange = memory_exchange("coinflex", seed=1)
    exchange.quote("XBT/USDT", bid="9600", ask="9610", size="2")
    return (
        exchange,
        lambda **options: open_coinflex(exchange.credentials, url=exchange.url, network=exchange.network, **options),
        lambda cx: cx.place_order("XBT/USDT", "buy", "0.5", "9500"),
    )


CASES = pytest.mark.parametrize("case", [coinex_case, qfex_case, coinflex_case])


def run(main: Callable[[], Any]) -> Any:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main())


@CASES
@pytest.mark.parametrize("way", ["end", "error", "cancelled", "stopped"])
def test_they_are_cancelled_however_the_block_is_left(case: Callable[[], Any], way: str) -> None:
    exchange, opened, place = case()

    async def block(left: list[Any]) -> None:
        async with opened(cancel_orders_on_exit=5.0) as cx:
            left.append(cx)
            await place(cx)
            await place(cx)
            assert len(exchange.orders()) == 2
            if way == "error":
                raise KeyError(way)
            if way == "stopped":
                cx.stop()
            if way == "cancelled":
                await asyncio.sleep(3600)

    async def main() -> Any:
        left: list[Any] = []
        task = asyncio.create_task(block(left))
        await asyncio.wait((task,), timeout=60.0)
        task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        assert {"end": outcome is None, "stopped": outcome is None}.get(way, isinstance(outcome, BaseException))
        return left[0]

    cx = run(main)
    assert exchange.orders() == ()
    assert [found.outcome for found in cx.cancelled_on_exit] == ["cancelled", "cancelled"]


@CASES
@pytest.mark.parametrize("trouble", ["lost", "silent", "away"])
def test_a_cancellation_of_which_nobody_knows_what_became_is_sent_again(case: Callable[[], Any], trouble: str) -> None:
    exchange, opened, place = case()

    async def main() -> Any:
        async with opened(cancel_orders_on_exit=9.0) as cx:
            await place(cx)
            if trouble == "silent":
                exchange.stall(3600.0)
                return cx
            if case is coinex_case:
                exchange.inject("on /spot/cancel-order ignore")
            if trouble == "away":
                cx.stop()
                exchange.inject("on connect http 503\non connect 2 http 503")
            exchange.drop()
            return cx

    cx = run(main)
    assert exchange.orders() == ()
    assert [(found.outcome, found.why) for found in cx.cancelled_on_exit] == [("cancelled", "")]


@CASES
def test_what_became_of_them_is_told_although_the_task_was_cancelled_meanwhile(case: Callable[[], Any]) -> None:
    exchange, opened, place = case()

    async def block(left: list[Any]) -> None:
        async with opened(cancel_orders_on_exit=9.0) as cx:
            left.append(cx)
            await place(cx)
            if case is coinex_case:
                exchange.inject("on /spot/cancel-order ignore")
            exchange.stall(3600.0)

    async def main() -> Any:
        left: list[Any] = []
        task = asyncio.create_task(block(left))
        await asyncio.sleep(2.0)  # it is leaving, and the first cancellation has no answer
        assert not task.done()
        task.cancel()
        await asyncio.wait((task,))
        assert task.cancelled()
        return left[0]

    cx = run(main)
    assert exchange.orders() == ()
    assert [(found.outcome, found.why) for found in cx.cancelled_on_exit] == [("cancelled", "")]


@CASES
def test_with_a_peer_that_went_silent_it_is_bounded_and_says_so(case: Callable[[], Any]) -> None:
    exchange, opened, place = case()

    async def main() -> Any:
        async with opened(cancel_orders_on_exit=2.0, config=Config(close_timeout=1.0)) as cx:
            await place(cx)
            exchange.stall(3600.0)
            began = asyncio.get_running_loop().time()
        return cx, asyncio.get_running_loop().time() - began

    cx, took = run(main)
    (found,) = cx.cancelled_on_exit
    assert took < 6.0
    assert found.outcome in ("unknown", "cancelled")
    assert found.why or found.outcome == "cancelled"


def test_qfex_itself_cancels_everything_when_the_connection_drops_if_it_was_asked_to() -> None:
    for is_on in (True, False):
        exchange, opened, place = qfex_case()

        async def main(
            is_on: bool = is_on, exchange: Any = exchange, opened: Any = opened, place: Place = place
        ) -> None:
            async with opened(cancel_on_disconnect=is_on) as cx:
                await place(cx)
                exchange.drop()
                await asyncio.sleep(10.0)
                assert len(exchange.orders()) == (0 if is_on else 1)

        run(main)
