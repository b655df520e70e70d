"""The table of the states of an order."""

from coinex_proto.orders.states import CERTAINTY, FINAL_STATES, TRANSITIONS, state_diagram


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
    assert CERTAINTY[None] < CERTAINTY["sending"]
    assert {CERTAINTY[state] for state in FINAL_STATES} == {CERTAINTY["filled"]}, "no end outdoes another"
