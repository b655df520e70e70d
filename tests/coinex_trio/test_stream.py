"""Streams of the trio client."""

from __future__ import annotations

import gc
from decimal import Decimal

import pytest
import trio
from trio.testing import MockClock

from coinex_proto import (
    Config,
    ConsumerTooSlow,
    coinex,
)
from coinex_trio import Client, open_client
from tests.coinex_trio.venue import TrioNetwork

BTC = coinex.Ticker("BTCUSDT")


ETH = coinex.Ticker("ETHUSDT")


async def settle() -> None:
    """Lets every task run until all wait."""
    await trio.testing.wait_all_tasks_blocked()


async def test_a_stream_gives_every_event_in_order(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        stream = client.events(BTC)
        await settle()
        for i in range(100):
            network.last.ticker(str(i))
        assert [int((await anext(stream)).last or 0) for _ in range(100)] == list(range(100))


async def test_c7_a_stream_that_is_dropped_lets_go_of_its_topics(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:

        async def first_of(client: Client) -> None:
            async for _ in client.events(BTC):
                break

        async with trio.open_nursery() as nursery:
            nursery.start_soon(first_of, client)
            await settle()
            network.last.ticker()
        gc.collect()
        assert client.topics() == ()
        await trio.sleep(1)
        assert network.last.methods() == ["state.subscribe", "state.unsubscribe"]


async def test_a_stream_may_be_closed_by_its_block(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        async with client.events(BTC) as stream:
            assert len(client.topics()) == 1
        assert client.topics() == ()
        assert [event async for event in stream] == []


async def test_c6_a_stream_that_is_too_slow_ends_alone(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    config = Config(queue_size=10)
    async with open_client(coinex.spot(), config=config, network=network) as client:
        slow, quick = client.events(BTC), client.latest(BTC)
        await settle()
        for i in range(50):
            network.last.ticker(str(i))
        await settle()
        with pytest.raises(ConsumerTooSlow):
            await anext(slow)
        assert (await anext(quick)).last == 49
        assert quick.skipped == 49
        assert slow.skipped == 0
        await client.ready(BTC)
        assert len(network.all) == 1


async def test_two_tasks_may_share_one_stream(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    got: list[Decimal] = []
    async with open_client(coinex.spot(), network=network) as client:
        stream = client.events(BTC)

        async def take() -> None:
            got.append((await anext(stream)).last or Decimal(-1))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(take)
            nursery.start_soon(take)
            await settle()
            network.last.ticker("1")
            network.last.ticker("2")
    assert sorted(got) == [1, 2]


async def test_a_stream_outside_the_block_learns_why_its_client_ended(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with trio.open_nursery() as nursery:

        async def read(client: Client) -> None:
            with pytest.raises(ZeroDivisionError):
                await anext(client.events(ETH))

        with pytest.raises(ZeroDivisionError):
            async with open_client(coinex.spot(), network=network) as client:
                nursery.start_soon(read, client)
                client.subscribe(BTC, callback=lambda _: 1 // 0)
                await settle()
                network.last.ticker()
                await trio.sleep_forever()


async def test_a_stream_can_be_closed_like_any_async_generator(autojump_clock: MockClock) -> None:
    async with open_client(coinex.spot(), network=TrioNetwork()) as client:
        stream = client.events(BTC)
        await stream.aclose()
        stream.close()
        assert client.topics() == ()
