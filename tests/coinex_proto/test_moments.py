"""Times by their size, whatever unit they come in; never an error in the user's hand."""

from decimal import Decimal

import pytest

from coinex_proto.coinex import PremiumUpdate
from coinex_proto.moments import unix_milliseconds, unix_nanoseconds, unix_seconds
from coinex_proto.qfex import Level2Update

NOW = 1_800_000_000


@pytest.mark.parametrize("stamp", [NOW, NOW * 10**3, NOW * 10**6, NOW * 10**9, Decimal(NOW) * 1000])
def test_the_size_tells_the_unit(stamp: int) -> None:
    assert unix_seconds(stamp) == NOW
    assert unix_nanoseconds(str(stamp)) == NOW * 10**9


@pytest.mark.parametrize(
    ("stamp", "ms"), [(NOW, NOW * 1000), (NOW * 1000 + 5, NOW * 1000 + 5), (1000, 1000), (-5, -5), (0, 0)]
)
def test_small_numbers_are_of_the_documented_unit(stamp: int, ms: int) -> None:
    assert unix_milliseconds(stamp) == ms
    assert unix_seconds(stamp) == ms / 1000


@pytest.mark.parametrize(("least", "per_second"), [(10**17, 10**9), (10**14, 10**6), (10**11, 10**3), (10**9, 1)])
def test_each_unit_begins_where_the_one_before_ends(least: int, per_second: int) -> None:
    assert unix_seconds(least, documented=1) == unix_seconds(-least, documented=1) * -1 == least / per_second  # type: ignore[operator]
    before = {10**17: 10**6, 10**14: 10**3, 10**11: 1, 10**9: 7}[least]
    smaller = least // 1000 * 999
    assert unix_seconds(smaller, documented=7) == smaller / before


def test_digits_too_small_to_tell_by_are_seconds() -> None:
    assert unix_nanoseconds("5.5") == 5_500_000_000


@pytest.mark.parametrize("stamp", [None, 10**400, -(10**400), 10**20])
def test_absurd_times_are_none(stamp: int | None) -> None:
    assert unix_seconds(stamp) is None
    assert unix_milliseconds(stamp) is None
    update = PremiumUpdate(market="A", premium_index=Decimal(1), updated_at=stamp)
    assert update.venue_time is None


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2027-01-15T08:00:00.5Z", NOW * 10**9 + 5 * 10**8),
        (f"{NOW}.123456789", NOW * 10**9 + 123456789),
        (str(NOW * 1000), NOW * 10**9),
        ("soon", None),
        ("", None),
        ("9" * 5000, None),
        ("2027-99-99T08:00:00Z", None),
        (None, None),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_text_is_a_time_or_a_number_or_none(time: str | None, expected: int | None) -> None:
    update = Level2Update(symbol="A", bid=(), ask=(), time=time)
    assert update.time_ns == expected
    assert (update.venue_time is None) is (expected is None)
