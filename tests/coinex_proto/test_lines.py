"""Several lines of one client: renewed without a gap, spread, and doubled."""

from __future__ import annotations

import math
from collections import Counter
from random import Random
from typing import Any

import pytest

from coinex_proto import (
    Backoff,
    BookChanged,
    Closed,
    Config,
    Dialect,
    LoginRefused,
    Lost,
    OrderChanged,
    Ready,
    Replied,
    Restored,
    UsageError,
    coinex,
    coinflex,
    qfex,
)
from coinex_proto.events import LineChanged, RenewalFailed, Renewed
from coinex_proto.lines import OPENED_EVERY
from coinex_proto.simulator import CoinexServer, CoinflexServer, CrowdSettings, QfexServer
from tests.coinex_proto.harness.many_lines import START, World


def coinflex_live(server: CoinflexServer) -> Dialect:
    keys = coinflex.Credentials(server.user_id, server.cookie, server.passphrase)
    return coinflex.live(credentials=keys, url="ws://127.0.0.1/v1")


def qfex_trade(server: QfexServer) -> Dialect:
    return qfex.trade(credentials=qfex.HmacCredentials(server.public_key, server.secret_key), url="ws://127.0.0.1/")


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
    assert of(one, Lost) == []
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
    assert "unknown" not in {event.order.state for event in of(one, OrderChanged)}


def delays_of(world: World) -> list[float]:
    """Seconds from a trade until it was handed out, sorted."""
    found: list[float] = []

    def note(event: Any) -> None:
        if isinstance(event, coinex.TradesUpdate) and not event.is_history:
            found.extend(world.now - deal.created_at / 1000 for deal in event.deal_list if deal.created_at)

    world.on_event = note
    world.run(120.0)
    return sorted(found)


def p99(values: list[float]) -> float:
    return values[len(values) * 99 // 100]


def lossy(seed: int) -> Any:
    """A line that loses one packet in a hundred: what was lost, and all behind it, comes 0.3 s later."""
    random = Random(seed)
    return lambda: 0.32 if random.random() < 0.01 else 0.02


def test_with_one_lossy_line_of_two_the_user_waits_no_longer_than_for_the_good_one_alone() -> None:
    def measured(config: Config, **delays: Any) -> float:
        one = world(config, rate=30.0, seed=4)
        one.delays = {int(number[1:]): delay for number, delay in delays.items()}
        one.lines.subscribe(TRADES, now=one.now)
        one.run(10.0)
        return p99(delays_of(one))

    alone = measured(Config(), _0=lambda: 0.02)
    assert measured(Config(), _0=lossy(1)) > 1.1 * alone
    assert measured(Config(lines=2), _0=lambda: 0.02, _1=lossy(1)) <= 1.1 * alone
    assert measured(Config(lines=2), _0=lossy(1), _1=lambda: 0.02) <= 1.1 * alone


def test_the_statistics_tell_which_line_was_first_and_by_how_much() -> None:
    one = world(Config(lines=2))
    one.delays = {0: lambda: 0.01, 1: lambda: 0.05}
    one.lines.subscribe(QUOTE, BOOK, now=one.now)
    one.run(60.0)
    first, second = one.lines.line_stats
    assert first.firsts > 50
    assert first.lead / first.firsts == pytest.approx(0.04, abs=0.02)
    assert second.firsts == 0
    assert one.lines.stats.messages == first.statistics.messages + second.statistics.messages
    assert one.lines.stats.events == len(one.events)


def test_a_request_under_way_ends_on_the_line_that_it_left_on() -> None:
    one = world(Config())
    one.lines.subscribe(ORDERS, now=one.now)
    one.run(5.0)
    old = one.lines.lines[0]
    one.delays[0] = lambda: 3.0
    one.run(1.0)
    request = one.lines.send(coinex.Ping(), one.now)
    one.lines.renew(one.now)
    one.run(2.0)
    assert [event.line for event in of(one, Renewed)] == [1]
    assert old in one.pipes
    assert of(one, Replied) == []
    one.run(5.0)
    assert [event.request_id for event in of(one, Replied)] == [request]
    assert old not in one.pipes
    assert_no_gap(one)


def test_stopping_in_the_middle_of_a_renewal_closes_both_lines() -> None:
    one = world(Config())
    one.lines.subscribe(*FIVE, now=one.now)
    one.run(5.0)
    one.delays[1] = lambda: 1.0
    one.lines.renew(one.now)
    one.run(1.5)
    assert len(one.pipes) == 2
    one.lines.stop(one.now)
    one.run(10.0)
    assert one.pipes == {}
    assert one.lines.is_over
    assert one.lines.error is None


def test_a_refused_key_ends_the_client_with_the_venues_reason() -> None:
    wrong = coinex.spot(credentials=coinex.Credentials("id", "wrong"), url="ws://127.0.0.1/v2/spot")
    server = CoinexServer(now=START, access_id="id", secret_key="secret")
    one = World(server, wrong, Config(renew_every=60.0))
    one.lines.subscribe(ORDERS, now=one.now)
    one.run(30.0)
    assert one.lines.is_over
    assert isinstance(one.lines.error, LoginRefused)


@pytest.mark.parametrize("seed", range(2))
def test_cuts_renewals_and_lossy_lines_never_lose_a_trade_that_some_line_saw(seed: int) -> None:
    random = Random(seed)
    lines = random.choice([1, 2])
    one = world(Config(renew_every=random.uniform(10, 60), lines=lines, backoff=QUICK), seed=seed, rate=30.0)
    one.delays = {number: lossy(seed + number) for number in range(200) if random.random() < 0.3}
    one.lines.subscribe(BOOK, TRADES, QUOTE, *(() if lines == 2 else (ORDERS, FILLS)), now=one.now)
    one.run(10.0)
    untrusted = 0.0
    for _ in range(10):
        one.run(random.uniform(1, 12))
        others = {line: pipe for line, pipe in one.pipes.items() if line.is_ready and line.role.value == "active"}
        if len(others) > 1 and len(set(map(id, one.pipes))) > 1:
            one.cut(random.choice(list(others)))
            untrusted += not is_live(one)
    assert of(one, Lost) == []
    assert untrusted == 0
    got = [trade for event in of(one, coinex.TradesUpdate) for trade in event.trade_ids]
    assert sorted(got) == list(range(min(got), max(got) + 1))
    assert one.most_pipes <= lines + 2
    one.run(60.0)
    assert is_live(one)
    book = one.server.exchange.markets["spot:BTCUSDT"]
    assert one.lines.book(BOOK).best_bid is not None
    assert book is not None


def test_topics_named_for_two_lines_where_there_is_one_are_refused() -> None:
    with pytest.raises(UsageError, match="lines is 1"):
        world(Config(doubled=(coinex.Depth,)))


def renewed_onto_a_slower_line(fills: int) -> World:
    """The old line stays for the answer to a request, and is half a second ahead of the new one meanwhile."""
    one = world(Config(renew_every=math.inf), rate=40.0)
    one.lines.subscribe(*FIVE, now=one.now)
    one.run(5.0)
    one.delays[1] = lambda: 0.5
    one.server.inject("on server.time late 5")
    one.lines.send(coinex.ServerTime(), one.now)
    one.lines.renew(one.now)
    for _ in range(fills):
        one.server.fill(one.server.place("BTCUSDT", "buy", "100", "0.001"))
        one.run(0.4)
    one.run(5.0)
    assert [event.line for event in of(one, Renewed)] == [1]
    assert len(of(one, Replied)) == 1
    return one


def test_what_the_old_line_brings_first_while_it_waits_for_an_answer_is_told() -> None:
    one = renewed_onto_a_slower_line(fills=20)
    assert_no_gap(one)
    got = [trade for event in of(one, coinex.TradesUpdate) for trade in event.trade_ids]
    assert sorted(got) == list(range(min(got), max(got) + 1))
    assert len(of(one, coinex.UserTradeUpdate)) == 20


def test_what_a_slower_new_line_brings_once_more_is_told_once_and_no_state_goes_back() -> None:
    one = renewed_onto_a_slower_line(fills=20)
    updates = [(update.order.order_id, update.event) for update in of(one, coinex.OrderUpdate)]
    assert len(updates) == len(set(updates)) == 40
    for kind in (coinex.BestQuoteUpdate, BookChanged):
        times = [event.venue_time if kind is not BookChanged else event.book.updated_at_ms for event in of(one, kind)]
        assert times == sorted(times)
    quotes = of(one, coinex.BestQuoteUpdate)
    told = {(q.updated_at, q.best_bid_price, q.best_bid_size, q.best_ask_price, q.best_ask_size) for q in quotes}
    assert len(told) == len(quotes)


def test_a_renewal_right_after_one_onto_a_slower_line_takes_no_state_back() -> None:
    """The line that is slower has not caught up with what the first one brought when the next one comes."""
    one = world(Config(renew_every=math.inf), rate=40.0)
    one.lines.subscribe(BOOK, QUOTE, now=one.now)
    one.run(5.0)
    one.delays[1] = lambda: 0.6
    for count in (1, 2):
        one.lines.renew(one.now)
        while len(of(one, Renewed)) < count:
            one.run(0.01)
    one.run(5.0)
    assert_no_gap(one)
    books = [(event.book.updated_at_ms, event.book.bids, event.book.asks) for event in of(one, BookChanged)]
    assert [time for time, *_ in books] == sorted(time for time, *_ in books)
    assert len(set(books)) == len(books)


def test_connections_that_drain_do_not_pile_up_when_many_are_renewed() -> None:
    """Each old one stays for the answer to its last ping, half a second here."""
    markets = [f"SIM{number:04d}USDT" for number in range(1, 13)]
    one = world(Config(renew_every=math.inf, topics_per_connection=2), markets=markets)
    one.delays = dict.fromkeys(range(100), lambda: 0.5)
    one.lines.subscribe(*map(coinex.Depth, markets), now=one.now)
    one.run(10.0)
    assert len(one.lines.lines) == 6
    one.lines.renew(one.now)
    most = 0
    while len(of(one, Renewed)) < 6:
        one.run(0.05)
        most = max(most, len(one.lines.lines))
    assert most == 7
    one.run(5.0)
    assert len(one.lines.lines) == 6
    assert of(one, Lost) == []


def test_what_was_on_its_way_on_a_replaced_line_that_is_cut_is_said_to_be_missing() -> None:
    one = world(Config(renew_every=math.inf), rate=40.0)
    one.delays[0] = lambda: 0.6
    one.lines.subscribe(*FIVE, now=one.now)
    one.run(5.0)
    one.lines.renew(one.now)
    old = one.lines.lines[0]
    one.run(5.0, lambda: bool(of(one, Renewed)))
    one.cut(old)
    assert [set(event.topics) for event in of(one, Lost)] == [{TRADES, ORDERS, FILLS}]
    assert [(set(event.topics), event.since) for event in of(one, Restored)] == [
        ({TRADES, ORDERS, FILLS}, of(one, Lost)[0].since)
    ]
    assert is_live(one, *FIVE)


def test_what_a_line_was_on_the_point_of_bringing_when_the_other_one_had_just_come_is_said_to_be_missing() -> None:
    one = world(Config(lines=2, backoff=QUICK), rate=40.0)
    one.lines.subscribe(BOOK, TRADES, QUOTE, now=one.now)
    one.run(20.0)
    first, second = one.pipes
    one.cut(first)
    one.run(5.0, lambda: first.session.trusted(TRADES))
    assert of(one, Lost) == []
    one.cut(second)
    assert [event.topics for event in of(one, Lost, Restored)] == [(TRADES,), (TRADES,)]
    assert is_live(one)
    one.run(10.0)
    one.cut(first)
    assert len(of(one, Lost)) == 1  # the second one has been there for long enough


@pytest.mark.parametrize("seed", range(3))
def test_what_is_on_its_way_on_a_slow_line_that_is_replaced_still_comes(seed: int) -> None:
    """It happened before the new line subscribed, which is therefore not told of it."""
    one = world(Config(renew_every=math.inf), rate=40.0, seed=seed)
    one.delays[0] = lambda: 0.6
    one.lines.subscribe(*FIVE, now=one.now)
    one.run(5.0)
    one.lines.renew(one.now)
    for _ in range(30):
        one.server.fill(one.server.place("BTCUSDT", "buy", "100", "0.001"))
        one.run(0.05)
    one.run(5.0)
    assert_no_gap(one)
    assert len(one.pipes) == 1
    got = [trade for event in of(one, coinex.TradesUpdate) for trade in event.trade_ids]
    assert sorted(got) == list(range(min(got), max(got) + 1))
    assert len(of(one, coinex.UserTradeUpdate)) == 30
    assert len(of(one, coinex.OrderUpdate)) == 60


@pytest.mark.parametrize(("each", "bytes_each"), [(30, 120), pytest.param(300, 900, marks=pytest.mark.long)])
def test_topics_of_ten_lines_are_live_in_little_more_than_the_pacing_rules_take(each: int, bytes_each: int) -> None:
    """3,000 topics at 300 a line, and a tenth of that. A line opens each 0.1 s, and sends ten requests in any second."""
    config = Config(topics_per_connection=each, max_request_bytes=bytes_each)
    server = CoinexServer(now=START, markets=10 * each, crowd=CrowdSettings(rate=0.0, depth=1, past_deals=0))
    names = [market.spec.name for market in server.exchange.markets.values() if market.spec.wallet == "spot"]
    for name in names:
        server.crowds.wake(f"spot:{name}", START)  # which takes the local exchange longer than the client takes for all
    one = World(server, coinex.spot(url="ws://127.0.0.1/v2/spot"), config)
    books = [coinex.Depth(name) for name in names]
    assert len(books) == 10 * each
    one.lines.subscribe(*books, now=one.now)
    assert [stats.topics for stats in one.lines.line_stats] == [each] * 10
    one.run(1.3 * (9 * OPENED_EVERY + 15 // config.requests_per_second))
    assert is_live(one, *books)
    assert one.lines.ids.last == 10 * 16, "as many requests as were counted above"
    assert one.most_pipes == one.opened == 10


def test_private_topics_named_for_two_lines_are_refused() -> None:
    one = world(Config(lines=2, doubled=(coinex.Depth, coinex.Orders)))
    with pytest.raises(UsageError, match="only the first one signs in"):
        one.lines.subscribe(BOOK, ORDERS, now=one.now)
    assert one.lines.topics() == ()


def test_clocks_that_differ_between_two_lines_are_told_once_and_states_come_from_one_line_meanwhile() -> None:
    one = world(Config(lines=2, backoff=QUICK))
    one.lines.subscribe(BOOK, QUOTE, now=one.now)
    one.run(30.0)
    second = one.lines.lines[1]
    one.server.skew_clock(5.0)
    one.cut(second)  # it asks for the time anew, the first line in five minutes
    one.run(60.0)
    (told,) = [event for event in of(one, LineChanged) if event.state == "clock"]
    assert told.line == second.number
    assert "5.0 s off" in told.why
    assert is_live(one)
    assert of(one, Lost) == []
    before = second.firsts
    one.run(30.0)
    assert second.firsts == before, "nothing is compared by its time"
    one.run(400.0)
    assert len([event for event in of(one, LineChanged) if event.state == "clock"]) == 1
    assert second.firsts + one.lines.lines[0].firsts > before, "both know the new time"


SIGNED_IN: dict[str, tuple[Any, Any, Any]] = {
    "coinflex": (CoinflexServer, coinflex_live, coinflex.OwnOrders()),
    "qfex": (QfexServer, qfex_trade, qfex.Orders()),
}


@pytest.mark.parametrize("venue", SIGNED_IN)
def test_a_venue_that_allows_one_sign_in_is_renewed_by_connecting_again(venue: str) -> None:
    serve, dialect, topic = SIGNED_IN[venue]
    server = serve(now=START, seed=1, crowd=CrowdSettings(rate=1.0))
    server.has_one_sign_in = True
    one = World(server, dialect(server), Config(renew_every=20.0, backoff=QUICK))
    one.lines.subscribe(topic, now=one.now)
    one.run(150.0)
    (told,) = [event for event in of(one, LineChanged) if event.state == "alone"]
    assert "connecting again" in told.why
    assert is_live(one, topic)
    assert len(one.pipes) == 1
    assert one.most_pipes == 2
    assert len(of(one, Lost)) == len(of(one, Restored)) >= 5


def test_a_connection_whose_end_cancels_all_orders_is_not_renewed() -> None:
    keys = qfex.HmacCredentials("public", "secret")
    dialect = qfex.trade(credentials=keys, cancel_on_disconnect=True, url="ws://127.0.0.1/")
    with pytest.raises(UsageError, match="cancels every order then"):
        World(QfexServer(now=START), dialect, Config(renew_every=60.0))
