"""What was missed of own orders is asked about by itself, and the list of open orders may be compared, in every driver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
import trio
from trio.testing import MockClock

from coinex_proto import Event, OrderChanged, OrderView, Restored, Unrecognised, UsageError, coinex
from coinex_trio import CoinexClient, CoinflexClient, QfexClient, memory_exchange, open_coinex

MARKET = "BTCUSDT"
E = TypeVar("E", bound=Event)
On = Callable[[type[E]], Callable[[Callable[[E], object]], object]]


def written(on: Any) -> list[str]:
    """What becomes of the one order, in words."""
    story: list[str] = []
    on(Unrecognised)(lambda _: story.append("unreadable"))
    on(OrderChanged)(lambda event: story.append(event.order.state))
    on(Restored)(lambda event: story.append(f"restored, {event.unknown_orders} unknown"))
    return story


SEEN = ["unreadable", "unknown", "filled", "restored, 0 unknown"]


@pytest.mark.parametrize("backfill", [False, True])
async def test_under_trio_an_order_whose_end_could_not_be_read_is_asked_about(
    autojump_clock: MockClock, backfill: bool
) -> None:
    exchange = memory_exchange("coinex", rate=0.0, faults="on order.update 2 corrupt")
    exchange.quote(MARKET, "100", "101", "5")
    async with open_coinex("spot", exchange.credentials, network=exchange.network, backfill=backfill) as cx:
        story = written(cx.on)
        order = await cx.place_order(MARKET, "buy", "limit", "0.1", "99")
        exchange.fill(order)
        with trio.fail_after(60):
            assert (await cx.wait(order)).state == "filled"
        await trio.sleep(5)
        assert story[-4:] == SEEN
        assert cx.trusted(coinex.Orders(MARKET))


@pytest.mark.parametrize("backfill", [False, True])
def test_a_blocking_client_asks_about_an_order_whose_end_could_not_be_read(backfill: bool) -> None:
    exchange = memory_exchange("coinex", rate=0.0, faults="on order.update 2 corrupt")
    exchange.quote(MARKET, "100", "101", "5")
    with CoinexClient("spot", exchange.credentials, network=exchange.network, backfill=backfill) as cx:
        story = written(cx.on)
        order = cx.place_order(MARKET, "buy", "limit", "0.1", "99")
        exchange.fill(order)
        cx.run(seconds=5)
        assert story[-4:] == SEEN
        assert cx.wait(order, timeout=60).state == "filled"
        assert cx.trusted(coinex.Orders(MARKET))


def test_a_look_at_the_open_orders_finds_the_end_that_nobody_told() -> None:
    exchange = memory_exchange("coinex", rate=0.0, faults="on order.update 2 lose")
    exchange.quote(MARKET, "100", "101", "5")
    with CoinexClient("spot", exchange.credentials, network=exchange.network, check_orders_every=30) as cx:
        order = cx.place_order(MARKET, "buy", "limit", "0.1", "99")
        exchange.fill(order)
        cx.run(seconds=25)
        assert order.state == "live"
        other = exchange.place(MARKET, "buy", "98", "0.2")
        cx.run(seconds=10)
        assert (order.state, cx.stats.order_differences) == ("filled", 1)
        assert [view.order_id for view in cx.orders()] == [other.order_id]
        cx.run(seconds=100)
        assert cx.stats.order_differences == 1


async def test_a_look_under_trio_finds_it_too(autojump_clock: MockClock) -> None:
    exchange = memory_exchange("coinex", rate=0.0, faults="on order.update 2 lose")
    exchange.quote(MARKET, "100", "101", "5")
    async with open_coinex("spot", exchange.credentials, network=exchange.network, check_orders_every=30) as cx:
        order = await cx.place_order(MARKET, "buy", "limit", "0.1", "99")
        exchange.fill(order)
        await trio.sleep(40)
        assert (order.state, cx.stats.order_differences) == ("filled", 1)


def placed_on_qfex(qx: QfexClient) -> OrderView:
    return qx.place_order("AAPL-USD", "BUY", "LIMIT", "1", "1")


def test_a_look_on_qfex_finds_the_end_that_nobody_told() -> None:
    exchange = memory_exchange("qfex", rate=0.0, faults="on order_response 2 lose")
    with QfexClient(exchange.credentials, network=exchange.network, check_orders_every=30) as qx:
        order = placed_on_qfex(qx)
        exchange.fill(order)
        qx.run(seconds=40)
        assert order.has_ended
        assert qx.stats.order_differences == 1


def test_a_look_on_coinflex_finds_nothing_where_all_is_told() -> None:
    exchange = memory_exchange("coinflex", rate=0.0)
    with CoinflexClient(exchange.credentials, network=exchange.network, check_orders_every=30) as cf:
        order = cf.place_order("XBT/USDT", "buy", "1", "1")
        cf.run(seconds=100)
        assert (order.state, cf.stats.order_differences) == ("live", 0)


@pytest.mark.parametrize("seconds", [0, -1.0, float("nan"), "60"])
def test_an_interval_that_is_none_is_refused(seconds: Any) -> None:
    keys = coinex.Credentials("A" * 8, "B" * 8)
    with pytest.raises(UsageError):
        CoinexClient("spot", keys, check_orders_every=seconds)


def test_without_credentials_there_are_no_orders_to_compare() -> None:
    for make in (CoinexClient, QfexClient, CoinflexClient):
        with pytest.raises(UsageError, match="Authentication required"):
            make(check_orders_every=60)
