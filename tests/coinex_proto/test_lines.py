"""Several lines of one client: renewed without a gap, spread, and doubled."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from coinex_proto import Backoff, BookChanged, Closed, Config, Lost, Ready, Restored, UsageError, coinex
from coinex_proto.events import LineChanged, RenewalFailed, Renewed
from coinex_proto.simulator import CoinexServer, CrowdSettings
from tests.coinex_proto.harness.many_lines import START, World

BOOK = coinex.Depth("BTCUSDT")
TRADES = coinex.Trades("BTCUSDT")
QUOTE = coinex.BestQuote("BTCUSDT")
TICKER = coinex.Ticker("BTCUSDT")
ORDERS = coinex.Orders("BTCUSDT")
FILLS = coinex.UserTrades("BTCUSDT")
KEYS = coinex.Credentials("id", "secret")
FIVE = (BOOK, TRADES, QUOTE, ORDERS, FILLS)
QUICK = Backoff(first=0.2, ceiling=1.0)


def world(config: Config, *, rate: float = 20.0, seed: int = 1, markets: Any = ("BTCUSDT",), **server: Any) -> World:
    made = CoinexServer(
        now=START,
        seed=seed,
        markets=markets,
        crowd=CrowdSettings(rate=rate),
        access_id="id",
        secret_key="secret",
        **server,
    )
    return World(made, coinex.spot(credentials=KEYS, url="ws://127.0.0.1/v2/spot"), config, seed)


def of(world: World, *kinds: type[Any]) -> list[Any]:
    return [event for event in world.events if isinstance(event, kinds)]


def is_live(world: World, *topics: Any) -> bool:
    return world.lines.trusted_at(world.now, *topics)


def assert_no_gap(world: World) -> None:
    """Nothing was lost, and no trade came twice."""
    assert of(world, Lost, Closed) == []
    ids = Counter(trade for event in of(world, coinex.TradesUpdate) for trade in event.trade_ids)
    assert [trade for trade, count in ids.items() if count > 1] == []


def test_a_line_is_renewed_with_nothing_lost_and_nothing_told_twice() -> None:
    one = world(Config(renew_every=60.0))
    one.lines.subscribe(*FIVE, TICKER, now=one.now)
    one.run(30.0)
    assert is_live(one)
    view = one.lines.book(BOOK)
    one.run(400.0)
    assert_no_gap(one)
    assert len(of(one, Renewed)) == 7
    assert len(of(one, Ready)) == 1
    assert one.most_pipes == 2
    assert one.lines.book(BOOK) is view
    assert view.trusted
    times = [event.book.updated_at_ms for event in of(one, BookChanged)]
    assert times == sorted(times)


def test_every_trade_of_the_exchange_comes_once_while_lines_are_renewed() -> None:
    one = world(Config(renew_every=20.0), rate=40.0)
    one.lines.subscribe(TRADES, now=one.now)
    one.run(200.0)
    assert len(of(one, Renewed)) >= 8
    got = [trade for event in of(one, coinex.TradesUpdate) for trade in event.trade_ids]
    assert len(got) == len(set(got)) > 500
    assert sorted(got) == list(range(min(got), max(got) + 1))


def test_the_old_line_goes_on_when_the_new_one_does_not_come_and_it_is_tried_again() -> None:
    one = world(Config(renew_every=30.0, backoff=QUICK))
    one.lines.subscribe(*FIVE, now=one.now)
    one.run(20.0)
    one.refuses = True
    one.run(60.0)
    assert is_live(one)
    assert len(of(one, RenewalFailed)) > 10
    assert of(one, Renewed) == []
    one.refuses = False
    one.run(30.0)
    assert len(of(one, Renewed)) == 1
    assert_no_gap(one)


def test_the_old_line_dying_meanwhile_is_an_ordinary_loss() -> None:
    one = world(Config(renew_every=30.0, backoff=QUICK))
    one.lines.subscribe(*FIVE, now=one.now)
    one.run(20.0)
    one.delays[1] = lambda: 1.0
    one.run(60.0, until=lambda: len(one.pipes) == 2)
    old = one.lines.lines[0]
    one.cut(old)
    (lost,) = of(one, Lost)
    assert {topic.key for topic in lost.topics} == {topic.key for topic in FIVE}
    assert not is_live(one)
    one.run(20.0)
    assert is_live(one)
    assert {topic.key for event in of(one, Restored) for topic in event.topics} == {topic.key for topic in FIVE}
    assert len(of(one, Closed)) == 1
    assert len(one.lines.lines) == 1


def test_topics_are_spread_and_a_cut_is_lost_for_its_own_only() -> None:
    one = world(Config(topics_per_connection=10), markets=40, rate=2.0)
    books = [
        coinex.Depth(market.spec.name)
        for market in one.server.exchange.markets.values()
        if market.spec.wallet == "spot"
    ]
    books = books[:40]
    assert len(books) == 40
    one.lines.subscribe(*books, now=one.now)
    one.run(30.0)
    assert is_live(one)
    assert len(one.lines.lines) == 4
    second = one.lines.lines[1]
    one.cut(second)
    (lost,) = of(one, Lost)
    assert len(lost.topics) == 10
    one.run(10.0)
    assert is_live(one)
    assert len(of(one, Ready)) == 1
    assert of(one, Closed) == []
    assert [event.state for event in of(one, LineChanged) if event.line == 1] == [
        "ready",
        "closed",
        "retrying",
        "ready",
    ]
    one.lines.unsubscribe(*books[10:20], now=one.now)
    one.run(5.0)
    assert len(one.lines.lines) == len(one.pipes) == 3


def test_two_lines_tell_each_update_once_and_lose_a_topic_only_when_neither_proves_it() -> None:
    one = world(Config(lines=2, backoff=QUICK))
    one.lines.subscribe(BOOK, TRADES, QUOTE, now=one.now)
    one.run(20.0)
    assert len(one.pipes) == 2
    for _ in range(6):
        for line in tuple(one.pipes):
            one.cut(line)
            assert is_live(one)
            one.run(10.0)
    assert_no_gap(one)
    got = [trade for event in of(one, coinex.TradesUpdate) for trade in event.trade_ids]
    assert sorted(got) == list(range(min(got), max(got) + 1))
    for line in tuple(one.pipes):
        one.cut(line)
    assert len(of(one, Lost)) == 1
    assert not is_live(one)
    one.run(10.0)
    assert is_live(one)


def test_a_topic_that_cannot_be_told_apart_is_refused_on_two_lines() -> None:
    one = world(Config(lines=2))
    with pytest.raises(UsageError, match="neither an id nor the venue's time"):
        one.lines.subscribe(TICKER, now=one.now)
    assert one.lines.topics() == ()
    named = world(Config(lines=2, doubled=(coinex.Depth,)))
    named.lines.subscribe(TICKER, BOOK, ORDERS, now=named.now)
    named.run(10.0)
    assert is_live(named)
    assert [stats.topics for stats in named.lines.line_stats] == [3, 1]


def test_an_own_order_is_never_in_doubt_and_each_fill_comes_once_over_renewals() -> None:
    one = world(Config(renew_every=15.0))
    one.lines.subscribe(ORDERS, FILLS, now=one.now)
    one.run(5.0)
    one.server.quote("BTCUSDT", "100", "101")
    filled = 0
    for _ in range(60):
        order = one.server.place("BTCUSDT", "buy", "99", "0.01")
        one.run(0.7)
        one.server.fill(order)
        filled += 1
        one.run(0.7)
    assert len(of(one, Renewed)) >= 4
    assert_no_gap(one)
    assert len(of(one, coinex.UserTradeUpdate)) == filled
    updates = of(one, coinex.OrderUpdate)
    assert len(updates) == len({(u.order.order_id, u.event, u.order.updated_at) for u in updates}) == 2 * filled
    assert all(
        view.state == "filled" for view in map(one.lines.orders.find, {u.order.order_id for u in updates}) if view
    )
    assert not [
        event for event in one.events if type(event).__name__ == "OrderChanged" and event.order.state == "unknown"
    ]
