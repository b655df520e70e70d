"""Every input that fuzzing has kept, and every recorded message, goes through its target."""

from __future__ import annotations

import os

import pytest

from tests.fuzzing.corpora import CORPORA, inputs_of
from tests.fuzzing.targets import TARGETS
from tests.processes import python

REPLAY = """
from coinex_proto.speedups import speed
from tests.fuzzing.corpora import inputs_of
from tests.fuzzing.targets import TARGETS

assert speed is None
for name, target in TARGETS.items():
    for data in inputs_of(name):
        target(data)
"""


@pytest.mark.parametrize("target", TARGETS)
def test_what_fuzzing_has_found_worth_keeping_breaks_nothing(target: str) -> None:
    inputs = inputs_of(target)
    assert inputs
    for data in (b"", b"\x00", b"\x01\x00", *inputs):
        TARGETS[target](data)


def test_nor_does_it_in_pure_python() -> None:
    done = python("-c", REPLAY, env={**os.environ, "COINEX_PURE": "1"})
    assert done.returncode == 0, done.stderr


def test_every_corpus_is_of_a_target() -> None:
    assert {path.stem for path in CORPORA.glob("*.txt")} <= set(TARGETS)
