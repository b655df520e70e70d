"""Decimal text to scaled integers and back, exactly."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto.simulator.market.amounts import BadNumber, to_scaled, to_short_text, to_text


@pytest.mark.parametrize(
    ("number", "places", "scaled"),
    [
        ("1", 2, 100),
        ("1.50", 2, 150),
        ("-0.05", 2, -5),
        ("0", 8, 0),
        (7, 3, 7000),
        (Decimal("1E+2"), 0, 100),
        ("2.000", 0, 2),
    ],
)
def test_numbers_become_scaled_integers(number: str | int | Decimal, places: int, scaled: int) -> None:
    assert to_scaled(number, places) == scaled


@pytest.mark.parametrize(
    "number", ["", ".5", "5.", "1e3", "NaN", "+1", " 1", "1_0", "١", "0.001", "-", Decimal("Infinity")]
)
def test_what_is_no_plain_number_or_too_fine_is_refused(number: str | Decimal) -> None:
    with pytest.raises(BadNumber):
        to_scaled(number, 2)


@given(scaled=st.integers(-(10**30), 10**30), places=st.integers(0, 20))
def test_text_reads_back_as_the_same_number(scaled: int, places: int) -> None:
    assert to_scaled(to_text(scaled, places), places) == scaled
    assert to_scaled(to_short_text(scaled, places), places) == scaled


def test_text_is_padded_or_short() -> None:
    assert (to_text(150, 4), to_short_text(150, 4)) == ("0.0150", "0.015")
    assert (to_text(0, 2), to_short_text(0, 2)) == ("0.00", "0")
    assert (to_text(1200, 0), to_short_text(1200, 0)) == ("1200", "1200")
