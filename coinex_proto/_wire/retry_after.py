"""How long a server asks to be left alone (RFC 9110, 10.2.3). Knows no venue."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime


def retry_after(headers: Iterable[tuple[str, str]], unix_time: float) -> float:
    """Seconds that the header Retry-After asks for, as a number or as a date; 0.0 without one, or where it is nonsense."""
    for name, value in headers:
        if name.lower() == "retry-after":
            return max(_seconds(value.strip(), unix_time), 0.0)
    return 0.0


def _seconds(value: str, unix_time: float) -> float:
    if value.isascii() and value.isdigit():
        return float(value[:9])
    from email.utils import parsedate_to_datetime  # a tenth of the time that importing this package takes

    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError, IndexError):
        return 0.0
    date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return (date - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() - unix_time
