"""The table of the states of an order."""

from decimal import Decimal

from hypothesis import strategies as st

from coinex_proto.ids import RequestId
from coinex_proto.orders.fact import OrderFact
from coinex_proto.orders.states import CERTAINTY, FINAL_STATES, TRANSITIONS, state_diagram

D = Decimal
FIRST, SECOND = RequestId(1), RequestId(2)
ODD_NUMBERS = st.none() | st.decimals() | st.sampled_from([D("1e999999"), D("-0"), D("1e-400"), D(3)])
ODD_FACTS = st.builds(
    OrderFact,
    order_id=st.none() | st.integers(0, 3) | st.sampled_from(["a", ""]),
    client_order_id=st.sampled_from([None, "", "c", "d"]),
    market=st.sampled_from([None, "A", "B"]),
    side=st.none() | st.text(max_size=2),
    price=ODD_NUMBERS,
    amount=ODD_NUMBERS,
    filled=ODD_NUMBERS,
    remaining=ODD_NUMBERS,
    average_price=ODD_NUMBERS,
    state=st.sampled_from([None, "sending", "live", "filled", "cancelled", "refused"]),
    at=st.none() | st.integers() | st.floats(),
    replaces=st.none() | st.integers(0, 3) | st.sampled_from(["a"]),
    fill=st.none() | st.tuples(st.integers(0, 5), st.decimals(), st.none() | st.decimals()),
)


def test_the_diagram_shows_the_table() -> None:
    diagram = state_diagram()
    assert diagram.startswith("stateDiagram-v2\n    [*] --> sending\n")
    arrows = [line for line in diagram.splitlines() if "-->" in line]
    ends = sum(1 for following in TRANSITIONS.values() if not following)
    assert len(arrows) == sum(map(len, TRANSITIONS.values())) + ends
    assert "    filled --> [*]" in arrows


def test_a_final_state_is_one_that_nothing_follows() -> None:
    assert {"filled", "cancelled", "refused"} == FINAL_STATES
    assert all(not TRANSITIONS[state] for state in FINAL_STATES)


def test_what_is_certain_of_two_halves_of_an_order_is_the_later_state() -> None:
    assert CERTAINTY["sending"] < CERTAINTY["unknown"] < CERTAINTY["live"] < CERTAINTY["filled"]
    assert set(CERTAINTY) == set(TRANSITIONS)
