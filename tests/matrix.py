"""The tests on several Pythons: `python -m tests.matrix [--workers N] PYTHON…`.

Each gets an environment of its own below `.venv/matrix`, which is kept; the oldest Python a second one, in which every dependency
is the oldest that users may have. Three runs in each: as `make test` does it, in development mode (`-X dev -W error`), and without
asserts of the SDK (`-O`: pytest still checks the tests' own). All Pythons are gone through; exit status 1 when one failed.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
VENVS: Final = ROOT / ".venv" / "matrix"
RUNS: Final = (("plain", ()), ("-X dev -W error", ("-X", "dev", "-W", "error")), ("-O", ("-O",)))
PROCESS: Final = "tests/coinex_trio/behaviour tests/coinex_proto/behaviour tests/coinex_driver tests/coinex_trio/_io"
"""What the second and the third run are of: the rest is no other in those modes."""
FOUND: Final = "import sys, sysconfig; print(*sys.version_info[:3], sep='.', end='t' if sysconfig.get_config_var('Py_GIL_DISABLED') else '')"


def version_of(python: str) -> str:
    """Such as 3.13.0, with a t at the end for a free-threaded one."""
    return subprocess.run([python, "-c", FOUND], capture_output=True, text=True, check=True).stdout.strip()


def minimum_versions() -> list[str]:
    """Every dependency, and what any extra has for users, at its lower bound. Extras for working on the SDK have exact versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    return [re.sub(r">=([\d.]+)[^;]*", r"==\1", each) for each in declared if ">=" in each]


def is_newest(stamp: Path) -> bool:
    """Whether nothing has changed since that would have to be installed again: dependencies, or the extension."""
    sources = [ROOT / "pyproject.toml", ROOT / "hatch_build.py", *(ROOT / "speed").glob("*.[ch]")]
    return stamp.exists() and stamp.stat().st_mtime >= max(source.stat().st_mtime for source in sources)


def prepared(python: str, folder: Path, *, is_minimum: bool) -> Path | None:
    """The Python of an environment that has everything; None where it could not be made."""
    inside = folder / "bin" / "python"
    stamp = folder / ".made"
    if is_newest(stamp):
        return inside
    pip = [str(inside), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    steps = [[python, "-m", "venv", str(folder)], [*pip, "-e", ".[dev]"]]
    if is_minimum:
        steps.append([*pip, *minimum_versions()])
    for step in steps:
        if subprocess.run(step, cwd=ROOT, check=False).returncode:
            return None
    stamp.touch()
    return inside


def run(python: Path, options: Sequence[str], workers: int, paths: Sequence[str]) -> bool:
    """Whether the tests pass, in forks as in `make test`: collecting 15,000 of them in each worker takes longer than the shorter runs."""
    command = [
        str(python),
        *options,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.forks",
        "--forks",
        str(workers),
        "-p",
        "no:cacheprovider",
        *paths,
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if "-O" in options:
        environment["PYTHONOPTIMIZE"] = "1"  # for the programs that tests start, too
        command += ["-W", "ignore:assertions not in test modules or plugins will be ignored"]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


def main(arguments: Sequence[str]) -> int:
    """Prints a table at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pythons", nargs="+")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--paths", nargs="*", default=[], help="only these tests")
    chosen = parser.parse_args(arguments)
    versions = {version_of(python): python for python in chosen.pythons}
    oldest = min(versions, key=lambda version: [int(part) for part in version.rstrip("t").split(".")])
    table: dict[str, str] = {}
    for version, is_minimum in [(oldest, True), *((version, False) for version in versions)]:
        name = f"{version} with minimum versions" if is_minimum else version
        print(f"== Python {name}", flush=True)
        python = prepared(versions[version], VENVS / name.replace(" ", "-"), is_minimum=is_minimum)
        for title, options in RUNS:
            paths = chosen.paths or (PROCESS.split() if options else [])
            passed = python is not None and run(python, options, chosen.workers, paths)
            table[f"{name}, {title}"] = (
                "passed" if passed else "failed" if python is not None else "could not be installed"
            )
    print("\n".join(f"{name:<50} {result}" for name, result in table.items()))
    return int(set(table.values()) != {"passed"})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
