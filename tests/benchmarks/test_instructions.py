"""Instructions are counted where valgrind is, and nobody takes a failure for a figure."""

import pytest

from benchmarks import instructions as module
from benchmarks.instructions import VALGRIND, WHY_NOT, instructions, instructions_per_message


def test_without_valgrind_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "VALGRIND", None)
    with pytest.raises(RuntimeError, match="valgrind, which is not on this machine"):
        instructions("-c", "pass")
    with pytest.raises(RuntimeError, match="valgrind"):
        instructions_per_message(("limit",), ())


@pytest.mark.skipif(VALGRIND is None, reason=WHY_NOT)
def test_a_program_that_fails_gives_its_error_and_no_figure() -> None:
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        instructions("-S", "-c", "1/0")


@pytest.mark.early
@pytest.mark.skipif(VALGRIND is None, reason=WHY_NOT)
def test_more_work_is_more_instructions_and_the_same_work_the_same() -> None:
    short, same, long = (instructions("-S", "-c", f"for _ in range({n}): pass") for n in (1_000, 1_000, 1_000_000))
    assert abs(short - same) < short / 100
    assert long > short + 10_000_000
