"""Times as venues write them, read by their size: seconds, milliseconds, microseconds or nanoseconds since 1970.

A venue documents one unit and may send another one without notice. The units of our century do not overlap, so that the
size tells which it is; below the first of these ranges the documented unit counts. This module must not know any venue.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Final

_UNITS: Final = ((10**17, 10**9), (10**14, 10**6), (10**11, 10**3), (10**9, 1))
"""From which number on a time counts in this unit, as units a second: 10^9 s was in 2001, 10^11 s will be in 5138."""
_IN_US, _IN_MS = 10**14, 10**11
_ABSURD: Final = 10**20
_DIGITS: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,30})?", re.ASCII)


def unix_seconds(stamp: int | Decimal | None, documented: int = 1000) -> float | None:
    """Unix seconds; None where there is no time, or an absurd one. Never raises.

    `documented`: how many of its units a second has, for numbers too small to tell by.
    """
    if type(stamp) is int and _IN_MS <= stamp < _IN_US:  # nearly always
        return stamp / 1000
    if stamp is None or not -_ABSURD < stamp < _ABSURD:
        return None
    number = float(stamp)  # the context of the caller has no say
    return number / _per_second(number, documented)


def unix_milliseconds(stamp: int | None) -> int | None:
    """The same in milliseconds, whole, where milliseconds are documented."""
    if stamp is None or not -_ABSURD < stamp < _ABSURD:
        return None
    return stamp * 1000 // _per_second(stamp, 1000)


def unix_nanoseconds(digits: str) -> int | None:
    """Of a number in digits, with a fraction perhaps, where seconds are likely; exact."""
    if not _DIGITS.fullmatch(digits):
        return None
    number = Fraction(digits)
    return int(number * 10**9 / _per_second(float(number), 1))


def _per_second(stamp: float, documented: int) -> int:
    size = abs(stamp)
    for least, per_second in _UNITS:
        if size >= least:
            return per_second
    return documented
