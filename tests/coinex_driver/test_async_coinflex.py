"""CoinFLEX awaited: decimals in and out, exact to the digit, one method a command."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal as D
from typing import Any

import pytest

from coinex_proto import BookChanged, RequestRefused, UsageError, coinflex
from tests.coinex_driver.awaited import Case, run

MARKET = "XBT/USDT"
PAIR = coinflex.ASSETS_2020.pair(MARKET)


def opened(main: Callable[[Case, Any], Awaitable[None]], **options: Any) -> None:
    case = Case("coinflex")

    async def all_of_it() -> None:
        async with case.open(**options) as client:
            await main(case, client)

    run(all_of_it)


def test_an_order_is_placed_changed_and_cancelled_in_decimals() -> None:
    async def main(case: Case, client: Any) -> None:
        order = await client.place_order(MARKET, "buy", "0.5", "99")
        assert (order.state, order.side, order.amount, order.price) == ("live", "buy", D("0.5"), D(99))
        assert [found.order_id for found in await client.get_orders()] == [order.order_id]
        changed = await client.modify_order(order, quantity_delta="-0.2", price="98")
        assert (changed.order_id, changed.remaining, changed.price) == (order.order_id, D("0.3"), D(98))
        cancelled = await client.cancel_order(order)
        assert isinstance(cancelled, coinflex.OrderCancelled)
        assert case.exchange.orders() == ()
        assert await client.get_orders() == ()
        with pytest.raises(RequestRefused) as caught:
            await client.cancel_order(order)
        assert caught.value.code == 1

    opened(main)


def test_a_change_of_an_order_that_is_gone_meanwhile_gives_the_order_as_it_was_handed_in() -> None:
    async def main(_: Case, client: Any) -> None:
        order = await client.place_order(MARKET, "buy", "0.5", "99")
        shown = order.snapshot()
        changed = await client.modify_order(shown, quantity_delta="-0.5")
        assert changed.order_id == order.order_id
        await asyncio.sleep(1.0)
        assert order.state == "cancelled"
        assert client.orders() == ()

    opened(main)


def test_all_orders_of_the_account_are_cancelled_those_of_other_programs_too() -> None:
    async def main(case: Case, client: Any) -> None:
        await client.place_order(MARKET, "buy", "0.5", "99")
        case.exchange.place(MARKET, "buy", "98", "1")
        assert len(case.exchange.orders()) == 2
        found = await client.cancel_all_orders()
        assert len(found.orders) == 2
        assert case.exchange.orders() == ()

    opened(main)


def test_an_order_says_how_it_may_rest() -> None:
    async def main(case: Case, client: Any) -> None:
        with pytest.raises(RequestRefused):
            await client.place_order(MARKET, "buy", "0.5", "101", post_only=True)
        gone = await client.place_order(MARKET, "buy", "7", "101", persist="fill_or_kill")
        await asyncio.sleep(1.0)
        assert gone.has_ended
        named = await client.place_order(MARKET, "buy", "0.5", "99", tonce=7)
        assert str(named.client_order_id) == "7"
        spent = await client.place_order(MARKET, "buy", total="10.1")
        await asyncio.sleep(1.0)
        assert spent.has_ended
        await client.place_order(MARKET, "buy", "0.5", "98", persist=False)
        assert len(case.exchange.orders()) == 2

    opened(main)


def test_money_and_volume_are_decimals_of_named_assets() -> None:
    async def main(_: Case, client: Any) -> None:
        balances = {balance.asset: balance for balance in await client.get_balances()}
        assert all(isinstance(balance.available, D) for balance in balances.values())
        before = await client.get_trade_volume("XBT")
        await client.place_order(MARKET, "buy", "0.5")
        await asyncio.sleep(1.0)
        assert await client.get_trade_volume("XBT") - before == D("0.5")

    opened(main)


def test_what_a_market_order_would_trade_is_asked_without_a_sign_in() -> None:
    async def main(_: Case, client: Any) -> None:
        found = await client.estimate_market_order(MARKET, "buy", quantity="0.5")
        assert (found.quantity, found.total) == (D("0.5"), D("50.5"))
        with pytest.raises(UsageError):
            await client.estimate_market_order(MARKET, "buy", quantity=0.5)

    opened(main, is_signed=False)


@pytest.mark.parametrize(
    ("channel", "topic", "kind"),
    [("orders", coinflex.OrderBook(*PAIR), BookChanged), ("ticker", coinflex.Ticker(*PAIR), coinflex.TickerUpdate)],
)
def test_a_channel_is_watched_until_it_is_not(channel: str, topic: Any, kind: type[Any]) -> None:
    async def main(case: Case, client: Any) -> None:
        got: list[object] = []
        getattr(client, f"watch_{channel}")(MARKET, got.append)
        await client.ready(topic)
        case.exchange.quote(MARKET, "100", "102", "5")
        await asyncio.sleep(1.0)
        assert got
        assert {type(event) for event in got} == {kind}
        getattr(client, f"unwatch_{channel}")(MARKET)
        assert client.topics() == ()
        count = len(got)
        case.exchange.quote(MARKET, "100", "101", "5")
        await asyncio.sleep(1.0)
        assert len(got) == count

    opened(main, is_signed=False)


def test_nothing_was_cancelled_on_the_way_in() -> None:
    async def main(_: Case, client: Any) -> None:
        assert client.cancelled_on_exit == ()
        assert client.assets is coinflex.ASSETS_2020

    opened(main)
