"""What users hand to a client: nonsense is refused in words, before anything has changed."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from attrs import define
from trio.testing import MockClock

from coinex_driver.arguments import check_interval, identity
from coinex_proto import Ready, Topic, UsageError, coinex, coinflex, qfex
from coinex_trio import BlockingClient, CoinexClient, CoinflexClient, Exchange, QfexClient, open_client, run
from coinex_trio._local.coinflex import CoinflexExchange
from coinex_trio._local.qfex import QfexExchange
from tests.coinex_trio.venue import TrioNetwork, VirtualNetwork

TICKER = coinex.Ticker("BTCUSDT")
BOOK = coinex.Depth("BTCUSDT")
X: Any = "BTCUSDT"

Use = Callable[[Any], object]

BOTH_DRIVERS: tuple[tuple[Use, str], ...] = (
    (lambda c: c.subscribe(X), "a topic was expected"),
    (lambda c: c.subscribe(TICKER, X), "a topic was expected"),
    (lambda c: c.subscribe(X, callback=print), "a topic was expected"),
    (lambda c: c.subscribe([TICKER]), "a topic was expected"),
    (lambda c: c.subscribe(coinex.Ticker), "a topic was expected"),
    (lambda c: c.subscribe(TICKER, callback=X), "a callback must be a function"),
    (lambda c: c.unsubscribe(X), "a topic was expected"),
    (lambda c: c.trusted(X), "a topic was expected"),
    (lambda c: c.ready(X), "a topic was expected"),
    (lambda c: c.ready(TICKER, X), "a topic was expected"),
    (lambda c: c.book(X), "a topic was expected"),
    (lambda c: c.book(TICKER), "has no book"),
    (lambda c: c.events(X), "neither a class of events nor a topic"),
    (lambda c: c.events(TICKER, int), "neither a class of events nor a topic"),
    (lambda c: c.latest(X), "takes topics"),
    (lambda c: c.latest(), "takes topics"),
    (lambda c: c.on(X)(print), "neither a class of events nor a topic"),
    (lambda c: c.on(Ready)(X), "a callback must be a function"),
    (lambda c: c.on_error(X), "a callback must be a function"),
    (lambda c: c.send(X), "a command was expected"),
    (lambda c: c.send(None), "a command was expected"),
    (lambda c: c.send(coinex.Ping(), X), "a callback must be a function"),
    (lambda c: c.request(X), "a command was expected"),
    (lambda c: c.wait(X), "an order was expected"),
    (lambda c: c.wait(None), "an order was expected"),
    (lambda c: c.age(X), "an update was expected"),
    (lambda c: c.step(X), "takes a function"),
)

NO_TIMES: tuple[Any, ...] = (math.nan, "1", None, Decimal(1), timedelta(seconds=1))
TIMES: tuple[Callable[[Any, Any], object], ...] = (
    lambda c, t: c.run(t),
    lambda c, t: run(c, seconds=t),
    lambda c, t: c.ready(TICKER, timeout=t),
    lambda c, t: c.book(BOOK, timeout=t),
    lambda c, t: c.events(TICKER, seconds=t),
    lambda c, t: c.latest(TICKER, seconds=t),
)


@pytest.mark.parametrize(("use", "words"), BOTH_DRIVERS)
def test_nonsense_is_refused_in_words_and_changes_nothing(use: Use, words: str) -> None:
    network = VirtualNetwork()
    client = BlockingClient(coinex.spot(), network=network)
    with pytest.raises(UsageError, match=words):
        use(client)
    assert client.topics() == ()
    assert client.stats.pings == 0
    client.close()
    with BlockingClient(coinex.spot(), network=network) as client:
        sent = list(network.last.methods())
        with pytest.raises(UsageError, match=words):
            use(client)
        assert client.topics() == ()
        assert network.last.methods() == sent


@pytest.mark.parametrize(("use", "words"), BOTH_DRIVERS)
async def test_nonsense_is_refused_under_trio_too(use: Use, words: str, autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        with pytest.raises(UsageError, match=words):
            result = use(client)
            if inspect.isawaitable(result):
                await result
        assert client.topics() == ()
        assert network.last.methods() == []


@pytest.mark.parametrize("use", TIMES)
@pytest.mark.parametrize("seconds", NO_TIMES)
def test_a_time_that_is_no_number_is_refused_before_anything_has_changed(
    use: Callable[[Any, Any], object], seconds: Any
) -> None:
    network = VirtualNetwork()
    client = BlockingClient(coinex.spot(), network=network)
    with pytest.raises(UsageError, match=r"must be a number \(math.inf: without end\)"):
        use(client, seconds)
    assert client.topics() == ()
    assert network.attempts == []
    client.close()


def test_any_real_number_is_a_time_and_a_negative_one_is_over_at_once() -> None:
    network = VirtualNetwork()
    with BlockingClient(coinex.spot(), network=network) as client:
        began = network.now()
        client.run(seconds=Fraction(1, 2))  # type: ignore[arg-type]
        assert network.now() == began + 0.5
        client.run(seconds=-1)
        with pytest.raises(TimeoutError):
            client.ready(TICKER, timeout=-1)
        assert list(client.events(TICKER, seconds=-1)) == []
        assert network.now() == began + 0.5


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda c: c.cancel_order(X), "an order was expected"),
        (lambda c: c.modify_order(X, price="1"), "an order was expected"),
        (lambda c: c.resolve(X), "an order was expected"),
        (lambda c: c.wait(X), "an order was expected"),
        (lambda c: c.http.request(X), "an HTTP command was expected"),
        (lambda c: c.open_orders(5), "must be a str"),
        (lambda c: c.place_order(X, "by", "limit", "1", "1"), "must be one of"),
        (lambda c: c.subscribe_ticker(5), "must be a str"),
    ],
)
def test_the_methods_of_coinex_refuse_nonsense_in_words(use: Use, words: str, coinex_exchange: Exchange) -> None:
    client = CoinexClient(credentials=coinex_exchange.credentials, network=coinex_exchange.network)
    with pytest.raises(UsageError, match=words):
        use(client)
    assert client.topics() == ()
    client.close()


QFEX_BOOK, QFEX_TICKER = qfex.Level2("AAPL-USD"), qfex.Bbo("AAPL-USD")


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda c: c.subscribe(QFEX_TICKER, X), "a topic was expected"),
        (lambda c: c.subscribe(X, callback=print), "a topic was expected"),
        (lambda c: c.ready(X), "a topic was expected"),
        (lambda c: c.ready(QFEX_TICKER, timeout=math.nan), "must be a number"),
        (lambda c: c.book(QFEX_TICKER), "has no book"),
        (lambda c: c.book(QFEX_BOOK, timeout=math.nan), "must be a number"),
        (lambda c: c.latest(), "takes topics"),
        (lambda c: c.latest(QFEX_TICKER, seconds=math.nan), "must be a number"),
        (lambda c: c.events(QFEX_TICKER, seconds=math.nan), "must be a number"),
        (lambda c: c.run(math.nan), "must be a number"),
        (lambda c: c.wait(X), "an order was expected"),
        (lambda c: c.age(X), "an update was expected"),
        (lambda c: c.modify_order(X), "an order was expected"),
        (lambda c: c.cancel_order(5, "AAPL-USD"), "must be a str"),
    ],
)
def test_the_methods_of_qfex_refuse_nonsense_in_words(use: Use, words: str, qfex_exchange: QfexExchange) -> None:
    client = QfexClient(qfex_exchange.credentials, network=qfex_exchange.network)
    before = client.topics()
    with pytest.raises(UsageError, match=words):
        use(client)
    assert client.topics() == before
    client.close()


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda c: c.watch_orders(5), "a market is written like"),
        (lambda c: c.cancel_order(X), "an order is what"),
        (lambda c: c.modify_order(X), "an order is what"),
        (lambda c: c.get_trade_volume([]), "not in the table of assets"),
        (lambda c: c.wait(X), "an order was expected"),
    ],
)
def test_the_methods_of_coinflex_refuse_nonsense_in_words(
    use: Use, words: str, coinflex_exchange: CoinflexExchange
) -> None:
    client = CoinflexClient(coinflex_exchange.credentials, network=coinflex_exchange.network)
    with pytest.raises(UsageError, match=words):
        use(client)
    assert client.topics() == ()
    client.close()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: BlockingClient(X), "a dialect was expected"),
        (lambda: BlockingClient(coinex.spot), "a dialect was expected"),  # type: ignore[arg-type]
        (lambda: BlockingClient(coinex.CoinexDialect), "a dialect was expected"),  # type: ignore[arg-type]
        (lambda: BlockingClient(coinex.spot(), callbacks=X), "takes a Callbacks"),
        (lambda: BlockingClient(coinex.spot(), config=X), "takes a Config"),
        (lambda: CoinexClient(config=X), "takes a Config"),
        (lambda: QfexClient(config=X), "takes a Config"),
        (lambda: CoinflexClient(config=X), "takes a Config"),
    ],
)
def test_a_client_made_of_nonsense_is_refused_in_words(make: Callable[[], object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        make()


def test_run_says_what_it_drives() -> None:
    with BlockingClient(coinex.spot(), network=VirtualNetwork()) as client:
        with pytest.raises(UsageError, match=r"run\(client, seconds=10\)"):
            run(client, 10)  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="drives blocking clients"):
            run(X)


@define  # equal by value, and so without a hash
class Strategy:
    seen: int = 0

    def __call__(self, event: object) -> None:
        self.seen += 1


def test_an_object_without_a_hash_may_be_a_callback_and_is_registered_once() -> None:
    network = VirtualNetwork()
    one, other = Strategy(), Strategy()
    topic: Topic[Any] = TICKER
    with BlockingClient(coinex.spot(), network=network) as client:
        client.subscribe(topic, callback=one)
        client.subscribe(topic, callback=one)
        client.subscribe(topic, callback=other)
        network.at(1, lambda: network.last.ticker())
        client.run(seconds=2)
        assert (one.seen, other.seen) == (1, 1)
        client.unsubscribe(topic)
        client.subscribe(topic)
        network.at(3, lambda: network.last.ticker())
        client.run(seconds=2)
        assert (one.seen, other.seen) == (1, 1)


def test_coinflex_topics_bring_books_too(coinflex_exchange: CoinflexExchange) -> None:
    coinflex_exchange.quote("XBT/USDT", bid="9600", ask="9610", size="2")
    with CoinflexClient(coinflex_exchange.credentials, network=coinflex_exchange.network) as client:
        assert client.book(coinflex.OrderBook(*coinflex.ASSETS_2020.pair("XBT/USDT"))).trusted


def test_one_function_is_the_same_each_time_and_what_has_no_hash_is_itself() -> None:
    one, other = Strategy(), Strategy()
    assert identity(print) is print
    assert identity(one.__call__) == identity(one.__call__)
    assert identity(one) != identity(other)
    assert identity(one) == identity(one)


@pytest.mark.parametrize("seconds", [0.5, 1, 1e-9, None])
def test_orders_are_compared_every_so_many_seconds_or_never(seconds: float | None) -> None:
    check_interval(seconds, has_credentials=True)


@pytest.mark.parametrize("seconds", [0, -1.0, 0.0])
def test_orders_are_not_compared_all_the_time(seconds: float) -> None:
    with pytest.raises(UsageError, match="seconds above zero, or None for never"):
        check_interval(seconds, has_credentials=True)


def test_orders_are_compared_with_credentials_only() -> None:
    check_interval(None, has_credentials=False)
    with pytest.raises(UsageError, match="asks for own orders"):
        check_interval(1.0, has_credentials=False)
