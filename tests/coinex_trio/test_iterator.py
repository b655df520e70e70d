"""Streams of the blocking client."""

from __future__ import annotations

import gc
from functools import partial

import pytest

from coinex_proto import (
    Config,
    ConsumerTooSlow,
    Update,
    UsageError,
    coinex,
)
from coinex_trio import BlockingClient
from tests.coinex_trio.venue import START, VirtualNetwork

BTC = coinex.Ticker("BTCUSDT")


def client_of(network: VirtualNetwork, config: Config = Config()) -> BlockingClient:  # noqa: B008
    return BlockingClient(coinex.spot(), config=config, network=network)


def test_a_stream_gives_every_event_in_order_and_ends_in_time() -> None:
    network = VirtualNetwork()
    with client_of(network) as client:
        for i in range(100):
            network.at(1 + i / 10, partial(network.last.ticker, str(i)))
        assert [int(t.last or 0) for t in client.events(BTC, seconds=5.05)] == list(range(41))
        assert client.topics() == ()


def test_c7_a_stream_that_is_dropped_lets_go_of_its_topics() -> None:
    network = VirtualNetwork()
    with client_of(network) as client:
        network.at(1, lambda: network.last.ticker())
        for _ in client.events(BTC):
            break
        gc.collect()
        assert client.topics() == ()
        client.run(seconds=1)
        assert network.last.methods() == ["state.subscribe", "state.unsubscribe"]


def test_two_streams_of_a_topic_keep_it_until_the_last_is_closed() -> None:
    with client_of(VirtualNetwork()) as client:
        one, two = client.events(BTC), client.events(BTC)
        one.close()
        assert len(client.topics()) == 1
        with two:
            pass
        assert client.topics() == ()


def test_c6_a_stream_that_is_too_slow_ends_alone() -> None:
    network = VirtualNetwork()
    with client_of(network, Config(queue_size=10)) as client:
        slow, quick = client.events(BTC), client.latest(BTC)
        network.at(1, lambda: network.last.tickers(*map(str, range(50))))
        client.run(seconds=2)
        with pytest.raises(ConsumerTooSlow):
            next(slow)
        assert next(quick).last == 49
        assert quick.skipped == 49
        assert len(network.all) == 1


def test_a_stream_of_another_venue_is_refused_and_leaves_nothing_behind() -> None:
    with client_of(VirtualNetwork()) as client:
        with pytest.raises(UsageError, match="Authentication required"):
            client.events(coinex.Orders())
        assert client.topics() == ()


def test_an_update_stream_sees_everything() -> None:
    network = VirtualNetwork()
    with client_of(network) as client:
        client.subscribe(BTC)
        network.at(1, lambda: network.last.ticker())
        (update,) = client.events(Update, seconds=2)
        assert isinstance(update, coinex.TickerUpdate)
        assert update.received_at == START + 1
