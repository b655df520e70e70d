"""RFC 3339 times, exact to the nanosecond (a `datetime` ends at microseconds). Source: QFEX documentation, MDS."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from coinex_proto.errors import PayloadError, quoted
from coinex_proto.moments import unix_nanoseconds

_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)


def moment(text: str | None) -> int | None:
    """Nanoseconds since the Unix epoch, of an RFC 3339 time or of a number in any unit; None of anything else."""
    if text is None:
        return None
    try:
        return nanoseconds(text)
    except PayloadError:
        return unix_nanoseconds(text)


def nanoseconds(text: str) -> int:
    """Nanoseconds since the Unix epoch; up to nine fractional digits. Raises `PayloadError` for what is no RFC 3339 time."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise PayloadError(f"{quoted(text)} is no RFC 3339 time")
    day, clock, fraction, sign, hours, minutes = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}+00:00")
    except ValueError:
        raise PayloadError(f"{quoted(text)} is no RFC 3339 time") from None
    seconds = (moment - _EPOCH) // _SECOND
    if sign is not None:
        away = int(hours) * 3600 + int(minutes) * 60
        seconds += -away if sign == "+" else away
    return seconds * 10**9 + int((fraction or "").ljust(9, "0"))
