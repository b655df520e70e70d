"""Instructions of a Python program, counted by valgrind: no neighbour on the machine disturbs them, as it does seconds.

They change with CPython, with libraries and with the processor. Compare figures of one machine only, best of one run.
"""

import os
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.stream import Message

VALGRIND: Final = shutil.which("valgrind")
"""None: it is not on this machine, and nothing is counted."""
WHY_NOT: Final = "instructions are counted by valgrind, which is not on this machine"


def instructions(*arguments: str, environment: Mapping[str, str] = {}) -> int:
    """What `python ARGUMENTS` takes in user space, the start of the interpreter included.

    Raises `RuntimeError` with what it has printed when it fails.
    """
    _, counts = _counted(arguments, environment)
    return next(reversed(counts.values()))  # the forks of a program end before it


def instructions_of_forks(*arguments: str, environment: Mapping[str, str] = {}) -> tuple[str, dict[int, int]]:
    """What `python ARGUMENTS` prints, and what it and each of its forks takes, by their process ids.

    Raises `RuntimeError` as `instructions` does.
    """
    return _counted(arguments, environment)


def instructions_per_message(
    names: Sequence[str], messages: Sequence[Message], environment: Mapping[str, str] = {}
) -> dict[str, float]:
    """By contestant of `benchmarks.contestants`, over the second half of these messages."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "messages"
        file.write_bytes(pickle.dumps(messages))
        printed, counts = _counted(("-m", "benchmarks.counted", str(file), *names), environment)
    forks = [line.split("\t") for line in printed.splitlines()]
    return {
        name: (counts[int(all_)] - counts[int(half)]) / (int(all_share) - int(half_share))
        for (half, half_share, name), (all_, all_share, _) in zip(forks[::2], forks[1::2], strict=True)
    }


def counter() -> list[str]:
    """What to put in front of a command, to have its instructions counted. Raises `RuntimeError` without valgrind."""
    if VALGRIND is None:
        raise RuntimeError(WHY_NOT)
    return [VALGRIND, "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]


def counted(errors: str) -> int:
    """The instructions of the process that ended last, from what it wrote to standard error."""
    return next(reversed(_by_process(errors).values()), 0)


def _by_process(errors: str) -> dict[int, int]:
    found = re.findall(r"==(\d+)== I +refs: +([\d,]+)", errors)
    return {int(process): int(number.replace(",", "")) for process, number in found}


def _counted(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[str, dict[int, int]]:
    """What it has printed, and the instructions of the process and each of its forks by their ids."""
    done = subprocess.run(
        [*counter(), sys.executable, *arguments],
        env={**os.environ, "PYTHONHASHSEED": "0", **environment},
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent,
    )
    counts = _by_process(done.stderr)
    if done.returncode or not counts:
        raise RuntimeError(f"python {' '.join(arguments)}: {done.stderr[-2000:]}")
    return done.stdout, counts
