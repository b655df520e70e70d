"""RFC 3339 times to the nanosecond."""

import pytest

from coinex_proto import PayloadError
from coinex_proto.qfex._times import moment, nanoseconds


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:01z", 10**9),
        ("1970-01-01 00:00:00.000000001Z", 1),
        ("1970-01-01T00:00:00.5Z", 500_000_000),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1969-12-31T22:30:00-01:30", 0),
        ("1969-12-31T23:59:59.9Z", -100_000_000),
        ("2025-09-04T09:26:39.545268322Z", 1_756_977_999_545_268_322),
    ],
)
def test_a_time_is_exact(text: str, ns: int) -> None:
    assert nanoseconds(text) == ns


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "2025-09-04",
        "2025-09-04T09:26:39",
        "2025-13-04T09:26:39Z",
        "2025-09-04T09:26:39.1234567890Z",
        "٢025-09-04T09:26:39Z",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(PayloadError, match="is no RFC 3339 time"):
        nanoseconds(text)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        (None, None),
        ("1970-01-01T00:00:00.5Z", 500_000_000),
        ("1756977999", 1_756_977_999 * 10**9),
        ("1756977999545", 1_756_977_999_545 * 10**6),
        ("yesterday", None),
    ],
)
def test_a_moment_is_a_time_or_a_number_in_any_unit_and_none_of_anything_else(text: str | None, ns: int | None) -> None:
    assert moment(text) == ns
