"""Where topics are put: into channels of bounded size, the private ones into the first; and which are followed twice."""

from __future__ import annotations

from collections import deque

import pytest

from coinex_proto import Config, UsageError, coinex
from coinex_proto._lines.channel import Channel
from coinex_proto._lines.homes import Homes


def homes(config: Config) -> tuple[Homes, list[Channel]]:
    channels = [Channel(deque())]

    def more() -> Channel:
        channels.append(Channel(deque()))
        return channels[-1]

    return Homes(coinex.spot(credentials=coinex.Credentials("id", "secret")), config, channels, more), channels


def test_topics_fill_one_channel_after_the_other_and_stay() -> None:
    where, channels = homes(Config(topics_per_connection=2))
    topics = [coinex.Depth(f"M{number}USDT") for number in range(5)]
    found = [channels.index(where.settle(topic)) for topic in topics]
    assert found == [0, 0, 1, 1, 2]
    assert [channels.index(where.settle(topic)) for topic in topics] == found


def test_private_topics_are_in_the_first_channel_even_where_it_is_full() -> None:
    where, channels = homes(Config(topics_per_connection=1))
    assert where.settle(coinex.Depth("M0USDT")) is channels[0]
    assert where.settle(coinex.Orders()) is channels[0]


def test_what_was_forgotten_finds_a_new_place() -> None:
    where, channels = homes(Config(topics_per_connection=1))
    first, second = coinex.Depth("M0USDT"), coinex.Depth("M1USDT")
    where.settle(first)
    assert where.settle(second) is channels[1]
    where.forget(second.key)
    del channels[0].topics[first.key]
    assert where.settle(second) is channels[0]


def test_public_topics_are_doubled_where_two_lines_are_asked_for() -> None:
    where, channels = homes(Config(lines=2))
    for topic in (coinex.Depth("M0USDT"), coinex.Orders()):
        where.settle(topic)
    assert channels[0].doubled == {coinex.Depth("M0USDT").key}


@pytest.mark.parametrize(
    ("doubled", "topic", "message"),
    [
        (None, coinex.Ticker(), "neither an id nor the venue's time"),
        ((coinex.Orders,), coinex.Orders(), "only the first one signs in"),
    ],
)
def test_what_cannot_be_followed_on_two_lines_is_refused(
    doubled: tuple[type, ...] | None, topic: coinex.Ticker | coinex.Orders, message: str
) -> None:
    where, _ = homes(Config(lines=2, doubled=doubled))
    with pytest.raises(UsageError, match=message):
        where.check(topic)
    assert not where.by_key
