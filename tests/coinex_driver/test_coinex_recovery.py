"""What a CoinEx client finds out after a loss, and that its tracker agrees with the exchange in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coinex_proto import (
    Backfilled,
    BackfillStarted,
    Config,
    NotReady,
    OrderView,
    Restored,
    Update,
    coinex,
)
from coinex_proto.coinex.http import assets, spot
from coinex_trio import CoinexClient, Exchange, memory_exchange
from coinex_trio._local.hosting import PlacedOrder

MARKET = "BTCUSDT"


@pytest.fixture
def cx(coinex_exchange: Exchange) -> Iterator[CoinexClient]:
    coinex_exchange.quote(MARKET, "100", "101", "5")
    with CoinexClient("spot", coinex_exchange.credentials, network=coinex_exchange.network) as client:
        yield client


def buy(cx: CoinexClient, price: str = "99", amount: str = "0.1") -> OrderView:
    return cx.place_order(MARKET, "buy", "limit", amount, price)


# After a loss ---------------------------------------------------------------------------------------------------------


@pytest.mark.local_exchange(seed=3, rate=60.0)
def test_what_was_missed_is_handed_out_once_and_marked(coinex_exchange: Exchange) -> None:
    deals: list[int] = []
    recovered: list[str] = []
    told: list[BackfillStarted | Backfilled | Restored] = []
    config = Config(ping_interval=5.0, ping_timeout=2.0)
    with CoinexClient(
        "spot", coinex_exchange.credentials, network=coinex_exchange.network, backfill=True, config=config
    ) as cx:
        cx.subscribe_trades(MARKET, lambda update: deals.extend(update.trade_ids))
        cx.subscribe_user_order()
        cx.subscribe_user_deals()
        cx.on(Update)(lambda update: recovered.append(type(update).__name__) if update.is_recovered else None)
        cx.on(BackfillStarted)(told.append)
        cx.on(Backfilled)(told.append)
        cx.on(Restored)(told.append)
        cx.ready(coinex.Orders(), coinex.UserTrades(), coinex.Trades(MARKET))
        cx.run(seconds=2)
        order = buy(cx, price="10000")
        cx.run(seconds=1)
        coinex_exchange.drop()
        coinex_exchange.fill(order)
        coinex_exchange.advance(15)
        cx.run(seconds=5)
        listed = {row.deal_id for row in cx.http.request(spot.ListMarketDeals(market=MARKET, limit=1000))}
    assert len(deals) == len(set(deals)), "nothing came twice"
    missed = {deal_id for deal_id in listed if min(deals) <= deal_id <= max(deals)} - set(deals)
    assert missed == set(), "nothing was left out"
    assert sorted(set(recovered)) == ["OrderUpdate", "TradesUpdate", "UserTradeUpdate"]
    assert order.state == "filled"
    done = {type(event.topic): event for event in told if isinstance(event, Backfilled)}
    assert done[coinex.Trades].recovered > 100, "more than the venue repeats by itself"
    assert (done[coinex.Trades].missing, done[coinex.UserTrades].recovered, done[coinex.Orders].recovered) == ("", 1, 1)
    restored = [event for event in told if isinstance(event, Restored)]
    assert {(event.since, event.until) for event in done.values()} <= {(one.since, one.until) for one in restored}


@pytest.mark.local_exchange(seed=3, rate=60.0)
def test_a_gap_beyond_what_the_venue_lists_is_said_to_be_incomplete(coinex_exchange: Exchange) -> None:
    told: list[Backfilled] = []
    with CoinexClient("spot", network=coinex_exchange.network, backfill=True) as cx:
        cx.on(Backfilled)(told.append)
        cx.subscribe_trades(MARKET)
        cx.ready(coinex.Trades(MARKET))
        coinex_exchange.drop()
        coinex_exchange.advance(60)
        cx.run(seconds=5)
    assert "lists its latest 1000 only" in told[0].missing


def test_without_backfill_nothing_is_asked_for(cx: CoinexClient, coinex_exchange: Exchange) -> None:
    told: list[Backfilled | BackfillStarted] = []
    cx.on(Backfilled)(told.append)
    cx.on(BackfillStarted)(told.append)
    cx.subscribe_trades(MARKET)
    cx.ready(coinex.Trades(MARKET))
    coinex_exchange.drop()
    cx.run(seconds=5)
    assert cx.stats.reconnects == 1
    assert told == []


# Law ------------------------------------------------------------------------------------------------------------------

STEPS = st.lists(
    st.sampled_from(["buy", "take", "lose the answer", "fill", "cancel", "cancel elsewhere", "drop", "run", "theirs"]),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(STEPS)
@example(["buy", "cancel elsewhere", "drop"])
@example(["buy", "fill", "drop"])
@example(["lose the answer", "drop"])
def test_whatever_happens_the_tracker_agrees_with_the_exchange_in_the_end(steps: list[str]) -> None:
    exchange = memory_exchange(rate=0.01)
    exchange.quote(MARKET, "100", "101", "50")
    with CoinexClient("spot", exchange.credentials, network=exchange.network, backfill=True) as cx:
        cx.ready(coinex.Orders(), coinex.UserTrades())
        cx.balances()
        placed: list[OrderView] = []

        def place(price: str) -> None:
            with suppress(NotReady):
                placed.append(buy(cx, price))

        def lose_the_answer() -> None:
            if cx.trusted(coinex.Orders()):
                exchange.refuse("/spot/order", 4002)
                place("99")

        def each_open(act: Callable[[PlacedOrder], object]) -> None:
            for order in exchange.orders()[:1]:
                act(order)

        def cancel_elsewhere(order: PlacedOrder) -> None:
            cx.http.request(spot.CancelOrder(market=MARKET, order_id=int(order.order_id)))

        def cancel() -> None:
            for order in cx.orders()[:1]:
                cx.cancel_order(order)

        acts: dict[str, Callable[[], object]] = {
            "buy": lambda: place("99"),
            "take": lambda: place("101"),
            "lose the answer": lose_the_answer,
            "fill": lambda: each_open(exchange.fill),
            "cancel": cancel,
            "cancel elsewhere": lambda: each_open(cancel_elsewhere),
            "drop": exchange.drop,
            "run": lambda: cx.run(seconds=1),
            "theirs": lambda: exchange.place(MARKET, "buy", "98", "0.2"),
        }
        for step in steps:
            acts[step]()
        cx.run(seconds=30)
        for order in cx.orders():
            cx.resolve(order)
        open_there = {order.order_id: order.remaining for order in exchange.orders()}
        assert {order.order_id: order.remaining for order in cx.open_orders()} == open_there
        assert all(order.is_final or order.order_id in open_there for order in placed)
        rows = cx.http.request(assets.GetSpotBalance())
        assert {row.ccy: row.available for row in rows} == {ccy: b.available for ccy, b in cx.balances().items()}
