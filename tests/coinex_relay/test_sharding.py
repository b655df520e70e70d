"""Shards: every market is carried by one relay, and one relay more moves no other market than those it takes."""

import pytest

from coinex_proto import UsageError, coinex
from coinex_relay.sharding import Shard, shard_of

MARKETS = [f"M{number}USDT" for number in range(10_000)]


@pytest.mark.parametrize("count", [1, 2, 4, 9])
def test_one_relay_more_takes_its_part_and_moves_nothing_else(count: int) -> None:
    before = {market: shard_of(market, count) for market in MARKETS}
    after = {market: shard_of(market, count + 1) for market in MARKETS}
    moved = [market for market in MARKETS if before[market] != after[market]]
    assert {after[market] for market in moved} == {count + 1}
    assert abs(len(moved) / len(MARKETS) - 1 / (count + 1)) < 0.02


def test_the_parts_are_even() -> None:
    sizes = [sum(shard_of(market, 4) == number for market in MARKETS) for number in (1, 2, 3, 4)]
    assert sum(sizes) == len(MARKETS)
    assert max(sizes) < 1.1 * min(sizes)


def test_where_a_market_goes_does_not_change_between_versions() -> None:
    assert [shard_of(market, 4) for market in ("BTCUSDT", "ETHUSDT", "CETUSDT", "")] == [
        shard_of(m, 4) for m in ("BTCUSDT", "ETHUSDT", "CETUSDT", "")
    ]


def test_all_topics_of_a_market_are_together_and_each_topic_is_somewhere() -> None:
    shards = [Shard(number, 3) for number in (1, 2, 3)]
    for market in MARKETS[:100]:
        carriers = {
            str(one) for one in shards for topic in (coinex.Depth(market), coinex.Trades(market)) if one.has(topic)
        }
        assert len(carriers) == 1
    assert sum(one.has(coinex.Ticker()) for one in shards) == 1


@pytest.mark.parametrize("text", ["", "0/1", "2/1", "1", "1/0", "a/b", "-1/2", "1/2/3", "1/5000", "1 / 2", "٣/٤"])
def test_a_shard_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="shard"):
        Shard.of(text)
