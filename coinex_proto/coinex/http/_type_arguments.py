"""What class statements put for type variables: `class CancelOrder(Twin[SpotOrder, SpotMarketType])`.

Commands that spot and futures share are declared once, with variables for what differs; at run time the rules of their
parameters and the reading of their answers need what each variable stands for. This module must not know any command.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import cache
from typing import Any, TypeAlias, TypeVar, cast, get_args, get_origin, get_type_hints

Arguments: TypeAlias = Mapping[Any, Any]
"""A type for each variable."""


def argument_of(kind: type[Any], base: Any) -> Any:
    """What a class puts for the one variable of this base; the variable itself when it puts nothing."""
    (variable,) = base.__parameters__
    return _filled_in(variable, _arguments(cast("Hashable", kind)).get(base, {}))


def hints_of(kind: type[Any]) -> Mapping[str, Any]:
    """The annotation of each attribute of a class, with types for variables."""
    found: dict[str, Any] = {}
    arguments = _arguments(cast("Hashable", kind))
    for each in reversed(kind.__mro__):
        hints = get_type_hints(each, include_extras=True)
        own = vars(each).get("__annotations__", ())
        found.update((name, _filled_in(hints[name], arguments[each])) for name in own)
    return found


@cache
def _arguments(kind: Hashable) -> Mapping[Any, Arguments]:
    """For a class and each of its bases what its variables stand for, in the order of their resolution."""
    found: dict[Any, Arguments] = {each: {} for each in kind.__mro__}  # type: ignore[attr-defined]
    for each, arguments in found.items():
        for base in vars(each).get("__orig_bases__", ()):
            variables = getattr(get_origin(base), "__parameters__", ())
            found[get_origin(base)] = dict(
                zip(variables, (_filled_in(argument, arguments) for argument in get_args(base)), strict=False)
            )
    return found


def _filled_in(hint: Any, arguments: Arguments) -> Any:
    if isinstance(hint, TypeVar):
        return arguments.get(hint, hint)
    variables = getattr(hint, "__parameters__", ())
    return hint[tuple(arguments.get(each, each) for each in variables)] if variables else hint
