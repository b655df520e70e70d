"""What all lines answer together: trust on any of them, each topic as it stands best, and sums."""

from __future__ import annotations

import pytest

from coinex_proto import Config, UsageError, coinex
from coinex_proto.simulator import CoinexServer, CrowdSettings
from tests.coinex_proto.harness.many_lines import START, World

BOOK = coinex.Depth("BTCUSDT")
QUOTE = coinex.BestQuote("BTCUSDT")


def doubled() -> World:
    server = CoinexServer(now=START, seed=1, markets=("BTCUSDT",), crowd=CrowdSettings(rate=20.0))
    one = World(server, coinex.spot(url="ws://127.0.0.1/v2/spot"), Config(lines=2))
    one.lines.subscribe(BOOK, QUOTE, now=one.now)
    one.run(10.0)
    return one


def test_a_topic_is_trusted_and_stands_as_on_the_line_where_it_stands_best() -> None:
    one = doubled()
    for cut in (False, True):
        if cut:
            one.refuses = True
            one.cut(one.lines.lines[0])
        assert one.lines.trusted(BOOK, QUOTE)
        assert one.lines.trusted()
        assert one.lines.trusted_at(one.now, BOOK)
        assert {status.topic: status.state for status in one.lines.topics()} == {BOOK: "live", QUOTE: "live"}
    one.cut(one.lines.lines[1])
    assert not one.lines.trusted(BOOK)
    assert not one.lines.trusted_at(one.now)


def test_what_nobody_wants_is_not_trusted_and_has_no_book() -> None:
    one = doubled()
    assert not one.lines.trusted(coinex.Depth("ETHUSDT"))
    with pytest.raises(UsageError, match="has no book here"):
        one.lines.book(coinex.Depth("ETHUSDT"))
    one.lines.unsubscribe(BOOK, QUOTE, now=one.now)
    assert not one.lines.trusted()


def test_statistics_are_summed_and_each_lines_own() -> None:
    one = doubled()
    each = one.lines.line_stats
    assert [stats.line for stats in each] == [0, 1]
    assert [stats.topics for stats in each] == [2, 2]
    assert one.lines.stats.connects == sum(stats.statistics.connects for stats in each) == 2
    assert one.lines.order_doubts == 0
