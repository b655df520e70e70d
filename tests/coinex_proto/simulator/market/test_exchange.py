"""The exchange core: matching rules, money that is never created or lost, and the same answer to the same input."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinex_proto.simulator.market.accounts import NotEnough
from coinex_proto.simulator.market.matching import Side
from coinex_proto.simulator.market.refusals import OrderRefused
from tests.coinex_proto.simulator.market.bookkeeping import check_book, check_owner, check_totals
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


def test_a_refused_change_does_not_cost_an_order_its_place() -> None:
    book = Book()
    order, younger = book.place(book.first, "buy", 1, 100), book.place(book.second, "buy", 1, 100)
    with pytest.raises(OrderRefused, match="balance"):
        book.exchange.modify(order, price=10**9)
    book.place(book.second, "sell", 1, 100)
    assert (order.finish, younger.finish) == ("filled", "")


def test_a_change_does_not_trade_while_the_market_is_halted() -> None:
    book = Book()
    book.place(book.second, "sell", 1, 101)
    order = book.place(book.first, "buy", 1, 100)
    book.market.is_halted = True
    with pytest.raises(OrderRefused, match="does not trade"):
        book.exchange.modify(order, price=10_100)
    book.exchange.cancel(order)
    assert (order.filled, book.available(book.first, "USDT")) == (0, 10**6)


def test_a_fok_order_is_filled_by_others_alone_when_it_may_not_trade_with_its_owner() -> None:
    book = Book()
    own, other = book.place(book.first, "sell", 1, 100), book.place(book.second, "sell", 1, 100)
    for mode in ("ct", "cm", "both"):
        with pytest.raises(OrderRefused, match="fok"):
            book.place(book.first, "buy", 2, 100, "fok", stp=mode)
    assert (own.finish, other.finish) == ("", "")
    assert book.place(book.first, "buy", 1, 100, "fok", stp="cm").finish == "filled"
    assert (own.finish, other.finish) == ("canceled", "filled")


def test_a_market_order_holds_what_it_costs_without_the_orders_of_its_owner() -> None:
    book = Book()
    book.place(book.first, "sell", 1, 100)
    book.place(book.second, "sell", 2, 900_000)
    with pytest.raises(OrderRefused, match="balance"):
        book.place(book.first, "buy", 2, kind="market", stp="cm")
    assert book.place(book.first, "buy", 1, kind="market", stp="cm").filled_value == 900_000 * 10**20
    assert book.available(book.first, "USDT") == 100_000


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_market_order_for_less_quote_currency_than_the_least_amount_costs_is_refused(side: Side) -> None:
    book = Book()
    book.place(book.second, "sell", 1, 100)
    book.place(book.second, "buy", 1, 99)
    for units in (1, 10**20 // 1000):
        with pytest.raises(OrderRefused, match="minimum"):
            book.exchange.place(book.first, SPOT, side, "market", amount=units, spends_quote=True)
    order = book.exchange.place(book.first, SPOT, side, "market", amount=10**20, spends_quote=True)
    assert (order.finish, order.filled > 0) == ("filled", True)


@pytest.mark.parametrize("lots", [0, -COIN])
def test_nobody_fills_an_order_with_nothing(lots: int) -> None:
    book = Book()
    order = book.place(book.first, "buy", 1, 100)
    with pytest.raises(OrderRefused):
        book.exchange.fill(order, lots)
    assert (order.left, order.filled) == (COIN, 0)


def test_more_stop_orders_than_calls_can_be_nested_fire_at_one_price() -> None:
    book = Book()
    exchange, stops = book.exchange, 1000
    book.place(book.second, "sell", 50, 100)
    for _ in range(stops):
        exchange.stops.place(book.first, SPOT, "buy", "market", amount=COIN // 100, trigger_price=10_000)
    book.place(book.first, "buy", 1, 100)
    assert [stop.status for stop in exchange.stops.stops.values()] == ["active_success"] * stops
    assert sum(fill.deal.lots for fill in exchange.fills[book.first]) == 11 * COIN


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


@given(actions=ACTIONS)
def test_no_sequence_of_orders_creates_or_loses_a_unit(
    actions: list[tuple[str, str, Side, str, int, int, str, int]],
) -> None:
    book = Book()
    exchange = book.exchange
    perform(book, actions)
    check_totals(exchange)


@given(actions=ACTIONS)
def test_what_is_frozen_is_what_open_orders_hold_and_nothing_falls_below_zero(
    actions: list[tuple[str, str, Side, str, int, int, str, int]],
) -> None:
    book = Book()
    exchange = book.exchange
    perform(book, actions)
    for owner in (book.first, book.second):
        check_owner(exchange, owner)
    for market in exchange.markets.values():
        check_book(market)


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
