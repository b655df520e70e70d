"""CoinEx awaited: own orders over HTTP beside the socket, what the account holds, and what is asked after a loss."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from decimal import Decimal as D
from typing import Any

import pytest

from coinex_driver.async_coinex import LIVE_WITHIN
from coinex_driver.order_guard import OrderGuard, OrdersGuarded
from coinex_proto import NotReady, OrderView, OutcomeUnknown, Restored, UsageError, coinex
from coinex_proto.coinex.http import HttpRefused
from tests.coinex_driver.awaited import Case, now, run

MARKET = "BTCUSDT"


def opened(main: Callable[[Case, Any], Awaitable[None]], **options: Any) -> Any:
    """The client, after its block."""
    case = Case("coinex")
    left: list[Any] = []

    async def all_of_it() -> None:
        async with case.open(**options) as client:
            left.append(client)
            await main(case, client)

    run(all_of_it)
    return left[0]


async def buy(client: Any, price: str = "99", amount: str = "0.1", **more: Any) -> OrderView:
    view: OrderView = await client.place_order(MARKET, "buy", "limit", amount, price, **more)
    return view


# Orders ---------------------------------------------------------------------------------------------------------------


def test_an_order_is_placed_changed_cancelled_and_its_view_follows() -> None:
    async def main(case: Case, client: Any) -> None:
        order = await buy(client, client_id="mine")
        assert (order.state, order.client_order_id, order.price) == ("live", "mine", D(99))
        assert (await client.modify_order(order, price="98")).price == D(98)
        assert await client.open_orders(MARKET) == (order,)
        assert (await client.cancel_order(order)).state == "cancelled"
        assert case.exchange.orders() == ()
        assert await client.open_orders() == ()
        made = await buy(client)
        assert len(made.client_order_id or "") == 24

    opened(main)


def test_an_order_is_waited_for_to_its_end() -> None:
    async def main(case: Case, client: Any) -> None:
        order = await buy(client)
        waiting = asyncio.ensure_future(client.wait(order))
        await asyncio.sleep(60.0)
        assert not waiting.done()
        case.exchange.fill(order)
        assert (await waiting).state == "filled"

    opened(main)


def test_an_order_of_lost_answer_is_resolved_by_asking() -> None:
    async def main(case: Case, client: Any) -> None:
        await client.ready(coinex.Orders(MARKET))
        case.exchange.inject("on /spot/order lose-answer")
        order = await buy(client)
        assert (await client.resolve(order)).state == "live"

    opened(main)


def test_an_order_of_unknown_state_is_asked_about_without_being_told_to() -> None:
    async def main(case: Case, client: Any) -> None:
        order = await buy(client)
        case.exchange.drop()
        await asyncio.sleep(0.001)
        seen = [order.state]
        await asyncio.sleep(30.0)
        assert [*seen, order.state] == ["unknown", "live"]

    opened(main)


def test_the_venues_no_comes_out_as_itself() -> None:
    async def main(_: Case, client: Any) -> None:
        with pytest.raises(HttpRefused) as caught:
            await buy(client, amount="1000000000")
        assert caught.value.kind == "balance"

    opened(main)


def test_no_order_is_sent_where_its_pushes_do_not_come_in_time() -> None:
    async def main(case: Case, client: Any) -> None:
        case.exchange.stall(60.0)
        began = now()
        with pytest.raises(NotReady, match="not live within 10 s"):
            await buy(client)
        assert now() - began == pytest.approx(LIVE_WITHIN, abs=0.5)
        assert case.exchange.orders() == ()

    opened(main)


def test_without_credentials_there_is_no_order_to_wait_for_by_asking() -> None:
    async def main(_: Case, client: Any) -> None:
        with pytest.raises(UsageError, match="Authentication required"):
            await buy(client)
        assert await client.ping() >= 0.0
        assert await client.server_time() > 1_500_000_000_000

    opened(main, is_signed=False)


# Holdings -------------------------------------------------------------------------------------------------------------


def test_balances_are_asked_for_once_and_then_kept() -> None:
    async def main(case: Case, client: Any) -> None:
        before = await client.balances()
        assert before["USDT"].available > 0
        await buy(client, price="101")
        await asyncio.sleep(1.0)
        after = await client.balances()
        assert after["USDT"].available < before["USDT"].available
        with pytest.raises(UsageError, match="futures half"):
            await client.positions()

    opened(main)


def test_what_was_missed_is_asked_for_after_a_loss() -> None:
    async def main(case: Case, client: Any) -> None:
        got: list[Any] = []
        client.subscribe_user_deals(got.append)
        order = await buy(client)
        await client.ready(coinex.UserTrades())
        restored: list[Any] = []
        client.on(Restored)(restored.append)
        case.exchange.drop()
        case.exchange.fill(order)
        await asyncio.sleep(60.0)
        assert restored
        assert [update.order_id for update in got] == [order.order_id]
        assert got[0].is_recovered

    opened(main, backfill=True)


# Leaving and the guard ------------------------------------------------------------------------------------------------


def test_own_orders_are_cancelled_on_the_way_out() -> None:
    async def main(_: Case, client: Any) -> None:
        assert client.cancelled_on_exit == ()
        await buy(client)
        await buy(client)

    client = opened(main, cancel_orders_on_exit=5.0)
    assert [found.outcome for found in client.cancelled_on_exit] == ["cancelled", "cancelled"]


def test_without_credentials_nothing_is_cancelled_on_the_way_out() -> None:
    async def main(_: Case, client: Any) -> None: ...

    assert opened(main, is_signed=False, cancel_orders_on_exit=5.0).cancelled_on_exit == ()


def test_a_guard_acts_on_the_way_out_and_reports() -> None:
    async def main(case: Case, client: Any) -> None:
        assert client.guarded is None
        await buy(client)

    client = opened(main, guard=OrderGuard())
    assert client.guarded.cause == "exit"
    assert [found.outcome for found in client.guarded.orders] == ["cancelled"]
    assert client.cancelled_on_exit == client.guarded.orders


def test_a_guard_acts_when_own_orders_are_lost_for_too_long() -> None:
    async def main(case: Case, client: Any) -> None:
        reports: list[OrdersGuarded] = []
        client.on(OrdersGuarded)(reports.append)
        await buy(client)
        case.exchange.inject("on connect every 1 http 503")
        case.exchange.drop()
        await asyncio.sleep(4.0)
        assert reports == []
        assert len(case.exchange.orders()) == 1
        await asyncio.sleep(4.0)
        assert [report.cause for report in reports] == ["lost"]
        assert client.guarded is reports[0]
        assert case.exchange.orders() == ()

    opened(main, guard=OrderGuard(lost_for=5.0, on_exit=False))


def test_a_guard_acts_when_a_callback_has_raised_and_the_users_handler_hears_of_it() -> None:
    async def main(case: Case, client: Any) -> None:
        errors: list[Exception] = []
        client.on_error(lambda _, error: errors.append(error))
        client.subscribe_ticker(MARKET, lambda _: 1 // 0)
        await buy(client)
        await asyncio.sleep(5.0)
        assert {type(error) for error in errors} == {ZeroDivisionError}
        assert client.guarded.cause == "error"
        assert case.exchange.orders() == ()

    opened(main, guard=OrderGuard(on_exit=False))


# Who may call, and how it is cut --------------------------------------------------------------------------------------


def test_a_call_from_another_thread_sends_no_order() -> None:
    async def main(case: Case, client: Any) -> None:
        await buy(client)
        errors: list[UsageError] = []

        async def elsewhere() -> None:
            try:
                async with asyncio.timeout(10.0):
                    await buy(client, "98")
            except UsageError as error:
                errors.append(error)

        other = threading.Thread(target=lambda: asyncio.run(elsewhere()))
        other.start()
        other.join()
        assert len(errors) == 1
        assert len(case.exchange.orders()) == 1

    opened(main)


@pytest.mark.parametrize("interrupts", [1, 2])
def test_what_a_guard_does_goes_on_to_its_end_through_a_first_ctrl_c_and_not_through_a_second(interrupts: int) -> None:
    async def main(case: Case, client: Any) -> None:
        did: list[str] = []
        left = [KeyboardInterrupt()] * interrupts

        async def do(action: str) -> None:
            if left:
                raise left.pop()
            did.append(action)

        def actions() -> Generator[Any, Any, None]:
            for action in ("cancel one", "cancel another", "look"):
                with suppress(OutcomeUnknown):
                    yield action

        client._do = do
        with pytest.raises(KeyboardInterrupt):
            await client._carry_out(actions())
        del client._do
        assert did == (["cancel another", "look"] if interrupts == 1 else [])

    opened(main)


def test_an_order_that_the_venue_never_got_is_asked_about_until_that_is_known() -> None:
    async def main(case: Case, client: Any) -> None:
        case.exchange.inject("on /spot/order every 1 ignore")
        order = await buy(client)
        states: list[str] = [order.state]
        await asyncio.sleep(120.0)
        states.append(order.state)
        assert states == ["unknown", "refused"]

    opened(main)
