"""One order: how facts fold into values, and the table of states."""

from decimal import Decimal
from typing import Any

import pytest

from coinex_proto.orders.fact import Fill, OrderFact
from coinex_proto.orders.order import MOST_AMENDMENTS, Order
from coinex_proto.orders.states import FINAL_STATES, TRANSITIONS, OrderState
from coinex_proto.orders.view import OrderValues

D = Decimal


def fact(state: OrderState, why: str, at: int) -> OrderFact:
    assert state != "unknown"
    return OrderFact(state=state, why=why, at=at)


def reported(*facts: OrderFact) -> OrderValues:
    """The values after these facts, in this order."""
    order = Order()
    order.move("sending")
    for serial, one in enumerate(facts, 1):
        order.apply(one, serial)
    order.refresh(1.0)
    return order.values


def test_the_table_names_every_state_and_only_states() -> None:
    states = {state for state in TRANSITIONS if state is not None}
    assert {to for following in TRANSITIONS.values() for to in following} == states
    assert {"filled", "cancelled", "refused"} == FINAL_STATES


@pytest.mark.parametrize("state", [state for state in TRANSITIONS if state is not None])
@pytest.mark.parametrize("to", [state for state in TRANSITIONS if state is not None])
def test_a_state_changes_as_the_table_says_and_not_otherwise(state: OrderState, to: OrderState) -> None:
    order = Order()
    order.state = state
    is_allowed = to in TRANSITIONS[state]
    assert order.move(to, "because") is is_allowed
    assert order.state == (to if is_allowed else state)


def test_filled_only_grows() -> None:
    values = reported(OrderFact(amount=D(10), filled=D(4)), OrderFact(amount=D(10), filled=D(2)))
    assert (values.filled, values.remaining) == (D(4), D(6))


def test_filled_follows_from_amount_and_remaining() -> None:
    assert reported(OrderFact(amount=D(10), remaining=D(3), state="cancelled")).filled == 7


def test_nothing_of_a_refused_order_is_taken_for_filled() -> None:
    assert reported(OrderFact(amount=D(10), remaining=D(0), state="refused")).filled == 0


def test_one_trade_told_twice_counts_once() -> None:
    fill = Fill("t1", D(2), D(100))
    values = reported(OrderFact(amount=D(5)), OrderFact(fill=fill), OrderFact(fill=fill))
    assert (values.filled, values.remaining, values.average_price) == (D(2), D(3), D(100))


def test_single_fills_and_the_venues_sum_are_not_added() -> None:
    values = reported(OrderFact(fill=("t1", D(2), D(100))), OrderFact(amount=D(5), filled=D(3), remaining=D(2)))
    assert (values.filled, values.remaining) == (D(3), D(2))


def test_fills_after_the_last_push_take_from_what_it_said_remains() -> None:
    values = reported(
        OrderFact(amount=D(10), filled=D(2), remaining=D(8)),
        OrderFact(fill=("t1", D(2), D(1))),
        OrderFact(fill=("t2", D(3), D(1))),
    )
    assert (values.filled, values.remaining) == (D(5), D(5))


def test_what_remains_may_be_in_another_unit_than_the_amount() -> None:
    """A market order by value: the venue's own remainder stands, whatever the amount says."""
    values = reported(OrderFact(amount=D(100), filled=D("0.5"), remaining=D(50), state="live"))
    assert values.remaining == 50


def test_an_amendment_without_a_remainder_makes_one() -> None:
    values = reported(OrderFact(amount=D(10), filled=D(4), remaining=D(6)), OrderFact(amount=D(20), price=D(7)))
    assert (values.amount, values.price, values.remaining) == (D(20), D(7), D(16))


def test_an_older_description_does_not_replace_a_newer_one_but_fills_gaps() -> None:
    values = reported(OrderFact(price=D(7), at=20), OrderFact(price=D(5), amount=D(3), at=10))
    assert (values.price, values.amount) == (D(7), D(3))


def test_without_times_more_filled_is_newer_and_then_what_came_later() -> None:
    values = reported(OrderFact(price=D(7), filled=D(2)), OrderFact(price=D(5), filled=D(1)))
    assert values.price == 7
    values = reported(OrderFact(price=D(7), filled=D(2)), OrderFact(price=D(5), filled=D(2)))
    assert values.price == 5


def test_a_filled_order_is_filled_in_full_even_when_no_number_says_so() -> None:
    values = reported(OrderFact(amount=D(10), filled=D(4)), OrderFact(state="filled"))
    assert (values.filled, values.remaining, values.state) == (D(10), D(0), "filled")


def test_the_venues_average_holds_for_what_was_filled_then() -> None:
    push = OrderFact(filled=D(2), average_price=D(100))
    assert reported(push).average_price == 100
    assert reported(push, OrderFact(filled=D(3))).average_price is None


def test_an_average_of_our_own_needs_every_fill_with_its_price() -> None:
    first, second = OrderFact(fill=("t1", D(1), D(100))), OrderFact(fill=("t2", D(3), D(104)))
    assert reported(first, second).average_price == 103
    assert reported(first, OrderFact(filled=D(4))).average_price is None
    assert reported(first, OrderFact(fill=("t2", D(3), None))).average_price is None


def test_nothing_filled_has_no_average() -> None:
    assert reported(OrderFact(amount=D(1), average_price=D(0))).average_price is None


def test_a_late_fill_counts_after_the_end_and_the_end_stays() -> None:
    values = reported(OrderFact(amount=D(5), remaining=D(5), state="cancelled"), OrderFact(fill=("t1", D(2), D(1))))
    assert (values.state, values.filled, values.remaining) == ("cancelled", D(2), D(3))


@pytest.mark.parametrize("end", ["filled", "cancelled", "refused"])
def test_no_fact_leads_out_of_a_final_state(end: OrderState) -> None:
    assert end in FINAL_STATES
    laters: tuple[OrderState, ...] = ("sending", "live", "filled", "cancelled", "refused")
    for later in laters:
        values = reported(fact(end, "first", 1), fact(later, "second", 2))
        assert (values.state, values.why) == (end, "first")


def test_a_stale_word_does_not_settle_whether_an_unknown_order_lives() -> None:
    order = Order()
    order.apply(OrderFact(state="live", filled=D(3), at=10), 1)
    order.move("unknown", "line lost")
    for stale in (OrderFact(state="live", at=9), OrderFact(state="live", filled=D(2))):
        order.apply(stale, 2)
        assert order.state == "unknown"
    order.apply(OrderFact(state="live", filled=D(3), at=10), 3)
    assert order.state == "live"


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-1", "1e61", "1e999999", "1e-999999"])
def test_numbers_that_cannot_be_count_as_not_said(text: str) -> None:
    odd = D(text)
    values = reported(
        OrderFact(amount=D(5), price=D(1)),
        OrderFact(amount=odd, price=odd, remaining=odd, average_price=odd, filled=odd),
        OrderFact(amount=odd, remaining=D(1)),
        OrderFact(fill=("t1", odd, D(1))),
    )
    assert (values.amount, values.price, values.filled) == (D(5), D(1), D(0))


def test_a_fill_with_a_price_that_cannot_be_has_no_average() -> None:
    assert reported(OrderFact(fill=("t1", D(1), D("NaN")))).average_price is None


def test_the_word_of_an_id_that_the_order_no_longer_has_changes_no_state_and_no_number() -> None:
    order = Order()
    order.order_ids = ("old", "new")
    order.replaced = frozenset({"old"})
    order.apply(OrderFact(order_id="new", state="live", price=D(7), amount=D(5)), 1)
    order.apply(OrderFact(order_id="old", state="cancelled", price=D(6), fill=("t1", D(1), D(6))), 2)
    order.refresh(0.0)
    assert (order.values.state, order.values.price, order.values.filled) == ("live", D(7), D(1))
    assert order.values.order_id == "new"


def test_values_change_only_when_something_but_the_time_does() -> None:
    order = Order()
    order.apply(OrderFact(state="live", amount=D(5), at=1), 1)
    assert order.refresh(10.0)
    order.apply(OrderFact(state="live", amount=D(5), at=2), 2)
    assert not order.refresh(11.0)
    assert order.values.updated_at == 10.0


def test_a_refused_change_does_not_end_an_order_that_was_live() -> None:
    order = Order()
    order.apply(OrderFact(state="live"), 1)
    states = []
    for serial in (2, 3):
        order.apply(OrderFact(state="refused", why="the change"), serial)
        states.append(order.state)
        order.move("unknown")
    assert states == ["live", "unknown"]


def test_an_unknown_order_whose_fills_add_up_is_filled() -> None:
    order = Order()
    order.move("sending")
    order.apply(OrderFact(amount=D(3)), 1)
    order.move("unknown")
    for trade_id, amount in ((1, 1), (2, 2)):
        order.apply(OrderFact(fill=Fill(trade_id, D(amount), D(7))), 1 + trade_id)
        order.refresh(1.0)
        assert order.state == ("filled" if trade_id == 2 else "unknown")
    assert order.values.average_price == 7


def test_an_amended_order_has_the_amount_that_its_remainder_and_its_fills_make() -> None:
    placed = OrderFact(amount=D(10), remaining=D(10), state="live", at=1)
    filled = OrderFact(fill=Fill("t1", D(4), D(100)), remaining=D(6), at=2)
    amended = OrderFact(remaining=D(3), state="live", at=3, is_amended=True)
    values = reported(placed, filled, amended)
    assert (values.amount, values.filled, values.remaining) == (D(7), D(4), D(3))


def test_an_amendment_that_comes_late_changes_nothing_that_is_newer() -> None:
    newer = OrderFact(amount=D(5), remaining=D(5), state="live", at=9)
    values = reported(newer, OrderFact(remaining=D(3), state="live", at=3, is_amended=True))
    assert (values.amount, values.remaining) == (D(5), D(5))


@pytest.mark.parametrize("traded", [4, 10])
def test_an_amendment_that_a_second_connection_tells_again_behind_its_trades_changes_nothing(traded: int) -> None:
    placed = OrderFact(amount=D(10), remaining=D(10), state="live", at=1)
    amended = OrderFact(price=D(7), remaining=D(10), state="live", at=2, is_amended=True)
    filled = OrderFact(fill=Fill("t1", D(traded), D(7)), remaining=D(10 - traded), at=2)
    order = told(placed, amended, filled)
    order.move("unknown")
    order.apply(amended, 4)
    order.refresh(1.0)
    values = order.values
    assert (values.amount, values.filled, values.remaining) == (D(10), D(traded), D(10 - traded))
    assert values.state == ("filled" if traded == 10 else "unknown")


def test_of_an_order_that_is_amended_without_end_the_last_amendments_are_remembered() -> None:
    amendments = [
        OrderFact(price=D(at), remaining=D(10), state="live", at=at, is_amended=True) for at in range(1, 1000)
    ]
    order = told(OrderFact(amount=D(10), state="live", at=0), *amendments)
    assert len(order._amendments) == MOST_AMENDMENTS
    order.apply(OrderFact(fill=Fill("t1", D(4), D(7)), remaining=D(6), at=999), 1001)
    order.apply(amendments[-MOST_AMENDMENTS], 1002)
    order.refresh(1.0)
    assert (order.values.amount, order.values.remaining) == (D(10), D(6))


def test_two_orders_that_turn_out_to_be_one_have_the_amendments_of_both() -> None:
    amended = OrderFact(price=D(7), remaining=D(10), state="live", at=2, is_amended=True)
    order, other = told(OrderFact(amount=D(10), state="live", at=1)), told(amended)
    order.absorb(other)
    order.apply(OrderFact(fill=Fill("t1", D(4), D(7)), at=2), 3)
    order.apply(amended, 4)
    order.refresh(1.0)
    assert (order.values.amount, order.values.filled) == (D(10), D(4))


def test_an_order_that_is_listed_no_more_has_ended_and_its_end_may_still_be_told() -> None:
    order = Order()
    assert not order.end_untold("gone")
    order.apply(OrderFact(order_id=1, state="live"), 1)
    order.refresh(1.0)
    assert not order.end_untold("gone"), "it is live"
    order.move("unknown", "missed")
    assert order.end_untold("gone")
    assert not order.end_untold("gone"), "that is no news"
    order.refresh(2.0)
    assert (order.values.state, order.values.has_ended, order.values.why) == ("unknown", True, "gone")
    order.apply(OrderFact(order_id=1, state="cancelled"), 2)
    order.refresh(3.0)
    assert (order.values.state, order.values.has_ended) == ("cancelled", True)


@pytest.mark.parametrize(
    ("filled", "state"), [("1", "filled"), ("1.00000001", "filled"), ("0.99999999", "cancelled"), ("0", "cancelled")]
)
def test_a_cancelled_order_of_which_all_is_filled_was_filled(filled: str, state: str) -> None:
    values = reported(OrderFact(order_id=1, amount=D(1), filled=D(filled), state="cancelled"))
    assert values.state == state


def test_an_order_that_was_amended_to_what_is_filled_was_cancelled() -> None:
    live = OrderFact(order_id=1, amount=D(2), filled=D(1), state="live")
    values = reported(live, OrderFact(order_id=1, remaining=D(0), is_amended=True, state="cancelled"))
    assert values.state == "cancelled"


# Two that turn out to be one ------------------------------------------------------------------------------------------


def told(*facts: OrderFact) -> Order:
    order = Order()
    for serial, one in enumerate(facts, 1):
        order.apply(one, serial)
    order.order_ids = tuple(dict.fromkeys(one.order_id for one in facts if one.order_id is not None))
    order.client_order_id = next((one.client_order_id for one in facts if one.client_order_id), None)
    return order


@pytest.mark.parametrize(
    ("name", "value", "other"),
    [
        ("market", "BTCUSDT", "ETHUSDT"),
        ("side", "buy", "sell"),
        ("order_type", "limit", "market"),
        ("reduce_only", False, True),
        ("client_order_id", "mine", "yours"),
        ("price", D(7), D(8)),
        ("amount", D(5), D(6)),
    ],
)
def test_an_order_that_turns_out_to_be_another_brings_what_that_lacks_and_replaces_nothing(
    name: str, value: Any, other: Any
) -> None:
    for half, rest, expected in (
        ({}, {name: value}, value), ({name: value}, {}, value), ({name: value}, {name: other}, None),
    ):  # fmt: skip
        known, found = told(OrderFact(state="live", at=2, **half)), told(OrderFact(at=1, **rest))
        known.absorb(found)
        known.refresh(1.0)
        assert getattr(known.values, name) == (value if expected is None else expected)


def test_joined_orders_have_the_ids_of_both_the_older_ones_first_and_each_once() -> None:
    known, found = (
        told(OrderFact(order_id=3), OrderFact(order_id=2)),
        told(OrderFact(order_id=1), OrderFact(order_id=2)),
    )
    known.replaced, found.replaced = frozenset({3}), frozenset({1})
    known.absorb(found)
    assert (known.order_ids, known.order_id) == ((1, 2, 3), 2)
    assert known.replaced == frozenset({1, 3})


def test_the_fills_of_joined_orders_are_added_and_those_of_both_count_once() -> None:
    known = told(
        OrderFact(amount=D(9), state="live"), OrderFact(fill=("t1", D(2), D(100))), OrderFact(fill=("t2", D(1), D(100)))
    )
    found = told(OrderFact(fill=("t2", D(1), D(100))), OrderFact(fill=("t3", D(3), D(104))))
    known.absorb(found)
    known.refresh(1.0)
    assert (known.values.filled, known.values.average_price) == (D(6), D(102))
    found = told(OrderFact(filled=D(8)))
    known.absorb(found)
    known.refresh(1.0)
    assert known.values.filled == 8


@pytest.mark.parametrize(
    ("known", "found", "expected"),
    [
        ("live", "filled", "filled"), ("filled", "live", "filled"), ("unknown", "live", "live"),
        ("live", "unknown", "live"), ("sending", "live", "live"), ("live", "sending", "live"),
        ("unknown", "cancelled", "cancelled"),
    ],
)  # fmt: skip
def test_of_joined_orders_the_surer_state_stays_with_its_reason(
    known: OrderState, found: OrderState, expected: str
) -> None:
    one, other = Order(), Order()
    one.state, one._why = known, known
    other.state, other._why = found, found
    one.absorb(other)
    one.refresh(1.0)
    assert (one.values.state, one.values.why) == (expected, expected)


@pytest.mark.parametrize(("is_known", "is_found"), [(True, False), (False, True)])
def test_joined_orders_were_live_if_either_was(is_known: bool, is_found: bool) -> None:
    one, other = Order(), Order()
    one.was_live, other.was_live = is_known, is_found
    one.state = other.state = "unknown"
    one.absorb(other)
    assert one.was_live
    assert not one.move("refused"), "what was accepted is refused no more"


def test_joined_orders_are_as_new_as_the_newer_one() -> None:
    one, other = told(OrderFact(state="live", at=5)), told(OrderFact(state="live", at=9))
    one.absorb(other)
    one.move("unknown")
    one.apply(OrderFact(state="live", at=7), 9)
    states: list[object] = [one.state]
    one.apply(OrderFact(state="live", at=9), 9)
    assert [*states, one.state] == ["unknown", "live"], "the first was older than what one of them had said"


# Which order a fact may be of -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("market", "side", "asked", "is_possible"),
    [
        ("A", "buy", ("A", "buy"), True),
        ("A", "buy", ("B", "buy"), False),
        ("A", "buy", ("A", "sell"), False),
        ("A", "buy", (None, None), True),
        ("A", "buy", (None, "sell"), False),
        (None, None, ("B", "sell"), True),
        (None, "buy", ("B", "sell"), False),
        ("A", None, ("A", "sell"), True),
        ("A", None, ("B", "sell"), False),
    ],
)
def test_an_order_may_be_of_a_market_and_a_side_unless_both_are_known_and_differ(
    market: str | None, side: str | None, asked: tuple[str | None, str | None], is_possible: bool
) -> None:
    order = told(OrderFact(market=market, side=side))
    assert order.may_be(*asked) is is_possible
    assert order.may_be_in(asked[0]) is (market is None or asked[0] in (None, market))


@pytest.mark.parametrize(
    ("known", "asked", "is_older", "is_newer"),
    [(5, 6, True, False), (5, 4, False, True), (5, 5, False, False), (None, 5, False, False), (5, None, False, False)],
)
def test_only_the_venues_times_prove_what_is_older(
    known: int | None, asked: int | None, is_older: bool, is_newer: bool
) -> None:
    order = told(OrderFact(state="live", at=known))
    assert (order.is_older_than(OrderFact(at=asked)), order.is_newer_than(OrderFact(at=asked))) == (is_older, is_newer)


def test_an_order_that_was_filled_was_accepted_also_without_a_number() -> None:
    assert told(OrderFact(state="filled")).was_live
    assert told(OrderFact(fill=("t", D(1), None))).was_live
    assert not told(OrderFact(state="cancelled")).was_live
