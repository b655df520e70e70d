"""The second attempt at a push that the typed pass refused: old spellings, known deviations, and fields that do not fit.

Slow, and only reached when the typed pass has failed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from coinex_proto.coinex._feeds import BY_PUSH
from coinex_proto.coinex._spellings import object_of
from coinex_proto.decoding import UNREADABLE, decode_again
from coinex_proto.errors import quoted
from coinex_proto.fitting import fitted
from coinex_proto.ids import TopicKey
from coinex_proto.updates import Update


class Missed(NamedTuple):
    """A part of a push that cannot be read."""

    concerns: TopicKey
    """Its topic; a market of None: it does not say which."""
    why: str


class SecondReading(NamedTuple):
    """What a push holds, taken entry by entry."""

    updates: list[Update]
    missed: list[Missed]
    left_out: int
    """Members of the updates that could not be read."""


def lenient(method: str, data: bytes) -> SecondReading:
    """The updates that can be read, and what cannot: one bad entry of a list of markets does not hide the others.

    Raises `LookupError` for a method that no push has.
    """
    feed = BY_PUSH[method]
    found = SecondReading([], [], 0)
    left_out_of_all = 0
    try:
        entries = feed.entries(object_of(decode_again(data)))
    except UNREADABLE as problem:
        return found._replace(missed=[Missed((feed.method, None), quoted(problem))])
    named: dict[TopicKey, Missed] = {}
    for place, value in enumerate(entries):
        path = "$.data" if feed.split is None else f"$.data.{feed.split}[{place}]"
        try:
            update, left_out = fitted(feed.update, value, path)
        except UNREADABLE as problem:
            missed = Missed((feed.method, _market_of(value)), quoted(problem))
            named.setdefault(missed.concerns, missed)
            continue
        found.updates.append(update)
        left_out_of_all += len(left_out)
    return found._replace(missed=list(named.values()), left_out=left_out_of_all)


def _market_of(value: Any) -> str | None:
    """The market (or currency) that an entry names, at its top or one level below."""
    if not isinstance(value, dict):
        return None
    for place in (value, *(inner for inner in value.values() if isinstance(inner, dict))):
        name = place.get("market", place.get("ccy"))
        if isinstance(name, str):
            return name
    return None
