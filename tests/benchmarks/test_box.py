"""The benchmark of the exchange in the box counts what was pushed, here and in another checkout."""

from pathlib import Path

import pytest

from benchmarks.box import hour_in_memory, main, pushes_a_second
from benchmarks.instructions import VALGRIND, WHY_NOT

SMALL = ["--markets=3", "--warm=1", "--seconds=1", "--hour=5", "--rounds=1"]


def test_pushes_and_the_hour_cost_something() -> None:
    assert pushes_a_second(3, 4.0, 1.0, 1.0) > 0
    assert hour_in_memory(5.0) > 0


def test_two_checkouts_are_set_in_relation(capsys: pytest.CaptureFixture[str]) -> None:
    main([*SMALL, "--against", str(Path(__file__).parent.parent.parent)])
    pushes, hour = capsys.readouterr().out.splitlines()
    assert pushes.startswith("pushes a second of CPU: ")
    assert hour.startswith("CPU seconds for 5 s in memory: ")
    assert " x the other's " in pushes


@pytest.mark.early
@pytest.mark.skipif(VALGRIND is None, reason=WHY_NOT)
def test_instructions_are_those_of_the_work_alone(capsys: pytest.CaptureFixture[str]) -> None:
    main([*SMALL, "--counted"])
    found = [float(line.rpartition(" ")[2].replace(",", "")) for line in capsys.readouterr().out.splitlines()]
    assert 10_000 < found[0] < 2_000_000
    assert 100_000 < found[1] < 20_000_000
