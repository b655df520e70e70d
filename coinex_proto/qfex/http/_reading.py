"""An answer of QFEX over HTTP as typed rows: numbers exact, from JSON numbers or texts; an array that is null is empty.

Members that a row does not know, or can do without and cannot read, stand in its `extra`. Source: OpenAPI files of the venue.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from typing import Any, Final, TypeVar, cast, get_args, get_origin, get_type_hints

import attrs
import msgspec

from coinex_proto.decoding import UNREADABLE, decode_plain, finite_check
from coinex_proto.errors import PayloadError, quoted
from coinex_proto.fitting import fitted
from coinex_proto.rows import keep_all_extra

M = TypeVar("M")

_UNIONS: Final = (types.UnionType, typing.Union)


def read_json(kind: type[M] | None, body: bytes) -> M:
    """The whole answer as this class; plain values where there is none. Raises `PayloadError`."""
    if kind is None:
        return cast("M", _plain(body) if body.strip() else None)
    value = _with_lists(_plain(body), kind)
    left_out: tuple[str, ...] = ()
    try:
        found = _check(cast("Hashable", kind))(msgspec.convert(value, kind, strict=False))
    except UNREADABLE:
        try:
            found, left_out = fitted(kind, value)
        except UNREADABLE as problem:
            raise PayloadError(f"{kind.__name__}: {quoted(problem)}") from problem
    keep_all_extra(found, value, frozenset(left_out))
    return cast("M", found)


def read_text(body: bytes) -> str:
    """The answer as it stands. Raises `PayloadError` for what is no UTF-8."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise PayloadError(f"not UTF-8: {quoted(problem)}") from problem


def _plain(body: bytes) -> Any:
    try:
        return decode_plain(body)
    except UNREADABLE as problem:
        raise PayloadError(f"not JSON: {quoted(problem)}") from problem


@cache
def _check(kind: Hashable) -> Callable[[Any], Any]:
    return finite_check(cast("type[Any]", kind))


def _with_lists(value: Any, hint: Any) -> Any:
    """The same value with an empty list wherever an array is null."""
    if get_origin(hint) in _UNIONS:
        inner = [each for each in get_args(hint) if each is not types.NoneType]
        return value if value is None or len(inner) != 1 else _with_lists(value, inner[0])
    if get_origin(hint) is tuple:
        if value is None:
            return []
        return [_with_lists(each, get_args(hint)[0]) for each in value] if isinstance(value, list) else value
    if isinstance(hint, type) and attrs.has(hint) and isinstance(value, Mapping):
        hints = _hints(hint)
        return {name: _with_lists(each, hints.get(name)) for name, each in value.items()}
    return value


@cache
def _hints(kind: Hashable) -> Mapping[str, Any]:
    return get_type_hints(kind)
