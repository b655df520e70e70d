"""Both halves of a client together, against the local exchange: in memory on virtual time, and once over loopback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from coinex_proto import (
    BookChanged,
    NotReady,
    OrderChanged,
    OrderView,
    UsageError,
    coinex,
)
from coinex_proto.coinex.http import HttpRefused, spot
from coinex_trio import CoinexClient, Exchange, local_exchange
from tests.coinex_trio.http_peer import hang_up, http_peer, nothing
from tests.processes import HANGS_AFTER

MARKET = "BTCUSDT"


@pytest.fixture
def cx(coinex_exchange: Exchange) -> Iterator[CoinexClient]:
    coinex_exchange.quote(MARKET, "100", "101", "5")
    with CoinexClient("spot", coinex_exchange.credentials, network=coinex_exchange.network) as client:
        yield client


def buy(cx: CoinexClient, price: str = "99", amount: str = "0.1") -> OrderView:
    return cx.place_order(MARKET, "buy", "limit", amount, price)


# Orders ---------------------------------------------------------------------------------------------------------------


def test_an_order_is_placed_by_http_seen_on_the_socket_changed_and_cancelled(
    cx: CoinexClient, coinex_exchange: Exchange
) -> None:
    pushes: list[tuple[str | int, int]] = []
    cx.subscribe_user_order(lambda update: pushes.append((update.event, update.order.order_id)))
    cx.ready(coinex.Orders())
    order = buy(cx)
    assert (order.state, order.amount, order.price) == ("live", Decimal("0.1"), Decimal(99))
    cx.run(seconds=1)
    assert cx.modify_order(order, price="98") is order
    assert order.price == 98
    assert cx.cancel_order(order).state == "cancelled"
    cx.run(seconds=1)
    assert [event for event, _ in pushes] == ["put", "modify", "finish"]
    assert {number for _, number in pushes} == {order.order_id}
    assert cx.orders() == ()
    assert coinex_exchange.orders() == ()


def test_waiting_for_an_order_ends_with_the_push_of_its_fill(cx: CoinexClient, coinex_exchange: Exchange) -> None:
    order = buy(cx)
    coinex_exchange.fill(order)
    assert cx.wait(order, timeout=5) is order
    assert (order.state, order.filled, order.average_price) == ("filled", Decimal("0.1"), Decimal(99))


def test_waiting_has_an_end_also_while_http_gives_no_answer() -> None:
    with (
        local_exchange() as exchange,
        http_peer(hang_up, nothing) as silent,
        CoinexClient(url=exchange.url, http_url=silent.url, credentials=exchange.credentials) as client,
    ):
        client.ready(coinex.Orders())
        order = buy(client)
        assert order.state == "unknown"
        seconds = 0.2
        while len(silent.requests) < 2:  # on a busy machine the time may be up before it has been asked
            with pytest.raises(TimeoutError, match=rf"unknown after {seconds:g} s"):
                client.wait(order, timeout=seconds)
            seconds *= 4


def test_waiting_has_an_end(cx: CoinexClient) -> None:
    order = buy(cx)
    with pytest.raises(TimeoutError, match="live after 3 s"):
        cx.wait(order, timeout=3)


def test_a_refused_order_raises_and_leaves_nothing_open(cx: CoinexClient) -> None:
    with pytest.raises(HttpRefused) as caught:
        buy(cx, amount="1000000000")
    assert caught.value.kind == "balance"
    assert cx.orders() == ()


def test_an_order_may_be_placed_and_cancelled_in_a_callback(cx: CoinexClient) -> None:
    placed: list[OrderView] = []

    def quote(_: BookChanged) -> None:
        if not placed:
            placed.append(buy(cx))
            placed.append(cx.cancel_order(placed[0]))

    cx.ready(coinex.Orders(MARKET))
    cx.subscribe_depth(MARKET, callback=quote)
    cx.run(seconds=2)
    assert placed[0].state == "cancelled"


def test_a_first_order_in_a_callback_is_not_sent_while_its_pushes_do_not_flow(cx: CoinexClient) -> None:
    errors: list[Exception] = []
    cx.on_error(lambda _, error: errors.append(error))
    cx.subscribe_depth(MARKET, callback=lambda _: buy(cx))
    cx.run(seconds=0.5)
    assert errors
    assert all(isinstance(error, NotReady) for error in errors)
    assert cx.orders() == ()


def test_no_order_is_sent_after_a_loss_until_its_pushes_are_back(cx: CoinexClient, coinex_exchange: Exchange) -> None:
    cx.cancel_order(buy(cx))
    coinex_exchange.drop()
    cx.run(seconds=0.01)
    with pytest.raises(NotReady, match="not live"):
        buy(cx)
    assert coinex_exchange.orders() == ()
    cx.ready(coinex.Orders(MARKET))
    assert buy(cx).state == "live"


def test_a_first_order_whose_pushes_do_not_come_is_not_sent(cx: CoinexClient, coinex_exchange: Exchange) -> None:
    coinex_exchange.stall(60)
    with pytest.raises(NotReady, match="no order was sent"):
        buy(cx)
    assert coinex_exchange.orders() == ()


def test_s4_what_the_socket_has_learnt_of_the_venues_clock_is_what_http_signs_with(
    coinex_exchange: Exchange,
) -> None:
    coinex_exchange.skew_clock(90)
    with CoinexClient("spot", coinex_exchange.credentials, network=coinex_exchange.network) as cx:
        assert round(cx.http.caller.clock_offset_ms) == 90_000
        assert buy(cx, price="10000").state == "live"


def test_wrong_input_is_refused_before_the_client_opens(coinex_exchange: Exchange) -> None:
    client = CoinexClient("spot", coinex_exchange.credentials, network=coinex_exchange.network)
    with pytest.raises(UsageError, match="float"):
        client.place_order(MARKET, "buy", "limit", 0.1, "99")  # type: ignore[arg-type]
    assert client.stats.connects == 0
    client.close()


@pytest.mark.parametrize("has_used_http", [True, False])
def test_a_closed_client_sends_nothing_over_http_either(coinex_exchange: Exchange, has_used_http: bool) -> None:
    coinex_exchange.quote(MARKET, "100", "101", "5")
    network = coinex_exchange.network
    with CoinexClient("spot", coinex_exchange.credentials, network=network) as other:
        order = buy(other)
        with CoinexClient("spot", coinex_exchange.credentials, network=network) as cx:
            if has_used_http:
                cx.balances()
        calls: tuple[Callable[[], object], ...] = (
            lambda: buy(cx),
            lambda: cx.cancel_order(order),
            lambda: cx.modify_order(order, price="98"),
            lambda: cx.resolve(order),
            cx.balances,
            cx.open_orders,
            lambda: cx.http.call("GET", "/time"),
            lambda: cx.wait(order),
        )
        for call in calls:
            with pytest.raises(UsageError, match="closed"):
                call()
        assert len(other.open_orders()) == 1
        other.cancel_order(order)
    assert other.wait(order) is order  # it is final: that is known


def test_without_credentials_no_order_is_placed(coinex_exchange: Exchange) -> None:
    with (
        CoinexClient(network=coinex_exchange.network) as client,
        pytest.raises(UsageError, match="Authentication required"),
    ):
        buy(client)


def buy_when_ready(cx: CoinexClient) -> OrderView:
    cx.ready(coinex.Orders(MARKET))
    return buy(cx)


# Unknown --------------------------------------------------------------------------------------------------------------


def test_an_order_whose_answer_was_lost_is_unknown_and_waiting_finds_out(
    cx: CoinexClient, coinex_exchange: Exchange
) -> None:
    coinex_exchange.refuse("/spot/order", 4002)
    order = buy(cx)
    assert order.state == "unknown"
    assert order in cx.orders()
    assert cx.resolve(order).state == "unknown", "it may still be on its way"
    assert cx.wait(order, timeout=60).state == "refused"


def test_an_order_that_was_filled_while_the_connection_was_lost_is_known_again_by_itself(
    cx: CoinexClient, coinex_exchange: Exchange
) -> None:
    order = buy(cx)
    coinex_exchange.drop()
    cx.run(seconds=0.01)
    assert order.state == "unknown"
    coinex_exchange.fill(order)
    cx.run(seconds=5)
    assert (order.state, order.filled) == ("filled", Decimal("0.1"))


def test_an_order_that_was_cancelled_elsewhere_while_nothing_was_seen_is_found_to_be_gone(
    cx: CoinexClient, coinex_exchange: Exchange
) -> None:
    order = buy(cx)
    coinex_exchange.drop()
    cx.run(seconds=0.01)
    cx.http.request(spot.CancelAllOrder(market=MARKET))
    coinex_exchange.refuse("/spot/order-status", 3600)  # as the venue, which keeps no unfilled order
    cx.run(seconds=5)
    assert order.state == "cancelled"


def test_an_order_is_waited_for_by_queries_while_there_is_no_connection(
    cx: CoinexClient, coinex_exchange: Exchange
) -> None:
    order = buy(cx)
    coinex_exchange.drop()
    coinex_exchange.fill(order)
    assert cx.wait(order, timeout=5).state == "filled"
    assert not cx.trusted(coinex.Orders(MARKET)), "no push could tell"


def test_a_query_that_fails_for_now_is_made_again_and_one_that_is_refused_for_good_raises(
    cx: CoinexClient, coinex_exchange: Exchange
) -> None:
    order = buy(cx)
    coinex_exchange.drop()
    for _ in range(4):  # one more than a query is repeated by itself
        coinex_exchange.refuse("/spot/order-status", 4001)
    with pytest.raises(TimeoutError, match="unknown"):
        cx.wait(order, timeout=0.01)
    coinex_exchange.fill(order)
    assert cx.wait(order, timeout=10).state == "filled"
    other = buy_when_ready(cx)
    coinex_exchange.drop()
    coinex_exchange.refuse("/spot/order-status", 4005)
    with pytest.raises(HttpRefused):
        cx.wait(other, timeout=10)


def test_a_query_that_fails_leaves_orders_unknown_and_the_client_running(
    cx: CoinexClient, coinex_exchange: Exchange
) -> None:
    order = buy(cx)
    coinex_exchange.drop()
    coinex_exchange.refuse("/spot/pending-order", 4005)
    cx.run(seconds=5)
    assert order.state == "unknown"
    assert cx.trusted(coinex.Orders(MARKET))
    assert cx.resolve(order).state == "live"


# What the account holds -----------------------------------------------------------------------------------------------


def test_balances_are_asked_for_once_and_then_pushed(cx: CoinexClient, coinex_exchange: Exchange) -> None:
    before = cx.balances()
    order = buy(cx)
    coinex_exchange.refuse("/assets/spot/balance", 4001)  # a second query would fail
    cx.run(seconds=1)
    after = cx.balances()
    assert before["USDT"].available - after["USDT"].available == Decimal("9.9")
    assert (before["USDT"].frozen, after["USDT"].frozen) == (Decimal(0), Decimal("9.9"))
    cx.cancel_order(order)


def test_balances_are_asked_for_anew_after_a_loss(cx: CoinexClient, coinex_exchange: Exchange) -> None:
    before = cx.balances()
    order = buy(cx)
    coinex_exchange.drop()
    cx.run(seconds=0.01)
    coinex_exchange.fill(order)
    assert cx.balances()["BTC"].available > before["BTC"].available


def test_balances_whose_pushes_are_lost_while_they_are_asked_for_are_not_shown(
    cx: CoinexClient, coinex_exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    http = cx.http
    run = http.run

    def run_and_drop(commands: Any, **options: Any) -> Any:
        found = run(commands, **options)
        coinex_exchange.drop()
        return found

    monkeypatch.setattr(http, "run", run_and_drop)
    with pytest.raises(NotReady, match="ask again"):
        cx.balances()
    monkeypatch.undo()
    assert cx.balances()["USDT"].frozen == 0


def test_open_orders_are_those_of_other_programs_too_and_go_on_by_push(
    cx: CoinexClient, coinex_exchange: Exchange
) -> None:
    theirs = coinex_exchange.place(MARKET, "buy", "98", "0.2")
    mine = buy(cx)
    assert {order.order_id for order in cx.open_orders()} == {theirs.order_id, mine.order_id}
    coinex_exchange.fill(theirs)
    cx.run(seconds=1)
    assert cx.orders() == (mine,)


def test_positions_are_kept_on_futures_and_refused_on_spot(cx: CoinexClient, coinex_exchange: Exchange) -> None:
    with pytest.raises(UsageError, match="futures half"):
        cx.positions()
    with CoinexClient("futures", coinex_exchange.credentials, network=coinex_exchange.network) as futures:
        assert futures.positions() == {}
        order = futures.place_order(MARKET, "buy", "market", "0.1")
        futures.wait(order, timeout=5)
        futures.run(seconds=1)
        assert futures.positions()[MARKET].open_interest == Decimal("0.1")


# Loopback, another thread, and what is not installed --------------------------------------------------------------------


@pytest.mark.parametrize("background", [False, True])
def test_over_loopback_an_order_lives_through_a_lost_connection(background: bool) -> None:
    with (
        local_exchange(seed=1) as exchange,
        CoinexClient("spot", exchange.credentials, url=exchange.url, background=background) as cx,
    ):
        exchange.quote(MARKET, "100", "101", "5")
        changes = cx.events(OrderChanged, seconds=HANGS_AFTER)
        order = buy(cx)
        assert order.state == "live"
        exchange.drop()
        states = []
        for event in changes:
            states.append(event.order.state)
            if event.order.state == "unknown":
                exchange.fill(order)
                break
        assert cx.wait(order, timeout=HANGS_AFTER).state == "filled"
        assert states[0] == "live"
        assert cx.balances()["BTC"].available > 100


def test_where_http_is_not_installed_the_error_names_the_extra_and_the_socket_works() -> None:
    program = (
        "import sys; sys.modules['httpx2'] = None\n"
        "from coinex_trio import CoinexClient\n"
        "from coinex_trio import memory_exchange\n"
        "exchange = memory_exchange()\n"
        "client = CoinexClient(credentials=exchange.credentials, network=exchange.network)\n"
        "try: client.http\n"
        "except Exception as error: print(type(error).__name__, error)\n"
        "from coinex_proto import coinex\n"
        "client.ready(coinex.Orders())\n"
        "exchange.place('BTCUSDT', 'buy', '10', '1')\n"
        "client.run(seconds=1)\n"
        "order = client.orders()[0]\n"
        "exchange.fill(order)\n"
        "print(client.wait(order, timeout=5).state)\n"
        "client.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=HANGS_AFTER)
    assert done.stdout.splitlines() == [
        "MissingExtra HTTP needs httpx2: pip install 'coinex-sdk[http]'",
        "filled",
    ], done.stderr
