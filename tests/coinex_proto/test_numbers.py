"""Amounts going out keep the user's digits; what could be wrong or huge is refused with a word on what to do."""

import decimal
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto.errors import PayloadError, UsageError
from coinex_proto.numbers import CONTEXT, decimal_of, exact, plain


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "not what it holds"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.10", "0.10"),
        ("-1", "-1"),
        ("007", "007"),
        (5, "5"),
        (-5, "-5"),
        (10**30, "1" + "0" * 30),
        ("9" * 31 + "." + "9" * 30, "9" * 31 + "." + "9" * 30),
        (Decimal("9e30"), "9" + "0" * 30),
        (Decimal("1e-30"), "0." + "0" * 29 + "1"),
        (Decimal("0.10"), "0.10"),
        (Decimal("1E+5"), "100000"),
        (Decimal("1E-8"), "0.00000001"),
        (Decimal("-0"), "-0"),
        (Text("1.5"), "1.5"),
    ],
)
def test_the_users_own_digits_are_sent(value: str | int | Decimal, text: str) -> None:
    assert exact(value, "amount") == text


@pytest.mark.parametrize("value", [0.1, float("nan"), True, None, b"1", [1], complex(1)])
def test_what_is_not_exact_is_refused_by_name(value: object) -> None:
    with pytest.raises(UsageError, match="amount must be a str, an int or a Decimal"):
        exact(value, "amount")  # type: ignore[arg-type]


def test_a_float_is_refused_with_what_to_pass_instead() -> None:
    with pytest.raises(UsageError, match=r'pass "0.1" or Decimal'):
        exact(0.1, "price")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "+1", "1e5", "1_000", "1,5", ".5", "5.", "NaN", "Infinity", "--1", "１", "٣", "1\n", "0x10"],
)
def test_d12_a_text_that_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="price must be plain decimal digits"):
        exact(text, "price")


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity")])
def test_d12_what_is_not_finite_is_refused(value: Decimal) -> None:
    with pytest.raises(UsageError, match="finite"):
        exact(value, "price")


@pytest.mark.parametrize(
    "value",
    [
        Decimal("1e999999999"),
        Decimal("1e-999999999"),
        Decimal("0e31"),
        Decimal("1e31"),
        Decimal("1e-31"),
        10**31,
        -(10**31),
        "1" + "0" * 31,
        "0." + "0" * 30 + "1",
        pytest.param(10**10_000, id="an int of 10,001 digits"),
        pytest.param("1" * 1_000_000, id="a text of a million digits"),
    ],
)
def test_d12_digits_beyond_ten_to_the_thirtieth_are_refused_and_not_written(value: str | int | Decimal) -> None:
    with pytest.raises(UsageError) as caught:
        exact(value, "amount")
    assert len(str(caught.value)) < 400


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-(10**15), max_value=10**15))
def test_what_is_sent_reads_back_as_the_same_number(value: Decimal) -> None:
    text = exact(value, "amount")
    assert Decimal(text) == value
    assert exact(text, "amount") == text
    assert "e" not in text.lower()


@pytest.mark.parametrize("text", ["", "x", "NaN", "sNaN", "-Infinity", "1..2"])
def test_a_venues_text_that_is_no_finite_number_is_refused(text: str) -> None:
    with pytest.raises(PayloadError):
        decimal_of(text)


@pytest.mark.parametrize("value", [None, [1], (9, 9), object()])
def test_a_venues_value_that_is_no_text_is_refused(value: str) -> None:
    with pytest.raises(PayloadError):
        decimal_of(value)


def test_a_venues_text_keeps_its_digits() -> None:
    assert str(decimal_of("0.10")) == "0.10"
    assert decimal_of("1e3") == 1000


@pytest.mark.parametrize("text", ["9e99999999", "1e-99999999", "-9e999999999999", "0e99999999"])
def test_d12_huge_numbers_of_a_peer_make_our_arithmetic_neither_raise_nor_slow(text: str) -> None:
    huge, one = Decimal(text), Decimal("1.5")
    assert CONTEXT.add(huge, one) == CONTEXT.add(one, huge)
    assert CONTEXT.subtract(one, huge).is_finite()
    assert CONTEXT.multiply(huge, huge).is_finite()
    assert CONTEXT.divide(huge, one).is_finite()


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("6.00E+4", "60000"),
        ("1E+30", "1" + "0" * 30),
        ("1E+31", "1E+31"),
        ("0E-8", "0"),
        ("0E+3", "0"),
        ("0.000000", "0.000000"),
        ("0.00000010", "1.0E-7"),
        ("1.50", "1.50"),
        ("-7", "-7"),
        ("NaN", "NaN"),
    ],
)
def test_a_number_that_was_computed_is_shown_with_all_its_zeros(number: str, shown: str) -> None:
    assert str(plain(Decimal(number))) == shown
    assert plain(Decimal(number)).is_nan() or plain(Decimal(number)) == Decimal(number)


def test_our_arithmetic_is_not_the_callers() -> None:
    with decimal.localcontext(decimal.Context(prec=2)):
        assert CONTEXT.add(Decimal("64000.01"), Decimal("0.001")) == Decimal("64000.011")
        assert exact(Decimal("64000.01"), "price") == "64000.01"
