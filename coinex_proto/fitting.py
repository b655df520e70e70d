"""The second reading of a message that the typed pass has refused: one bad field costs that field, for any venue.

What a model cannot do without is *essential*: a member whose annotation has no None, or that says `ESSENTIAL` where None
has a meaning of its own. An essential member that does not fit makes the message unreadable, and the error names its path.
Any other member becomes None when it is missing, null, empty or of another type, and its path is in the list of what was
left out. Known other spellings are read as today's: `also_spelt`, `MAY_BE_NULL`, whole numbers with a point, numbers in
texts, ids written as numbers, and lists of fixed length with more entries than documented.

Slow, and only reached when the typed pass has failed, so that it costs nothing while the venue keeps to its word. This
module must not know any venue.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, NewType, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import attrs
import msgspec

from coinex_proto.decoding import UNREADABLE, finite_check
from coinex_proto.errors import PayloadError, UsageError, quoted
from coinex_proto.numbers import MAX_EXPONENT, exact

T = TypeVar("T")
Plain: TypeAlias = Any
"""A value as `decode_plain` gives it."""
_Read: TypeAlias = Callable[[Plain, str, list[str]], Any]
"""From the value, its path, and the list that takes what is left out. Raises one of `UNREADABLE`."""

_OTHER_NAME: Final = "other name"
_NULLABLE: Final = "may be null"
_ESSENTIAL: Final = "essential"
_OWN: Final = "own"
_EACH_ALONE: Final = "each alone"

MAY_BE_NULL: Final[Mapping[str, object]] = {_NULLABLE: True}
"""A list or flag that may be null when there is nothing to say."""
ESSENTIAL: Final[Mapping[str, object]] = {_ESSENTIAL: True}
"""It may be missing, empty or null, which has a meaning; anything else that cannot be read makes the message unreadable."""
EACH_ALONE: Final[Mapping[str, object]] = {_NULLABLE: True, _EACH_ALONE: True}
"""A list whose entries have nothing to do with each other: one that cannot be read is left out of it, null is an empty one."""
OWN: Final[Mapping[str, object]] = {_OWN: True}
"""Set by the SDK: whatever a peer sends under that name is not read."""


def also_spelt(name: str) -> Mapping[str, object]:
    """The attribute's old or other name on the wire; where both are sent, today's counts."""
    return {_OTHER_NAME: name}


def fitted(hint: type[T], value: Plain, path: str = "$") -> tuple[T, tuple[str, ...]]:
    """The value as this type, and the paths of the members that were left out. Raises one of `UNREADABLE`.

    `hint`: a class of attrs or msgspec, or what such a class may hold, like `tuple[Deal, ...]`.
    """
    left_out: list[str] = []
    return _reader(cast("Any", hint), "")(value, path, left_out), tuple(left_out)


def essential_members(model: type[Any]) -> frozenset[str]:
    """The names of the members that this model cannot do without, or that have to be right where they are sent."""
    return frozenset(
        name for name, member in _members(cast("Any", model)).items() if not member.is_optional and not member.is_own
    )


# Models ---------------------------------------------------------------------------------------------------------------

_MISSING: Final = object()
_EMPTY: Final[Mapping[object, object]] = {bool: False, tuple: ()}


@attrs.frozen(kw_only=True)
class _Member:
    """How one attribute is read."""

    name: str
    other_name: str | None
    read: _Read
    takes_null: bool
    may_be_empty: bool
    """An empty text stands for no number."""
    is_optional: bool
    has_default: bool
    is_own: bool
    empty: object
    """What stands for null and for nothing; None: null is not expected."""


@cache
def _members(model: Any) -> Mapping[str, _Member]:
    hints = get_type_hints(model)
    if attrs.has(model):
        found = [(one.name, one.default is not attrs.NOTHING, one.metadata) for one in attrs.fields(model) if one.init]
    else:
        nothing: Mapping[Any, Any] = {}
        found = [(one.name, not one.required, nothing) for one in msgspec.structs.fields(model)]
    return {name: _member(name, hints[name], has_default, said) for name, has_default, said in found}


def _member(name: str, hint: Any, has_default: bool, said: Mapping[Any, Any]) -> _Member:
    kinds = _kinds(hint)
    takes_null = NoneType in kinds
    return _Member(
        name=name,
        other_name=said.get(_OTHER_NAME),
        read=_each_alone(get_args(hint)[0]) if _EACH_ALONE in said else _reader(hint, name),
        takes_null=takes_null,
        may_be_empty=takes_null and set(kinds) <= {int, Decimal, NoneType},
        is_optional=takes_null and _ESSENTIAL not in said,
        has_default=has_default,
        is_own=_OWN in said,
        empty=_EMPTY[get_origin(hint) or hint] if _NULLABLE in said else None,
    )


def _model(model: Any) -> _Read:
    def read(value: Plain, path: str, left_out: list[str]) -> Any:
        if not isinstance(value, dict):
            raise PayloadError(f"expected an object, got {type(value).__name__} - at `{path}`")
        return model(**_values(_members(model), value, path, left_out))

    return read


def _values(
    members: Mapping[str, _Member], sent: Mapping[str, Plain], path: str, left_out: list[str]
) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, member in members.items():
        value = sent.get(name, sent.get(member.other_name, _MISSING) if member.other_name else _MISSING)
        if not member.is_own and (read := _value(member, value, f"{path}.{name}", left_out)) is not _MISSING:
            values[name] = read
    return values


def _value(member: _Member, sent: Plain, path: str, left_out: list[str]) -> object:
    """What the member becomes; `_MISSING`: its default."""
    if sent is _MISSING or sent is None:
        if sent is None and member.takes_null:
            return None
        if sent is None and member.empty is not None:
            return member.empty
        if member.has_default:
            return _MISSING
        if not member.is_optional:
            raise PayloadError(f"{'missing' if sent is _MISSING else 'null'} - at `{path}`")
        left_out.append(path)
        return None
    if sent == "" and member.may_be_empty:
        left_out.append(path)
        return None
    before = len(left_out)
    try:
        return member.read(sent, path, left_out)
    except UNREADABLE:
        if not member.is_optional:
            raise
        left_out[before:] = [path]  # what was left out inside of it went with it
        return None


# Everything else ------------------------------------------------------------------------------------------------------


@cache
def _reader(hint: Any, name: str) -> _Read:
    """`name`: of the member, since ids and times have spellings of their own."""
    origin, arguments = get_origin(hint), get_args(hint)
    if isinstance(hint, NewType) or origin is Annotated:
        return _reader(hint.__supertype__ if isinstance(hint, NewType) else arguments[0], name)
    if isinstance(hint, type) and origin is None and (attrs.has(hint) or issubclass(hint, msgspec.Struct)):
        return _model(hint)
    if origin is tuple and arguments and arguments[-1] is Ellipsis:
        return _list_of(_reader(arguments[0], name))
    if origin is tuple and arguments:
        return _entries([_reader(part, "level") for part in arguments])
    kinds = [kind for kind in _kinds(hint) if kind is not NoneType]
    if len(kinds) == 1 and kinds[0] is not hint:
        return _or_none(_reader(kinds[0], name))
    return _leaf(hint, name)


def _kinds(hint: Any) -> tuple[Any, ...]:
    """The choices of a union; else the type itself."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _or_none(read: _Read) -> _Read:
    return lambda value, path, left_out: None if value is None else read(value, path, left_out)


def _list_of(read: _Read) -> _Read:
    def read_all(value: Plain, path: str, left_out: list[str]) -> Any:
        entries = _list(value, path)
        return tuple([read(entry, f"{path}[{place}]", left_out) for place, entry in enumerate(entries)])

    return read_all


def _each_alone(entry: Any) -> _Read:
    """What is no list at all is an empty one."""
    read = _reader(entry, "")

    def read_each(value: Plain, path: str, left_out: list[str]) -> Any:
        if not isinstance(value, list):
            left_out.append(path)
            return ()
        found = []
        for place, one in enumerate(value):
            before = len(left_out)
            try:
                found.append(read(one, f"{path}[{place}]", left_out))
            except UNREADABLE:
                left_out[before:] = [f"{path}[{place}]"]
        return tuple(found)

    return read_each


def _entries(reads: list[_Read]) -> _Read:
    """A list of a fixed length; what is appended to it is not known and left aside."""

    def read(value: Plain, path: str, left_out: list[str]) -> Any:
        entries = _list(value, path)
        if len(entries) < len(reads):
            raise PayloadError(f"expected a list of {len(reads)}, got {len(entries)} - at `{path}`")
        # Of different lengths: what stands behind the documented ones has no reader.
        pairs = enumerate(zip(reads, entries, strict=False))
        return tuple([each(entry, f"{path}[{place}]", left_out) for place, (each, entry) in pairs])

    return read


def _list(value: Plain, path: str) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise PayloadError(f"expected a list, got {type(value).__name__} - at `{path}`")
    return cast("list[Any]", value)


def _leaf(hint: Any, name: str) -> _Read:
    repair = _repair(_kinds(hint), name)
    check: Callable[[Any], Any] = finite_check(hint)

    def read(value: Plain, path: str, _: list[str]) -> Any:
        try:
            return check(msgspec.convert(repair(value), hint, strict=False))
        except UNREADABLE as problem:
            raise PayloadError(f"{str(problem).partition(' - at ')[0]} - at `{path}`") from problem

    return read


# Spellings ------------------------------------------------------------------------------------------------------------

_TIME: Final = re.compile(r"(.*_)?(at|time|timestamp|time_ms|start|end|started_at|time_closed|expires)")
_TEXT_OF_NUMBER: Final = re.compile(r"(.*_)?id|level|time|start")
"""Members that are texts, and were seen as numbers: ids, the two numbers of a level, and times."""


def _repair(kinds: tuple[Any, ...], name: str) -> Callable[[Plain], Plain]:
    if int in kinds and str not in kinds:
        return _time if _TIME.fullmatch(name) else _whole
    if str in kinds and int not in kinds and _TEXT_OF_NUMBER.fullmatch(name):
        return _text
    return lambda value: value


def _text(value: Plain) -> Plain:
    """A number as its digits; all else as it is, also a number that no text could hold."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return value
    try:
        return exact(value, "a number")
    except UsageError:
        return value


def _whole(value: Plain) -> Plain:
    """An integer that was written with a point or an exponent; all else as it is."""
    number = _number(value)
    if number is None:
        return value
    whole = int(number)
    return whole if whole == number else value


def _time(value: Plain) -> Plain:
    """As `_whole`, without what is finer than the unit."""
    number = _number(value)
    return value if number is None else int(number)


def _number(value: Plain) -> Decimal | None:
    """The number that it is or that its text says; None where it is none that is written with a point, or is absurd."""
    if isinstance(value, str) and len(value) <= 100 and "_" not in value:
        try:
            value = Decimal(value)
        except ArithmeticError:
            return None
    if not isinstance(value, Decimal) or not value.is_finite():
        return None
    if value.adjusted() > MAX_EXPONENT:
        raise PayloadError(f"{quoted(str(value))} is too large")
    return value
