"""How long a server asks to be left alone, as it may write it."""

from __future__ import annotations

import pytest

from coinex_proto._wire.retry_after import retry_after

NOON = 1_700_000_000.0
"""2023-11-14 22:13:20 UTC."""


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("1" * 30, 111_111_111.0),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:13:50 -0000", 30.0),
        ("Tue, 14 Nov 2023 23:13:50 +0100", 30.0),
        ("Tue, 14 Nov 2023 22:00:00 GMT", 0.0),
        ("-5", 0.0),
        ("1.5", 0.0),
        ("²", 0.0),
        ("soon", 0.0),
        ("", 0.0),
        ("Tue, 99 Nov 2023 22:13:50 GMT", 0.0),
    ],
)
def test_a_pause_is_a_number_of_seconds_or_a_date_and_nonsense_is_none(value: str, seconds: float) -> None:
    assert retry_after([("Retry-After", value)], NOON) == seconds


def test_the_first_header_of_that_name_in_any_case_counts() -> None:
    headers = [("Server", "9"), ("retry-AFTER", "3"), ("Retry-After", "5")]
    assert retry_after(headers, NOON) == 3.0
    assert retry_after(headers[:1], NOON) == 0.0
