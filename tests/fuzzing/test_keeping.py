"""Of what fuzzing has found, the inputs are kept that reach new lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from coinex_proto import PayloadError
from coinex_proto.books.ladder import PureLadder
from tests.fuzzing import corpora, keeping
from tests.fuzzing.keeping import LONGEST, keep, reached, worth_keeping


def prices(data: bytes) -> None:
    try:
        PureLadder().change([(data.decode(), "1")])
    except PayloadError:
        return


def test_the_lines_of_each_input_are_known_apart() -> None:
    number, word, other = reached(prices, [b"1", b"x", b"y"])
    assert word == other
    assert number - word
    assert word - number
    assert {Path(name).name for name, _ in number} == {"ladder.py"}


def test_the_one_that_adds_most_comes_first_and_one_that_adds_nothing_is_left_out() -> None:
    lines = [{("a", 1)}, {("a", 1), ("a", 2), ("a", 3)}, {("a", 3), ("a", 4)}, {("a", 2)}]
    assert worth_keeping(lines, {("a", 1)}, most=10) == [1, 2]
    assert worth_keeping(lines, {("a", 1)}, most=1) == [1]
    assert worth_keeping([], set(), most=1) == []


def test_what_is_kept_already_and_what_is_long_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "CORPORA", tmp_path)
    monkeypatch.setattr(corpora, "CORPORA", tmp_path)
    found = tmp_path / "found"
    found.mkdir()
    (found / "1").write_bytes(b"x")
    (found / "2").write_bytes(b"1" * (LONGEST + 1))
    assert keep("own", prices, found, most=5) == 1
    assert corpora.inputs_of("own") == [b"x"]
    assert keep("own", prices, found, most=5) == 0
