"""`python -m tests.fuzzing TARGET [--seconds 60 | --keep 10]`: coverage-guided fuzzing with atheris, from the kept corpus of a target.

Each target runs in two processes, with half of the time each: in pure Python, whose lines lead the search, then, from what that
has found, with the extension, which must bear the same input. New inputs go to build/corpora/TARGET; `--keep` puts at most so many
of them into tests/data/corpora, which `make test` replays. What failed stands in build/corpora/TARGET.failed.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
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
    parser.add_argument(
        "--keep", type=int, metavar="N", help="instead: add up to N inputs that were found to the corpus"
    )
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.here:
        _fuzz(chosen.target, chosen.seconds)
    if chosen.keep:
        os.environ["COINEX_PURE"] = "1"
    from tests.fuzzing.targets import TARGETS

    names = TARGETS if chosen.target == "all" else (chosen.target,)
    if chosen.keep:
        from tests.fuzzing.keeping import keep

        for name in names:
            print(f"{name}: {keep(name, TARGETS[name], BUILD / name, chosen.keep)} inputs kept", flush=True)
        return 0
    failed = 0
    for name in names:
        arguments = [sys.executable, "-m", "tests.fuzzing", name, "--seconds", str(chosen.seconds // 2), "--here"]
        for mode, pure in (("pure Python", "1"), ("extension", "0")):
            environment = {**os.environ, "COINEX_PURE": pure}
            done = subprocess.run(arguments, capture_output=True, text=True, check=False, env=environment)
            print(f"{name}, {mode}: {'sound' if done.returncode == 0 else 'FAILED'} {_told(done.stderr)}", flush=True)
            if done.returncode:
                failed += 1
                print(done.stderr[-4000:])
    return min(failed, 1)


def _told(said: str) -> str:
    """How many inputs were run, and how many edges of the code were reached by those of the corpus and at the end."""
    edges = re.findall(r"(?:INITED|DONE) +cov: (\d+)", said)
    runs = re.findall(r"^Done .*", said, re.MULTILINE)
    return " ".join([*runs, *([f"edges {edges[0]} to {edges[-1]}"] if edges else [])])


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
