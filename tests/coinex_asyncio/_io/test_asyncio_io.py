"""The sockets of one asyncio client, who waits for it, and what runs beside it; on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from coinex_asyncio import Client, open_client
from coinex_asyncio.client import made, opened
from coinex_proto import Closed, Config, Event, OrderChanged, OrderFact, SdkError, coinex
from coinex_trio import memory_exchange
from tests.coinex_asyncio.venue import AsyncioNetwork, virtually

BTC = coinex.Ticker("BTCUSDT")
THREE = (BTC, coinex.Depth("BTCUSDT"), coinex.Trades("BTCUSDT"))


def spot() -> coinex.CoinexDialect:
    """Without TLS, whose trust store takes longer to read than these tests."""
    return coinex.spot(url="ws://127.0.0.1/")


def built(network: Any, config: Config = Config()) -> Client:  # noqa: B008
    return Client(*made(spot(), None, config, None, network))


def test_topics_that_come_later_get_sockets_and_leaving_closes_every_one() -> None:
    exchange = memory_exchange(seed=1)

    async def main() -> None:
        config = Config(topics_per_connection=1)
        dialect = coinex.spot(url=exchange.url)
        async with open_client(dialect, config=config, network=exchange.network) as client:
            for number, topic in enumerate(THREE, 1):
                client.subscribe(topic)
                await asyncio.sleep(2)
                assert len(exchange._server.sockets()) == number
            assert client.trusted(*THREE)
        assert exchange._server.sockets() == ()

    virtually(main)


def test_what_a_call_causes_leaves_at_once_and_is_told_in_the_next_round_of_the_loop() -> None:
    async def main() -> None:
        network = AsyncioNetwork()
        async with open_client(spot(), network=network) as client:
            told: list[Event] = []
            await client.ready()
            client.subscribe(BTC)
            assert network.last.methods() == ["state.subscribe"]
            client.on(Event)(told.append)
            client.stop()
            assert told == []
            await asyncio.sleep(0.01)
            assert [type(event) for event in told if isinstance(event, Closed)] == [Closed]

    virtually(main)


def test_what_a_step_of_the_user_causes_by_itself_is_told_in_the_next_round_too() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with open_client(spot(), network=AsyncioNetwork()) as client:
            told: list[float] = []
            await client.ready()
            client.on(OrderChanged)(lambda _: told.append(loop.time()))
            session, fact = client._core.session, OrderFact(order_id=1, state="live")
            await asyncio.sleep(1)
            client._change(lambda: session.apply_facts(fact, now=client._core.now()))
            at = loop.time()
            assert told == []
            await asyncio.sleep(1)
            assert told == [at]

    virtually(main)


def test_a_topic_that_a_callback_subscribes_gets_a_socket_of_its_own_at_once() -> None:
    exchange = memory_exchange(seed=1)

    async def main() -> None:
        dialect = coinex.spot(url=exchange.url)
        async with open_client(dialect, config=Config(topics_per_connection=1), network=exchange.network) as client:

            @client.on(coinex.TickerUpdate)
            def subscribe(_: coinex.TickerUpdate) -> None:
                client.subscribe(THREE[1])

            client.subscribe(BTC)
            await asyncio.sleep(5)
            assert client.trusted(BTC, THREE[1])
            assert len(exchange._server.sockets()) == 2

    virtually(main)


def test_what_is_let_go_of_has_nothing_due_any_more() -> None:
    async def main() -> None:
        network = AsyncioNetwork()
        async with open_client(spot(), network=network) as client:
            await client.ready()
            (lane,) = client._io._lanes.values()
            timers = [lane._timer]
            client._io.abandon()
            await asyncio.sleep(0)
            timers.append(lane._timer)
            assert [timer is None for timer in timers] == [False, True]
            assert network.last.gone

    virtually(main)


def test_nothing_is_opened_before_it_is_to_begin_and_then_once() -> None:
    async def main() -> None:
        network = AsyncioNetwork()
        client = built(network)
        async with opened(client, client._io, begins=False):
            client.subscribe(BTC)
            await asyncio.sleep(5)
            assert network.attempts == []
            client._io.begin()
            client._io.begin()
            await client.ready()
            assert len(network.attempts) == 1
        assert network.last.closed_with is not None

    virtually(main)


def test_one_that_never_began_is_left_at_once() -> None:
    async def main() -> None:
        network = AsyncioNetwork()
        client = built(network)
        began = asyncio.get_running_loop().time()
        async with opened(client, client._io, begins=False):
            pass
        assert asyncio.get_running_loop().time() == began
        assert network.attempts == []

    virtually(main)


def test_what_runs_beside_it_ends_with_the_block_and_its_error_ends_the_block() -> None:
    async def main() -> None:
        network = AsyncioNetwork()
        ended: list[str] = []

        async def beside() -> None:
            try:
                await asyncio.sleep(3600)
            finally:
                ended.append("beside")

        async def failing() -> None:
            await asyncio.sleep(1)
            raise LookupError("a bug")

        client = built(network)
        async with opened(client, client._io, beside):
            await asyncio.sleep(1)
        assert ended == ["beside"]
        client = built(network)
        with pytest.raises(LookupError, match="a bug"):
            async with opened(client, client._io, beside, failing):
                await asyncio.sleep(3600)
        assert ended == ["beside"] * 2

    virtually(main)


@pytest.mark.parametrize("is_heard", [True, False])
def test_leaving_ends_in_time_whether_the_peer_answers_or_not_and_nothing_is_due_after_it(is_heard: bool) -> None:
    async def main() -> None:
        network = AsyncioNetwork(prepare=lambda venue: setattr(venue, "answers_close", is_heard))
        async with open_client(spot(), network=network, config=Config(close_timeout=2.0)) as client:
            io = client._io
            lane = next(iter(io._lanes.values()))
            began = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - began == pytest.approx(0.0 if is_heard else 2.0, abs=0.1)
        assert (lane._timer, lane._pause) == (None, None)
        assert network.last.gone

    virtually(main)


def test_who_waits_hears_of_the_end() -> None:
    async def main() -> None:
        network = AsyncioNetwork()
        waits: list[Callable[[Client], Awaitable[Any]]] = [
            lambda client: client.ready(BTC),
            lambda client: client.request(coinex.ServerTime()),
        ]
        for wait in waits:
            async with open_client(spot(), network=network) as client:
                network.last.is_silent = True
                waiting: asyncio.Task[Any] = asyncio.create_task(wait(client))  # type: ignore[arg-type]
                await asyncio.sleep(0.1)
            async with asyncio.timeout(60):
                with pytest.raises(SdkError):
                    await waiting

    virtually(main)
