"""Bad weather for bots: what `Swarm` gives, and that `check` tells an untruth from a truth."""

from __future__ import annotations

from decimal import Decimal

import pytest

from coinex_proto import Config, OrderView, UsageError, coinex
from coinex_proto.orders.view import OrderValues, Snapshot
from coinex_trio import CoinexClient
from coinex_trio.swarm import Swarm

MARKET = "BTCUSDT"
QUIET = 1
"""A seed under which nothing is on."""


class Told:
    """A client that says what a test wants."""

    def __init__(self, *orders: OrderView) -> None:
        self._orders = orders

    def orders(self) -> tuple[OrderView, ...]:
        return self._orders

    def topics(self) -> tuple[()]:
        return ()

    def trusted(self, *topics: object) -> bool:
        return True

    def book(self, topic: object) -> None: ...  # there is none to ask for


def view(**values: object) -> OrderView:
    return OrderView(Snapshot(OrderValues(**values), 1))  # type: ignore[arg-type]


@pytest.fixture
def swarm() -> Swarm:
    return Swarm(QUIET, rate=0.0)


def test_the_quiet_seed_is_quiet(swarm: Swarm) -> None:
    assert swarm.faults == ()
    assert repr(swarm) == "Swarm(seed=1), on: nothing"


def test_the_record_has_every_order_with_its_end(swarm: Swarm) -> None:
    swarm.exchange.quote(MARKET, "100", "101", "5")
    with CoinexClient(network=swarm.network, credentials=swarm.credentials) as cx:
        first = cx.place_order(MARKET, "buy", "limit", "0.5", "99")
        cx.place_order(MARKET, "buy", "limit", "0.5", "98")
        cx.cancel_order(first)
        cx.place_order(MARKET, "buy", "limit", "0.5", "101")
        cx.run(seconds=1)
        swarm.check(cx, orders=[first])
        assert [(order.state, order.filled) for order in swarm.placed()] == [
            ("cancelled", 0),
            ("live", 0),
            ("filled", Decimal("0.5")),
        ]
        assert swarm.fills == 1
        assert swarm.placed()[0].client_order_id == first.client_order_id
        assert swarm.open_connections() == 1
    assert swarm.open_connections() == 0
    assert len(swarm.attempts) >= 1


@pytest.mark.parametrize("state", ["filled", "cancelled", "refused"])
def test_a_final_state_that_the_exchange_does_not_know_is_an_untruth(swarm: Swarm, state: str) -> None:
    placed = swarm.exchange.place(MARKET, "buy", "99", "1")
    with pytest.raises(AssertionError, match=rf"seed 1: .*{state}.* the exchange has it live"):
        swarm.check(Told(view(state=state, order_id=placed.order_id)))  # type: ignore[arg-type]


def test_an_order_that_never_was_and_a_fill_too_many_are_untruths(swarm: Swarm) -> None:
    placed = swarm.exchange.place(MARKET, "buy", "99", "1")
    for told in (view(state="live", order_id=5), view(state="filled", order_id=5)):
        with pytest.raises(AssertionError, match="never was at the exchange"):
            swarm.check(Told(), orders=[told])  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="has filled 0"):
        swarm.check(Told(view(state="live", order_id=placed.order_id, filled=Decimal(1))))  # type: ignore[arg-type]


def test_unknown_says_nothing_that_could_be_untrue(swarm: Swarm) -> None:
    placed = swarm.exchange.place(MARKET, "buy", "99", "1")
    swarm.check(Told(view(state="unknown", order_id=placed.order_id), view(state="unknown", order_id=7)))  # type: ignore[arg-type]


def test_a_book_that_the_exchange_has_not_had_is_an_untruth(swarm: Swarm) -> None:
    depth = coinex.Depth(MARKET)
    swarm.exchange.quote(MARKET, "100", "101", "5")
    with CoinexClient(network=swarm.network, config=Config(retry_first=True)) as cx:
        cx.book(depth)
        swarm.check(cx)
        swarm._record._books.clear()
        swarm.exchange.quote(MARKET, "200", "201", "5")
        with pytest.raises(AssertionError, match="is trusted, and the exchange has not had it"):
            swarm.check(cx)


def test_calm_ends_the_faults_of_the_exchange() -> None:
    swarm = Swarm(QUIET)
    swarm.exchange.inject("every 1s drop rst")
    with CoinexClient(network=swarm.network) as cx:
        cx.subscribe(coinex.Depth(MARKET))
        cx.run(seconds=10)
        reconnects = cx.stats.reconnects
        assert reconnects > 1
        swarm.calm()
        cx.run(seconds=120)
        assert cx.stats.reconnects <= reconnects + 1
        assert cx.trusted(coinex.Depth(MARKET))


def test_a_seed_is_no_negative_number() -> None:
    with pytest.raises(UsageError, match="seed=-1"):
        Swarm(-1)
