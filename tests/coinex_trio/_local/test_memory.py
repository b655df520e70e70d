"""The local exchange in memory: unchanged clients, virtual time, the same thing twice."""

import time

import pytest

from coinex_proto import Config, Event, Lost, OrderChanged, Restored, UsageError, coinex, to_json
from coinex_trio import CoinexClient, Exchange, memory_exchange, run
from tests.processes import HANGS_AFTER

DEPTH = coinex.Depth("BTCUSDT")


@pytest.fixture
def exchange() -> Exchange:
    return memory_exchange(seed=1)


def record(seed: int) -> list[str]:
    """Two minutes with a loss of the connection in between, as text."""
    exchange = memory_exchange(seed=seed)
    found: list[str] = []
    with CoinexClient(network=exchange.network, credentials=exchange.credentials) as cx:
        cx.on(Event)(lambda event: found.append(to_json(event)))
        cx.subscribe(DEPTH, coinex.Trades("BTCUSDT"), coinex.Orders())
        cx.run(seconds=60)
        exchange.fill(exchange.place("BTCUSDT", "buy", "59000", "0.1"))
        exchange.drop()
        cx.run(seconds=60)
    return found


def test_an_hour_of_market_passes_in_seconds_and_the_connection_is_kept_alive(exchange: Exchange) -> None:
    began = time.monotonic()
    with CoinexClient(network=exchange.network) as cx:
        cx.subscribe_ticker("BTCUSDT")
        cx.run(seconds=3600)
        assert cx.stats.reconnects == 0
        assert cx.stats.pings >= 3600 / 20 - 1
        assert cx.stats.messages > 5_000
    assert time.monotonic() - began < HANGS_AFTER


def test_the_same_seed_and_program_give_the_same_events() -> None:
    assert record(7) == record(7)
    assert record(7) != record(8)


def test_a_bot_sees_the_connection_break_and_come_back(exchange: Exchange) -> None:
    with CoinexClient(network=exchange.network) as cx:
        cx.subscribe(DEPTH)
        exchange.quote("BTCUSDT", bid="100", ask="101")
        cx.run(seconds=1)
        assert cx.trusted(DEPTH)
        exchange.drop()
        cx.run(seconds=0.01)
        assert not cx.trusted(DEPTH)
        cx.run(seconds=60)
        assert cx.trusted(DEPTH)
        assert cx.book(DEPTH).mid is not None


def test_n13_a_frozen_exchange_is_noticed_and_left(exchange: Exchange) -> None:
    seen: list[str] = []
    with CoinexClient(network=exchange.network) as cx:
        cx.on(Lost)(lambda event: seen.append("lost"))
        cx.on(Restored)(lambda event: seen.append("restored"))
        cx.subscribe(DEPTH)
        cx.run(seconds=1)
        exchange.stall(300)
        cx.run(seconds=20)
        assert seen == []  # the next ping's answer is not due yet
        cx.run(seconds=20)
        assert seen == ["lost", "restored"]
        assert cx.stats.reconnects == 1


def test_orders_of_the_account_are_tracked(exchange: Exchange) -> None:
    states: list[str] = []
    with CoinexClient(network=exchange.network, credentials=exchange.credentials) as cx:
        cx.on(OrderChanged)(lambda event: states.append(event.order.state))
        cx.subscribe_user_order()
        cx.ready()
        exchange.fill(exchange.place("BTCUSDT", "buy", "59000", "0.1"))
        cx.run(seconds=1)
    assert states[0] == "live"
    assert states[-1] == "filled"


def test_time_that_is_set_ahead_is_like_a_laptop_that_slept(exchange: Exchange) -> None:
    with CoinexClient(network=exchange.network, config=Config()) as cx:
        cx.subscribe(DEPTH)
        cx.run(seconds=1)
        before = exchange.network.now()
        exchange.advance(3600)
        assert exchange.network.now() == before + 3600
        cx.run(seconds=60)
        assert cx.stats.reconnects == 1
        assert cx.trusted(DEPTH)


def test_two_clients_share_the_exchange_and_the_time(exchange: Exchange) -> None:
    spot = CoinexClient(network=exchange.network)
    futures = CoinexClient("futures", network=exchange.network)
    seen: set[str] = set()
    spot.subscribe_ticker("BTCUSDT", lambda t: seen.add("spot"))
    futures.subscribe_ticker("BTCUSDT", lambda t: seen.add("futures"))
    run(spot, futures, seconds=5)
    assert seen == {"spot", "futures"}
    spot.close()
    futures.close()


def test_an_exchange_without_clients_says_that_nothing_can_happen(exchange: Exchange) -> None:
    with pytest.raises(UsageError, match="clients"):
        exchange.run()
    with pytest.raises(UsageError, match="nothing is left"):
        exchange.network.wait((), float("inf"))


def test_there_is_no_other_venue_yet() -> None:
    with pytest.raises(UsageError, match="coinex"):
        memory_exchange("nasdaq")  # type: ignore[call-overload]


def test_a_script_that_slept_gets_the_book_of_now_and_not_of_then(exchange: Exchange) -> None:  # law 9
    with CoinexClient(network=exchange.network) as cx:
        then = cx.book(DEPTH)
        exchange.advance(5)
        now = cx.book(DEPTH)
        assert now.received_at is not None
        assert then.received_at is not None
        assert now.received_at > then.received_at + 4
        exchange.drop()
        exchange.advance(1)
        assert cx.book(DEPTH).received_at == pytest.approx(exchange.network.now(), abs=0.5)


def test_what_was_not_proved_lately_is_not_trusted(exchange: Exchange) -> None:  # law 9
    with CoinexClient(network=exchange.network) as cx:
        cx.book(DEPTH)
        exchange.advance(20)
        assert cx.trusted(DEPTH)
        exchange.advance(10)
        assert not cx.trusted(DEPTH)
        cx.ready(DEPTH)
        assert cx.trusted(DEPTH)


def test_faults_of_a_script_happen_at_their_virtual_times() -> None:
    exchange = memory_exchange(faults="at 30s drop\non depth.update 50 wrong-checksum")
    with CoinexClient(network=exchange.network) as cx:
        cx.subscribe(DEPTH)
        cx.run(seconds=29)
        assert cx.stats.reconnects == 0
        assert cx.stats.checksums_failed == 1
        cx.run(seconds=10)
        assert cx.stats.reconnects == 1


def test_a_text_that_is_no_fault_is_refused_by_its_line() -> None:
    with pytest.raises(UsageError, match="explode"):
        memory_exchange(faults="at 3s drop\nat 5s explode")
