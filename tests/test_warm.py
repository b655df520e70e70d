"""A program in a fork of the warm interpreter is as it is in an interpreter of its own."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from tests.processes import HANGS_AFTER, ended, python, warm_python, warm_running

SHOWS = """
import os, sys, threading, warnings
print(__name__, sys.argv[1:], os.getcwd(), os.environ["GIVEN"], "HOME" in os.environ, sys.path[0], sys.stdin.read() == "")
print(sys.modules["__main__"].SHOWN if "SHOWN" in globals() else "nothing", file=sys.stderr)
threading.Thread(target=lambda: print("a thread is waited for")).start()
"""
ENDS = {
    "at its end": "",
    "with a status": "raise SystemExit(3)",
    "with words": "raise SystemExit('words')",
    "with an error": "def fails():\n    raise ValueError('why')\nfails()",
    "with a warning": "import warnings; warnings.warn('a warning')",
    "interrupted": "raise KeyboardInterrupt",
    "by a signal": "import os; os.kill(os.getpid(), 9)",
    "with what was left open": "import socket, gc; socket.socket(); gc.collect()",
    "with what cannot be compiled": "def",
}


@pytest.mark.parametrize("way", ["-c", "file"])
def test_a_program_sees_what_it_would_see_by_itself(way: str, tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text(SHOWS)
    arguments = [*(("-c", SHOWS) if way == "-c" else (str(file),)), "one", "two"]
    env = {"GIVEN": "yes", **{name: value for name, value in os.environ.items() if name.startswith("PYTHON")}}
    warm = warm_python(*arguments, env=env, cwd=tmp_path)
    cold = python(*arguments, env=env, cwd=tmp_path, text="")
    assert (warm.returncode, warm.stdout, warm.stderr) == (cold.returncode, cold.stdout, cold.stderr)


@pytest.mark.parametrize("options", [(), ("-W", "error")], ids=["plain", "strict"])
@pytest.mark.parametrize("how", ENDS)
def test_a_program_ends_as_it_would_end_by_itself(how: str, options: tuple[str, ...]) -> None:
    warm = warm_python(*options, "-c", ENDS[how])
    cold = python(*options, "-c", ENDS[how])
    said = [re.sub(r"fd=[0-9]+", "fd=…", one.stderr) for one in (warm, cold)]
    assert (warm.returncode, warm.stdout, said[0]) == (cold.returncode, cold.stdout, said[1])


def test_signals_reach_it_and_it_is_gone_afterwards() -> None:
    program = "import time\nprint('up', flush=True)\ntime.sleep(1e6)"
    with warm_running(["-c", program]) as process:
        assert process.stdout.readline() == "up\n"
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        status, _, err = ended(process)
    assert (status, err.splitlines()[-1]) == (-signal.SIGINT, "KeyboardInterrupt")
    with warm_running(["-c", program]) as process:
        assert process.stdout.readline() == "up\n"
    assert process.wait(HANGS_AFTER) == -signal.SIGKILL


def test_what_is_read_when_an_interpreter_starts_cannot_be_set() -> None:
    with pytest.raises(AssertionError, match="COINEX_PURE"):
        warm_python("-c", "", env={**os.environ, "COINEX_PURE": "another"})


def test_programs_know_nothing_of_each_other() -> None:
    assert warm_python("-c", "import json; json.mark = 1").returncode == 0
    assert warm_python("-c", "import json; print(hasattr(json, 'mark'))").stdout == "False\n"
    assert sys.modules["__main__"].__name__ == "__main__"


def test_what_a_busy_machine_makes_the_sdk_say_is_not_the_programs() -> None:
    said = "0.2 s behind: what the random traders would have done meanwhile is left out"
    program = f"import sys; print({said!r}, 'coinex spot: callbacks of Ready took 0.31 s', 'its own', sep='\\n', file=sys.stderr)"
    assert warm_python("-c", program).stderr == python("-c", program).stderr == "its own\n"
