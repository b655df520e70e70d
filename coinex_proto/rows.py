"""`Row`: what a typed answer keeps of members that its class does not know. This module must not know any venue."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Row:
    """Base of the rows of typed HTTP answers."""

    # A slot that neither attrs nor msgspec knows: no member of the wire can reach it, and == does not look at it.
    __slots__ = ("_extra",)

    _extra: Mapping[str, Any]

    @property
    def extra(self) -> Mapping[str, Any]:
        """What the answer holds beyond the documented members, and the members that could not be read, as plain JSON."""
        try:
            return self._extra
        except AttributeError:
            return _NOTHING

    def __reduce__(self) -> tuple[Any, ...]:
        # attrs pickles and copies its own fields only.
        kind: Any = type(self)
        values = {one.name: getattr(self, one.name) for one in attrs.fields(kind) if one.init}
        return _restored, (type(self), values, dict(self.extra))


_set_extra = vars(Row)["_extra"].__set__


def keep_extra(row: Row, sent: Mapping[str, Any], left_out: frozenset[str] = frozenset()) -> None:
    """Keep what this object says that the row does not; `left_out` names the members that could not be read."""
    known = _names(type(row)) - left_out
    extra = {name: value for name, value in sent.items() if name not in known}
    if extra:
        _set_extra(row, MappingProxyType(extra))


def keep_all_extra(value: object, sent: object, left_out: frozenset[str] = frozenset(), path: str = "$") -> None:
    """What each row, and each row in it, does not know or could not read; `left_out`: paths as `fitted` gives them."""
    if isinstance(value, Row) and isinstance(sent, Mapping):
        prefix = f"{path}."
        keep_extra(value, sent, frozenset(name for name in sent if _is_among(prefix + name, left_out)))
        for name, each in sent.items():
            if isinstance(each, (dict, list)):
                keep_all_extra(getattr(value, name, None), each, left_out, prefix + name)
    elif isinstance(value, tuple) and isinstance(sent, list) and len(value) == len(sent):
        for place, (inner, each) in enumerate(zip(value, sent, strict=False)):
            keep_all_extra(inner, each, left_out, f"{path}[{place}]")


def _is_among(path: str, left_out: frozenset[str]) -> bool:
    """Whether this member, or an entry of this list, was left out."""
    return path in left_out or any(one.partition("[")[0] == path and one.endswith("]") for one in left_out)


def unreadable_in(value: object) -> int:
    """How many known members of the rows in a result could not be read: they stand in `extra`."""
    if isinstance(value, tuple):
        return sum(map(unreadable_in, value))
    if not attrs.has(type(value)):
        return 0
    names = _names(type(value))
    here = len(names.intersection(value.extra)) if isinstance(value, Row) else 0
    return here + sum(unreadable_in(getattr(value, name)) for name in names)


_NAMES: Final[dict[type, frozenset[str]]] = {}


def _names(kind: Any) -> frozenset[str]:
    if kind not in _NAMES:
        _NAMES[kind] = frozenset(one.name for one in attrs.fields(kind))
    return _NAMES[kind]


def _restored(kind: Any, values: dict[str, Any], extra: dict[str, Any]) -> Any:
    row = kind(**values)
    keep_extra(row, {**extra}, frozenset(extra))
    return row
