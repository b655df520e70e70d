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


_NAMES: Final[dict[type, frozenset[str]]] = {}


def _names(kind: Any) -> frozenset[str]:
    if kind not in _NAMES:
        _NAMES[kind] = frozenset(one.name for one in attrs.fields(kind))
    return _NAMES[kind]


def _restored(kind: Any, values: dict[str, Any], extra: dict[str, Any]) -> Any:
    row = kind(**values)
    keep_extra(row, {**extra}, frozenset(extra))
    return row
