"""The blocking client against a scripted venue, on virtual time."""

from __future__ import annotations

import gc
import threading
import time
import warnings
from decimal import Decimal
from typing import Any

import pytest

from coinex_proto import (
    BookNotTrusted,
    Closed,
    Config,
    ConnectFailed,
    Event,
    LoginRefused,
    NotReady,
    OrderFact,
    Replied,
    UsageError,
    coinex,
)
from coinex_trio import BlockingClient, CoinexClient, local_exchange, memory_exchange, run
from tests.coinex_trio.venue import START, VirtualNetwork
from tests.processes import HANGS_AFTER
from tests.threads import new_threads

BTC = coinex.Ticker("BTCUSDT")
ETH = coinex.Ticker("ETHUSDT")
KEYS = coinex.Credentials("a" * 32, "s" * 40)


def client_of(network: VirtualNetwork, config: Config = Config()) -> BlockingClient:  # noqa: B008
    return BlockingClient(coinex.spot(), config=config, network=network)


# Entering and leaving -------------------------------------------------------------------------------------------------


def test_n25_the_block_begins_ready_and_ends_with_a_close_frame_and_half_closes() -> None:
    network = VirtualNetwork()
    with client_of(network) as client:
        assert client.request(coinex.ServerTime()) == 1_700_000_000_123
    assert network.now() == START  # nothing was waited for
    assert network.last.closed_with == b"\x03\xe8"
    assert network.last.half_closed
    assert network.last.gone


def test_a_program_that_never_enters_works_the_same() -> None:
    network = VirtualNetwork()
    client = client_of(network)
    client.subscribe(BTC)
    assert network.attempts == []
    assert client.request(coinex.ServerTime()) == 1_700_000_000_123
    client.close()
    client.close()
    assert network.last.closed_with is not None


def test_n6_a_first_connection_that_fails_raises_at_the_first_call_that_waits() -> None:
    network = VirtualNetwork()
    network.failures = [ConnectionRefusedError(111, "Connection refused")]
    client = client_of(network)
    with pytest.raises(ConnectFailed):
        client.run(seconds=1)
    with pytest.raises(ConnectFailed):
        client.run(seconds=1)
    assert len(network.attempts) == 1


def test_s1_refused_credentials_are_not_tried_again() -> None:
    network = VirtualNetwork(prepare=lambda venue: venue.refusals.update({"server.sign": (21001, "bad signature")}))
    client = CoinexClient(credentials=KEYS, network=network)
    with pytest.raises(LoginRefused, match="21001"):
        client.authenticate()
    with pytest.raises(LoginRefused):
        client.run(seconds=100)
    assert len(network.attempts) == 1


def test_an_exception_of_the_block_comes_out_as_itself_and_no_callback_runs_any_more() -> None:
    network = VirtualNetwork()
    seen: list[Event] = []
    error = KeyError("mine")
    with pytest.raises(KeyError) as caught, client_of(network) as client:
        client.on(Closed)(seen.append)
        raise error
    assert caught.value is error
    assert network.last.closed_with is not None
    assert seen == []


def test_p4_a_client_that_is_forgotten_warns_and_closes_its_socket() -> None:
    network = VirtualNetwork()
    client = client_of(network)
    client.ready()
    with pytest.warns(ResourceWarning, match="unclosed BlockingClient"):
        del client
    assert network.last.gone


def test_a_client_that_was_never_opened_is_forgotten_in_silence() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client_of(VirtualNetwork()).close()
        del_me = client_of(VirtualNetwork())
        del del_me
        gc.collect()


# Callbacks ------------------------------------------------------------------------------------------------------------


def test_c1_what_a_callback_raises_comes_out_of_run_and_the_next_run_goes_on_behind_it() -> None:
    network = VirtualNetwork()
    seen: list[Decimal] = []

    def fussy(update: coinex.TickerUpdate) -> None:
        seen.append(update.last or Decimal(-1))
        if update.last == 1:
            raise ValueError("no ones")

    with client_of(network) as client:
        client.subscribe(BTC, callback=fussy)
        network.at(1, lambda: network.last.tickers("1", "2"))
        with pytest.raises(ValueError, match="no ones"):
            client.run(seconds=10)
        client.run(seconds=1)
    assert seen == [1, 2]


@pytest.mark.parametrize(
    "wait",
    [
        lambda c: c.run(seconds=1),
        lambda c: c.request(coinex.ServerTime()),
        lambda c: c.ready(),
        lambda c: c.book(coinex.Depth("BTCUSDT")),
        lambda c: next(c.events(ETH)),
    ],
)
def test_c5_a_call_that_waits_is_refused_in_a_callback(wait: Any) -> None:
    network = VirtualNetwork()
    with client_of(network) as client, client_of(VirtualNetwork()) as other:
        client.subscribe(BTC, callback=lambda _: wait(client))
        client.subscribe(ETH, callback=lambda _: wait(other))
        network.at(1, lambda: network.last.ticker())
        with pytest.raises(UsageError, match="in a callback"):
            client.run(seconds=2)
        network.at(3, lambda: network.last.ticker(market="ETHUSDT"))
        with pytest.raises(UsageError, match="in a callback"):
            client.run(seconds=2)


def test_c4_a_callback_may_send_subscribe_and_close() -> None:
    network = VirtualNetwork()
    replies: list[int] = []
    client = client_of(network)

    def got_time(reply: object) -> None:
        assert isinstance(reply, Replied)
        replies.append(reply.result)
        client.close()

    client.subscribe(BTC, callback=lambda _: client.send(coinex.ServerTime(), got_time))
    network.at(1, lambda: network.last.ticker())
    client.run()
    assert replies == [1_700_000_000_123]
    assert network.last.closed_with is not None
    assert network.last.gone


def test_stop_ends_run_and_streams() -> None:
    network = VirtualNetwork()
    with client_of(network) as client:
        client.subscribe(BTC, callback=lambda _: client.stop())
        network.at(1, lambda: network.last.ticker())
        stream = client.events(ETH)
        client.run()
        assert list(stream) == []
        with pytest.raises(NotReady, match="stopped"):
            client.request(coinex.ServerTime())
        client.run()  # nothing left to do


# Requests -------------------------------------------------------------------------------------------------------------


def test_ping_and_server_time_are_one_call_each() -> None:
    network = VirtualNetwork()
    with CoinexClient(network=network) as cx:
        assert cx.ping() == 0.0
        assert cx.server_time() == 1_700_000_000_123


def test_authenticate_needs_credentials() -> None:
    with pytest.raises(UsageError, match="Authentication required"):
        CoinexClient(network=VirtualNetwork()).authenticate()


def test_authenticate_returns_signed_in() -> None:
    network = VirtualNetwork()
    client = CoinexClient(credentials=KEYS, network=network)
    client.authenticate()
    assert network.last.methods() == ["server.sign"]
    client.close()


# Waiting for something ------------------------------------------------------------------------------------------------


def test_ready_waits_for_first_data_of_its_topics() -> None:
    network = VirtualNetwork()
    with client_of(network) as client:
        network.at(3, lambda: network.last.ticker())
        client.ready(BTC)
        assert network.now() == START + 3


def test_ready_names_what_did_not_come_in_time() -> None:
    with client_of(VirtualNetwork()) as client, pytest.raises(TimeoutError, match="BTCUSDT"):
        client.ready(BTC, timeout=5)


def test_a_book_that_cannot_be_proved_is_not_given() -> None:
    network = VirtualNetwork()
    with client_of(network) as client:
        with pytest.raises(BookNotTrusted, match="after 10 s"):
            client.book(coinex.Depth("BTCUSDT"))
        assert network.now() == START + 10


def test_a_book_and_topics_that_do_not_come_are_waited_for_ten_seconds() -> None:
    network = VirtualNetwork()
    with client_of(network) as client:
        with pytest.raises(BookNotTrusted, match=r"after 10 s"):
            client.book(coinex.Depth("BTCUSDT"))
        assert network.now() == START + 10
        with pytest.raises(TimeoutError, match="10 s"):
            client.ready(BTC)
        assert network.now() == START + 20


@pytest.mark.parametrize("seconds", [float("nan"), "10", None])
def test_a_time_that_is_no_number_is_refused_before_anything_is_opened(seconds: Any) -> None:
    network = VirtualNetwork()
    client = client_of(network)
    order = client._core.session.orders.apply(
        OrderFact(order_id=1, market="BTCUSDT", amount=Decimal(1), state="live"), START
    )
    assert order is not None
    calls = (
        lambda: client.ready(BTC, timeout=seconds),
        lambda: client.wait(order, timeout=seconds),
        lambda: client.book(coinex.Depth("BTCUSDT"), timeout=seconds),
        lambda: client.events(BTC, seconds=seconds),
        lambda: client.latest(BTC, seconds=seconds),
        lambda: client.run(seconds=seconds),
    )
    for call in calls:
        with pytest.raises(UsageError, match="a time in seconds must be a number"):
            call()
    assert network.attempts == []
    assert client.topics() == ()
    client.close()


def test_wait_returns_when_the_order_is_final_and_gives_up_in_time() -> None:
    network = VirtualNetwork()
    with client_of(network) as client:
        orders = client._core.session.orders
        order = orders.apply(OrderFact(order_id=1, market="BTCUSDT", amount=Decimal(1), state="live"), START)
        assert order is not None
        assert client.orders() == (order,)
        with pytest.raises(TimeoutError, match="live after 5 s"):
            client.wait(order, timeout=5)
        network.at(7, lambda: orders.apply(OrderFact(order_id=1, state="cancelled"), START))
        assert client.wait(order).state == "cancelled"
        assert client.orders() == ()


# Several clients ------------------------------------------------------------------------------------------------------


def test_p6_two_clients_share_one_thread() -> None:
    network = VirtualNetwork()
    got: list[tuple[str, int]] = []
    with client_of(network) as one, client_of(network) as two:
        one.subscribe(BTC, callback=lambda t: got.append(("one", int(t.last or 0))))
        two.subscribe(BTC, callback=lambda t: got.append(("two", int(t.last or 0))))
        first, second = network.all
        network.at(1, lambda: second.ticker("1"))
        network.at(2, lambda: first.ticker("2"))
        run(one, two, seconds=3)
        assert got == [("two", 1), ("one", 2)]
        two.stop()
        network.at(4, lambda: first.ticker("3"))
        run(one, two, seconds=3)
        assert got[-1] == ("one", 3)


def test_run_opens_clients_side_by_side_and_raises_what_ends_one() -> None:
    network = VirtualNetwork()
    network.failures = [ConnectionRefusedError(111, "Connection refused")]
    broken = client_of(network)
    one = client_of(network)
    with pytest.raises(ConnectFailed):
        run(broken, one, seconds=5)
    assert network.now() == START
    run(one, seconds=1)
    assert one.request(coinex.ServerTime())
    one.close()


def test_run_hands_out_no_data_before_every_client_is_ready() -> None:
    network = VirtualNetwork()
    first, second = client_of(network), client_of(network)
    network.prepare = lambda venue: setattr(venue, "is_silent", len(network.all) == 2)
    could_send: list[bool] = []

    def answer_at_last() -> None:
        network.last.is_silent = False
        network.last.receive(b"")

    def react(_: Event) -> None:
        second.send(coinex.ServerTime())
        could_send.append(True)

    first.subscribe(BTC, callback=react)
    network.at(1, lambda: network.all[0].ticker())
    network.at(2, answer_at_last)
    run(first, second, seconds=5)
    assert could_send == [True]
    first.close()
    second.close()


def test_clients_of_two_networks_cannot_run_together() -> None:
    with client_of(VirtualNetwork()) as one, client_of(VirtualNetwork()) as two, pytest.raises(UsageError):
        run(one, two)


# Threads and processes ------------------------------------------------------------------------------------------------


def test_p5_another_thread_is_refused() -> None:
    network = VirtualNetwork()
    errors: list[BaseException] = []

    def use(client: BlockingClient) -> None:
        for call in (client.topics, client.run, lambda: client.subscribe(BTC)):
            try:
                call()
            except UsageError as error:
                errors.append(error)

    with client_of(network) as client:
        thread = threading.Thread(target=use, args=(client,))
        thread.start()
        thread.join()
        assert len(errors) == 3
        assert client.request(coinex.ServerTime())


def test_p10_a_client_may_be_made_in_one_thread_and_used_in_another() -> None:
    network = VirtualNetwork()
    client = client_of(network)
    results: list[int] = []

    def use() -> None:
        with client:
            results.append(client.request(coinex.ServerTime()))

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert results == [1_700_000_000_123]


def test_p3_a_forked_child_cannot_use_the_client_and_does_not_write_to_its_socket() -> None:
    network = VirtualNetwork()
    client = client_of(network)
    client.ready()
    client._process = -1  # as it looks in a child
    for call in (client.run, client.topics, lambda: client.send(coinex.Ping())):
        with pytest.raises(UsageError, match="parent process"):
            call()
    client.close()
    assert network.last.closed_with is None
    assert not network.last.half_closed


# Faults ---------------------------------------------------------------------------------------------------------------


def test_c2_a_keyboard_interrupt_in_a_callback_leaves_the_client_whole() -> None:
    def interrupt(_: Event) -> None:
        raise KeyboardInterrupt

    network = VirtualNetwork()
    with client_of(network) as client:
        client.subscribe(BTC, callback=interrupt)
        network.at(1, lambda: network.last.ticker())
        with pytest.raises(KeyboardInterrupt):
            client.run(seconds=2)
        client.unsubscribe(BTC)
        assert client.request(coinex.ServerTime())
    assert network.last.closed_with is not None


# Closing --------------------------------------------------------------------------------------------------------------


def test_what_a_callback_raises_while_a_background_client_closes_does_not_keep_its_thread() -> None:
    with local_exchange(rate=50) as exchange, new_threads() as came:
        config = Config(close_timeout=2 * HANGS_AFTER)
        client = CoinexClient(url=exchange.url, background=True, config=config)
        client.subscribe(BTC, callback=lambda _: 1 // 0)
        client.ready()
        worker = client._worker
        assert worker is not None
        until = time.monotonic() + HANGS_AFTER
        while not worker._inbox:
            assert time.monotonic() < until
            time.sleep(0.01)
        exchange.stall(3600.0)
        with pytest.raises(ZeroDivisionError):
            client.close()
        assert came() == set()


def test_orders_that_stand_when_a_client_is_closed_are_cancelled_once_and_not_by_a_forked_child() -> None:
    exchange = memory_exchange(seed=1)
    exchange.quote("BTCUSDT", "100", "101", "5")
    with CoinexClient("spot", exchange.credentials, network=exchange.network, cancel_orders_on_exit=5.0) as client:
        client.place_order("BTCUSDT", "buy", "limit", "0.1", "99")
        client._process += 1
        assert not client._may_cancel_on_exit()
        client._process -= 1
    client.close()
    assert exchange.orders() == ()
    assert [found.outcome for found in client.cancelled_on_exit] == ["cancelled"]
