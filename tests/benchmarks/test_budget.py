"""No change may eat speed unseen: what a message costs in instructions, as a multiple of work that is not ours.

The reference (zlib and msgspec into dicts, on the same messages) is counted in the same run, so that another CPython, library
or processor moves both. A change that makes a row cheaper lowers its figure here; one that needs more says why in its commit.
"""

import subprocess
import sys

import pytest

from benchmarks.instructions import VALGRIND, WHY_NOT, instructions_per_message
from benchmarks.stream import stream

GENEROUS = 1.05
"""Times the figure of the table."""

BUDGETS = {
    # (twin, contestant): times the reference
    ("pure", "connection"): 1.49,
    ("pure", "session with books"): 3.39,
    ("C", "connection"): 0.51,
    ("C", "session with books"): 1.2,
    ("pure", "one line"): 3.44,
    ("pure", "two lines"): 6.8,
    ("C", "one line"): 1.25,
    ("C", "two lines"): 2.54,
}
MESSAGES = 400
"""Of which the second half is counted."""


def is_used() -> bool:
    """The core runs on the extension: one that is not built, or that it refused, is not loaded."""
    program = "import sys, coinex_proto; coinex_proto.Session; print('coinex_proto._speed' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout == "True\n"


@pytest.mark.early
@pytest.mark.parametrize("twin", ["pure", "C"])
def test_a_message_costs_no_more_than_its_budget(twin: str) -> None:
    if VALGRIND is None:
        pytest.skip(WHY_NOT)
    if twin == "C" and not is_used():
        pytest.skip("the core does not run on coinex_proto._speed, the twin in C, here")
    budgets = {name: times for (of, name), times in BUDGETS.items() if of == twin}
    # One list of the tickers of all markets weighs as much as a hundred other messages: too much by chance.
    messages = tuple(message for message in stream(count=MESSAGES) if message.kind != "all tickers")
    environment = {"COINEX_PURE": "1" if twin == "pure" else ""}
    found = instructions_per_message(("reference", *budgets), messages, environment)
    spent = {name: found[name] / found["reference"] for name in budgets}
    assert {name: times for name, times in spent.items() if times > budgets[name] * GENEROUS} == {}, spent
