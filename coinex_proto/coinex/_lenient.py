"""The second attempt at a push that the typed pass refused: old spellings and known deviations.

Slow, and only reached when the typed pass has failed.
"""

from __future__ import annotations

from typing import Any

from coinex_proto.coinex._feeds import BY_PUSH
from coinex_proto.coinex._spellings import in_any_spelling, object_of
from coinex_proto.decoding import UNREADABLE, decode_plain
from coinex_proto.ids import TopicKey
from coinex_proto.updates import Update


def lenient(method: str, data: bytes) -> tuple[list[Update], TopicKey | None]:
    """The updates that can be read, and the topic of those that cannot (None: all can; a market of None: several).

    One bad entry of a list of markets does not hide the others. Raises `LookupError` for a method that no push has.
    """
    feed = BY_PUSH[method]
    updates: list[Update] = []
    failed: list[object] = []
    try:
        for value in feed.entries(object_of(decode_plain(data))):
            try:
                updates.append(feed.checked(in_any_spelling(feed.update, value)))
            except UNREADABLE:
                failed.append(_market_of(value))
    except UNREADABLE:
        failed.append(None)
    if not failed:
        return updates, None
    return updates, (feed.method, failed[0] if len(failed) == 1 else None)


def _market_of(value: Any) -> str | None:
    """The market (or currency) that an entry names, at its top or one level below."""
    if not isinstance(value, dict):
        return None
    for place in (value, *(inner for inner in value.values() if isinstance(inner, dict))):
        name = place.get("market", place.get("ccy"))
        if isinstance(name, str):
            return name
    return None
