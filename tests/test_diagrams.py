"""The state diagrams in the docs are those of the tables that the code runs on; `python -m tests.test_diagrams` draws them anew."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from coinex_proto import phases
from coinex_proto._session import subscription_states
from coinex_proto.orders import states

PAGE = Path(__file__).parent.parent / "docs" / "design.md"
DRAWINGS: dict[str, Callable[[], str]] = {
    "coinex_proto.orders.states": states.state_diagram,
    "coinex_proto.phases": phases.diagram,
    "coinex_proto._session.subscription_states": subscription_states.state_diagram,
    "coinex_proto._session.subscription_states (proofs)": subscription_states.proof_diagram,
}


def drawn(text: str, name: str) -> re.Match[str]:
    found = re.search(rf"(<!-- diagram: {re.escape(name)} -->\n```mermaid\n)(.*?)(```\n)", text, re.DOTALL)
    assert found is not None, f"{PAGE.name} has no place for the diagram of {name}"
    return found


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_drawing_in_the_docs_is_current(name: str) -> None:
    current = DRAWINGS[name]().rstrip() + "\n"
    assert drawn(PAGE.read_text(), name)[2] == current, "run: python -m tests.test_diagrams"


def redraw() -> None:
    """Writes the current drawings into the page."""
    text = PAGE.read_text()
    for name, draw in DRAWINGS.items():
        found = drawn(text, name)
        text = text[: found.start(2)] + draw().rstrip() + "\n" + text[found.end(2) :]
    PAGE.write_text(text)


if __name__ == "__main__":
    redraw()
