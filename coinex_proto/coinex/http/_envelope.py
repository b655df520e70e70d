"""What an answer of CoinEx HTTP holds: the envelope, and its data as typed rows.

Numbers never pass through a float: fractions become `Decimal`. Spellings that the venue has used besides the documented
one are read as the documented one, digits in text are read as ints, and an empty text where a number may be missing is
None. Members that a model does not know are ignored. This module must not know any single command.
Source: CoinEx API v2, "Answer envelope" and what live answers do otherwise.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Hashable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, Final, Generic, TypeAlias, TypeVar, cast, get_args, get_origin, get_type_hints

import attrs
import msgspec
from attrs import field, frozen

from coinex_proto.coinex.http._parameters import Json
from coinex_proto.decoding import UNREADABLE, decode_plain
from coinex_proto.errors import PayloadError, quoted

M = TypeVar("M")

ALIASES: Final[Mapping[str, str]] = {
    "last_fill_amount": "last_filled_amount",
    "last_fill_price": "last_filled_price",
    "to_repaied_amount": "to_repaid_amount",
    "rik_rate": "risk_rate",
    "bkr_pirce": "bkr_price",
    "settle_val": "settle_value",
    "confirmation": "confirmations",
    "is_pre_trading_available": "is_pre_market_trading_available",
}
"""Spellings seen on the wire, and the documented ones."""


@frozen(kw_only=True)
class Page(Generic[M]):
    """One page of a list. Rows shift while one pages, so drop duplicates by their id."""

    rows: tuple[M, ...]
    has_next: bool | None = None
    """None: the answer does not say; stop when a page is shorter than its limit."""
    total: int | None = None
    """Rows in all, where the venue says so."""


@frozen(kw_only=True)
class BatchItem(Generic[M]):
    """What became of one element of a batch, in the order of the request. The batch itself succeeds even if all fail."""

    code: int
    """0: success."""
    message: str = ""
    data: M | None = None

    @property
    def is_ok(self) -> bool:
        """Whether the venue took this element."""
        return self.code == 0


Batch: TypeAlias = tuple[BatchItem[M], ...]
"""The answer to a batch."""


@frozen(kw_only=True)
class Envelope:
    """An answer, taken apart but not yet typed."""

    code: int
    message: str
    data: Json = field(repr=False)
    pagination: Json = None


def open_envelope(body: bytes) -> Envelope:
    """The envelope of an answer. Raises `PayloadError` when the body is not one."""
    try:
        value = decode_plain(body)
    except UNREADABLE as error:
        raise PayloadError(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise PayloadError(f"a JSON object was expected, {type(value).__name__} came")
    code = value.get("code")
    if isinstance(code, bool) or not isinstance(code, int):
        raise PayloadError(f"the answer has no code: {quoted(code)}")
    said = value.get("message")
    return Envelope(
        code=code,
        message=said if isinstance(said, str) else "",
        data=value.get("data"),
        pagination=value.get("pagination", value.get("paginatation")),
    )


def rows_of(kind: object, envelope: Envelope) -> Any:
    """The data of a successful answer as `kind`: None, a model, a tuple of models, `Page[model]` or `Batch[model]`.

    Raises `PayloadError` when the data does not fit.
    """
    return _READERS.get(get_origin(kind), _read_one)(kind, envelope)


def _read_one(kind: Any, envelope: Envelope) -> Any:
    return _model(kind, envelope.data)


def _read_tuple(kind: object, envelope: Envelope) -> tuple[Any, ...]:
    row = get_args(kind)[0]
    read: Callable[[Any, Json], Any] = _model
    if get_origin(row) is BatchItem:
        (row,), read = get_args(row), _batch_item
    return tuple(read(row, each) for each in _list(envelope.data))


def _read_page(kind: object, envelope: Envelope) -> Page[Any]:
    row = get_args(kind)[0]
    pages = envelope.pagination if isinstance(envelope.pagination, dict) else {}
    has_next, total = pages.get("has_next"), pages.get("total")
    return Page(
        rows=tuple(_model(row, each) for each in _list(envelope.data)),
        has_next=has_next if isinstance(has_next, bool) else None,
        total=total if isinstance(total, int) and not isinstance(total, bool) else None,
    )


_READERS: Final[dict[object, Callable[[Any, Envelope], Any]]] = {tuple: _read_tuple, Page: _read_page}


def _list(data: Json) -> list[Json]:
    if not isinstance(data, list):
        raise PayloadError(f"data must be a list, {type(data).__name__} came")
    return data


def _batch_item(row: Any, element: Json) -> BatchItem[Any]:
    """One element, wrapped in code and data or, as seen live, the bare row of a success."""
    if not isinstance(element, dict):
        raise PayloadError(f"an element of a batch must be an object, {type(element).__name__} came")
    if "data" not in element and ("order_id" in element or "stop_id" in element):
        return BatchItem(code=0, message="OK", data=_model(row, element))
    code, said = element.get("code"), element.get("message")
    if isinstance(code, bool) or not isinstance(code, int):
        raise PayloadError(f"an element of a batch has no code: {quoted(code)}")
    return BatchItem(
        code=code,
        message=said.strip() if isinstance(said, str) else "",
        data=_model(row, element.get("data")) if code == 0 else None,
    )


def _model(kind: type[M], data: Json) -> M:
    if kind is types.NoneType:
        return None  # type: ignore[return-value]
    try:
        value = msgspec.convert(_mended(data, _gaps(cast("Hashable", kind))), kind, strict=False)
    except UNREADABLE as error:
        raise PayloadError(f"{kind.__name__}: {error}") from None
    _refuse_not_finite(value, kind.__name__)
    return value


def _mended(value: Json, gaps: frozenset[str]) -> Json:
    """The same data under documented names, with None for an empty text in a field that may be missing."""
    if isinstance(value, list):
        return [_mended(each, gaps) for each in value]
    if not isinstance(value, dict):
        return value
    result: dict[str, Json] = {}
    for key, each in value.items():
        wanted = ALIASES.get(key, key)
        if wanted != key and wanted in value:
            continue
        result[wanted] = None if each == "" and wanted in gaps else _mended(each, gaps)
    return result


@cache
def _gaps(kind: Hashable) -> frozenset[str]:
    """The fields of a model, and of the models in it, that are a number or nothing."""
    found: set[str] = set()
    for name, hint in get_type_hints(kind).items():
        arguments = set(get_args(hint))
        if types.NoneType in arguments and str not in arguments:
            found.add(name)
        for inner in (hint, *arguments):
            if isinstance(inner, type) and attrs.has(inner):
                found |= _gaps(inner)
    return frozenset(found)


def _refuse_not_finite(value: object, what: str) -> None:
    """Text such as "NaN" decodes to a Decimal, and would then poison whatever is reckoned with it."""
    kind = type(value)
    if kind is Decimal:
        if not value.is_finite():  # type: ignore[attr-defined]
            raise PayloadError(f"{what} is not finite: {value}")
    elif kind is tuple:
        for each in value:  # type: ignore[attr-defined]
            _refuse_not_finite(each, what)
    elif attrs.has(kind):
        for name in _field_names(kind):
            _refuse_not_finite(getattr(value, name), f"{what}.{name}")


@cache
def _field_names(kind: Hashable) -> tuple[str, ...]:
    return tuple(each.name for each in attrs.fields(kind))  # type: ignore[arg-type]
