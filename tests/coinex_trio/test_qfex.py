"""The QFEX client over both sockets, against the local exchange in memory, on virtual time."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest

from coinex_proto import (
    BookChanged,
    Closed,
    Config,
    ConnectFailed,
    Event,
    LoginRefused,
    Lost,
    Ready,
    Restored,
    UsageError,
    coinex,
    qfex,
)
from coinex_trio import QfexClient, local_exchange, memory_exchange, run
from coinex_trio._local.qfex import QfexExchange
from tests.processes import HANGS_AFTER

SYMBOL = "AAPL-USD"


@pytest.fixture
def exchange() -> QfexExchange:
    made = memory_exchange("qfex", seed=1)
    made.quote(SYMBOL, bid="100", ask="101", size="5")
    return made


def client(exchange: QfexExchange, **options: Any) -> QfexClient:
    return QfexClient(exchange.credentials, network=exchange.network, **options)


# Two sockets ----------------------------------------------------------------------------------------------------------


def test_market_data_opens_with_its_first_topic(exchange: QfexExchange) -> None:
    with client(exchange) as qx:
        opened: list[Event] = []
        qx.on(Ready)(opened.append)
        qx.run(seconds=1)
        assert opened == []
        qx.subscribe_bbo(SYMBOL)
        qx.run(seconds=1)
        assert opened == [Ready()]
        assert qx.trusted(qfex.Bbo(SYMBOL), qfex.Fills())
        assert {status.state for status in qx.topics()} == {"live"}


def test_without_credentials_there_is_market_data_only(exchange: QfexExchange) -> None:
    with QfexClient(network=exchange.network) as qx:
        assert qx.book(qfex.Level2(SYMBOL)).best_bid == (D(100), D(5))
        assert qx.orders() == ()
        calls: tuple[Callable[[], object], ...] = (
            lambda: qx.place_order(SYMBOL, "BUY", "LIMIT", 1, 1),
            lambda: qx.send(qfex.GetUserOrders()),
            lambda: qx.subscribe_fills(),
            lambda: qx.events(qfex.Positions()),
        )
        for call in calls:
            with pytest.raises(UsageError, match="Authentication required"):
                call()
    with pytest.raises(UsageError, match="need credentials"):
        QfexClient(cancel_on_disconnect=True)


@pytest.mark.parametrize(
    "use",
    [
        lambda c: c.subscribe_bbo(SYMBOL),
        lambda c: c.subscribe_fills(),
        lambda c: c.on(Ready)(print),
        lambda c: c.on_error(print),
        lambda c: c.events(),
        lambda c: c.latest(qfex.Bbo(SYMBOL)),
        lambda c: c.book(qfex.Level2(SYMBOL)),
        lambda c: c.ready(),
        lambda c: c.ready(qfex.Bbo(SYMBOL)),
        lambda c: c.run(seconds=1),
        lambda c: c.place_order(SYMBOL, "BUY", "LIMIT", 1, 1),
        lambda c: c.send(qfex.GetUserOrders()),
        lambda c: c.__enter__(),
    ],
)
@pytest.mark.parametrize("was_opened", [True, False])
def test_a_closed_client_takes_no_subscription_any_more(exchange: QfexExchange, use: Any, was_opened: bool) -> None:
    qx = client(exchange)
    if was_opened:
        qx.ready()
    qx.close()
    known = [status.topic for status in qx.topics()]
    with pytest.raises(UsageError, match=r"closed.*make a new one"):
        use(qx)
    assert [status.topic for status in qx.topics()] == known
    assert not qx.trusted()
    assert qx.orders() == ()


def test_a_closed_client_with_threads_says_so_too() -> None:
    with local_exchange("qfex") as running:
        urls: dict[str, Any] = {"mds_url": running.mds_url, "trade_url": running.trade_url}
        with QfexClient(running.credentials, background=True, **urls) as qx:
            pass
        with pytest.raises(UsageError, match=r"closed.*make a new one"):
            qx.run(seconds=1)


def test_a_wrong_key_comes_out_of_entering(exchange: QfexExchange) -> None:
    wrong = qfex.HmacCredentials(exchange.public_key, "wrong")
    with pytest.raises(LoginRefused), QfexClient(wrong, network=exchange.network):
        raise AssertionError


def test_a_token_signs_in_as_well(exchange: QfexExchange) -> None:
    with QfexClient(exchange.token_credentials, network=exchange.network) as qx:
        assert qx.request(qfex.GetUserTrades()).count == 0


def test_a_market_data_socket_that_cannot_be_opened_comes_out_of_whatever_waits() -> None:
    with local_exchange("qfex") as running:
        qx = QfexClient(running.credentials, mds_url=f"{running.mds_url}/nowhere", trade_url=running.trade_url)
        with pytest.raises(ConnectFailed), qx:
            qx.subscribe_bbo(SYMBOL)
            qx.run(seconds=HANGS_AFTER)


def test_both_sockets_come_back(exchange: QfexExchange) -> None:
    with client(exchange) as qx:
        qx.ready(qfex.Bbo(SYMBOL), qfex.Positions())
        seen: list[type[Event]] = []
        for kind in (Lost, Restored, Closed, Ready):
            qx.on(kind)(lambda event: seen.append(type(event)))
        exchange.drop()
        qx.run(seconds=0.01)
        assert not qx.trusted(qfex.Bbo(SYMBOL))
        assert not qx.trusted(qfex.Positions())
        assert not qx.trusted()
        qx.run(seconds=60)
        assert qx.trusted()
        assert seen.count(Lost) == seen.count(Ready) == 2
        assert Restored in seen


def test_two_clients_run_together(exchange: QfexExchange) -> None:
    books: list[BookChanged] = []
    with client(exchange) as one, client(exchange) as two:
        one.subscribe_level2(SYMBOL, callback=books.append)
        two.subscribe_level2(SYMBOL, callback=books.append)
        run(one, two, seconds=1)
    assert len(books) >= 4


def test_stopping_in_a_callback_ends_run_and_both_sockets(exchange: QfexExchange) -> None:
    with client(exchange) as qx:
        qx.subscribe_bbo(SYMBOL, lambda _: qx.stop())
        qx.run()
        qx.close()


def test_a_topic_that_cannot_be_subscribed_leaves_all_as_it_was(exchange: QfexExchange) -> None:
    with client(exchange) as qx:
        before = qx.topics()
        with pytest.raises(UsageError):
            qx.subscribe(qfex.Positions(), coinex.Ticker("BTCUSDT"))
        qx.run(seconds=1)
        assert {status.topic for status in qx.topics()} == {status.topic for status in before}


def test_each_method_starts_and_ends_its_channel(exchange: QfexExchange) -> None:
    names = [name.removeprefix("subscribe_") for name in dir(QfexClient) if name.startswith("subscribe_")]
    assert len(names) == 15
    account = {"orders", "fills", "positions", "balances", "stop_orders"}
    with client(exchange) as qx:
        before = {status.topic for status in qx.topics()}
        for name in names:
            getattr(qx, f"subscribe_{name}")(*(() if name in account else (SYMBOL,)))
        qx.run(seconds=2)
        assert len({status.topic for status in qx.topics()}) == 15
        quiet = (qfex.Candles(SYMBOL), qfex.Trades(SYMBOL))
        assert {status.state for status in qx.topics() if status.topic not in quiet} == {"live"}
        for name in names:
            getattr(qx, f"unsubscribe_{name}")(*(() if name in account else (SYMBOL,)))
        qx.run(seconds=2)
        assert {status.topic for status in qx.topics()} <= before


# Orders -----------------------------------------------------------------------------------------------------------------


def test_cancel_on_disconnect_is_the_venues_to_carry_out(exchange: QfexExchange) -> None:
    with client(exchange, cancel_on_disconnect=True) as qx:
        order = qx.place_order(SYMBOL, "BUY", "LIMIT", quantity=1, price="99")
        exchange.drop()
        qx.run(seconds=60)
        assert order.state == "cancelled"
        assert exchange.orders() == ()


# Beside -----------------------------------------------------------------------------------------------------------------


def test_threads_keep_both_sockets_going_between_calls() -> None:
    with local_exchange("qfex", rate=50) as running:
        qx = QfexClient(running.credentials, mds_url=running.mds_url, trade_url=running.trade_url, background=True)
        try:
            quotes: list[qfex.BboUpdate] = []
            qx.subscribe_bbo(SYMBOL, quotes.append)
            order = qx.place_order(SYMBOL, "BUY", "LIMIT", quantity=1, price="1")
            while not quotes:
                qx.run(seconds=0.05)
            cancelled = qx.cancel_order(order)
            assert cancelled is not None
            assert cancelled.state == "cancelled"
            for event in qx.events(qfex.Bbo(SYMBOL), qfex.Balances(), seconds=HANGS_AFTER):
                if isinstance(event, qfex.BalanceUpdate):
                    break
        finally:
            qx.close()


def test_the_thread_of_market_data_begins_with_its_first_topic_and_needs_no_call_after_it() -> None:
    with local_exchange("qfex", rate=50) as running:
        urls: dict[str, Any] = {"mds_url": running.mds_url, "trade_url": running.trade_url}
        with QfexClient(running.credentials, background=True, **urls) as qx:
            qx.subscribe_bbo(SYMBOL)
            until = time.monotonic() + HANGS_AFTER
            while not qx.trusted(qfex.Bbo(SYMBOL)):
                assert time.monotonic() < until
                time.sleep(0.01)


def test_topics_that_do_not_come_are_waited_for_ten_seconds(exchange: QfexExchange) -> None:
    with client(exchange, config=Config(ping_interval=60.0)) as qx:
        qx.ready(qfex.Bbo(SYMBOL))
        exchange.stall(3600.0)
        began = exchange.network.now()
        with pytest.raises(TimeoutError, match="not live within 10 s"):
            qx.ready(qfex.Level2(SYMBOL))
        assert exchange.network.now() - began == pytest.approx(10, abs=0.01)


def test_dropping_it_unclosed_warns(exchange: QfexExchange) -> None:
    qx = client(exchange)
    qx.ready()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del qx
    assert "unclosed" in str(caught[0].message)


def test_the_environment_gives_the_keys(monkeypatch: pytest.MonkeyPatch, exchange: QfexExchange) -> None:
    monkeypatch.setenv("QFEX_PUBLIC_KEY", exchange.public_key)
    monkeypatch.setenv("QFEX_SECRET_KEY", exchange.secret_key)
    with QfexClient.from_env(network=exchange.network) as qx:
        qx.ready()
    monkeypatch.delenv("QFEX_SECRET_KEY")
    with pytest.raises(UsageError, match="QFEX_SECRET_KEY"):
        QfexClient.from_env()


@pytest.mark.local_exchange(seed=3, markets=("GOOG-USD",))
def test_fixtures_bring_the_exchange_in_memory_and_on_loopback(
    qfex_exchange: QfexExchange, qfex_server: QfexExchange
) -> None:
    for running in (qfex_exchange, qfex_server):
        running.quote("GOOG-USD", bid="100", ask="101")
        urls = {"mds_url": running.mds_url, "trade_url": running.trade_url}
        with QfexClient(running.credentials, network=running.network, **urls) as qx:  # type: ignore[arg-type]
            assert qx.book(qfex.Level2("GOOG-USD")).best_bid == (D(100), D(1))
