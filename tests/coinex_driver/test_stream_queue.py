"""A stream's queue and its hold on topics."""

from __future__ import annotations

import gc
from decimal import Decimal

import pytest

from coinex_driver.stream_queue import latest, lossless
from coinex_proto import Config, ConsumerTooSlow, UsageError, coinex
from tests.coinex_driver.direct import Direct

BTC, ETH = coinex.Ticker("BTCUSDT"), coinex.Ticker("ETHUSDT")


def connected(config: Config = Config()) -> Direct:  # noqa: B008
    client = Direct(config=config)
    client.connect()
    return client


def test_it_keeps_every_event_of_its_topics_until_it_is_closed() -> None:
    client = connected()
    stream = lossless(client.core, (BTC,))
    client.turn()
    client.venue.tickers("1", "2")
    client.turn()
    assert stream.skipped == 0
    assert [update.last for update in stream.queue.take_all()] == [1, 2]
    stream.close()
    stream.close()
    client.turn()
    assert client.topics() == ()
    assert stream.queue.is_ended
    assert stream.take_last() is None


def test_latest_keeps_the_newest_and_counts_the_others() -> None:
    client = connected()
    stream = latest(client.core, (BTC, ETH))
    client.turn()
    client.venue.tickers("1", "2")
    client.venue.ticker("7", "ETHUSDT")
    client.turn()
    assert [update.last for update in stream.queue.take_all()] == [Decimal(2), Decimal(7)]
    assert stream.skipped == 1


def test_one_that_is_dropped_lets_go_of_its_topics() -> None:
    client = connected()
    stream = lossless(client.core, (BTC,))
    client.turn()
    del stream
    gc.collect()
    assert client.topics() == ()
    client.turn()
    assert client.venue.methods() == ["state.subscribe", "state.unsubscribe"]


def test_one_that_is_too_slow_raises_and_the_client_goes_on() -> None:
    client = connected(Config(queue_size=1))
    stream = lossless(client.core, (BTC,))
    client.turn()
    client.venue.tickers("1", "2")
    client.turn()
    with pytest.raises(ConsumerTooSlow):
        stream.take_last()
    assert not client.core.is_over


def test_it_ends_with_its_client_and_raises_what_ended_that() -> None:
    client = connected()
    stream = lossless(client.core, (BTC,))
    client.core.fail(ValueError("mine"))
    assert stream.queue.is_ended
    with pytest.raises(ValueError, match="mine"):
        stream.take_last()


def test_one_that_is_opened_after_the_stop_has_ended_already() -> None:
    client = connected()
    client.stop()
    assert lossless(client.core, (BTC,)).queue.is_ended


def test_one_that_is_refused_leaves_nothing_behind() -> None:
    client = connected()
    with pytest.raises(UsageError, match="Authentication required"):
        lossless(client.core, (coinex.Orders(),))
    assert client.topics() == ()
    assert not client.core.stream_callbacks.wants(coinex.OrderUpdate, ("order", "BTCUSDT"))


def test_one_that_is_refused_takes_no_event_even_while_its_error_is_looked_at() -> None:
    client = connected()
    with pytest.raises(UsageError) as caught:
        lossless(client.core, (coinex.Orders(),))
    assert caught.traceback is not None
    assert not client.core.stream_callbacks.wants(coinex.OrderUpdate, ("order", "BTCUSDT"))


def test_one_that_has_ended_lets_go_of_its_topics_with_its_last_word() -> None:
    client = connected(Config(queue_size=1))
    stream = lossless(client.core, (BTC,))
    client.turn()
    client.venue.tickers("1", "2")
    client.turn()
    assert [status.topic for status in client.core.session.topics()] == [BTC]
    with pytest.raises(ConsumerTooSlow):
        stream.take_last()
    assert client.core.session.topics() == ()
