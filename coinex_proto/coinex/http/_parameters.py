"""What a parameter may be, and how it is written: the types that command fields are declared with.

A field's annotation is its rule. `side: Side` accepts "buy" and "sell" only, `amount: Amount` refuses a float,
`market: str | None = None` is left out when it is None. Rules are read once per class. Everything is refused with
`UsageError` before anything is sent. This module must not know any single command.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Hashable, Mapping
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Final, Literal, TypeAlias, Union, cast, get_args, get_origin

import attrs

from coinex_proto.coinex.http._type_arguments import hints_of
from coinex_proto.errors import UsageError, quoted
from coinex_proto.numbers import exact

Json: TypeAlias = "str | int | bool | Decimal | list[Json] | dict[str, Json] | None"
"""A JSON value; what comes in has its fractions as `Decimal`, what goes out has none."""

Rule: TypeAlias = Callable[[Any, str], Json]
"""Turns a value into its wire form; the second argument names the parameter in the error."""

MAX_MARKETS: Final = 10
"""Market names in one request (CoinEx API v2, list-market)."""

_FIRST_MILLISECONDS: Final = 10**11
"""1973 in milliseconds, the year 5138 in seconds: anything less was meant as seconds."""

_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
_NAME: Final = re.compile(r"[!-+\--~]{1,64}", re.ASCII)


def text(value: object, what: str) -> str:
    """Any text that is not empty."""
    if not isinstance(value, str) or not value:
        raise UsageError(f"{what} must be a text that is not empty, not {quoted(value)}")
    return value


def name(value: object, what: str) -> str:
    """A market or currency: printable ASCII without blanks and commas."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise UsageError(f'{what} must be a name like "BTCUSDT", not {quoted(value)}')
    return value


def names(value: object, what: str) -> str | None:
    """One name or at most ten, joined with commas; None for none at all, which the venue reads as all."""
    if isinstance(value, str):
        return name(value, what)
    if not isinstance(value, (tuple, list)) or len(value) > MAX_MARKETS:
        raise UsageError(f"{what} must be a name or at most {MAX_MARKETS} of them, not {quoted(value)}")
    return ",".join(name(each, what) for each in value) or None


def client_id(value: object, what: str) -> str:
    """1 to 32 letters, digits, hyphens and underscores."""
    if not isinstance(value, str) or not _CLIENT_ID.fullmatch(value):
        raise UsageError(f"{what} must be 1 to 32 letters, digits, '-' or '_', not {quoted(value)}")
    return value


def whole(value: object, what: str) -> int:
    """A whole number that is not negative."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UsageError(f"{what} must be a whole number, not {quoted(value)}")
    return value


def counted(least: int, most: int | None = None) -> Rule:
    """A whole number within bounds."""

    def rule(value: object, what: str) -> int:
        number = whole(value, what)
        if number < least or (most is not None and number > most):
            bounds = f"at least {least}" if most is None else f"{least} to {most}"
            raise UsageError(f"{what} must be {bounds}, not {number}")
        return number

    return rule


def milliseconds(value: object, what: str) -> int:
    """A moment in milliseconds since the Unix epoch."""
    number = whole(value, what)
    if number < _FIRST_MILLISECONDS:
        raise UsageError(f"{what} must be in milliseconds; {number} looks like seconds")
    return number


def flag(value: object, what: str) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise UsageError(f"{what} must be True or False, not {quoted(value)}")
    return value


def positive(value: Any, what: str) -> str:
    """An amount or a price above zero, exact to the digit."""
    digits = exact(value, what)
    if not Decimal(digits) > 0:
        raise UsageError(f"{what} must be above 0, not {digits}")
    return digits


def one_of(*allowed: object) -> Rule:
    """One of the documented words or numbers."""

    def rule(value: object, what: str) -> Json:
        if not any(value == each and type(value) is type(each) for each in allowed):
            raise UsageError(f"{what} must be one of {', '.join(map(repr, allowed))}, not {quoted(value)}")
        return value  # type: ignore[return-value]

    return rule


def several(rule: Rule) -> Rule:
    """At least one element, each by this rule."""

    def rules(value: object, what: str) -> list[Json]:
        if not isinstance(value, (tuple, list)) or not value:
            raise UsageError(f"{what} must be a tuple that is not empty, not {quoted(value)}")
        return [rule(each, f"{what}[{index}]") for index, each in enumerate(value)]

    return rules


# The words of the document, section "Enumerations" -------------------------------------------------------------------

Side: TypeAlias = Literal["buy", "sell"]
SpotMarketType: TypeAlias = Literal["SPOT", "MARGIN"]
FuturesMarketType: TypeAlias = Literal["FUTURES"]
MarketType: TypeAlias = Literal["SPOT", "MARGIN", "FUTURES"]
OrderType: TypeAlias = Literal["limit", "market", "maker_only", "ioc", "fok"]
StpMode: TypeAlias = Literal["ct", "cm", "both"]
PriceType: TypeAlias = Literal["latest_price", "mark_price", "index_price"]
SpotPriceType: TypeAlias = Literal["latest_price", "index_price"]
MarginMode: TypeAlias = Literal["isolated", "cross"]
TransferStatus: TypeAlias = Literal["created", "deducted", "failed", "finished"]
KlinePeriod: TypeAlias = Literal[
    "1min", "3min", "5min", "15min", "30min", "1hour", "2hour", "4hour", "6hour", "12hour", "1day", "3day", "1week"
]
DepthLimit: TypeAlias = Literal[5, 10, 20, 50]
DepthInterval: TypeAlias = Literal[
    "0",
    "0.00000000001",
    "0.000000000001",
    "0.0000000001",
    "0.000000001",
    "0.00000001",
    "0.0000001",
    "0.000001",
    "0.00001",
    "0.0001",
    "0.001",
    "0.01",
    "0.1",
    "1",
    "10",
    "100",
    "1000",
]

# Values with a rule of their own -------------------------------------------------------------------------------------

Name: TypeAlias = Annotated[str, name]
Names: TypeAlias = Annotated[str | tuple[str, ...], names]
ClientId: TypeAlias = Annotated[str, client_id]
Amount: TypeAlias = Annotated[str | int | Decimal, positive]
SignedAmount: TypeAlias = Annotated[str | int | Decimal, exact]
Milliseconds: TypeAlias = Annotated[int, milliseconds]
PageNumber: TypeAlias = Annotated[int, counted(1)]
PageSize: TypeAlias = Annotated[int, counted(1)]
LongPageSize: TypeAlias = Annotated[int, counted(1, 1000)]
Leverage: TypeAlias = Annotated[int, counted(1)]

_PLAIN: Final[dict[object, Rule]] = {str: text, int: whole, bool: flag}


def _rule(hint: object) -> Rule:
    """The rule that an annotation stands for; None in it says that the parameter may be left out."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        found: Rule = hint.__metadata__[0]  # type: ignore[attr-defined]
        return found
    if origin is Literal:
        return one_of(*arguments)
    if origin in (Union, types.UnionType):
        (inner,) = (each for each in arguments if each is not types.NoneType)
        return _unless_missing(_rule(inner))
    if origin is tuple:
        return several(_rule(arguments[0]))
    if isinstance(hint, type) and attrs.has(hint):
        return _nested(hint)
    raise TypeError(f"no rule for a parameter declared as {hint}")


def _unless_missing(rule: Rule) -> Rule:
    def optional(value: object, what: str) -> Json:
        return None if value is None else rule(value, what)

    return optional


def _nested(wanted: type) -> Rule:
    def rule(value: object, what: str) -> Json:
        if type(value) is not wanted:
            raise UsageError(f"{what} must be a {wanted.__name__}, not {quoted(value)}")
        return dict(written(value))

    return rule


@cache
def rules_of(kind: Hashable) -> tuple[tuple[str, Rule], ...]:
    """The rule of each field, in the order of declaration, which is the order on the wire."""
    hints = hints_of(cast("type[Any]", kind))
    return tuple((each.name, _rule(hints[each.name])) for each in attrs.fields(kind))  # type: ignore[arg-type]


def written(command: object) -> Mapping[str, Json]:
    """The parameters of a declared command in their wire form, without those that are not set."""
    kind = type(command)
    result: dict[str, Json] = {}
    for field_name, rule in rules_of(cast("Hashable", kind)):
        wire = rule(getattr(command, field_name), f"{kind.__name__}({field_name}=)")
        if wire is not None:
            result[field_name] = wire
    return result


_EXACT_ENDINGS: Final = ("amount", "price")
"""Parameters that the venue wants as decimal text even where the caller passes an int."""


def written_freely(value: object, what: str) -> Json:
    """The wire form of a parameter of which nothing is declared, for `call`.

    Amounts and prices (by their name) become text, other ints stay numbers, a Decimal becomes text, a float is refused.
    """
    if isinstance(value, Decimal) or (what.endswith(_EXACT_ENDINGS) and not isinstance(value, (dict, list, tuple))):
        return exact(value, what)  # type: ignore[arg-type]
    if value == "" and what != "market":
        raise UsageError(f"{what} is empty: leave it out instead")
    if isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, Mapping):
        return {str(key): written_freely(each, str(key)) for key, each in value.items() if each is not None}
    if isinstance(value, (tuple, list)):
        return [written_freely(each, what) for each in value]
    hint = "; a float is not exact: pass a str or a Decimal" if isinstance(value, float) else ""
    raise UsageError(f"{what} cannot be written as JSON: {type(value).__name__} {quoted(value)}{hint}")
