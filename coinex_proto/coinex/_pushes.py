"""The typed pass over today's pushes: JSON straight into the public classes, picked by the envelope's `method`.

An envelope a feed, made from the table of feeds; their `data` is what users get. Source: CoinEx API v2, "Message format".
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import attrgetter, or_
from types import ModuleType
from typing import Any, Final, Protocol, cast

import msgspec

from coinex_proto._quick import quick_model
from coinex_proto.coinex._feeds import BY_PUSH, Feed
from coinex_proto.coinex.market_updates import DepthUpdate
from coinex_proto.errors import PayloadError
from coinex_proto.speedups import speed
from coinex_proto.updates import Update


class Push(Protocol):
    """An envelope, decoded."""

    data: Any

    def updates(self) -> Sequence[Update]:
        """What it holds; raises `PayloadError` for a number that is not finite."""
        ...


def _depth(push: Push) -> Sequence[Update]:
    """The commonest push, checked by hand, which saves a call: its levels are texts, and it has one number only."""
    update = push.data
    last = update.depth.last
    if last is not None and not last.is_finite():
        raise PayloadError("DepthUpdate with a number that is not finite")
    return (update,)


def _envelope(method: str, feed: Feed) -> Any:
    data: Any = feed.update
    checked = feed.checked

    def one(push: Push) -> Sequence[Update]:
        return (checked(push.data),)

    def each(push: Push) -> Sequence[Update]:
        return tuple(map(checked, entries(push)))

    if feed.split is not None:
        data = msgspec.defstruct("Entries", [(feed.split, tuple[data, ...])], gc=False)
        entries = attrgetter(f"data.{feed.split}")
    updates = _depth if feed.update is DepthUpdate else one if feed.split is None else each
    return msgspec.defstruct(
        "Envelope", [("data", data)], tag_field="method", tag=method, namespace={"updates": updates}, gc=False
    )


PUSHES: Final = cast(
    "msgspec.json.Decoder[Push]",
    msgspec.json.Decoder(reduce(or_, [_envelope(method, feed) for method, feed in BY_PUSH.items()])),
)
"""Decodes any of today's pushes; fails for answers, unknown methods, old spellings and garbage."""


def _quick_models(speed: ModuleType) -> dict[str, Any]:
    """For `speed.decode`. A feed whose class the extension cannot fill is not among them: it is left to `PUSHES`."""
    models = {}
    for method, feed in BY_PUSH.items():
        try:
            models[method] = (feed.split, quick_model(speed, feed.update))
        except TypeError:
            continue
    return models


QUICK_MODELS: Final = {} if speed is None else _quick_models(speed)
"""The pushes that the extension reads where they are written in the plain form; empty: it is not there."""
