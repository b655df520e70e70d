"""The one table of error codes."""

from __future__ import annotations

import pytest

from coinex_proto.simulator.coinex.error_codes import (
    REFUSALS,
    ApiError,
    Problem,
    bad_argument,
    bad_parameter,
    no_market,
)
from coinex_proto.simulator.market.refusals import REASONS


def test_each_code_stands_once_and_names_its_source() -> None:
    codes = [problem.code for problem in Problem]
    assert len(set(codes)) == len(codes)
    assert all(problem.words and problem.value.source for problem in Problem)


def test_whatever_the_exchange_refuses_has_a_row() -> None:
    assert REFUSALS.keys() == REASONS.keys()


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (Problem.BALANCE, (3109, "balance not enough")),
        (Problem.NOT_FOUND, (3600, "Order not found")),
        (Problem.ARGUMENT, (4004, "invalid argument")),
    ],
)
def test_recorded_words_are_the_venues(problem: Problem, expected: tuple[int, str]) -> None:
    error = ApiError(problem)
    assert (error.code, error.message) == expected


def test_an_error_may_say_more_or_be_a_bare_code() -> None:
    assert (ApiError(4002).code, ApiError(4002).message) == (4002, "")
    assert bad_parameter("side").message == "Invalid Parameter: side"
    assert no_market("XUSDT" * 100).message == f"Invalid Parameter: market {'XUSDT' * 8} not found"
    assert bad_argument().code == 4004
