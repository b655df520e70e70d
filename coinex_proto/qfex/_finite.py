"""Only finite numbers get in: msgspec takes "NaN" and "Infinity" for a `Decimal`, and both would poison every comparison.

One pass per object in C; a validator per field would cost twice as much.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final, TypeAlias, cast

from attrs import fields

from coinex_proto.errors import PayloadError

_Numbers: TypeAlias = Callable[[Any], tuple[Decimal | None, ...]]

_NUMBERS: Final[dict[type, _Numbers | None]] = {}
"""What gives all numbers of a class; filled as classes are seen."""
_is_finite: Final = cast(Callable[[Decimal], bool], Decimal.is_finite)


def check_finite(value: object) -> None:
    """Raises `PayloadError` when a number of it is infinite or none at all. Lists inside are not looked into."""
    try:
        numbers = _NUMBERS[type(value)]
    except KeyError:
        numbers = _remember(type(value))
    # filter(None, …) takes out what is absent, and zeros, which are finite.
    if numbers is not None and not all(map(_is_finite, filter(None, numbers(value)))):
        raise PayloadError(f"{type(value).__name__} with a number that is not finite")


def check_finite_levels(*sides: tuple[tuple[Decimal, Decimal], ...]) -> None:
    """The same for (price, size) levels."""
    for side in sides:
        for price, size in side:
            if not (price.is_finite() and size.is_finite()):
                raise PayloadError("a level with a number that is not finite")


def _remember(kind: type) -> _Numbers | None:
    names = [one.name for one in fields(cast(Any, kind)) if str(one.type).startswith("Decimal")]
    # Of a lone name, attrgetter would give the value itself and no tuple.
    found = _NUMBERS[kind] = attrgetter(names[0], *names) if names else None
    return found
