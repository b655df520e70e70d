"""Exact numbers of the local exchange: decimal text to scaled integers and back.

Prices count ticks of 10**-price_places, amounts lots of 10**-amount_places, balances units of 10**-20 of a currency
(20 is the most decimals that the venues print).  Integers are exact, fast and know no rounding context.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final

UNIT_PLACES: Final = 20
RATE_PLACES: Final = 8
RATE_ONE: Final = 10**RATE_PLACES

KEPT_TEXTS: Final = 256

_NUMBER: Final = re.compile(r"(-?)(\d{1,40})(?:\.(\d{1,40}))?", re.ASCII)


class BadNumber(ValueError):
    """The text is not a plain decimal number, or has more decimals than the scale can hold."""


class Texts(dict[int, str]):
    """Numbers of one scale as they are printed: each once, and no more than `KEPT_TEXTS` are kept."""

    def __init__(self, places: int, printed: Callable[[int, int], str]) -> None:
        self._places, self._printed = places, printed

    def __missing__(self, scaled: int) -> str:
        if len(self) >= KEPT_TEXTS:
            self.clear()
        text = self[scaled] = self._printed(scaled, self._places)
        return text


def to_scaled(number: str | int | Decimal, places: int) -> int:
    """The number in steps of 10**-places, exactly.  Raises BadNumber."""
    text = format(number, "f") if isinstance(number, Decimal) else str(number)
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise BadNumber(f"not a plain decimal number: {text[:60]!r}")
    sign, whole, fraction = match.group(1), match.group(2), (match.group(3) or "").rstrip("0")
    if len(fraction) > places:
        raise BadNumber(f"{text[:60]!r} has more than {places} decimals")
    return int(sign + whole + fraction.ljust(places, "0"))


def to_text(scaled: int, places: int) -> str:
    """All decimals printed: to_text(150, 2) is "1.50"."""
    if places == 0:
        return str(scaled)
    digits = str(scaled)
    if scaled > 0 and len(digits) > places:
        return f"{digits[:-places]}.{digits[-places:]}"
    sign = "-" if scaled < 0 else ""
    digits = str(abs(scaled)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def to_short_text(scaled: int, places: int) -> str:
    """No padding: to_short_text(150, 2) is "1.5", zero is "0"."""
    text = to_text(scaled, places)
    return text.rstrip("0").rstrip(".") if places else text
