"""What an answer of CoinEx HTTP holds: the envelope, and its data as typed rows.

Numbers never pass through a float: fractions become `Decimal`. Spellings that the venue has used besides the documented
one are read as the documented one, and digits in text are read as ints. A member that a model can do without is None where
it cannot be read (`fitting.py`); that, and members that the model does not know, stay in `Row.extra`. This module must not know any single command.
Source: CoinEx API v2, "Answer envelope" and what live answers do otherwise.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from typing import Any, Final, Generic, TypeAlias, TypeVar, cast, get_args, get_origin

import msgspec
from attrs import field, frozen

from coinex_proto.coinex.http._parameters import Json
from coinex_proto.decoding import UNREADABLE, decode_plain, finite_check
from coinex_proto.errors import PayloadError, quoted
from coinex_proto.fitting import fitted
from coinex_proto.rows import keep_all_extra

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
    renamed = _renamed(data)
    left_out: tuple[str, ...] = ()
    try:
        value = _checked(cast("Hashable", kind))(msgspec.convert(renamed, kind, strict=False))
    except UNREADABLE:
        try:
            value, left_out = fitted(kind, renamed)
        except UNREADABLE as error:
            raise PayloadError(f"{kind.__name__}: {error}") from None
    keep_all_extra(value, renamed, frozenset(left_out))
    return cast("M", value)


_checked: Final[Callable[[Hashable], Callable[[Any], Any]]] = cache(finite_check)


def _renamed(value: Json) -> Json:
    """The same data under documented names."""
    if isinstance(value, list):
        return [_renamed(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        ALIASES.get(name, name): _renamed(each)
        for name, each in value.items()
        if name not in ALIASES or ALIASES[name] not in value
    }
