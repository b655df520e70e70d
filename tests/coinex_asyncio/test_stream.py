"""Streams under asyncio: who is woken, how they end, and whose they are. Virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest

from coinex_asyncio import Client, open_client
from coinex_asyncio.stream import EventStream
from coinex_driver.stream_queue import lossless
from coinex_proto import Config, ConsumerTooSlow, UsageError, coinex
from tests.coinex_asyncio.venue import AsyncioNetwork, virtually

BTC = coinex.Ticker("BTCUSDT")
ETH = coinex.Ticker("ETHUSDT")


def with_client(story: Callable[[Client, AsyncioNetwork], Awaitable[None]], **options: Any) -> None:
    """Without TLS, whose trust store takes longer to read than these tests."""

    async def main() -> None:
        network = AsyncioNetwork()
        async with open_client(coinex.spot(url="ws://127.0.0.1/"), network=network, **options) as client:
            await story(client, network)

    virtually(main)


def test_who_waits_is_woken_by_several_events_at_once_and_takes_them_in_order() -> None:
    async def story(client: Client, network: AsyncioNetwork) -> None:
        stream = client.events(BTC)
        first = asyncio.create_task(anext(stream))
        await asyncio.sleep(1)
        assert not first.done()
        network.last.tickers("1", "2", "3")
        assert (await first).last == 1
        assert [(await anext(stream)).last for _ in range(2)] == [2, 3]
        again = asyncio.create_task(anext(stream))
        await asyncio.sleep(1)
        network.last.ticker("4")
        assert (await again).last == 4
        stream.close()

    with_client(story)


def test_the_newest_is_kept_and_what_it_replaced_is_counted() -> None:
    async def story(client: Client, network: AsyncioNetwork) -> None:
        stream = client.latest(BTC)
        await asyncio.sleep(0.1)
        network.last.tickers("1", "2", "3")
        await asyncio.sleep(0.1)
        assert (await anext(stream)).last == 3
        assert stream.skipped == 2
        stream.close()

    with_client(story)


def test_however_it_is_closed_its_topics_are_let_go_of() -> None:
    async def story(client: Client, network: AsyncioNetwork) -> None:
        stream = client.events(BTC)
        async with stream:
            assert len(client.topics()) == 1
        assert client.topics() == ()
        stream = client.events(BTC)
        async with aclosing(stream):
            assert len(client.topics()) == 1
        assert client.topics() == ()
        stream = client.events(BTC)
        stream.close()
        assert client.topics() == ()
        with pytest.raises(StopAsyncIteration):
            await anext(stream)

    with_client(story)


def test_who_waits_for_a_stream_of_a_client_that_stops_comes_to_its_end() -> None:
    async def story(client: Client, network: AsyncioNetwork) -> None:
        async def read() -> list[Any]:
            return [event async for event in client.events(BTC)]

        reading = asyncio.create_task(read())
        await asyncio.sleep(0.1)
        network.last.ticker("1")
        client.stop()
        assert [event.last for event in await reading] == [1]

    with_client(story)


def test_a_stream_that_nobody_reads_ends_with_consumer_too_slow() -> None:
    async def story(client: Client, network: AsyncioNetwork) -> None:
        stream = client.events(BTC)
        await asyncio.sleep(0.1)
        network.last.tickers("1", "2", "3")
        await asyncio.sleep(0.1)
        with pytest.raises(ConsumerTooSlow):
            while True:
                await anext(stream)

    with_client(story, config=Config(queue_size=2))


def test_of_several_sources_it_goes_on_until_the_last_has_ended() -> None:
    async def main() -> None:
        network = AsyncioNetwork()
        dialect = coinex.spot(url="ws://127.0.0.1/")
        async with open_client(dialect, network=network) as one, open_client(dialect, network=network) as two:
            for first, second in ((one, two), (two, one)):
                sources = [lossless(client._core, (BTC,)) for client in (first, second)]
                for client in (first, second):
                    client._io.changed()
                stream = EventStream(*sources)
                await asyncio.sleep(0.1)
                sources[0].close()
                for venue in network.all:
                    venue.ticker("7")
                assert (await anext(stream)).last == 7
                sources[1].close()
                async with asyncio.timeout(60):
                    with pytest.raises(StopAsyncIteration):
                        await anext(stream)

    virtually(main)


def test_a_second_task_is_refused_and_after_a_cancelled_wait_another_may_go_on() -> None:
    async def story(client: Client, network: AsyncioNetwork) -> None:
        stream = client.events(BTC)
        waiting = asyncio.create_task(anext(stream))
        await asyncio.sleep(0.1)
        with pytest.raises(UsageError, match="another task"):
            await anext(stream)
        waiting.cancel()
        await asyncio.wait((waiting,))
        network.last.ticker("5")
        assert (await anext(stream)).last == 5
        stream.close()

    with_client(story)


def test_in_another_loop_it_is_refused() -> None:
    streams: list[EventStream[Any]] = []

    async def story(client: Client, network: AsyncioNetwork) -> None:
        streams.append(client.events(BTC))
        with pytest.raises(UsageError, match="another event loop"):
            await asyncio.to_thread(lambda: asyncio.run(_next(streams[0])))

    with_client(story)


async def _next(stream: EventStream[Any]) -> Any:
    return await anext(stream)
