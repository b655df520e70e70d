"""The connection of the blocking client: connecting, reading, sending, closing; against a scripted venue, on virtual time."""

from __future__ import annotations

import errno
import math
import os
import time

import pytest

from coinex_proto import (
    Closed,
    Config,
    ConnectFailed,
    Event,
    Failed,
    Lost,
    Ready,
    Restored,
    Retrying,
    Sources,
    UsageError,
    coinex,
)
from coinex_trio import BlockingClient, local_exchange, run
from tests.coinex_trio.venue import START, VirtualNetwork
from tests.processes import HANGS_AFTER

BTC = coinex.Ticker("BTCUSDT")


ETH = coinex.Ticker("ETHUSDT")
GONE = [
    (number, os.strerror(number))
    for number in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EMFILE, errno.ENOBUFS)
] + [(errno.ETIMEDOUT, "time-out")]


def client_of(network: VirtualNetwork, config: Config = Config()) -> BlockingClient:  # noqa: B008
    return BlockingClient(coinex.spot(), config=config, network=network)


def test_n11_opening_has_one_time_limit() -> None:
    network = VirtualNetwork(prepare=lambda venue: setattr(venue, "is_silent", True))
    with pytest.raises(ConnectFailed, match="did not answer the WebSocket upgrade within 10 s"), client_of(network):
        pass
    assert network.now() - START < 10.1


def test_n23_a_peer_that_never_closes_is_left_after_the_closing_time() -> None:
    network = VirtualNetwork(prepare=lambda venue: setattr(venue, "answers_close", False))
    with client_of(network):
        began = network.now()
    assert network.now() - began <= 2.0
    assert network.last.gone


def test_a_command_sent_in_a_callback_leaves_at_once() -> None:
    network = VirtualNetwork()
    methods: list[list[str]] = []
    with client_of(network) as client:

        def react(_: Event) -> None:
            client.send(coinex.ServerTime())
            methods.append(network.last.methods())

        client.subscribe(BTC, callback=react)
        network.at(1, lambda: network.last.ticker())
        client.run(seconds=2)
    assert methods == [["state.subscribe", "server.time"]]


def test_n16_an_answer_that_waits_unread_behind_a_slow_callback_is_read_before_the_connection_is_judged() -> None:
    network = VirtualNetwork()
    with client_of(network) as client:
        client.subscribe(BTC, callback=lambda _: network.sleep(2 * 8.0))
        network.at(20.1, lambda: network.last.ticker())  # right behind the ping of 20.0, together with its answer
        client.run(seconds=60)
        assert len(network.all) == 1
        assert client.stats.pings >= 2


def test_s24_after_a_loss_it_comes_back_by_itself_with_its_subscriptions() -> None:
    network = VirtualNetwork()
    story: list[str] = []
    with client_of(network) as client:
        for kind in (Ready, Lost, Closed, Retrying, Restored):
            client.on(kind)(lambda e: story.append(type(e).__name__))
        client.subscribe(BTC)
        network.at(1, lambda: network.last.ticker())
        network.at(2, lambda: network.last.reset(ConnectionResetError(104, "Connection reset by peer")))
        network.at(5, lambda: network.last.ticker())
        client.run(seconds=1.5)
        assert client.trusted(BTC)
        client.run(seconds=1)
        assert not client.trusted(BTC)
        client.run(seconds=10)
        assert client.trusted(BTC)
    assert story == ["Lost", "Closed", "Retrying", "Ready", "Restored", "Lost", "Closed"]


@pytest.mark.parametrize(("number", "words"), GONE)
def test_n27_n28_a_way_to_the_venue_that_is_gone_is_tried_again_until_it_is_back(number: int, words: str) -> None:
    network = VirtualNetwork()
    whys: list[str] = []
    with client_of(network) as client:
        client.on(Retrying)(lambda event: whys.append(event.why))
        network.failures = [OSError(number, os.strerror(number))] * 3
        network.at(1, lambda: network.last.reset(OSError(number, os.strerror(number))))
        client.run(seconds=2)
        client.ready()
    assert len(network.attempts) == 5
    assert len(whys) == 4
    assert all(words in why for why in whys)


def test_n13_a_connection_that_went_dead_is_noticed_and_replaced() -> None:
    network = VirtualNetwork()
    with client_of(network) as client:
        network.last.is_silent = True
        network.last.answers_close = False
        client.run(seconds=20 + 8 + 0.6)
        assert len(network.all) == 2


def test_n18_a_send_that_blocks_ends_the_connection_while_reading_goes_on() -> None:
    network = VirtualNetwork()
    got: list[Event] = []
    with client_of(network) as client:
        client.subscribe(BTC, callback=got.append)
        client.run(seconds=1)
        first = network.last
        first.room = 0
        client.send(coinex.ServerTime())
        network.at(4, first.ticker)
        client.run(seconds=20)
        assert len(got) == 1
        assert first.gone
        assert len(network.all) == 2


def test_a_send_that_is_taken_in_pieces_arrives_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    network = VirtualNetwork()
    with client_of(network) as client:
        venue = network.last
        received: list[bytes] = []
        venue.room = 10.0
        monkeypatch.setattr(venue, "receive", received.append)
        client.send(coinex.ServerTime())
        for i in range(1, 9):
            network.at(i / 10, lambda: setattr(venue, "room", 10.0))
        client.run(seconds=1)
        monkeypatch.undo()
        venue.room = math.inf
        assert len(received) > 3
        venue.receive(b"".join(received))
        assert venue.methods() == ["server.time"]


def test_n26_a_laptop_that_slept_an_hour_reconnects_once() -> None:
    network = VirtualNetwork()
    with client_of(network) as client:
        client.run(seconds=1)
        first = network.last
        first.is_silent, first.answers_close = True, False
        network.sleep(3600)
        client.run(seconds=60)
        assert len(network.all) == 2
        assert client.stats.pings <= 6


def test_two_venues_do_not_hold_each_other_up_while_one_connects() -> None:
    network = VirtualNetwork()
    with client_of(network) as client:
        got: list[float] = []
        client.subscribe(BTC, callback=lambda _: got.append(network.now() - START))
        other = client_of(network, Config(retry_first=True))
        network.prepare = lambda venue: setattr(venue, "is_silent", True)
        first = network.last
        network.at(5, first.ticker)
        run(client, other, seconds=8)
        assert got == [5.0]
        other.close()


def test_p2_a_client_that_was_interrupted_inside_the_session_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    network = VirtualNetwork()
    client = client_of(network)
    client.ready()
    monkeypatch.setattr(client._core.session, "receive_data", interrupted)
    network.last.ticker()
    with pytest.raises(KeyboardInterrupt):
        client.run(seconds=1)
    with pytest.raises(UsageError, match="interrupted in the middle of a step"):
        client.run(seconds=1)
    client.close()
    assert network.last.gone
    assert network.last.closed_with is None


def test_n9_what_came_before_a_broken_pipe_is_still_delivered() -> None:
    network = VirtualNetwork()
    got: list[Event] = []
    with client_of(network) as client:
        client.subscribe(BTC, callback=got.append)
        client.run(seconds=1)
        first = network.last
        first.gone = True  # sending fails from now on
        client.send(coinex.Ping())
        first.ticker()
        first.end()
        client.run(seconds=3)
        assert len(got) == 1
        assert len(network.all) == 2


def test_n9_a_peer_that_takes_nothing_more_and_never_ends_is_left_after_the_closing_time() -> None:
    network = VirtualNetwork()
    with client_of(network, Config(close_timeout=2.0)) as client:
        client.run(seconds=1)
        network.last.gone = True  # sending fails from now on, and no end comes
        client.send(coinex.Ping())
        client.run(seconds=2 + 0.6)
        assert len(network.all) == 2


def test_n26_a_sleep_of_the_machine_is_noticed_in_the_next_turn_though_nothing_came() -> None:
    network = VirtualNetwork()
    slept = [0.0]
    network.sources = Sources(wall_time_ns=lambda: int((network.now() + slept[0]) * 1e9), random_bytes=bytes)
    with client_of(network) as client:
        client.subscribe(BTC)
        network.at(1, lambda: network.last.ticker())
        client.run(seconds=2)
        assert client.trusted(BTC)
        lost: list[Event] = []
        client.on(Lost)(lost.append)
        slept[0] = 3600.0
        client.run(seconds=0.01)
        assert len(lost) == 1


def test_a_request_that_is_not_answered_fails_in_its_time_while_data_come_without_a_pause() -> None:
    network = VirtualNetwork()
    failed: list[float] = []
    with client_of(network, Config(request_timeout=5.0)) as client:
        client.subscribe(BTC, callback=lambda _: network.sleep(0.1))
        client.run(seconds=1)
        network.last.is_silent = True
        for number in range(11, 600):
            network.at(number / 10, lambda: network.last.ticker())
        client.send(coinex.ServerTime(), lambda _: failed.append(network.now() - START))
        client.run(seconds=40)
    assert failed == [pytest.approx(6.0, abs=0.5)]


def test_what_a_callback_sends_with_another_client_of_the_same_run_fails_in_its_time() -> None:
    with local_exchange(rate=50) as exchange:
        config = Config(request_timeout=0.2, close_timeout=0.1, ping_interval=3600.0)
        first = BlockingClient(coinex.spot(url=exchange.url), config=config)
        second = BlockingClient(coinex.spot(url=exchange.url), config=config)
        failed: list[Event] = []

        def react(_: Event) -> None:
            if not exchange_stalls:
                exchange_stalls.append(True)
                exchange.stall(60.0)
                second.send(coinex.ServerTime(), done)

        def done(event: Event) -> None:
            failed.append(event)
            first.stop()
            second.stop()

        exchange_stalls: list[bool] = []
        with first, second:
            first.subscribe(BTC, callback=react)
            began = time.monotonic()
            run(first, second, seconds=2 * HANGS_AFTER)
            assert time.monotonic() - began < HANGS_AFTER
        assert [type(event) for event in failed] == [Failed]


def test_s30_stop_while_it_connects_or_waits_for_the_next_attempt_ends_it_at_once() -> None:
    network = VirtualNetwork()
    with client_of(network) as client:
        network.failures = [ConnectionRefusedError(111, "Connection refused")] * 10
        network.last.end()
        client.run(seconds=0.01)
        client.stop()
        began = network.now()
        client.run()
        assert network.now() == began


def test_a_timer_in_a_callback_never_runs_another_callback_inside() -> None:
    network = VirtualNetwork()
    depth: list[int] = []
    with client_of(network) as client:

        def slow(_: Event) -> None:
            depth.append(1)
            network.sleep(30)
            client.subscribe(ETH)
            assert len(depth) == 1
            depth.pop()

        client.on(Event)(slow)
        network.at(1, lambda: network.last.tickers("1", "2"))
        client.subscribe(BTC)
        client.run(seconds=100)
    assert depth == []
