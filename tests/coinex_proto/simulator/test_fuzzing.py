"""Hostile input by the thousand; `make fuzz` runs a million."""

from __future__ import annotations

import pytest

from tests.coinex_proto.simulator.fuzzing import MOST_GROWTH, Fuzzer, check_answers, peak


@pytest.mark.parametrize("first", range(0, 1200, 200))
def test_hostile_input_raises_nothing_and_everybody_else_is_served(first: int) -> None:
    fuzzer = Fuzzer()
    fuzzer.run(first)
    before = peak()
    for number in range(first + 1, first + 200):
        fuzzer.run(number)
    assert peak() - before < MOST_GROWTH


@pytest.mark.parametrize(
    "out",
    [
        b"HTTP/1.1 200 \r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 \r\ncontent-length: 9\r\n\r\n{}",
        b"HTTP/1.1 200 \r\n",
        b"Traceback",
    ],
)
def test_an_answer_without_a_code_or_cut_off_would_be_seen(out: bytes) -> None:
    with pytest.raises((AssertionError, KeyError)):
        check_answers(out, 0)
