"""QFEX under trio: no facade of its own, topics and commands on `open_client`, on the clock of the test."""

from __future__ import annotations

from decimal import Decimal as D

import trio
import trio.testing

from coinex_proto import OrderChanged, qfex
from coinex_trio import memory_exchange, open_client
from tests.processes import HANGS_AFTER

SYMBOL = "AAPL-USD"


async def test_market_data_and_an_order_in_one_nursery(autojump_clock: trio.testing.MockClock) -> None:
    exchange = memory_exchange("qfex", seed=1)
    exchange.quote(SYMBOL, bid="100", ask="101", size="5")
    async with (
        open_client(qfex.mds(), network=exchange.network) as mds,
        open_client(qfex.trade(exchange.credentials), network=exchange.network) as trade,
    ):
        await mds.ready(qfex.Level2(SYMBOL))
        assert mds.book(qfex.Level2(SYMBOL)).best_ask == (D(101), D(5))
        trade.subscribe(qfex.Fills())
        await trade.ready(qfex.Fills())
        order = await trade.request(
            qfex.AddOrder(symbol=SYMBOL, side="BUY", order_type="LIMIT", quantity=1, price="99", client_order_id="mine")
        )
        assert order.state == "live"
        exchange.fill(order)
        with trio.fail_after(HANGS_AFTER):
            assert (await trade.wait(order)).average_price == D(99)


async def test_a_dropped_connection_comes_back_with_its_orders(autojump_clock: trio.testing.MockClock) -> None:
    exchange = memory_exchange("qfex", seed=1)
    exchange.quote(SYMBOL, bid="100", ask="101", size="5")
    async with open_client(qfex.trade(exchange.credentials), network=exchange.network) as trade:
        await trade.request(
            qfex.AddOrder(symbol=SYMBOL, side="BUY", order_type="LIMIT", quantity=1, price="99", client_order_id="mine")
        )
        states = []
        async with trade.events(OrderChanged) as changes:
            exchange.drop()
            with trio.fail_after(60):
                async for event in changes:
                    states.append(event.order.state)
                    if states[-1] == "live":
                        break
    assert states == ["unknown", "live"]
