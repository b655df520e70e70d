"""The short ways of the crowd: nobody could tell them from orders that were placed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from coinex_proto.simulator.market.exchange import MAKERS, TAKERS
from coinex_proto.simulator.market.matching import Side
from coinex_proto.simulator.market.refusals import OrderRefused
from coinex_proto.simulator.market.short_ways import ShortWays
from tests.coinex_proto.simulator.market.two_accounts import FUTURES, INVERSE, SPOT, Book

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
                with exchange.batch() as touch:
                    touch(market)
                    ShortWays(exchange).quote(market, side, ticks, amount)
            elif action == "quote":
                exchange.place(MAKERS, key, side, "limit", price=ticks, amount=amount)
            elif book is short:
                with exchange.batch() as touch:
                    touch(market)
                    ShortWays(exchange).hit(market, side, ticks if action == "sweep" else None, amount)
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


def test_a_retired_quote_is_gone_as_a_cancelled_one_is_and_a_watched_maker_is_told() -> None:
    for is_watched in (False, True):
        book = Book()
        exchange, ways = book.exchange, ShortWays(book.exchange)
        if is_watched:
            exchange.ledger.watched.add(MAKERS)
            exchange.fills[MAKERS] = []
        with exchange.batch() as touch:
            touch(book.market)
            order = ways.quote(book.market, "buy", 10_000, 100_000)
            ways.retire(book.market, order)
        assert (order.finish, order.rests, book.market.levels("buy")) == ("canceled", False, [])
        assert (order.order_id in exchange.orders) is False
