"""The book of CoinFLEX: notices, snapshots that were cut, and the two streams in any order against an exchange."""

from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinex_proto import Update
from coinex_proto.coinflex import BookOrder, OrderClosed, OrderModified, OrderOpened, OrdersMatched, OrdersUpdate
from coinex_proto.coinflex.book import MOST_WAITING, SNAPSHOT_ORDERS, CoinflexBook

PAIR: Final[dict[str, Any]] = {"base": 1, "counter": 2}


def book() -> CoinflexBook:
    return CoinflexBook(amount_places=4)


def whole(*orders: tuple[int, int, int]) -> OrdersUpdate:
    found = tuple(BookOrder(id=i, quantity=quantity, price=price, time=0) for i, quantity, price in orders)
    return OrdersUpdate(**PAIR, orders=found)


def opened(order_id: int, quantity: int, price: int, time: int = 0, **more: Any) -> OrderOpened:
    return OrderOpened(**PAIR, id=order_id, quantity=quantity, price=price, time=time, **more)


def modified(order_id: int, quantity: int, price: int) -> OrderModified:
    return OrderModified(**PAIR, id=order_id, quantity=quantity, price=price, time=0)


def closed(order_id: int) -> OrderClosed:
    return OrderClosed(**PAIR, id=order_id, quantity=0, price=1)


def matched(quantity: int, *, bid: tuple[int, int] | None = None, ask: tuple[int, int] | None = None) -> OrdersMatched:
    sides: dict[str, Any] = {}
    for word, side in (("bid", bid), ("ask", ask)):
        if side is not None:
            sides |= {word: side[0], f"{word}_rem": side[1]}
    return OrdersMatched(**PAIR, **sides, quantity=quantity, price=1, total=1, time=0)


def sides(found: CoinflexBook) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    levels = found.levels()

    def units(value: Decimal) -> int:
        return int(value * 10_000)

    bids = [(units(price), units(size)) for price, size in levels.bids]
    asks = [(units(price), units(size)) for price, size in levels.asks]
    return bids, asks


def test_orders_of_one_price_are_one_level() -> None:
    found = book()
    assert found.apply(whole((1, 5, 100), (2, 7, 100), (3, -4, 200))) is None
    assert sides(found) == ([(100, 12)], [(200, 4)])


def test_nothing_is_proved_before_the_snapshot() -> None:
    found = book()
    assert found.apply(opened(1, 5, 100)) == "waiting for the snapshot"
    assert sides(found) == ([], [])


def test_an_ask_keeps_its_sign_when_it_trades() -> None:
    found = book()
    found.apply(whole((1, -10, 200)))
    assert found.apply(matched(4, ask=(1, 6))) is None
    assert sides(found) == ([], [(200, 6)])


def test_a_filled_order_is_gone_from_the_levels_and_goes_with_its_own_notice() -> None:
    found = book()
    found.apply(whole((1, 10, 100)))
    found.apply(matched(10, bid=(1, 0)))
    assert sides(found) == ([], [])
    assert found.apply(closed(1)) is None
    assert found.apply(closed(1)) is None


def test_fees_may_take_a_little_more_than_was_traded_but_never_less() -> None:
    found = book()
    found.apply(whole((1, 10, 100)))
    assert found.apply(matched(4, bid=(1, 5))) is None
    assert found.apply(matched(4, bid=(1, 2))) is not None
    assert found.checks_failed == 1
    assert found.apply(opened(2, 1, 1)) is not None


def test_a_notice_that_comes_twice_does_no_harm_or_is_found_out() -> None:
    found = book()
    found.apply(whole())
    for _ in range(2):
        assert found.apply(opened(1, 10, 100)) is None
    assert sides(found) == ([(100, 10)], [])
    assert found.apply(matched(4, bid=(1, 6))) is None
    assert found.apply(matched(4, bid=(1, 6))) is not None


@pytest.mark.parametrize(
    "trade",
    [
        matched(-4, bid=(1, 14)),
        matched(0, bid=(1, 10)),
        matched(4, bid=(1, -6)),
        OrdersMatched(**PAIR, bid=1, quantity=4, price=1, total=1, time=0),
        matched(4, bid=(2, 6)),
        matched(4, ask=(1, 6)),
    ],
    ids=["below zero", "of nothing", "rest below zero", "no rest", "an ask that buys", "a bid that sells"],
)
def test_a_trade_that_cannot_have_been_ends_trust(trade: OrdersMatched) -> None:
    found = book()
    found.apply(whole((1, 10, 100), (2, -10, 200)))
    assert found.apply(trade) is not None
    assert sides(found) == ([(100, 10)], [(200, 10)])


def test_a_trade_that_cannot_have_been_is_found_out_when_the_snapshot_comes_after_it() -> None:
    found = book()
    found.apply(matched(4, bid=(1, -6)))
    assert found.apply(whole((1, 10, 100))) is not None


def test_what_was_missed_leaves_it_unproved_until_it_is_subscribed_again() -> None:
    found = book()
    found.apply(whole((1, 10, 100)))
    found.missed()
    assert found.apply(closed(1)) == "a notice could not be read"
    assert found.apply(whole((1, 10, 100))) == "a notice could not be read"
    found.reset()
    assert found.apply(whole((1, 10, 100))) is None


def test_of_a_snapshot_that_was_cut_only_what_is_better_than_its_worst_price_is_shown() -> None:
    found = book()
    bids = [(i, 1, 1000 + i) for i in range(SNAPSHOT_ORDERS)]
    assert found.apply(whole(*bids, (9999, -1, 9000))) is None
    shown, asks = sides(found)
    assert len(shown) == SNAPSHOT_ORDERS - 1
    assert shown[-1] == (1001, 1)
    assert asks == [(9000, 1)]
    found.apply(opened(5000, 7, 1000))
    found.apply(opened(5001, 7, 999))
    assert sides(found)[0][-1] == (1001, 1)
    found.apply(modified(5001, 7, 1002))
    assert sides(found)[0][-2:] == [(1002, 8), (1001, 1)]


def test_when_the_known_part_is_used_up_nothing_is_claimed() -> None:
    found = book()
    found.apply(whole(*[(i, 1, 1000 + i % 2) for i in range(SNAPSHOT_ORDERS)]))
    whys = [found.apply(closed(i)) for i in range(SNAPSHOT_ORDERS)]
    assert whys[-1] is not None
    assert "1,000" in whys[-1]


def test_an_empty_side_of_a_whole_snapshot_is_just_empty() -> None:
    found = book()
    found.apply(whole((1, 1, 100)))
    assert found.apply(closed(1)) is None
    assert sides(found) == ([], [])


def test_the_notices_that_wait_are_bounded() -> None:
    found = book()
    for number in range(MOST_WAITING + 1):
        found.apply(opened(number, 1, 1))
    assert found.apply(whole()) == "too many notices before the snapshot"


def test_a_price_of_nothing_is_refused() -> None:
    found = book()
    assert found.apply(whole((1, 1, 0))) is not None


@pytest.mark.parametrize("huge", [2**63, 10**4299 * 9])
def test_a_number_that_no_order_has_ends_trust_and_never_raises(huge: int) -> None:  # law 3
    """Two of 4,300 digits add up to one that Python does not write."""
    for orders in (((1, huge, 100), (2, huge, 100)), ((1, -huge, 100),), ((1, 5, huge),)):
        found = book()
        assert "63 bits" in str(found.apply(whole(*orders)))
        found.reset()
        found.apply(whole())
        verdicts = [found.apply(opened(*order)) for order in orders]
        assert "63 bits" in str(verdicts[-1])
        found.levels()


def test_an_old_trade_of_ones_own_does_not_undo_what_the_snapshot_knows() -> None:
    """Own notices come also before the book is watched, so that one may be older than the snapshot."""
    found = book()
    found.apply(matched(2, bid=(7, 0), ask=(1, 8)))
    found.apply(whole((1, -3, 200)))
    assert sides(found) == ([], [(200, 3)])


# Against an exchange ----------------------------------------------------------------------------------------------------


class Venue:
    """A matching engine in twenty lines: what it knows is what the book must show."""

    def __init__(self) -> None:
        self.orders: dict[int, tuple[int, int]] = {}
        self.last = 0

    def act(self, choice: int, size: int, price: int) -> list[Update]:
        ids = sorted(self.orders)
        target = ids[choice % len(ids)] if ids else None
        action = choice % 4
        if target is None or action == 0:
            self.last += 1
            quantity = size if choice % 8 < 4 else -size
            self.orders[self.last] = (quantity, price)
            return [opened(self.last, quantity, price)]
        quantity, at = self.orders[target]
        if action == 1:
            del self.orders[target]
            return [closed(target)]
        if action == 2:
            self.orders[target] = (size if quantity > 0 else -size, price)
            return [modified(target, self.orders[target][0], price)]
        traded = min(size, abs(quantity))
        left = abs(quantity) - traded
        notice = matched(traded, **{"bid" if quantity > 0 else "ask": (target, left)})
        if left:
            self.orders[target] = (left if quantity > 0 else -left, at)
            return [notice]
        del self.orders[target]
        return [notice, closed(target)]

    def snapshot(self) -> OrdersUpdate:
        return whole(*[(order_id, quantity, price) for order_id, (quantity, price) in self.orders.items()])

    def sides(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        levels: dict[tuple[bool, int], int] = {}
        for quantity, price in self.orders.values():
            levels[quantity > 0, price] = levels.get((quantity > 0, price), 0) + abs(quantity)
        bids = sorted(((price, size) for (is_bid, price), size in levels.items() if is_bid), reverse=True)
        asks = sorted((price, size) for (is_bid, price), size in levels.items() if not is_bid)
        return bids, asks


ACTIONS: Final = st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 9), st.integers(1, 9)), max_size=40)


@settings(max_examples=200, deadline=None)
@given(ACTIONS, ACTIONS, st.integers(0, 60))
def test_whenever_the_snapshot_arrives_the_book_is_the_exchanges_book(
    before: list[tuple[int, int, int]], after: list[tuple[int, int, int]], held_up: int
) -> None:
    venue, found = Venue(), book()
    for action in before:
        venue.act(*action)
    snapshot = venue.snapshot()
    notices = [notice for action in after for notice in venue.act(*action)]
    notices.insert(min(held_up, len(notices)), snapshot)
    verdicts = [found.apply(notice) for notice in notices]
    assert verdicts[-1] is None
    assert sides(found) == venue.sides()


@settings(max_examples=100, deadline=None)
@given(ACTIONS, st.integers(0, 60))
def test_a_lost_notice_never_raises(actions: list[tuple[int, int, int]], lost: int) -> None:
    venue, found = Venue(), book()
    notices: list[Update] = [venue.snapshot(), *[notice for action in actions for notice in venue.act(*action)]]
    del notices[1:][lost : lost + 1]
    for notice in notices:
        found.apply(notice)
    found.levels()


def test_what_was_gone_before_the_snapshot_came_may_have_been_all_that_is_known() -> None:
    found = book()
    for order_id in range(SNAPSHOT_ORDERS):
        found.apply(closed(order_id))
    why = found.apply(whole(*[(i, 1, 1000 + i % 2) for i in range(SNAPSHOT_ORDERS)]))
    assert why is not None
    assert sides(found) == ([], [])


def test_of_asks_too_only_so_many_are_known() -> None:
    found = book()
    found.apply(whole(*[(i, -1, 1000 + i % 2) for i in range(SNAPSHOT_ORDERS)]))
    whys = [found.apply(closed(i)) for i in range(SNAPSHOT_ORDERS)]
    assert whys[-1] is not None
    assert "1,000" in whys[-1]


def test_a_book_is_as_of_the_newest_notice() -> None:
    found = book()
    found.apply(whole((1, 5, 100), (2, 5, 99)))
    found.apply(opened(3, 5, 98, time=1_700_000_000_000_000))
    assert found.levels().updated_at_ms == 1_700_000_000_000
    found.apply(OrderClosed(**PAIR, id=3, quantity=5, price=98, time_closed=1_700_000_001_000_000))
    assert found.levels().updated_at_ms == 1_700_000_001_000
