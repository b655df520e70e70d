"""Which of the inputs that fuzzing has found are worth keeping: those that reach lines of the core which none that is kept reaches.

Lines in pure Python: with the extension they would stand for less. What made a target fail is kept by whoever mends it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import coverage

from tests.fuzzing.corpora import CORPORA, inputs_of

Line = tuple[str, int]
LONGEST: Final = 1024
"""Bytes of an input that is kept."""


def reached(target: Callable[[bytes], None], inputs: Sequence[bytes]) -> list[set[Line]]:
    """The lines of the core that each input runs, after the first has loaded what is loaded late."""
    for data in inputs[:1]:
        target(data)
    tracer = coverage.Coverage(data_file=None, config_file=False, source=["coinex_proto"])
    tracer.set_option("run:core", "ctrace")  # the one that knows contexts
    with tracer.collect():
        for number, data in enumerate(inputs):
            tracer.switch_context(str(number))
            target(data)
    found: list[set[Line]] = [set() for _ in inputs]
    measured = tracer.get_data()
    for name in measured.measured_files():
        for line, contexts in measured.contexts_by_lineno(name).items():
            for context in contexts:
                if context:
                    found[int(context)].add((name, line))
    return found


def worth_keeping(lines: Sequence[set[Line]], known: set[Line], most: int) -> list[int]:
    """At most so many of them, by number; each adds the most lines to those before it."""
    chosen: list[int] = []
    known = set(known)
    while len(chosen) < most and lines:
        best = max(range(len(lines)), key=lambda number: len(lines[number] - known))
        if not lines[best] - known:
            break
        chosen.append(best)
        known |= lines[best]
    return chosen


def keep(name: str, target: Callable[[bytes], None], folder: Path, most: int) -> int:
    """Puts at most so many of the inputs in this folder into the corpus of a target; how many."""
    kept = inputs_of(name)
    fresh = [
        data for path in sorted(folder.iterdir()) if len(data := path.read_bytes()) <= LONGEST and data not in kept
    ]
    fresh.sort(key=len)  # of two that add as much, the shorter
    lines = reached(target, [*kept, *fresh])
    known = set().union(*lines[: len(kept)])
    chosen = worth_keeping(lines[len(kept) :], known, most)
    with (CORPORA / f"{name}.txt").open("a") as corpus:
        corpus.writelines(base64.b64encode(fresh[number]).decode() + "\n" for number in chosen)
    return len(chosen)
