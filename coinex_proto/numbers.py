"""Amounts and prices, exact to the digit.

A venue reads and writes decimal text. A float has lost the text that the user meant, so it is refused on the way out;
what comes in is read finite only. This module must not know any venue.
"""

from __future__ import annotations

import re
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, DivisionByZero, InvalidOperation
from typing import Final

from coinex_proto.errors import PayloadError, UsageError, quoted

CONTEXT: Final = Context(prec=50, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[InvalidOperation, DivisionByZero])
"""Our own arithmetic: the caller's context may round to two digits, or trap what is harmless.

50 digits hold the product of any two prices or sizes of a venue. Finite numbers of a peer, however huge, never make it
raise (but for a division by zero). Use its methods (`CONTEXT.add(a, b)`), not operators.
"""

MAX_EXPONENT: Final = 30
"""Digits beyond 10^30 or 10^-30 are refused: written out, `1E+999999999` takes a gigabyte."""

_MAX_CHARACTERS: Final = 100
_PLAIN: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_LARGEST_INT: Final = 10 ** (MAX_EXPONENT + 1)


def exact(value: str | int | Decimal, what: str) -> str:
    """The text to send for an amount or a price: the user's own digits, never an exponent.

    `what` names the parameter in the error. Raises `UsageError` for a float (also inside a bool or any other type), for
    what is not finite, beyond 10^±30, or a text that is not plain decimal digits.
    """
    if type(value) is str:
        return _plain_text(value, what)
    if type(value) is int:
        if not -_LARGEST_INT < value < _LARGEST_INT:
            raise UsageError(f"{what} has more than {MAX_EXPONENT + 1} digits")
        return str(value)
    if isinstance(value, Decimal):
        return _decimal_text(value, what)
    if isinstance(value, str):
        return _plain_text(str.__str__(value), what)
    hint = '; a float is not exact: pass "0.1" or Decimal("0.1")' if isinstance(value, float) else ""
    raise UsageError(f"{what} must be a str, an int or a Decimal, not {type(value).__name__} {quoted(value)}{hint}")


def _plain_text(text: str, what: str) -> str:
    if len(text) > _MAX_CHARACTERS or not _PLAIN.fullmatch(text):
        raise UsageError(f"{what} must be plain decimal digits like 0.001, not {quoted(text)}")
    whole, _, fraction = text.lstrip("-").partition(".")
    if len(whole) > MAX_EXPONENT + 1 or len(fraction) > MAX_EXPONENT:
        raise UsageError(f"{what} is beyond 10^{MAX_EXPONENT} or finer than 10^-{MAX_EXPONENT}: {quoted(text)}")
    return text


def _decimal_text(value: Decimal, what: str) -> str:
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise UsageError(f"{what} must be finite, not {value}")
    if exponent < -MAX_EXPONENT or value.adjusted() > MAX_EXPONENT:
        raise UsageError(f"{what} is beyond 10^{MAX_EXPONENT} or finer than 10^-{MAX_EXPONENT}: {quoted(value)}")
    return format(value, "f")


def plain(value: Decimal) -> Decimal:
    """The same number in a form that people read: a zero without an exponent, and whole numbers with all of their zeros.

    Arithmetic makes 6.00E+4 and 0E-8 of prices; what is too large to be written out stays as it is.
    """
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or -6 <= exponent <= 0:
        return value
    if not value:
        return _ZERO
    return Decimal(format(value, "f")) if exponent > 0 and value.adjusted() <= MAX_EXPONENT else value


_ZERO: Final = Decimal(0)


def decimal_of(text: str) -> Decimal:
    """The number that a venue's text stands for. Raises `PayloadError` when it is none, or not finite.

    Harmless spellings ("1e3", "+1") pass as their value; an exponent stays one, so write it out with care.
    """
    try:
        value = Decimal(text)
    except (InvalidOperation, ValueError, TypeError):
        raise PayloadError(f"{quoted(text)} is no number") from None
    if not value.is_finite():
        raise PayloadError(f"{quoted(text)} is not finite")
    return value
