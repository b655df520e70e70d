"""The trio side of a connection in memory, on the clock of trio."""

import pytest
import trio
import trio.testing

from coinex_proto import BookChanged, UsageError, coinex
from coinex_trio import Exchange, memory_exchange, open_client

DEPTH = coinex.Depth("BTCUSDT")


@pytest.fixture
def exchange() -> Exchange:
    return memory_exchange(seed=1)


async def test_under_trio_the_exchange_follows_trios_clock(
    exchange: Exchange, autojump_clock: trio.testing.MockClock
) -> None:
    began = trio.current_time()
    async with open_client(coinex.spot(), network=exchange.network) as client:
        await client.ready(DEPTH)
        count = 0
        async for event in client.events(DEPTH):
            assert isinstance(event, BookChanged)
            count += 1
            if count == 200:
                break
        assert trio.current_time() - began > 20
        exchange.drop()
        await trio.sleep(0.01)
        assert not client.trusted(DEPTH)
        with trio.fail_after(60):
            await client.ready(DEPTH)
        with pytest.raises(UsageError, match="MockClock"):
            exchange.advance(1)


async def test_under_trio_orders_and_private_topics_come_too(
    exchange: Exchange, autojump_clock: trio.testing.MockClock
) -> None:
    dialect = coinex.spot(credentials=exchange.credentials)
    async with open_client(dialect, network=exchange.network) as client:
        stream = client.events(coinex.Orders())
        await client.ready(coinex.Orders())
        exchange.fill(exchange.place("BTCUSDT", "sell", "61000", "0.1"))
        kinds = [(await anext(stream)).event for _ in range(2)]
    assert kinds == ["put", "finish"]
