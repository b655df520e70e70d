"""What `docs/embedding.md` says of sub-interpreters (P12)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import HANGS_AFTER

ROOT = Path(__file__).parent.parent

USE = """
from random import Random

from coinex_proto import Config, Session, Sources, coinex
from coinex_proto.simulator import CoinexServer

now = 1_800_000_000.0
session = Session(coinex.spot(), Sources(lambda: int(now * 1e9), Random(1).randbytes), Config())
book = coinex.Depth("BTCUSDT")
session.subscribe(book, now=now)
exchange = CoinexServer(now=now, seed=1)
session.next_step(now)
line = exchange.accept(now)
session.connected(now)
for _ in range(100):
    line.receive_data(session.data_to_send(), now)
    session.receive_data(line.data_to_send(), now)
    now += 0.1
    exchange.advance(now)
    session.handle_timeout(now)
assert session.trusted(book)
"""

RUN_INSIDE = """
import sys

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

inside = interpreters.create()  # isolated, as far as this Python knows of that
program = f"import sys; sys.path[:] = {sys.path!r}\\n" + sys.stdin.read()
try:
    failure = (interpreters.exec if hasattr(interpreters, "exec") else interpreters.run_string)(inside, program)
except Exception as error:
    failure = error
print("well" if failure is None else getattr(failure, "formatted", failure), flush=True)
interpreters.destroy(inside)
"""


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="sub-interpreters are CPython's")
def test_p12_a_sub_interpreter_works_or_says_that_it_cannot() -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN_INSIDE], input=USE, cwd=ROOT, capture_output=True, text=True, timeout=HANGS_AFTER
    )
    if sys.version_info >= (3, 12):
        # What becomes of the process after that is Python's; 3.12 and 3.13 were seen to abort at its end.
        assert "does not support loading in subinterpreters" in done.stdout
    else:
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == "well"


def test_p12_the_documentation_says_so() -> None:
    said = (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8")
    assert "Sub-interpreters are not supported" in said
    assert "free-threaded build is untested" in said
