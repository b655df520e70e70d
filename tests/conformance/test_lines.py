"""Clients with several sockets, on each driver, against the local exchange in memory: hours of it take no time."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import coinex_asyncio
import coinex_trio
from coinex_proto import (
    Backoff,
    Callbacks,
    Closed,
    Config,
    Event,
    Lost,
    NotReady,
    Ready,
    Replied,
    Restored,
    UsageError,
    coinex,
)
from coinex_proto.events import LineChanged, RenewalFailed, Renewed
from coinex_trio import Exchange, local_exchange, memory_exchange
from tests.coinex_asyncio.venue import virtually

BOOK = coinex.Depth("BTCUSDT")
TRADES = coinex.Trades("BTCUSDT")
QUOTE = coinex.BestQuote("BTCUSDT")
TICKER = coinex.Ticker("BTCUSDT")
ORDERS = coinex.Orders("BTCUSDT")
FILLS = coinex.UserTrades("BTCUSDT")
FIVE = (BOOK, TRADES, QUOTE, ORDERS, FILLS)
QUICK = Backoff(first=0.2, ceiling=1.0)

Step = tuple[float, Callable[[Any], object]]
"""What to do with the client, and the seconds that pass after it."""
Story = Callable[[coinex.CoinexDialect, Exchange, Callbacks, Config, Sequence[Step]], None]


def on_blocking(
    dialect: coinex.CoinexDialect, exchange: Exchange, callbacks: Callbacks, config: Config, steps: Sequence[Step]
) -> None:
    with coinex_trio.BlockingClient(dialect, callbacks=callbacks, config=config, network=exchange.network) as client:
        for seconds, act in steps:
            act(client)
            client.run(seconds=seconds)
    assert client._io.transport is None


def on_run(
    dialect: coinex.CoinexDialect, exchange: Exchange, callbacks: Callbacks, config: Config, steps: Sequence[Step]
) -> None:
    """Beside another client in the same thread."""
    other = coinex_trio.BlockingClient(coinex.futures(), network=exchange.network)
    client = coinex_trio.BlockingClient(dialect, callbacks=callbacks, config=config, network=exchange.network)
    with other, client:
        for seconds, act in steps:
            act(client)
            coinex_trio.run(client, other, seconds=seconds)


def on_trio(
    dialect: coinex.CoinexDialect, exchange: Exchange, callbacks: Callbacks, config: Config, steps: Sequence[Step]
) -> None:
    async def main() -> None:
        async with coinex_trio.open_client(
            dialect, callbacks=callbacks, config=config, network=exchange.network
        ) as client:
            for seconds, act in steps:
                act(client)
                await trio.sleep(seconds)

    trio.run(main, clock=MockClock(autojump_threshold=0))


def on_asyncio(
    dialect: coinex.CoinexDialect, exchange: Exchange, callbacks: Callbacks, config: Config, steps: Sequence[Step]
) -> None:
    async def main() -> None:
        async with coinex_asyncio.open_client(
            dialect, callbacks=callbacks, config=config, network=exchange.network
        ) as client:
            for seconds, act in steps:
                act(client)
                await asyncio.sleep(seconds)

    virtually(main)


DRIVERS: dict[str, Story] = {"blocking": on_blocking, "run": on_run, "trio": on_trio, "asyncio": on_asyncio}


class Told:
    """A client's events, and what a story did with it."""

    def __init__(self, driver: str, exchange: Exchange, config: Config) -> None:
        self.exchange = exchange
        self.events: list[Event] = []
        self._drive = DRIVERS[driver]
        self._config = config
        self._end = 0

    def run(self, *steps: Step) -> None:
        callbacks = Callbacks()
        callbacks.on(Event)(self.events.append)
        dialect = coinex.spot(credentials=self.exchange.credentials)
        self._drive(dialect, self.exchange, callbacks, self._config, [*steps, (0.0, self._note_end)])

    def _note_end(self, _: object) -> None:
        self._end = len(self.events)

    def of(self, *kinds: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kinds)]

    def trades(self) -> list[int]:
        return [trade for event in self.of(coinex.TradesUpdate) for trade in event.trade_ids]

    def before_the_end(self, *kinds: type[Any]) -> list[Any]:
        """Without what closing the client brings."""
        return [event for event in self.events[: self._end] if isinstance(event, kinds)]


def subscribed(*topics: Any) -> Callable[[Any], None]:
    return lambda client: client.subscribe(*topics)


def nothing(_: Any) -> None:
    """Time passes."""


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def assert_no_gap(told: Told) -> None:
    """Nothing was lost before the end; each trade came once, and none is missing."""
    assert told.before_the_end(Lost, Closed) == []
    assert len(told.of(Ready)) == 1
    counts = Counter(told.trades())
    assert [trade for trade, count in counts.items() if count > 1] == []
    assert sorted(counts) == list(range(min(counts), max(counts) + 1))


def test_connections_that_the_venue_cuts_at_an_age_are_renewed_before(driver: str) -> None:
    told = Told(driver, memory_exchange(seed=1), Config(renew_every=50.0))
    told.exchange.inject("at 0.001s life 60")
    told.run((200.0, subscribed(*FIVE, TICKER)))
    assert [event.why for event in told.of(Renewed)] == ["after 50 s"] * 3
    assert_no_gap(told)
    assert told.of(RenewalFailed) == []


def test_renewals_are_made_when_asked_for_and_at_a_notice_of_maintenance(driver: str) -> None:
    told = Told(driver, memory_exchange(seed=1), Config(renew_every=math.inf))
    told.run(
        (10.0, subscribed(*FIVE, coinex.Notices())),
        (10.0, lambda client: client.renew()),
        (10.0, lambda client: told.exchange.inject("at 0.001s maintenance 600 1200")),
        (10.0, nothing),
    )
    assert [event.why for event in told.of(Renewed)] == ["asked for", "the venue announced maintenance"]
    assert len(told.of(coinex.NoticeUpdate)) == 1
    assert_no_gap(told)


def test_topics_are_spread_over_sockets_that_come_and_go_with_them(driver: str) -> None:
    exchange = memory_exchange(seed=1, markets=8, rate=1.0)
    names = [market.spec.name for market in exchange._server.exchange.markets.values() if market.spec.wallet == "spot"]
    books = [coinex.Depth(name) for name in names][:8]
    told = Told(driver, exchange, Config(topics_per_connection=2))
    seen: list[Any] = []

    def look(client: Any) -> None:
        assert client.trusted(*books)
        seen.append([stats.topics for stats in client.line_stats])
        assert client.stats.messages == sum(stats.statistics.messages for stats in client.line_stats)
        client.unsubscribe(*books[2:4])

    told.run((20.0, subscribed(*books)), (5.0, look), (1.0, lambda c: seen.append(len(c.line_stats))))
    assert seen == [[2] * 4, 3]
    assert len(told.of(Ready)) == 1
    assert told.before_the_end(Lost) == []


def test_of_two_lines_one_may_break_and_each_update_comes_once(driver: str) -> None:
    told = Told(driver, memory_exchange(seed=1), Config(lines=2, backoff=QUICK))

    def cut(number: int) -> Callable[[Any], None]:
        return lambda _: told.exchange._host.call(lambda: told.exchange._server.sockets()[number].end("rst"))

    told.run((10.0, subscribed(BOOK, TRADES, QUOTE)), (10.0, cut(0)), (10.0, cut(1)), (10.0, cut(0)), (5.0, nothing))
    assert told.before_the_end(Lost) == []
    counts = Counter(told.trades())
    assert set(counts.values()) == {1}
    assert sorted(counts) == list(range(min(counts), max(counts) + 1))
    assert len([event for event in told.of(LineChanged, Ready) if getattr(event, "state", "ready") == "ready"]) >= 4


def test_orders_fills_and_requests_go_on_over_renewals(driver: str) -> None:
    told = Told(driver, memory_exchange(seed=1), Config(renew_every=3.0))
    requests: list[int] = []

    def trade(client: Any) -> None:
        requests.append(client.send(coinex.ServerTime()))
        told.exchange.fill(told.exchange.place("BTCUSDT", "buy", "50000", "0.01"))

    told.run((2.0, subscribed(*FIVE)), *[(0.9, trade) for _ in range(20)])
    assert len(told.of(Renewed)) >= 4
    assert_no_gap(told)
    assert len(told.of(coinex.UserTradeUpdate)) == 20
    assert [event.request_id for event in told.of(Replied)] == requests
    assert len(told.of(coinex.OrderUpdate)) == 40


def test_a_client_that_stops_in_the_middle_of_a_renewal_closes_every_socket(driver: str) -> None:
    told = Told(driver, memory_exchange(seed=1), Config(renew_every=math.inf))

    def stop(client: Any) -> None:
        client.renew()
        client.stop()

    told.run((5.0, subscribed(*FIVE)), (0.1, lambda client: client.renew()), (5.0, stop))
    assert told.exchange._server.sockets() == ()


def test_where_the_venue_allows_one_sign_in_it_is_noticed_and_told(driver: str) -> None:
    told = Told(driver, memory_exchange(seed=1), Config(renew_every=20.0, backoff=QUICK))
    told.exchange.inject("at 0.001s one-sign-in on")
    told.run((150.0, subscribed(*FIVE)))
    assert len([event for event in told.of(LineChanged) if event.state == "alone"]) == 1
    assert set(Counter(told.trades()).values()) == {1}
    restored = {topic.key for event in told.of(Restored) for topic in event.topics}
    assert restored == {topic.key for topic in FIVE}
    assert len(told.exchange._server.private.sockets) == 0


def test_with_the_thread_of_a_background_client_lines_are_renewed_too() -> None:
    with local_exchange(seed=1) as exchange:
        dialect = coinex.spot(credentials=exchange.credentials, url=exchange.url)
        renewed: list[Renewed] = []
        with coinex_trio.BlockingClient(dialect, config=Config(renew_every=math.inf), background=True) as client:
            client.on(Renewed)(renewed.append)
            client.subscribe(BOOK, ORDERS)
            client.ready(BOOK, ORDERS)
            client.renew()
            while not renewed:
                client.run(seconds=0.01)
            assert client.trusted(BOOK, ORDERS)
            assert client.stats.connects == 2
            assert [stats.topics for stats in client.line_stats][-1:] == [2]
    assert renewed[0].line == 1


def test_a_client_with_one_socket_says_what_renewing_takes() -> None:
    exchange = memory_exchange(seed=1)
    with coinex_trio.CoinexClient(network=exchange.network) as client:
        client.subscribe_ticker("BTCUSDT")
        client.run(seconds=1)
        with pytest.raises(UsageError, match="renew_every"):
            client.renew()
        (line,) = client.line_stats
        assert (line.line, line.topics, line.statistics) == (0, 1, client.stats)


def test_a_client_that_has_ended_is_not_renewed() -> None:
    exchange = memory_exchange(seed=1)
    with coinex_trio.CoinexClient(network=exchange.network, config=Config(renew_every=5.0)) as client:
        client.run(seconds=1)
        client.stop()
        client.run(seconds=5)
    with pytest.raises((UsageError, NotReady)):
        client.renew()
