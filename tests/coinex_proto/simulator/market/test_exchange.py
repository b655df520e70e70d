"""The exchange core: matching rules, money that is never created or lost, and the same answer to the same input."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinex_proto.simulator.market.accounts import NotEnough
from coinex_proto.simulator.market.exchange import MAKERS, TAKERS, Exchange
from coinex_proto.simulator.market.market import MarketSpec
from coinex_proto.simulator.market.matching import Order, Side
from coinex_proto.simulator.market.refusals import OrderRefused
from tests.coinex_proto.simulator.market.two_accounts import COIN, FUTURES, INVERSE, SPOT, Book, Notes


def test_better_prices_match_first_and_older_orders_of_a_price_before_younger() -> None:
    book = Book()
    late = book.place(book.second, "sell", 1, 101)
    older, younger = book.place(book.second, "sell", 1, 100), book.place(book.second, "sell", 1, 100)
    taker = book.place(book.first, "buy", 2, 101)
    assert (older.finish, younger.finish, late.finish, taker.finish) == ("filled", "filled", "", "filled")
    assert [(deal.price, deal.lots) for deal in book.market.deals] == [(10_000, COIN), (10_000, COIN)]


def test_a_trade_is_at_the_makers_price_and_the_rest_of_the_taker_rests() -> None:
    book = Book()
    book.place(book.second, "sell", 1, 100)
    taker = book.place(book.first, "buy", 3, 105)
    assert book.market.last == 10_000
    assert (taker.left, taker.filled) == (2 * COIN, COIN)
    assert book.market.levels("buy") == [("105.00", "2")]


def test_ioc_takes_what_there_is_and_fok_takes_all() -> None:
    book = Book()
    book.place(book.second, "sell", 1, 100)
    ioc = book.place(book.first, "buy", 2, 100, "ioc")
    assert (ioc.finish, ioc.filled, ioc.left) == ("canceled", COIN, COIN)
    book.place(book.second, "sell", 2, 100)
    fok = book.place(book.first, "buy", 2, 100, "fok")
    assert fok.finish == "filled"
    assert len(book.market.book.orders) == 0


@pytest.mark.parametrize(
    ("mode", "maker", "taker"), [("ct", "", "canceled"), ("cm", "canceled", ""), ("both", "canceled", "canceled")]
)
def test_self_trade_prevention_cancels_taker_maker_or_both(mode: str, maker: str, taker: str) -> None:
    book = Book()
    resting = book.place(book.first, "sell", 1, 100)
    taking = book.place(book.first, "buy", 1, 100, stp=mode)
    assert (resting.finish, taking.finish) == (maker, taker)
    assert not book.market.deals


def test_without_a_mode_an_account_may_trade_with_itself() -> None:
    book = Book()
    book.place(book.first, "sell", 1, 100)
    assert book.place(book.first, "buy", 1, 100).finish == "filled"


def test_a_changed_order_keeps_its_id_and_loses_its_place() -> None:
    book = Book()
    changed, other = book.place(book.first, "buy", 1, 100), book.place(book.second, "buy", 1, 100)
    number = changed.order_id
    book.exchange.modify(changed, amount=2 * COIN)
    assert (changed.order_id, changed.left) == (number, 2 * COIN)
    book.place(book.second, "sell", 1, 100)
    assert (other.finish, changed.finish) == ("filled", "")


def test_a_change_that_cannot_be_paid_leaves_the_order_as_it_was() -> None:
    book = Book()
    order = book.place(book.first, "buy", 1, 100)
    with pytest.raises(OrderRefused, match="balance"):
        book.exchange.modify(order, price=10**6 * 100 + 1)
    assert (order.price, order.left, order.finish) == (10_000, COIN, "")
    assert book.available(book.first, "USDT") == 10**6 - 100
    assert book.market.levels("buy") == [("100.00", "1")]


def test_a_hidden_order_trades_and_is_not_shown() -> None:
    book = Book()
    hidden = book.place(book.first, "sell", 1, 100, is_hidden=True)
    assert book.market.levels("sell") == []
    assert not book.market.see_top()
    book.place(book.second, "buy", 1, 100)
    assert hidden.finish == "filled"


def test_a_fill_out_of_turn_is_at_the_orders_own_price() -> None:
    book = Book()
    book.place(book.second, "buy", 1, 101)
    order = book.place(book.first, "buy", 2, 100)
    book.exchange.fill(order, COIN)
    assert (order.filled, order.last_price, order.finish) == (COIN, 10_000, "")
    assert book.market.levels("buy") == [("101.00", "1"), ("100.00", "1")]


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["place", "cancel", "modify", "fill", "stop", "close", "leverage", "fund"]),
        st.sampled_from([SPOT, FUTURES, INVERSE]),
        st.sampled_from(["buy", "sell"]),
        st.sampled_from(["limit", "market", "maker_only", "ioc", "fok"]),
        st.integers(1, 40),
        st.integers(90, 110),
        st.sampled_from(["", "ct", "cm", "both"]),
        st.integers(0, 1),
    ),
    min_size=30,
    max_size=60,
)


def lots_of(key: str, size: int) -> int:
    """Odd amounts of about the same value in every market: an inverse one counts dollars."""
    return size * 33 if key == INVERSE else size * COIN // 3


def perform(book: Book, actions: list[tuple[str, str, Side, str, int, int, str, int]]) -> None:
    exchange = book.exchange
    for number, (action, key, side, kind, size, price, stp, who) in enumerate(actions):
        exchange.now_ms += 10
        owner = (book.first, book.second)[who]
        mine = [order for order in exchange.orders.values() if order.owner == owner and not order.finish]
        order = mine[number % len(mine)] if mine else None
        amount, ticks = (
            lots_of(key if order is None or action in ("place", "stop") else order.market, size),
            price * 100,
        )
        try:
            if action == "place":
                spends = kind == "market" and side == "buy" and key == SPOT and bool(number % 2)
                exchange.place(
                    owner, key, side, kind, amount=size * 10**20 // 7 if spends else amount,
                    price=0 if kind == "market" else ticks, stp=stp, spends_quote=spends,
                )  # fmt: skip
            elif action == "stop":
                exchange.stops.place(owner, key, side, "market", amount=amount, trigger_price=ticks)
            elif action == "fund":
                exchange.settle_funding()
            elif action == "leverage" and key != SPOT:
                exchange.set_leverage(exchange.markets[key], owner, ("cross", "isolated")[number % 2], 1 + size)
            elif action == "close":
                for position in exchange.futures.open_positions(owner):
                    exchange.close(position, "market")
            elif order is not None and action == "cancel":
                exchange.cancel(order)
            elif order is not None and action == "modify":
                exchange.modify(order, price=ticks, amount=amount)
            elif order is not None and action == "fill":
                exchange.fill(order, amount)
        except (OrderRefused, NotEnough):
            continue


def held_in(spec: MarketSpec, order: Order) -> str:
    return spec.base if spec.wallet == "spot" and order.side == "sell" else spec.settle


def worth(exchange: Exchange, currency: str) -> int:
    """What all owners hold; open futures positions at their cost."""
    positions = exchange.futures.open_positions()
    cost = sum(p.cost for p in positions if exchange.markets[p.market].spec.settle == currency)
    return exchange.ledger.total(currency) - cost


@given(actions=ACTIONS)
def test_no_sequence_of_orders_creates_or_loses_a_unit(
    actions: list[tuple[str, str, Side, str, int, int, str, int]],
) -> None:
    book = Book()
    exchange = book.exchange
    perform(book, actions)
    for currency in ("USDT", "BTC"):
        assert worth(exchange, currency) == exchange.ledger.deposited(currency)
    for key in (FUTURES, INVERSE):
        assert sum(position.lots for position in exchange.futures.open_positions() if position.market == key) == 0


@given(actions=ACTIONS)
def test_what_is_frozen_is_what_open_orders_hold_and_nothing_falls_below_zero(
    actions: list[tuple[str, str, Side, str, int, int, str, int]],
) -> None:
    book = Book()
    exchange = book.exchange
    perform(book, actions)
    for owner in (book.first, book.second):
        for wallet in ("spot", "futures"):
            for currency, balance in exchange.ledger.wallet(owner, wallet):
                holding = [
                    order.frozen
                    for market in exchange.markets.values()
                    if market.spec.wallet == wallet
                    for order in market.book.orders.values()
                    if order.owner == owner and currency == held_in(market.spec, order)
                ]
                assert balance.frozen == sum(holding)
                assert balance.available >= 0
                assert balance.margin >= 0
    for market in exchange.markets.values():
        bid, _, ask, _ = market.top
        assert not (bid and ask) or bid < ask
        for side in market.book.sides.values():
            for level in side:
                assert level.lots == sum(order.left for order in level.orders if not order.is_hidden) > 0


@settings(max_examples=30, deadline=None)
@given(actions=ACTIONS)
def test_the_same_input_gives_the_same_events(actions: list[tuple[str, str, Side, str, int, int, str, int]]) -> None:
    stories = []
    for _ in range(2):
        book, notes = Book(), Notes()
        book.exchange.listeners.append(notes)
        perform(book, actions)
        stories.append(notes.events)
    assert stories[0] == stories[1]


CROWD_ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["quote", "hit", "sweep", "own"]),
        st.sampled_from(["buy", "sell"]),
        st.integers(95, 105),
        st.integers(1, 5),
    ),
    max_size=40,
)


@settings(max_examples=50, deadline=None)
@given(actions=CROWD_ACTIONS, key=st.sampled_from([SPOT, FUTURES, INVERSE]))
def test_the_short_way_of_the_crowd_does_what_placing_an_order_does(
    actions: list[tuple[str, Side, int, int]], key: str
) -> None:
    short, long = Book(), Book()
    for action, side, price, lots in actions:
        for book in (short, long):
            market, exchange = book.exchange.markets[key], book.exchange
            ticks, amount = price * 100, lots * 10**market.spec.amount_places
            if action == "own":
                try:
                    exchange.place(book.first, key, side, "limit", price=ticks, amount=amount)
                except OrderRefused:
                    continue
            elif action == "quote" and book is short:
                exchange.quote(market, side, ticks, amount)
            elif action == "quote":
                exchange.place(MAKERS, key, side, "limit", price=ticks, amount=amount)
            elif book is short:
                exchange.hit(market, side, ticks if action == "sweep" else None, amount)
            elif market.book.next_maker(side, ticks if action == "sweep" else None) is not None:
                kind = "ioc" if action == "sweep" else "market"
                exchange.place(TAKERS, key, side, kind, price=ticks if action == "sweep" else 0, amount=amount)
    assert story(short, key) == story(long, key)


def story(book: Book, key: str) -> object:
    """Everything that somebody could see of a market and its money."""
    exchange = book.exchange
    market = exchange.markets[key]
    balances = [
        (owner, currency, held.available, held.frozen, held.margin)
        for owner in (0, MAKERS, TAKERS, book.first)
        for currency, held in sorted(exchange.ledger.wallet(owner, market.spec.wallet))
        if held.total
    ]
    ladders = [market.levels(side) for side in ("buy", "sell")]
    orders = [(o.order_id, o.owner, o.side, o.price, o.left, o.filled) for o in market.book.orders.values()]
    return balances, ladders, orders, list(market.deals), market.top, market.minutes[-1].value if market.minutes else 0
