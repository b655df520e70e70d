"""What the compiled extension needs to know of a class to read JSON straight into it, taken from the class's annotations.

The extension takes messages in their plain form only, and leaves a number, and a list of levels, as text until it is read
(speed/decode.c). Everything else it leaves to msgspec, so that this is about speed and never about what is right. This module
must not know any venue.
"""

from __future__ import annotations

from decimal import Decimal
from types import ModuleType, NoneType, UnionType
from typing import Annotated, Any, Final, NewType, Union, get_args, get_origin, get_type_hints

import attrs

from coinex_proto.fitting import OWN

_LEVELS: Final = tuple[tuple[str, str], ...]
_OWN, _TEXT, _INTEGER, _BOOLEAN, _NUMBER, _LIST_OF_LEVELS, _MODEL, _MODELS = range(8)
"""As in speed/decode.c."""
_PLAIN: Final = {str: _TEXT, int: _INTEGER, bool: _BOOLEAN, Decimal: _NUMBER, _LEVELS: _LIST_OF_LEVELS}
_FACTORY: Final[Any] = attrs.Factory


def quick_model(speed: ModuleType, model: type[Any]) -> Any:
    """`speed.Model` of a class of attrs with slots, whose numbers and levels are made when they are read from now on.

    Raises `TypeError` for a class that the extension cannot fill.
    """
    if not attrs.has(model) or model.__dictoffset__ or hasattr(model, "__attrs_post_init__"):
        raise TypeError(f"{model}: not a plain class of attrs with slots")
    hints = get_type_hints(model)
    fields = [_field(speed, model, one, hints[one.name]) for one in attrs.fields(model)]
    made = speed.Model(model, tuple(fields))
    for name, kind, *_ in fields:
        if kind in (_NUMBER, _LIST_OF_LEVELS) and not isinstance(vars(model)[name], speed.Lazy):
            setattr(model, name, speed.Lazy(vars(model)[name]))
    return made


def _field(speed: ModuleType, model: type[Any], one: attrs.Attribute[Any], hint: Any) -> tuple[Any, ...]:
    if one.validator or one.converter or isinstance(one.default, _FACTORY) or one.name not in vars(model):
        raise TypeError(f"{model.__name__}.{one.name} is more than a slot")
    kind, may_be_null, inner = (_OWN, False, None) if OWN.items() <= one.metadata.items() else _kind(speed, hint)
    slot = vars(model)[one.name]
    if isinstance(slot, speed.Lazy):
        slot = slot.member
    missing = ... if one.default is attrs.NOTHING else one.default
    return one.name, kind, may_be_null, missing, slot, inner


def _kind(speed: ModuleType, hint: Any) -> tuple[int, bool, Any]:
    """How it is read, whether it may be null, and the model within."""
    if isinstance(hint, NewType) or get_origin(hint) is Annotated:
        return _kind(speed, hint.__supertype__ if isinstance(hint, NewType) else get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        one, *others = [part for part in get_args(hint) if part is not NoneType]
        if others or NoneType not in get_args(hint):
            raise TypeError(f"{hint}: more than one kind of value")
        kind, _, inner = _kind(speed, one)
        return kind, True, inner
    if hint in _PLAIN:
        return _PLAIN[hint], False, None
    if get_origin(hint) is tuple and get_args(hint)[1:] == (Ellipsis,):
        return _MODELS, False, quick_model(speed, get_args(hint)[0])
    if isinstance(hint, type) and attrs.has(hint):
        return _MODEL, False, quick_model(speed, hint)
    raise TypeError(f"{hint}: the extension does not read this")
