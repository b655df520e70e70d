"""The order book alone: priority, levels, revisions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coinex_proto.simulator.market.matching import Book, Order, Side

ORDERS = st.lists(st.tuples(st.sampled_from(["buy", "sell"]), st.integers(1, 20), st.integers(1, 9)), max_size=40)


def order(number: int, side: Side, price: int, lots: int, *, is_hidden: bool = False) -> Order:
    return Order(
        order_id=number,
        owner=10,
        market="m",
        side=side,
        kind="limit",
        price=price,
        amount=lots,
        left=lots,
        is_hidden=is_hidden,
    )


def test_makers_are_met_best_price_first_then_oldest_first() -> None:
    book = Book()
    for number, price in enumerate((102, 100, 101, 100)):
        book.add(order(number, "sell", price, 1))
    assert [maker.order_id for maker in book.makers("buy", None)] == [1, 3, 2, 0]
    assert [maker.order_id for maker in book.makers("buy", 101)] == [1, 3, 2]
    assert book.next_maker("buy", 99) is None
    assert book.next_maker("sell", None) is None


def test_taking_part_of_an_order_leaves_it_in_front() -> None:
    book = Book()
    first, second = order(1, "buy", 100, 5), order(2, "buy", 100, 5)
    for maker in (first, second):
        book.add(maker)
    book.take(first, 3)
    assert book.next_maker("sell", 100) is first
    assert (first.left, book.bids.ranked[0].lots) == (2, 7)
    book.take(first, 2)
    assert book.next_maker("sell", 100) is second


def test_a_hidden_order_adds_nothing_to_its_level_and_trades_first() -> None:
    book = Book()
    book.add(order(1, "sell", 100, 5, is_hidden=True))
    assert [level.lots for level in book.asks] == [0]
    book.add(order(2, "sell", 101, 5))
    assert [(level.price, level.lots) for level in book.asks] == [(100, 0), (101, 5)]
    assert book.next_maker("buy", None) is book.orders[1]


@given(orders=ORDERS, removed=st.sets(st.integers(0, 39)))
def test_levels_are_sorted_and_hold_the_sum_of_their_orders(
    orders: list[tuple[Side, int, int]], removed: set[int]
) -> None:
    book = Book()
    live = [order(number, *terms) for number, terms in enumerate(orders)]
    for one in live:
        book.add(one)
    before = book.bids.revision + book.asks.revision
    gone = [one for one in live if one.order_id in removed]
    for one in gone:
        book.remove(one)
    assert book.bids.revision + book.asks.revision == before + len(gone)
    rest = [one for one in live if one.order_id not in removed]
    for side, sign in (("buy", -1), ("sell", 1)):
        expected: dict[int, int] = {}
        for one in rest:
            if one.side == side:
                expected[one.price] = expected.get(one.price, 0) + one.left
        half = book.bids if side == "buy" else book.asks
        assert [(level.price, level.lots) for level in half] == sorted(
            expected.items(), key=lambda item: item[0] * sign
        )
        assert len(list(half)) == len(expected)
    assert set(book.orders) == {one.order_id for one in rest}
