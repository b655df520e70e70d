"""Reading what a peer writes, for any venue: what that may raise, plain JSON, and typed JSON with finite numbers only.

msgspec takes "NaN" and "Infinity" for a `Decimal`, and either would poison every comparison. A check is built once for a
class, from its annotations, so that no number can be forgotten, and looks at all numbers of an instance in C: a validator
per field would cost twice as much. This module must not know any venue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from decimal import Decimal
from itertools import chain
from operator import attrgetter, itemgetter
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NewType,
    TypeAlias,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import attrs
import msgspec

from coinex_proto.errors import PayloadError, quoted
from coinex_proto.numbers import MAX_EXPONENT

T = TypeVar("T")

UNREADABLE: Final = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError, PayloadError)
"""All that decoding can raise for what a peer writes; UnicodeDecodeError is a ValueError."""

decode_plain: Final[Callable[[bytes], Any]] = msgspec.json.Decoder(float_hook=Decimal).decode
"""JSON as plain Python values, numbers with a point as `Decimal`. Raises one of `UNREADABLE`."""

MANY_VALUES: Final = 4000
LEAST_BYTES: Final = 8


def json_decoder(model: type[T], *, strict: bool = True) -> Callable[[bytes], T]:
    """What decodes JSON straight into this class, with finite numbers only; raises one of `UNREADABLE`.

    `strict=False` takes integers that came as texts too. Raises `TypeError` as `finite_check` does.
    """
    decode, check = msgspec.json.Decoder(model, strict=strict).decode, finite_check(model)
    return lambda payload: check(decode(payload))


def plain_decoder(model: type[T], *, strict: bool = True) -> Callable[[bytes], T]:
    """As `json_decoder`, and no number beyond 10^30 or finer than 10^-30: those that `plain_text` can write.

    A number of any size is finite, and `1e999999999` would take a gigabyte as soon as somebody writes it out.
    """
    decode = msgspec.json.Decoder(model, strict=strict).decode
    check = _check(
        model, _is_plain, _is_present, f"{_name(model)} with a number that is not finite, or beyond 10^±{MAX_EXPONENT}"
    )
    return lambda payload: check(decode(payload))


def check_count(payload: bytes | bytearray, most: int | None) -> None:
    """Raises `PayloadError` for a JSON text that may hold more values than `most`: entries, members, lists and objects.

    Counted before anything is made of them, by commas and opening brackets, also of those within texts. An object counts as
    three: it takes 3 bytes on the wire, and some hundred times that in memory.
    """
    if most is not None and len(payload) > most // 3 and (count := _values_in(payload)) > most:
        raise PayloadError(f"{count} values in one message; the limit is {most} (max_message_values)")


def _values_in(payload: bytes | bytearray) -> int:
    return payload.count(b",") + payload.count(b"[") + 3 * payload.count(b"{")


def decode_again(payload: bytes) -> Any:
    """As `decode_plain`, for what is not as documented and is read member by member, which takes 2 us a value.

    Raises `PayloadError` as well for more than 4,000 values of less than 8 bytes each: nothing that a venue sends is so dense.
    """
    most = max(MANY_VALUES, len(payload) // LEAST_BYTES)
    if len(payload) > most // 3 and (count := _values_in(payload)) > most:
        raise PayloadError(f"{count} values in {len(payload)} bytes that are not as documented")
    return decode_plain(payload)


def plain_text(number: Decimal) -> str:
    """The digits of a number as the venue wrote them, trailing zeros kept, and never with an exponent.

    `str` makes "1.0E-7" of 0.00000010. Raises `PayloadError` for what is not finite or beyond 10^±30.
    """
    if not _is_plain(number):
        raise PayloadError(f"{quoted(number)} is not finite, or beyond 10^±{MAX_EXPONENT}")
    return format(number, "f")


def _is_plain(number: Decimal) -> bool:
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -MAX_EXPONENT and number.adjusted() <= MAX_EXPONENT


def finite_check(model: type[T]) -> Callable[[T], T]:
    """What gives back an instance of this class as it is; raises `PayloadError` when a number in it is not finite.

    `model`: a class of attrs, msgspec or dataclasses, or what such a class may hold, like `tuple[Deal, ...]`. Numbers are
    found however deep they stand. Raises `TypeError` for annotations that cannot be looked into.
    """
    complaint = f"{_name(model)} with a number that is not finite"
    paths, others = _members(model) if _is_model(model) else ([], [])
    if len(paths) == 1 and not others:
        return _check_of_one(paths[0], complaint)
    # filter(None, …) takes out what is absent, and zeros, which are finite: quicker than a function.
    return _check(model, _is_finite, None, complaint)


def _check(
    model: type[T], is_good: Callable[[Any], bool], is_there: Callable[[Any], bool] | None, complaint: str
) -> Callable[[T], T]:
    """What gives back an instance as it is; raises `PayloadError` unless all its numbers that are there are good."""
    find = _numbers_in(model)
    if find is None:
        return _itself

    def check(value: T) -> T:
        if not all(map(is_good, find(value))):
            raise PayloadError(complaint)
        return value

    def check_present(value: T) -> T:
        if not all(map(is_good, filter(is_there, find(value)))):
            raise PayloadError(complaint)
        return value

    return check_present if _has_optional(model) else check


def _is_present(number: Decimal | None) -> bool:
    return number is not None


_Numbers: TypeAlias = Callable[[Any], Iterable[Any]]
"""All numbers of a value; None stands for one that is absent."""
_is_finite: Final = cast(Callable[[Any], bool], Decimal.is_finite)


def _check_of_one(path: str, complaint: str) -> Callable[[T], T]:
    """The same for a class with a single number, at a third of the cost."""
    number_of = attrgetter(path)

    def check(value: T) -> T:
        number = number_of(value)
        if number and not number.is_finite():
            raise PayloadError(complaint)
        return value

    return check


def _itself(value: T) -> T:
    return value


def _name(hint: Any) -> str:
    """The class that a reader looks for: of `tuple[Deal, ...]` and `dict[str, Deal]` it is Deal."""
    parts = [part for part in get_args(hint) if part is not Ellipsis]
    return _name(parts[-1]) if parts else str(getattr(hint, "__name__", hint))


# From annotations to what finds the numbers ---------------------------------------------------------------------------


def _numbers_in(hint: Any) -> _Numbers | None:
    """What finds the numbers of a value of this type; None where it has none."""
    origin, arguments = get_origin(hint), get_args(hint)
    if _is_number(hint):
        return lambda value: (value,)
    if hint is float:  # a decoder that is not strict takes "NaN" for a float too
        # `Decimal(value)` would raise for a caller who traps floats.
        return lambda value: (Decimal.from_float(value),)  # noqa: FURB164
    if _is_model(hint):
        return _of_model(hint)
    if isinstance(hint, NewType) or origin is Annotated:
        return _numbers_in(hint.__supertype__ if isinstance(hint, NewType) else arguments[0])
    if hint is Any or origin is Literal or (isinstance(hint, type) and origin is None and not is_typeddict(hint)):
        return None
    if origin in (Union, UnionType):
        return _of_union(arguments)
    if origin is tuple and arguments and all(map(_is_number, arguments)):
        return _itself
    if origin is tuple and arguments and arguments[-1] is not Ellipsis:
        return _of_parts([(itemgetter(place), _numbers_in(part)) for place, part in enumerate(arguments)])
    if isinstance(origin, type) and issubclass(origin, Mapping) and _numbers_in(arguments[0]) is None:
        return _of_parts([(dict.values, _of_each(arguments[1]))])
    if isinstance(origin, type) and issubclass(origin, (Sequence, AbstractSet)):
        find = _of_each(arguments[0]) if arguments else None
        # A signalling NaN has no hash, so that it would end decoding with a TypeError.
        if find is None or issubclass(origin, Sequence):
            return find
    raise TypeError(f"{hint}: numbers that are not finite cannot be looked for in this")


def _is_number(hint: Any) -> bool:
    """A Decimal that may be absent."""
    if get_origin(hint) in (Union, UnionType):
        kinds = set(get_args(hint)) - {NoneType, msgspec.UnsetType}
        return kinds == {Decimal}
    return hint is Decimal


def _is_model(hint: Any) -> bool:
    return isinstance(hint, type) and get_origin(hint) is None and bool(_attribute_names(hint))


def _attribute_names(kind: type[Any]) -> list[str]:
    if attrs.has(kind):
        return [attribute.name for attribute in attrs.fields(kind)]
    if is_dataclass(kind):
        return [attribute.name for attribute in dataclass_fields(kind)]
    # A msgspec struct or a named tuple.
    return list(getattr(kind, "__struct_fields__", getattr(kind, "_fields", ())))


def _has_optional(hint: Any) -> bool:
    """Whether anything in it may be absent."""
    if _is_model(hint):
        hints = get_type_hints(hint)
        return any(_has_optional(hints[name]) for name in _attribute_names(hint))
    return hint in (NoneType, msgspec.UnsetType) or any(map(_has_optional, get_args(hint)))


def _members(model: type[Any], prefix: str = "") -> tuple[list[str], list[tuple[str, _Numbers]]]:
    """Paths to the plain numbers of a model, those of models within it included, and to what else holds numbers."""
    hints = get_type_hints(model)
    paths: list[str] = []
    others: list[tuple[str, _Numbers]] = []
    for name in _attribute_names(model):
        path = prefix + name
        if _is_number(hints[name]):
            paths.append(path)
        elif _is_model(hints[name]):
            inner = _members(hints[name], f"{path}.")
            paths += inner[0]
            others += inner[1]
        elif (find := _numbers_in(hints[name])) is not None:
            others.append((path, find))
    return paths, others


def _of_model(model: type[Any]) -> _Numbers | None:
    paths, others = _members(model)
    # Of a lone name, attrgetter would give the value itself and no tuple.
    plain = [(_itself, attrgetter(paths[0], *paths))] if paths else []
    return _of_parts([*plain, *((attrgetter(path), find) for path, find in others)])


def _of_parts(parts: Iterable[tuple[Callable[[Any], Any], _Numbers | None]]) -> _Numbers | None:
    """Of several parts of one value: what gets each, and what finds its numbers."""
    found = [(get, find) for get, find in parts if find is not None]
    if not found:
        return None
    if len(found) == 2:
        # Two sides of levels, which come often.
        (get_one, find_one), (get_other, find_other) = found
        return lambda value: chain(find_one(get_one(value)), find_other(get_other(value)))
    if len(found) > 1:
        return lambda value: chain.from_iterable([find(get(value)) for get, find in found])
    get, find = found[0]
    return find if get is _itself else lambda value: find(get(value))


def _of_each(hint: Any) -> _Numbers | None:
    """Of all entries of a list."""
    find = _numbers_in(hint)
    if find is None or _is_number(hint):
        return None if find is None else _itself
    if find is _itself:
        return chain.from_iterable
    return lambda value: chain.from_iterable(map(find, value))


def _of_union(kinds: Iterable[Any]) -> _Numbers | None:
    choices = [(get_origin(kind) or kind, find) for kind in kinds if (find := _numbers_in(kind)) is not None]
    if not choices:
        return None
    return lambda value: next((find(value) for kind, find in choices if isinstance(value, kind)), ())
