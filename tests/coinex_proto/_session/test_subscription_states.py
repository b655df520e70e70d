"""The two tables of a subscription's life, and who may write what."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from attrs import fields

from coinex_proto._session.subscription_states import (
    ACKNOWLEDGED,
    AT_VENUE,
    PROOFS,
    RENEWED,
    TRANSITIONS,
    Cause,
    Proof,
    Sign,
    State,
    proof_diagram,
    state_diagram,
)
from coinex_proto._session.subscriptions import Subscription, Verification

CORE = Path(__file__).parents[3] / "coinex_proto"


def reachable(table: Any, start: Any) -> set[Any]:
    found, todo = {start}, [start]
    while todo:
        here = todo.pop()
        for (old, _), new in table.items():
            if old is here and new not in found:
                found.add(new)
                todo.append(new)
    return found


@pytest.mark.parametrize("state", State)
def test_every_state_is_reached_and_can_come_back_to_off(state: State) -> None:
    assert state in reachable(TRANSITIONS, State.OFF)
    assert State.OFF in reachable(TRANSITIONS, state)


@pytest.mark.parametrize("proof", Proof)
def test_every_proof_is_reached_and_can_be_withdrawn(proof: Proof) -> None:
    assert proof in reachable(PROOFS, Proof.UNEXPECTED)
    assert proof is Proof.UNEXPECTED or PROOFS[proof, Sign.WITHDRAWN] is Proof.UNEXPECTED


def test_a_lost_connection_leaves_nothing_but_a_refusal() -> None:
    after = {state: TRANSITIONS.get((state, Cause.DISCONNECTED), state) for state in State}
    assert {state for state, to in after.items() if to is not State.OFF} == {State.REFUSED}


def test_one_request_is_under_way_at_most() -> None:
    assert {state for (state, cause) in TRANSITIONS if cause is Cause.REQUESTED} == {State.OFF}
    assert {state for (state, cause) in TRANSITIONS if cause is Cause.END_REQUESTED} == {
        State.ON,
        State.EXPIRED,
        State.UNCERTAIN,
    }


def test_live_comes_from_what_is_expected_only() -> None:
    assert {proof for (proof, _), to in PROOFS.items() if to is Proof.LIVE} == {
        Proof.EXPECTED,
        Proof.UNCONFIRMED,
        Proof.HELD_BACK,
    }


def test_the_groups_of_states_fit_together() -> None:
    assert ACKNOWLEDGED < AT_VENUE
    assert RENEWED < AT_VENUE
    assert {State.OFF, State.WAITING, State.UNCERTAIN, State.REFUSED} == set(State) - AT_VENUE


def test_the_drawings_have_a_line_for_each_pair_of_states() -> None:
    drawn = state_diagram().splitlines()
    pairs = {(old, to) for (old, cause), to in TRANSITIONS.items() if cause is not Cause.DISCONNECTED}
    assert len(drawn) == len(pairs) + 2
    assert "    asked --> on: acknowledged" in drawn
    assert len(proof_diagram().splitlines()) == len({(old, to) for (old, _), to in PROOFS.items()}) + 2


def assigned_attributes(path: Path) -> set[str]:
    """Names of attributes of anything but `self` that a file assigns."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                if isinstance(part, ast.Attribute) and not (
                    isinstance(part.value, ast.Name) and part.value.id == "self"
                ):
                    found.add(part.attr)
    return found


@pytest.mark.parametrize(
    ("names", "writer"),
    [({one.name for one in fields(Subscription)}, "subscriptions.py"), (set(Verification.__slots__), "trust.py")],
    ids=["wanted", "verified"],
)
def test_each_record_has_one_writer(names: set[str], writer: str) -> None:
    sources = [CORE / "session.py", *sorted((CORE / "_session").glob("*.py"))]
    others = {path.name: assigned_attributes(path) & names for path in sources if path.name != writer}
    assert {name: found for name, found in others.items() if found} == {}
