"""The table of a connection's life."""

from __future__ import annotations

from coinex_proto.phases import PHASES, Phase, Step, diagram


def reachable(start: Phase) -> set[Phase]:
    found, todo = {start}, [start]
    while todo:
        here = todo.pop()
        for (old, _), new in PHASES.items():
            if old is here and new not in found:
                found.add(new)
                todo.append(new)
    return found


def test_every_phase_is_reached_and_every_one_leads_to_closed() -> None:
    assert reachable(Phase.NEW) == set(Phase)
    assert all(Phase.CLOSED in reachable(phase) for phase in Phase)


def test_closed_is_final_and_nothing_goes_back_to_new() -> None:
    assert reachable(Phase.CLOSED) == {Phase.CLOSED}
    assert Phase.NEW not in PHASES.values()


def test_ready_comes_from_the_opening_only() -> None:
    assert [move for move, new in PHASES.items() if new is Phase.READY] == [(Phase.OPENING, Step.OPENED)]


def test_an_end_or_a_close_is_known_in_every_phase_that_has_a_transport() -> None:
    live = set(Phase) - {Phase.NEW, Phase.CLOSED}
    assert {old for old, step in PHASES if step is Step.END} == live
    assert {old for old, step in PHASES if step is Step.CLOSE} == set(Phase) - {Phase.CLOSING, Phase.CLOSED}


def test_the_diagram_has_a_line_for_each_row() -> None:
    lines = diagram().splitlines()
    assert len(lines) == len(PHASES) + 3
    assert "    opening --> ready: last answer of the opening" in lines
