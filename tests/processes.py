"""Programs that tests start: they are killed and reaped however the test ends, and a hang is one only after minutes.

A guard is there for programs that never end. It must never be what a busy machine runs into: see `HANGS_AFTER`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from tests.warm import WarmProgram, apart_from_lateness

T = TypeVar("T")

HANGS_AFTER: Final = 600.0
"""Seconds after which something that should come at once is taken for never coming; below the limit of a whole test."""


@contextmanager
def running(
    command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[subprocess.Popen[str]]:
    """The program while it runs, both outputs in pipes; killed at the end of the block, if it has not ended by then."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, cwd=cwd
    ) as process:
        try:
            yield process
        finally:
            process.kill()  # nothing, for one that has ended


@contextmanager
def warm_running(
    arguments: Sequence[str | Path], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[WarmProgram]:
    """`python ARGUMENTS` while it runs, in a fork of an interpreter that has loaded the SDK; see `tests.warm`."""
    process = WarmProgram(arguments, env=env, cwd=cwd)
    try:
        yield process
    finally:
        process.close()


def ended(process: subprocess.Popen[str] | WarmProgram) -> tuple[int, str, str]:
    """Exit status, output and errors, once it has ended."""
    out, err = process.communicate(timeout=HANGS_AFTER)
    return process.wait(), out, apart_from_lateness(err)


def with_time_enough(run: Callable[[str], T], is_enough: Callable[[T], bool]) -> T:
    """What a program gave that ends by itself after so many seconds: a few, and more of them where the machine is busy."""
    for seconds in ("0.5", "4", "32"):
        result = run(seconds)
        if is_enough(result):
            break
    return result


def python(
    *arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    """What this Python did with the arguments; `text` is its standard input."""
    done = subprocess.run(
        [sys.executable, *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=HANGS_AFTER,
        env=env,
        cwd=cwd,
        check=False,
    )
    done.stderr = apart_from_lateness(done.stderr)
    return done


def warm_python(
    *arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """As `python`, in a fork of an interpreter that has loaded the SDK; see `tests.warm`."""
    with warm_running(arguments, env=env, cwd=cwd) as process:
        return subprocess.CompletedProcess(process.args, *ended(process))
