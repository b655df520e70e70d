"""`python -m tests.fuzzing TARGET --seconds 60`: coverage-guided fuzzing with atheris, from the kept corpus of a target.

Each target runs in a process of its own. New inputs go to build/corpora/TARGET; those worth keeping are put into
tests/data/corpora, which `make test` replays. What failed stands in build/corpora/TARGET.failed.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
from pathlib import Path

from tests.fuzzing.corpora import inputs_of

BUILD = Path("build/corpora")


def main() -> int:
    """0 when nothing was found."""
    parser = argparse.ArgumentParser(description="Coverage-guided fuzzing")
    parser.add_argument("target")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.here:
        _fuzz(chosen.target, chosen.seconds)
    from tests.fuzzing.targets import TARGETS

    failed = 0
    for name in TARGETS if chosen.target == "all" else (chosen.target,):
        arguments = [sys.executable, "-m", "tests.fuzzing", name, "--seconds", str(chosen.seconds), "--here"]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        told = [
            line
            for line in done.stderr.splitlines()
            if line.startswith("Done ") or "stat::number_of_executed_units" in line
        ]
        print(f"{name}: {'sound' if done.returncode == 0 else 'FAILED'} {' '.join(told)}", flush=True)
        if done.returncode:
            failed += 1
            print(done.stderr[-4000:])
    return min(failed, 1)


def _fuzz(name: str, seconds: int) -> None:
    atheris = importlib.import_module("atheris")  # no part of the extra `dev`: not every Python has a wheel
    with atheris.instrument_imports(include=["coinex_proto"]):
        from tests.fuzzing.targets import TARGETS

    corpus = BUILD / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(inputs_of(name)):
        (corpus / f"kept-{number}").write_bytes(data)
    options = [f"-max_total_time={seconds}", "-max_len=4096", "-timeout=30", f"-artifact_prefix={BUILD / name}.failed-"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    raise SystemExit(main())
