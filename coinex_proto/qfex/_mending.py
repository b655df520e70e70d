"""The second reading of a message that is not as documented: ids and levels that came as numbers, lists that came as null,
a count of trades that is none.

Only tried after the typed reading has failed, so that it costs nothing while the venue keeps to its word. It changes
how a value is spelt and never what it says. Source: QFEX documentation; other clients met numbers in either form.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from coinex_proto.decoding import decode_plain
from coinex_proto.errors import UsageError
from coinex_proto.numbers import exact

_LISTS: Final = frozenset(
    {
        *("bid", "ask", "bbos", "mark_prices", "open_interests", "daily_volumes"),
        *("orders", "twaps", "stop_orders", "user_trades", "user_trades_response"),
        *("user_leverage_response", "available_leverage_levels_response"),
    }
)
"""Null stands for an empty one, as some servers write it."""
_DEPTH: Final = 4
"""A frame, its record or list, an entry of it, a level."""


_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def mended(payload: bytes) -> bytes | None:
    """The same message in the documented spelling; None when nothing of it could be mended.

    Raises what decoding raises for what is no JSON.
    """
    message = decode_plain(payload)
    better = _record(message, _DEPTH) if isinstance(message, dict) else message
    return None if better == message else _ENCODER.encode(better)


def _record(record: dict[str, Any], depth: int) -> dict[str, Any]:
    return {name: _member(name, value, record.get("type"), depth - 1) for name, value in record.items()}


def _member(name: str, value: object, kind: object, depth: int) -> object:
    if value is None and name in _LISTS:
        return []
    if kind == "candle" and name == "trades":
        return value if _is_number(value) else None  # of no use, and no reason to lose the candle
    if name == "id" or name.endswith("_id"):
        return _text(value)
    if kind == "level2" and name in ("bid", "ask") and isinstance(value, list):
        return [[_text(number) for number in level] if isinstance(level, list) else level for level in value]
    if depth and isinstance(value, dict):
        return _record(value, depth)
    if depth and isinstance(value, list):
        return [_record(entry, depth) if isinstance(entry, dict) else entry for entry in value]
    return value


def _is_number(value: object) -> bool:
    """A finite one, or the text of one."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, str)):
        return False
    try:
        return Decimal(value).is_finite()
    except InvalidOperation:
        return False


def _text(value: object) -> object:
    """A number as its digits; all else as it is, also a number that no text could hold."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return value
    try:
        return exact(value, "a number")
    except UsageError:
        return value
