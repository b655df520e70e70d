"""A blocking client with several sockets: they look like one to whoever drives it. In memory, on virtual time."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from typing import Any

import pytest

from coinex_proto import Config, Event, Failed, coinex
from coinex_trio import BlockingClient, Exchange, local_exchange, memory_exchange, run
from coinex_trio._io.blocking_io import BlockingIO
from coinex_trio._io.blocking_lines import BlockingLines
from tests.coinex_trio.venue import VirtualNetwork
from tests.processes import HANGS_AFTER

BOOK = coinex.Depth("BTCUSDT")
TRADES = coinex.Trades("BTCUSDT")
TICKER = coinex.Ticker("BTCUSDT")
FOUR = (BOOK, TRADES, TICKER, coinex.BestQuote("BTCUSDT"))
TWO = Config(lines=2, close_timeout=0.1)
"""Everything over two sockets."""
ONE_EACH = Config(topics_per_connection=1)


@pytest.fixture
def exchange() -> Exchange:
    return memory_exchange(seed=1)


def in_memory(exchange: Exchange, config: Config) -> BlockingClient:
    return BlockingClient(coinex.spot(), config=config, network=exchange.network)


def over_sockets(exchange: Exchange, config: Config) -> BlockingClient:
    return BlockingClient(coinex.spot(url=exchange.url), config=config)


def io_of(client: BlockingClient) -> BlockingLines:
    assert isinstance(client._io, BlockingLines)
    return client._io


def sockets(exchange: Exchange) -> int:
    return len(exchange._server.sockets())


def test_topics_that_come_later_get_sockets_and_closing_ends_every_one(exchange: Exchange) -> None:
    with in_memory(exchange, ONE_EACH) as client:
        client.subscribe(BOOK, TRADES)
        client.ready(BOOK, TRADES)
        assert sockets(exchange) == 2
        client.subscribe(TICKER)
        client.ready(BOOK, TRADES, TICKER)
        assert sockets(exchange) == 3
        assert client._io.is_open
    assert sockets(exchange) == 0
    assert client._io.transport is None


def test_a_message_on_one_socket_gives_no_turn_to_the_others(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: Counter[BlockingIO] = Counter()
    turn = BlockingIO.turn

    def counted(io: BlockingIO) -> None:
        turns[io] += 1
        turn(io)

    with in_memory(exchange, ONE_EACH) as client:
        client.subscribe(*FOUR)
        client.ready(*FOUR)
        monkeypatch.setattr(BlockingIO, "turn", counted)
        for _ in client.events(BOOK, seconds=10):
            pass
        total, each = turns.total(), len(io_of(client).each)
        assert each == 4
        assert set(turns) == set(io_of(client).each)
        assert total < each * max(turns.values())


def test_a_socket_that_breaks_is_opened_again_while_the_others_go_on(exchange: Exchange) -> None:
    with in_memory(exchange, TWO) as client:
        client.subscribe(BOOK)
        client.ready(BOOK)
        exchange._server.sockets()[0].end("rst")
        client.run(seconds=5)
        assert sockets(exchange) == 2
        assert client.trusted(BOOK)
        assert client.stats.connects == 3


def test_a_request_is_answered_while_two_sockets_bring_data(exchange: Exchange) -> None:
    with in_memory(exchange, TWO) as client:
        client.subscribe(BOOK, TRADES)
        client.ready(BOOK, TRADES)
        began = exchange.network.now()
        assert client.request(coinex.ServerTime()) > 0
        assert exchange.network.now() - began < 1.0


def test_a_request_that_is_not_answered_fails_in_its_time_though_nothing_comes() -> None:
    failed: list[tuple[Any, float]] = []
    network = VirtualNetwork()
    with BlockingClient(
        coinex.spot(), config=Config(topics_per_connection=1, request_timeout=1.0), network=network
    ) as client:
        client.subscribe(TICKER, coinex.Ticker("ETHUSDT"))
        client.run(seconds=0.5)
        assert len(network.all) == 2
        for venue in network.all:
            venue.is_silent = True
        began = network.now()
        client.send(coinex.ServerTime(), lambda event: failed.append((type(event), network.now() - began)))
        client.run(seconds=5)
    ((kind, seconds),) = failed
    assert kind is Failed
    assert seconds == pytest.approx(1.0)


def test_beside_another_client_each_has_its_turns(exchange: Exchange) -> None:
    seen: Counter[str] = Counter()
    with in_memory(exchange, TWO) as several, in_memory(exchange, Config()) as single:
        several.subscribe(BOOK, callback=lambda _: seen.update(("several",)))
        single.subscribe(BOOK, callback=lambda _: seen.update(("single",)))
        run(several, single, seconds=10)
    assert min(seen["several"], seen["single"]) > 10


def test_stop_in_another_thread_ends_the_wait_for_all_sockets_at_once() -> None:
    with local_exchange(rate=0.001) as exchange, over_sockets(exchange, TWO) as client:
        client.subscribe(BOOK)
        client.ready(BOOK)
        stopping = threading.Timer(0.2, client.stop)
        stopping.start()
        began = time.monotonic()
        client.run(seconds=HANGS_AFTER)
        stopping.join()
        assert time.monotonic() - began < HANGS_AFTER / 2


def test_a_signal_handler_that_was_called_before_the_wait_ends_it() -> None:
    with local_exchange(rate=0.001) as exchange, over_sockets(exchange, TWO) as client:
        client.subscribe(BOOK)
        client.ready(BOOK)
        before = signal.signal(signal.SIGUSR1, lambda *_: client.stop())
        try:
            threading.Timer(0.2, signal.raise_signal, [signal.SIGUSR1]).start()
            began = time.monotonic()
            client.run(seconds=HANGS_AFTER)
            assert time.monotonic() - began < HANGS_AFTER / 2
        finally:
            signal.signal(signal.SIGUSR1, before)


def test_after_its_end_nothing_of_it_is_open() -> None:
    with local_exchange(rate=1) as exchange:
        client = over_sockets(exchange, TWO)
        with client:
            client.subscribe(BOOK)
            client.ready(BOOK)
            waker = io_of(client).waker
            assert waker is not None
            assert waker._receiver.fileno() != -1
        assert waker._receiver.fileno() == -1
        assert [io.transport for io in io_of(client).each] == [None] * len(io_of(client).each)


def test_abandoned_it_lets_go_of_every_socket_without_a_word_to_the_session(exchange: Exchange) -> None:
    events: list[Event] = []
    client = in_memory(exchange, TWO)
    client.subscribe(BOOK)
    client.ready(BOOK)
    client.on(Event)(events.append)
    io_of(client).abandon()
    client._core.deliver()
    exchange.network.wait((), exchange.network.now() + 1.0)
    assert (events, sockets(exchange), client._io.transport) == ([], 0, None)
    client._let_go()


def test_a_fault_in_one_socket_is_a_fault_of_the_client(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    client = in_memory(exchange, TWO)
    client.subscribe(BOOK)
    client.ready(BOOK)
    before = client._io.is_interrupted
    monkeypatch.setattr(client._core.lines[0], "receive_data", interrupted)
    with pytest.raises(KeyboardInterrupt):
        client.run(seconds=10)
    assert (before, client._io.is_interrupted) == (False, True)
    client.close()
    assert sockets(exchange) == 0
