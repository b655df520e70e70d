"""What may stand in topics and commands, and what is refused with `UsageError` before anything leaves.

Used as attrs validators and converters. Source: QFEX documentation, enumerations; symbols as they occur in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, TypeAlias

from attrs import Attribute

from coinex_proto.errors import UsageError, quoted
from coinex_proto.numbers import exact

Number: TypeAlias = str | int | Decimal
"""An amount or a price as a user may write it; a float is refused."""

SIDES: Final = ("BUY", "SELL")
ORDER_TYPES: Final = ("LIMIT", "MARKET", "ALO", "TAKE_PROFIT", "STOP_LOSS")
TIMES_IN_FORCE: Final = ("GTC", "IOC", "FOK")
INTERVALS: Final = ("1MIN", "5MINS", "15MINS", "30MINS", "1HOUR", "4HOURS", "1DAY")
SIG_FIGS: Final = (0, 1, 2)
MAX_TEXT: Final = 200
"""Characters of an id; the venue's own limit is not published."""

_SYMBOL: Final = re.compile(r"[A-Z0-9][A-Z0-9._/+-]{0,63}", re.ASCII)

Validator: TypeAlias = Callable[[Any, "Attribute[Any]", Any], None]


def _stated(owner: object, attribute: Attribute[Any], value: object) -> str:
    return f"{type(owner).__name__}({attribute.name}={quoted(value)})"


def check_symbol(owner: object, attribute: Attribute[Any], value: object) -> None:
    """A symbol like AAPL-USD."""
    what = _stated(owner, attribute, value)
    if not isinstance(value, str):
        raise UsageError(f"{what}: must be a str")
    if value == "*":
        raise UsageError(f"{what}: for all symbols, where the venue has that, leave it out")
    if not _SYMBOL.fullmatch(value):
        likely = re.sub(r"[^A-Z0-9._/+-]", "", value[:64].upper())
        hint = f"; did you mean {likely!r}?" if likely else ""
        raise UsageError(f"{what}: QFEX writes symbols like 'AAPL-USD'{hint}")


def check_symbol_or_none(owner: object, attribute: Attribute[Any], value: object) -> None:
    """A symbol, or None for all."""
    if value is not None:
        check_symbol(owner, attribute, value)


def one_of(allowed: tuple[object, ...]) -> Validator:
    """A validator: one of these values, and of the same type."""

    def check(owner: object, attribute: Attribute[Any], value: object) -> None:
        if not any(type(value) is type(other) and value == other for other in allowed):
            listed = ", ".join(map(repr, allowed))
            raise UsageError(f"{_stated(owner, attribute, value)}: must be one of {listed}")

    return check


def check_text(owner: object, attribute: Attribute[Any], value: object) -> None:
    """An id or another short text, not empty."""
    _check_printable(owner, attribute, value)
    if not value:
        raise UsageError(f"{_stated(owner, attribute, value)}: is empty")


def check_text_or_empty(owner: object, attribute: Attribute[Any], value: object) -> None:
    """An id; empty when there is none."""
    _check_printable(owner, attribute, value)


def _check_printable(owner: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, str):
        raise UsageError(f"{_stated(owner, attribute, value)}: must be a str")
    if len(value) > MAX_TEXT or not value.isprintable():
        raise UsageError(f"{_stated(owner, attribute, value)}: must be printable, at most {MAX_TEXT} characters")


def check_flag_or_none(owner: object, attribute: Attribute[Any], value: object) -> None:
    """True, False or not said."""
    if value is not None and type(value) is not bool:
        raise UsageError(f"{_stated(owner, attribute, value)}: must be True or False")


def check_flag(owner: object, attribute: Attribute[Any], value: object) -> None:
    """True or False."""
    if type(value) is not bool:
        raise UsageError(f"{_stated(owner, attribute, value)}: must be True or False")


def at_least(least: int) -> Validator:
    """A validator: a whole number of at least this."""

    def check(owner: object, attribute: Attribute[Any], value: object) -> None:
        if type(value) is not int or value < least:
            raise UsageError(f"{_stated(owner, attribute, value)}: must be a whole number of at least {least}")

    return check


def at_least_or_none(least: int) -> Validator:
    """As `at_least`; None when not said."""
    check_it = at_least(least)

    def check(owner: object, attribute: Attribute[Any], value: object) -> None:
        if value is not None:
            check_it(owner, attribute, value)

    return check


# Numbers: converted once, so that 200, "200.00" and Decimal("2E2") are kept as the digits that will be sent ------------


def to_quantity(value: Number) -> Decimal:
    """Above zero."""
    return _positive(value, "quantity")


def to_price_or_none(value: Number | None) -> Decimal | None:
    """Above zero, or not said."""
    return None if value is None else _positive(value, "price")


def to_quantity_or_none(value: Number | None) -> Decimal | None:
    """Above zero, or not said."""
    return None if value is None else _positive(value, "quantity")


def to_stop_or_none(value: Number | None) -> Decimal | None:
    """The price of an attached stop; 0 is the venue's word for none."""
    if value is None:
        return None
    number = Decimal(exact(value, "take_profit or stop_loss"))
    if number < 0:
        raise UsageError(f"take_profit or stop_loss must not be below zero: {quoted(value)}")
    return number


def to_leverage(value: Number) -> Decimal:
    """Above zero."""
    return _positive(value, "leverage")


def _positive(value: Number, what: str) -> Decimal:
    number = Decimal(exact(value, what))
    if number <= 0:
        raise UsageError(f"{what} must be above zero, not {quoted(value)}")
    return number
