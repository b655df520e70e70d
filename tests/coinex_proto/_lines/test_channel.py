"""The lines that carry the same topics: what of them is handed out, and what is lost."""

from __future__ import annotations

from collections import deque
from typing import Any

from attrs import evolve

from coinex_proto import Config, Lost, coinex
from coinex_proto.simulator import CoinexServer, CrowdSettings
from tests.coinex_proto.harness.many_lines import START, World

BOOK = coinex.Depth("BTCUSDT")
QUOTE = coinex.BestQuote("BTCUSDT")


def doubled() -> World:
    server = CoinexServer(now=START, seed=1, markets=("BTCUSDT",), crowd=CrowdSettings(rate=20.0))
    one = World(server, coinex.spot(url="ws://127.0.0.1/v2/spot"), Config(lines=2))
    one.lines.subscribe(BOOK, QUOTE, now=one.now)
    one.run(10.0)
    assert one.lines.trusted_at(one.now)
    return one


def quotes(one: World) -> list[Any]:
    return [event for event in one.events if isinstance(event, coinex.BestQuoteUpdate)]


def test_a_state_that_is_older_than_what_was_handed_out_is_kept_back() -> None:
    one = doubled()
    channel, second = one.lines._main, one.lines.lines[1]
    newest = quotes(one)[-1]
    before = len(quotes(one))
    for moved, told in ((-1000, 0), (0, 0), (1000, 1)):
        channel.news.take(second, deque([evolve(newest, updated_at=newest.updated_at + moved)]), one.now)
        one._drain()
        assert len(quotes(one)) == before + told


def test_states_come_from_one_line_while_the_venues_clocks_differ() -> None:
    one = doubled()
    channel = one.lines._main
    first, second = one.lines.lines
    newest = quotes(one)[-1]
    assert channel.news.note_clocks(are_apart=True)
    assert not channel.news.note_clocks(are_apart=True), "it is told once"
    before = len(quotes(one))
    channel.news.take(second, deque([evolve(newest, updated_at=newest.updated_at + 5000)]), one.now)
    one._drain()
    assert len(quotes(one)) == before
    channel.news.take(first, deque([evolve(newest, updated_at=newest.updated_at + 1)]), one.now)
    one._drain()
    assert len(quotes(one)) == before + 1


def test_a_topic_is_lost_once_and_only_when_no_line_proves_it() -> None:
    one = doubled()
    first, second = one.lines.lines
    one.cut(first)
    assert [event for event in one.events if isinstance(event, Lost)] == []
    assert set(one.lines._main.unverified_on(first, second)) == {BOOK, QUOTE}
    assert not one.lines._main.is_verified_on(first, second)
    one.cut(second)
    (lost,) = (event for event in one.events if isinstance(event, Lost))
    assert set(lost.topics) == {BOOK, QUOTE}


def test_what_only_a_line_that_is_given_up_proves_is_lost() -> None:
    one = doubled()
    first, second = one.lines.lines
    one.refuses = True
    one.cut(first)
    one.lines._main.left(second, one.now)
    one._drain()
    (lost,) = (event for event in one.events if isinstance(event, Lost))
    assert set(lost.topics) == {BOOK, QUOTE}
    assert one.now - 30 < lost.since <= one.now
    assert not one.lines.trusted_at(one.now)
