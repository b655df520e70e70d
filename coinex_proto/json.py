"""Events as one line of JSON each, for recorders, pipes and logs.

    {"type": "TickerUpdate", "received_at": 1700000000.25, "data": {"market": "BTCUSDT", "last": "64000.10", …}}

`type` is the event's class, `received_at` stands with updates only (`is_recovered` beside it where a query brought the
update after a gap, `is_self_trade` where both sides of an own fill are own), and `data` holds the event's attributes, for updates
under the venue's own names. They are apart, since a venue may have a member of any name. How values are written:

- `Decimal` as a string, digit for digit and without exponent (pandas makes floats of such texts unless told not to: docs/market-data.md);
- commands as their name only; topics as an object with `type` and their parameters;
- books and orders as objects with the attributes of their views (a book's levels also while it is not trusted; `trusted`
  says which it is);
- errors as `{"error": class, "message": text}`;
- times as ISO 8601; bytes as text, what is no UTF-8 escaped; floats that JSON has no word for as strings;
- what the venue has left out, where that differs from null, is left out.

The payload itself (`raw`) is written for `Unrecognised` only. Nothing is written that a repr hides. This module must not
know any venue.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

import attrs

from coinex_proto.books.view import BookView
from coinex_proto.commands import Command
from coinex_proto.events import Unrecognised
from coinex_proto.numbers import CONTEXT, MAX_EXPONENT
from coinex_proto.orders.view import OrderView
from coinex_proto.topics import Topic
from coinex_proto.updates import Event, Update

_ENCODE: Final = json.JSONEncoder(ensure_ascii=True, check_circular=False, separators=(",", ":")).encode
"""In ASCII, so that a lone surrogate, which no encoding can write, is escaped like everything else."""

_ORDER: Final = (
    "market",
    "side",
    "price",
    "amount",
    "filled",
    "remaining",
    "average_price",
    "order_id",
    "client_order_id",
    "state",
    "is_final",
    "has_ended",
    "why",
    "updated_at",
)
_BOOK: Final = ("market", "trusted", "why", "updated_at_ms", "received_at")


def to_json(event: Event) -> str:
    """The event as one line of JSON in ASCII, without a line end."""
    try:
        return _ENCODE(_event(event))
    except RecursionError:
        return _ENCODE({"type": type(event).__name__, "data": None, "why": "nested too deeply to be written"})


def _event(event: Event) -> dict[str, object]:
    written: dict[str, object] = {"type": type(event).__name__}
    if isinstance(event, Update):
        written["received_at"] = _plain(event.received_at)
        if event.is_recovered:
            written["is_recovered"] = True
        if event.is_self_trade:
            written["is_self_trade"] = True
    written["data"] = _attributes(event)
    return written


def _attributes(value: object) -> dict[str, object]:
    return {
        name: _plain(content)
        for name in _NAMES.get(type(value)) or _remember_names(type(value))
        if not isinstance(content := getattr(value, name), Enum)  # the mark of a member that was not sent
    }


def _remember_names(kind: type[Any]) -> tuple[str, ...]:
    """The attributes to write of such a value. What a repr hides is hidden here, but for the peer's own words."""
    is_peers = issubclass(kind, (Update, Unrecognised))
    _NAMES[kind] = tuple(field.name for field in attrs.fields(kind) if is_peers or field.repr is not False)
    return _NAMES[kind]


def _plain(value: object) -> object:
    """The value in what `json` can write."""
    write = _WRITE.get(type(value)) or _remember_writer(type(value))
    return write(value)


def _itself(value: object) -> object:
    return value


def _decimal(value: Decimal) -> str:
    text = CONTEXT.to_sci_string(value)  # `str` follows the caller's context: "1e-8"
    if "E" not in text:
        return text
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or not -MAX_EXPONENT <= exponent <= MAX_EXPONENT:
        return text if value else "0"  # written out it could take a gigabyte
    return format(value, "f")


def _float(value: float) -> object:
    return value if math.isfinite(value) else str(value)


def _bytes(value: bytes) -> str:
    return bytes(value).decode("utf-8", "backslashreplace")


def _sequence(value: Sequence[object]) -> list[object]:
    return [_plain(item) for item in value]


def _mapping(value: Mapping[object, object]) -> dict[str, object]:
    return {str(key): _plain(content) for key, content in value.items()}


def _order(view: OrderView) -> dict[str, object]:
    return {name: _plain(getattr(view, name)) for name in _ORDER}


def _book(view: BookView) -> dict[str, object]:
    written = {name: _plain(getattr(view, name)) for name in _BOOK}
    shown = view.unproved
    return {**written, "bids": _plain(tuple(shown.bids)), "asks": _plain(tuple(shown.asks))}


def _topic(topic: Topic[Event]) -> dict[str, object]:
    return {"type": type(topic).__name__, **_attributes(topic)}


def _command(command: Command[Any]) -> str:
    return type(command).__name__


def _error(error: BaseException) -> dict[str, str]:
    return {"error": type(error).__name__, "message": str(error)}


_NAMES: Final[dict[type, tuple[str, ...]]] = {}
"""The attributes to write, by class; filled as classes are seen."""

_WRITE: Final[dict[type, Callable[[Any], object]]] = {
    str: _itself,
    int: _itself,
    bool: _itself,
    type(None): _itself,
    Decimal: _decimal,
    float: _float,
    tuple: _sequence,
    list: _sequence,
    dict: _mapping,
    bytes: _bytes,
    datetime: datetime.isoformat,
    OrderView: _order,
    BookView: _book,
}
"""How values of exactly these classes are written; filled as others are seen."""

_WRITE_KINDS: Final[tuple[tuple[type, Callable[[Any], object]], ...]] = (
    (Event, _event),
    (Topic, _topic),
    (Command, _command),
    (BaseException, _error),
    (Decimal, _decimal),
    (str, str.__str__),
    (int, int.__int__),
    (float, _float),
    (bytearray, _bytes),
    (Mapping, _mapping),
    (Sequence, _sequence),
    (frozenset, lambda value: sorted(map(str, value))),
)
"""How values of these classes and their subclasses are written; the first that fits."""


def _remember_writer(kind: type) -> Callable[[Any], object]:
    fallback = _attributes if attrs.has(kind) else repr
    _WRITE[kind] = next((write for parent, write in _WRITE_KINDS if issubclass(kind, parent)), fallback)
    return _WRITE[kind]
