"""Interrupts in child processes, against one local exchange on loopback."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from coinex_trio import local_exchange

AT_ONCE = 25
"""Rounds of one child."""
HANGS_AFTER = 1200.0
IMPORT_CUT = re.compile(
    r"<frozen importlib[^\n]*ResourceWarning: unclosed file[^\n]*\n(?:ResourceWarning: Enable tracemalloc[^\n]*\n)?"
)
"""Python's own: an interrupt amid an import leaves the file that was being read to the garbage collector."""


def campaign(count: int, seed: int) -> list[str]:
    """What went wrong in so many rounds: lines of the children, and whatever they said on standard error."""
    found: list[str] = []
    with local_exchange(seed=2, rate=20.0) as exchange:
        keys = (exchange.access_id, exchange.secret_key)
        while count > 0:
            rounds = min(count, AT_ONCE)
            command = [
                sys.executable,
                "-X",
                "dev",
                "-m",
                "tests.interrupts.rounds",
                exchange.url,
                *keys,
                str(seed),
                str(rounds),
            ]
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=HANGS_AFTER, check=False,
                env={**os.environ, "PYTHONFAULTHANDLER": "1"},
            )  # fmt: skip
            lines, told_by_it = done.stdout.splitlines(), IMPORT_CUT.sub("", done.stderr).strip()
            wrong = [line for line in lines if line.startswith("round")]
            if lines[-1:] != ["done"] or done.returncode or told_by_it or wrong:
                told = "\n  ".join([*wrong, *lines[-1:], told_by_it[-3000:]])
                found.append(f"seed {seed}, status {done.returncode}:\n  {told}")
                print(found[-1], flush=True)
            count, seed = count - rounds, seed + 1
    return found
