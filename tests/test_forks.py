"""A suite in forks gives what it gives without them, and a worker that dies is a failure."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.processes import python

ROOT = Path(__file__).parent.parent

SUITE = """
import gc
import os
import signal
import pytest

COLLECTED = gc.isenabled()


@pytest.fixture(scope="session")
def opened(tmp_path_factory):
    yield tmp_path_factory.mktemp("opened")
    print("closed by", os.getpid())


@pytest.mark.parametrize("number", range(60))
def test_sixty(number, opened, tmp_path):
    print("number", number)
    assert number != 7


@pytest.mark.early
def test_first():
    pytest.skip("for a reason")


def test_set_up(missing): ...


def test_garbage_is_collected_in_tests_alone():
    assert (COLLECTED, gc.isenabled()) == (False, True)
"""


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    early: is begun first\n")
    options = ("-m", "pytest", "-q", "-ra", "-p", "tests.forks", "--forks", "2", "-p", "no:cacheprovider")
    done = python(*options, *arguments, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)})
    return done.returncode, done.stdout + done.stderr


def test_each_test_is_run_once_and_what_it_printed_is_shown(tmp_path: Path) -> None:
    (tmp_path / "test_suite.py").write_text(SUITE)
    status, said = run(tmp_path)
    assert status == pytest.ExitCode.TESTS_FAILED, said
    assert "1 failed, 60 passed, 1 skipped, 1 error" in said
    assert re.findall(r"^number \d+", said, re.MULTILINE) == ["number 7"], said
    assert "for a reason" in said
    assert "fixture 'missing' not found" in said


def test_after_the_first_failure_no_more_is_run_where_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "test_suite.py").write_text("def test_a(): assert False\ndef test_b(): assert False\n")
    status, said = run(tmp_path, "-x", "--forks", "1")
    assert status == pytest.ExitCode.TESTS_FAILED, said
    assert "stopping after 1 failures" in said
    assert said.count("FAILED") == 1, said


def test_a_test_with_which_its_worker_dies_has_failed(tmp_path: Path) -> None:
    (tmp_path / "test_suite.py").write_text("import os\ndef test_dies(): os._exit(3)\n")
    status, said = run(tmp_path)
    assert status == pytest.ExitCode.TESTS_FAILED, said
    assert "FAILED test_suite.py::test_dies - a worker died, with exit status 3" in said
