"""A model from a plain object in any of its spellings: for what the typed pass has refused.

A model says at its attributes what else has been seen on the wire: `field(metadata=also_spelt("old_name"))`. Of an
attribute with a default the typed pass would not miss the old name, so that only others of the model lead here.
Source: the deviations that other clients recorded (old documentation pages, HTTP twins of a push).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache, partial
from types import NoneType
from typing import Any, Final, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

import attrs
import msgspec

from coinex_proto.errors import PayloadError

Json: TypeAlias = dict[str, Any]
M = TypeVar("M")

_OTHER_NAME: Final = "other name"
_NULLABLE: Final = "may be null"

MAY_BE_NULL: Final[Mapping[str, object]] = {_NULLABLE: True}
"""A list or flag that may be missing, empty or null when there is nothing to say."""


def also_spelt(name: str) -> Mapping[str, object]:
    """The attribute's old or other name on the wire; where both are sent, today's counts."""
    return {_OTHER_NAME: name}


def in_any_spelling(model: type[M], value: Any) -> M:
    """An instance of the model; integers may be texts. Raises one of `UNREADABLE`."""
    return msgspec.convert(_renamed(model, value), model, strict=False)


def object_of(value: Any) -> Json:
    """The same. Raises `PayloadError` for anything but an object."""
    if not isinstance(value, dict):
        raise PayloadError(f"expected an object, got {type(value).__name__}")
    return value


def list_of(value: Any) -> list[Any]:
    """The same. Raises `PayloadError` for anything but a list."""
    if not isinstance(value, list):
        raise PayloadError(f"expected a list, got {type(value).__name__}")
    return value


def _renamed(model: Any, value: Any) -> Json:
    """The same object in today's names, without empty texts where a number may be absent."""
    members = _members(model)
    today_of = {member.other_name: name for name, member in members.items() if member.other_name}
    renamed: Json = {name: member.empty for name, member in members.items() if member.empty is not None}
    for name, entry in object_of(value).items():
        today = today_of.get(name, name)
        if today != name and today in value:
            continue
        member = members.get(today, _UNKNOWN)
        if entry == "" and member.is_optional_number:
            continue
        renamed[today] = member.read(entry if member.empty is None else entry or member.empty)
    return renamed


def _as_it_is(value: Any) -> Any:
    return value


@attrs.frozen(kw_only=True)
class _Member:
    """How one attribute is read."""

    other_name: str | None = None
    is_optional_number: bool = False
    empty: object = None
    """What stands for null and for nothing; None: null is not expected."""
    read: Callable[[Any], Any] = _as_it_is


_UNKNOWN: Final = _Member()
_EMPTY: Final[Mapping[Any, object]] = {bool: False, tuple: []}


@cache
def _members(model: Any) -> Mapping[str, _Member]:
    hints = get_type_hints(model)
    return {
        attribute.name: _Member(
            other_name=attribute.metadata.get(_OTHER_NAME),
            is_optional_number=set(get_args(hints[attribute.name])) in ({Decimal, NoneType}, {int, NoneType}),
            empty=_EMPTY[get_origin(hints[attribute.name]) or bool] if _NULLABLE in attribute.metadata else None,
            read=_reader(hints[attribute.name]),
        )
        for attribute in attrs.fields(model)
    }


def _reader(hint: Any) -> Callable[[Any], Any]:
    """Models within a model have spellings of their own."""
    if attrs.has(hint):
        return partial(_renamed, hint)
    inner = get_args(hint)[0] if get_origin(hint) is tuple else None
    if inner is not None and attrs.has(inner):
        return lambda value: [_renamed(inner, entry) for entry in list_of(value)]
    return _as_it_is
