"""Instructions of a Python program, counted by valgrind: no neighbour on the machine disturbs them, as it does seconds.

They change with CPython, with libraries and with the processor. Compare figures of one machine only, best of one run.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

VALGRIND: Final = shutil.which("valgrind")
"""None: it is not on this machine, and nothing is counted."""
WHY_NOT: Final = "instructions are counted by valgrind, which is not on this machine"


def instructions(*arguments: str, environment: Mapping[str, str] = {}) -> int:
    """What `python ARGUMENTS` takes in user space, the start of the interpreter included.

    Raises `RuntimeError` with what it has printed when it fails.
    """
    if VALGRIND is None:
        raise RuntimeError(WHY_NOT)
    counter = [VALGRIND, "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    done = subprocess.run(
        [*counter, sys.executable, *arguments],
        env={**os.environ, "PYTHONHASHSEED": "0", **environment},
        capture_output=True,
        text=True,
    )
    found = re.search(r"I +refs: +([\d,]+)", done.stderr)
    if done.returncode or found is None:
        raise RuntimeError(f"python {' '.join(arguments)}: {done.stderr[-2000:]}")
    return int(found[1].replace(",", ""))
