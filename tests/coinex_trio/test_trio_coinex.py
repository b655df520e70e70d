"""The CoinEx client under trio, against the local exchange: in memory on trio's virtual time, and over loopback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
import trio
from trio.testing import MockClock

from coinex_proto import Backfilled, Config, ConnectFailed, NotReady, OrderView, Restored, Update, UsageError, coinex
from coinex_proto.coinex.http import HttpRefused, spot
from coinex_trio import Exchange, TrioCoinexClient, local_exchange, open_coinex
from tests.coinex_trio.http_peer import hang_up, http_peer, nothing
from tests.processes import HANGS_AFTER

MARKET = "BTCUSDT"


@asynccontextmanager
async def opened(exchange: Exchange) -> AsyncIterator[TrioCoinexClient]:
    exchange.quote(MARKET, "100", "101", "5")
    async with open_coinex("spot", exchange.credentials, network=exchange.network) as cx:
        yield cx


async def buy(cx: TrioCoinexClient, price: str = "99", amount: str = "0.1") -> OrderView:
    return await cx.place_order(MARKET, "buy", "limit", amount, price)


# Orders ---------------------------------------------------------------------------------------------------------------


async def test_an_order_is_placed_changed_cancelled_and_waited_for(
    coinex_exchange: Exchange, autojump_clock: MockClock
) -> None:
    async with opened(coinex_exchange) as cx:
        order = await buy(cx)
        assert (order.state, order.amount, order.price) == ("live", Decimal("0.1"), Decimal(99))
        assert await cx.modify_order(order, price="98") is order
        assert order.price == 98
        assert (await cx.cancel_order(order)).state == "cancelled"
        assert await cx.wait(order) is order
        other = await buy(cx)
        coinex_exchange.fill(other)
        assert (await cx.wait(other)).state == "filled"
        assert cx.orders() == ()


async def test_a_refused_order_raises_itself_and_leaves_nothing_open(
    coinex_exchange: Exchange, autojump_clock: MockClock
) -> None:
    async with opened(coinex_exchange) as cx:
        with pytest.raises(HttpRefused) as caught:
            await buy(cx, amount="1000000000")
        assert caught.value.kind == "balance"
        assert cx.orders() == ()


async def test_a_method_a_channel_and_the_smaller_ones(coinex_exchange: Exchange, autojump_clock: MockClock) -> None:
    async with opened(coinex_exchange) as cx:
        events: list[str] = []
        cx.subscribe_user_order(lambda update: events.append(str(update.event)))
        cx.subscribe_ticker(MARKET, lambda update: events.append(update.market))
        await cx.ready(coinex.Orders(), coinex.Ticker(MARKET))
        await cx.cancel_order(await buy(cx))
        await trio.sleep(1)
        assert set(events) == {"put", "finish", MARKET}
        assert await cx.ping() >= 0
        assert await cx.server_time() > 0
        assert (await cx.http.request(spot.ListMarketTicker(market=(MARKET,))))[0].market == MARKET


async def test_orders_of_several_tasks_go_beside_each_other(
    coinex_exchange: Exchange, autojump_clock: MockClock
) -> None:
    async with opened(coinex_exchange) as cx:
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(buy, cx)
        assert [order.state for order in cx.orders()] == ["live"] * 5


async def test_without_credentials_there_is_market_data_and_no_order(
    coinex_exchange: Exchange, autojump_clock: MockClock
) -> None:
    exchange = coinex_exchange
    exchange.quote(MARKET, "100", "101", "5")
    placed = exchange.place(MARKET, "buy", "98", "0.2")
    async with open_coinex(network=exchange.network) as cx:
        await cx.ready(coinex.Depth(MARKET))
        with pytest.raises(UsageError, match="Authentication required"):
            await buy(cx)
    async with opened(exchange) as trading:
        (order,) = await trading.open_orders(MARKET)
        assert order.order_id == placed.order_id
    async with open_coinex(network=exchange.network) as cx:
        exchange.fill(placed)
        with trio.move_on_after(1) as scope:
            await cx.wait(order)
        assert scope.cancelled_caught, "nobody can tell"


async def test_wrong_input_is_refused(coinex_exchange: Exchange, autojump_clock: MockClock) -> None:
    async with opened(coinex_exchange) as cx:
        with pytest.raises(UsageError, match="float"):
            await cx.place_order(MARKET, "buy", "limit", 0.1, "99")  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="futures half"):
            await cx.positions()
    with pytest.raises(UsageError, match="'spot' and 'futures'"):
        async with open_coinex("margin"):  # type: ignore[arg-type]
            pass


async def test_no_order_is_sent_while_its_pushes_are_not_live(
    coinex_exchange: Exchange, autojump_clock: MockClock
) -> None:
    async with opened(coinex_exchange) as cx:
        await cx.cancel_order(await buy(cx))
        coinex_exchange.drop()
        await trio.sleep(0.01)
        with pytest.raises(NotReady, match="not live now"):
            await buy(cx)
        await cx.ready(coinex.Orders(MARKET))
        assert (await buy(cx)).state == "live"


async def test_a_first_order_whose_pushes_do_not_come_is_not_sent(
    coinex_exchange: Exchange, autojump_clock: MockClock
) -> None:
    async with opened(coinex_exchange) as cx:
        coinex_exchange.stall(60)
        with pytest.raises(NotReady, match="no order was sent: not live within 10 s"):
            await buy(cx)
        assert coinex_exchange.orders() == ()


# Unknown --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("later", range(6))
async def test_an_order_that_is_cancelled_while_it_is_sent_becomes_known_by_itself(
    coinex_exchange: Exchange, autojump_clock: MockClock, later: int
) -> None:
    async with opened(coinex_exchange) as cx:
        await cx.ready(coinex.Orders(MARKET))

        async def cancel_soon(scope: trio.CancelScope) -> None:
            while not cx.orders():
                await trio.lowlevel.checkpoint()
            for _ in range(later):
                await trio.lowlevel.checkpoint()
            scope.cancel()

        async with trio.open_nursery() as nursery:
            with trio.CancelScope() as scope:
                nursery.start_soon(cancel_soon, scope)
                await buy(cx)
        assert scope.cancelled_caught
        (order,) = cx.orders()
        assert order.state in ("unknown", "live"), "a push may have told of it"
        await trio.sleep(60)
        there = {placed.order_id for placed in coinex_exchange.orders()}
        assert order.state == ("live" if there else "refused")
        assert {each.order_id for each in cx.orders()} == there


async def test_an_order_that_is_cancelled_before_it_is_sent_was_never_there(
    coinex_exchange: Exchange, autojump_clock: MockClock
) -> None:
    async with opened(coinex_exchange) as cx:
        with trio.move_on_after(0):
            await buy(cx)
        await trio.sleep(60)
        assert (cx.orders(), coinex_exchange.orders()) == ((), ())


async def test_an_order_that_never_arrived_is_refused_when_it_cannot_arrive_any_more(
    coinex_exchange: Exchange, autojump_clock: MockClock
) -> None:
    async with opened(coinex_exchange) as cx:
        coinex_exchange.refuse("/spot/order", 4002)
        order = await buy(cx)
        assert order.state == "unknown"
        assert (await cx.resolve(order)).state == "unknown", "it may still be on its way"
        with trio.fail_after(25):
            assert (await cx.wait(order)).state == "refused"


async def test_an_order_filled_while_nothing_was_seen_is_known_again_by_itself(
    coinex_exchange: Exchange, autojump_clock: MockClock
) -> None:
    async with opened(coinex_exchange) as cx:
        order = await buy(cx)
        coinex_exchange.drop()
        await trio.sleep(0.01)
        assert order.state == "unknown"
        coinex_exchange.fill(order)
        await trio.sleep(5)
        assert (order.state, order.filled) == ("filled", Decimal("0.1"))


async def test_an_order_is_waited_for_by_queries_while_there_is_no_connection(
    coinex_exchange: Exchange, autojump_clock: MockClock
) -> None:
    async with opened(coinex_exchange) as cx:
        order = await buy(cx)
        coinex_exchange.drop()
        coinex_exchange.fill(order)
        await trio.sleep(0.001)
        assert (await cx.wait(order)).state == "filled"


async def test_a_query_that_fails_for_now_is_made_again_and_one_that_is_refused_for_good_waits_for_the_next_loss(
    coinex_exchange: Exchange, autojump_clock: MockClock
) -> None:
    async with opened(coinex_exchange) as cx:
        order = await buy(cx)
        for _ in range(4):  # one more than a query is repeated by itself
            coinex_exchange.refuse("/spot/pending-order", 4001)
        coinex_exchange.drop()
        states: list[str] = []
        await trio.sleep(30)
        states.append(order.state)
        coinex_exchange.refuse("/spot/pending-order", 4005)
        for _ in range(2):
            coinex_exchange.drop()
            await trio.sleep(30)
            states.append(order.state)
        assert states == ["live", "unknown", "live"]


async def test_waiting_raises_what_asking_again_cannot_mend(
    coinex_exchange: Exchange, autojump_clock: MockClock
) -> None:
    async with opened(coinex_exchange) as cx:
        order = await buy(cx)
        coinex_exchange.drop()
        await trio.sleep(0.001)
        coinex_exchange.refuse("/spot/order-status", 4005)
        with pytest.raises(HttpRefused):
            await cx.wait(order)


# What the account holds -----------------------------------------------------------------------------------------------


async def test_balances_are_asked_for_once_and_then_pushed(
    coinex_exchange: Exchange, autojump_clock: MockClock
) -> None:
    async with opened(coinex_exchange) as cx:
        before = await cx.balances()
        await buy(cx)
        coinex_exchange.refuse("/assets/spot/balance", 4001)  # a second query would fail
        await trio.sleep(1)
        after = await cx.balances()
        assert before["USDT"].available - after["USDT"].available == Decimal("9.9")
        assert (before["USDT"].frozen, after["USDT"].frozen) == (Decimal(0), Decimal("9.9"))


async def test_positions_are_kept_on_futures(coinex_exchange: Exchange, autojump_clock: MockClock) -> None:
    exchange = coinex_exchange
    exchange.quote(MARKET, "100", "101", "5")
    async with open_coinex("futures", exchange.credentials, network=exchange.network) as cx:
        assert await cx.positions() == {}
        await cx.wait(await cx.place_order(MARKET, "buy", "market", "0.1"))
        await trio.sleep(1)
        assert (await cx.positions())[MARKET].open_interest == Decimal("0.1")


# After a loss ---------------------------------------------------------------------------------------------------------


@pytest.mark.local_exchange(seed=3, rate=60.0)
async def test_what_was_missed_is_handed_out_once_and_marked(
    coinex_exchange: Exchange, autojump_clock: MockClock
) -> None:
    deals: list[int] = []
    recovered: set[str] = set()
    done: dict[str, Backfilled] = {}
    exchange = coinex_exchange
    async with open_coinex("spot", exchange.credentials, network=exchange.network, backfill=True) as cx:
        cx.subscribe_trades(MARKET, lambda update: deals.extend(update.trade_ids))
        cx.subscribe_user_order()
        cx.subscribe_user_deals()
        cx.on(Update)(lambda update: recovered.add(type(update).__name__) if update.is_recovered else None)
        cx.on(Backfilled)(lambda event: done.update({type(event.topic).__name__: event}))
        await cx.ready(coinex.Orders(), coinex.UserTrades(), coinex.Trades(MARKET))
        await trio.sleep(2)
        order = await buy(cx, price="10000")
        await trio.sleep(1)
        coinex_exchange.drop()
        coinex_exchange.fill(order)
        await trio.sleep(10)
        rows = await cx.http.request(spot.ListMarketDeals(market=MARKET, limit=1000))
    assert len(deals) == len(set(deals)), "nothing came twice"
    listed = {row.deal_id for row in rows if min(deals) <= row.deal_id <= max(deals)}
    assert listed - set(deals) == set(), "nothing was left out"
    assert {"OrderUpdate", "UserTradeUpdate"} <= recovered
    assert (order.state, done["Trades"].missing) == ("filled", "")
    assert (done["UserTrades"].recovered, done["Orders"].recovered) == (1, 1)


async def test_without_backfill_nothing_is_asked_for(coinex_exchange: Exchange, autojump_clock: MockClock) -> None:
    told: list[Backfilled] = []
    async with opened(coinex_exchange) as cx:
        cx.on(Backfilled)(told.append)
        cx.subscribe_trades(MARKET)
        await cx.ready(coinex.Trades(MARKET))
        coinex_exchange.drop()
        await trio.sleep(5)
        assert (cx.stats.reconnects, told) == (1, [])


# Leaving the block ----------------------------------------------------------------------------------------------------


async def test_errors_leave_the_block_as_themselves(coinex_exchange: Exchange, autojump_clock: MockClock) -> None:
    with pytest.raises(KeyError, match="of the block"):
        async with opened(coinex_exchange):
            raise KeyError("of the block")

    def fail(_: Restored) -> None:
        raise KeyError("of a callback")

    with pytest.raises(KeyError, match="of a callback"):
        async with opened(coinex_exchange) as cx:
            cx.on(Restored)(fail)
            await buy(cx)
            coinex_exchange.drop()
            await trio.sleep(60)


async def test_a_fault_in_what_is_done_beside_the_block_ends_it(
    coinex_exchange: Exchange, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RuntimeError, match="a fault of ours"):
        async with opened(coinex_exchange) as cx:
            await buy(cx)

            async def run(_: object) -> None:
                raise RuntimeError("a fault of ours")

            monkeypatch.setattr(cx.http, "run", run)
            coinex_exchange.drop()
            await trio.sleep(60)


async def test_a_block_that_is_cancelled_ends_and_its_client_does_nothing_any_more(
    coinex_exchange: Exchange, autojump_clock: MockClock
) -> None:
    with trio.move_on_after(1) as scope:
        async with opened(coinex_exchange) as cx:
            order = await buy(cx)
            await trio.sleep(60)
    assert scope.cancelled_caught
    for call in (lambda: buy(cx), lambda: cx.cancel_order(order), cx.balances, lambda: cx.resolve(order)):
        with pytest.raises((UsageError, NotReady)):
            await call()
    assert [each.order_id for each in coinex_exchange.orders()] == [order.order_id]


async def test_a_client_that_cannot_connect_says_so() -> None:
    with pytest.raises(ConnectFailed):
        async with open_coinex(url="ws://127.0.0.1:9/v2/spot", config=Config(open_timeout=2.0)):
            pass


# Loopback -------------------------------------------------------------------------------------------------------------


async def test_over_loopback_an_order_lives_through_a_lost_connection() -> None:
    with trio.fail_after(HANGS_AFTER):
        async with (
            local_exchange(seed=1) as exchange,
            open_coinex("spot", exchange.credentials, url=exchange.url) as cx,
        ):
            exchange.quote(MARKET, "100", "101", "5")
            order = await buy(cx)
            assert order.state == "live"
            exchange.drop()
            exchange.fill(order)
            assert (await cx.wait(order)).state == "filled"
            assert (await cx.balances())["BTC"].available > 100


async def test_over_loopback_an_order_whose_answer_was_lost_is_found() -> None:
    with trio.fail_after(HANGS_AFTER):
        async with local_exchange(seed=1) as exchange:
            exchange.quote(MARKET, "100", "101", "5")
            with http_peer(hang_up) as broken:
                keys = exchange.credentials
                async with open_coinex("spot", keys, url=exchange.url, http_url=broken.url) as cx:
                    order = await buy(cx)
            assert order.state == "unknown"
            assert len(broken.requests) == 1, "it is never sent again"


async def test_over_loopback_an_order_that_is_cancelled_while_no_answer_comes_is_unknown() -> None:
    with trio.fail_after(HANGS_AFTER):
        async with local_exchange(seed=1) as exchange:
            with http_peer(nothing, nothing) as silent:
                keys = exchange.credentials
                async with open_coinex("spot", keys, url=exchange.url, http_url=silent.url) as cx:
                    await cx.ready(coinex.Orders())
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(buy, cx)
                        while not silent.requests:  # noqa: ASYNC110  (a thread's list)
                            await trio.sleep(0.01)
                        nursery.cancel_scope.cancel()
                    (order,) = cx.orders()
                    assert order.state == "unknown"
                    with trio.move_on_after(0.2) as scope:
                        await cx.wait(order)
                    assert scope.cancelled_caught
    assert silent.requests[0].line.startswith("POST")


def test_where_http_is_not_installed_the_error_names_the_extra() -> None:
    program = (
        "import sys; sys.modules['httpx2'] = None\n"
        "import coinex_trio\n"
        "try: coinex_trio.open_coinex\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=HANGS_AFTER)
    assert done.stdout.splitlines() == ["MissingExtra HTTP needs httpx2: pip install 'coinex-sdk[http]'"]
