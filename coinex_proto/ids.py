"""The names by which requests, topics and orders are known; what everything else may import.

This module imports nothing of the package, and must not know any venue.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, NewType, TypeAlias, final

RequestId = NewType("RequestId", int)
"""Counts on across the connections of a session, from 1."""

ReplyKey: TypeAlias = Hashable
"""What a request and its answer have in common; the dialect chooses, for example `("id", 7)`."""


@final
class _Oldest:
    __slots__ = ()

    def __repr__(self) -> str:
        return "OLDEST"


OLDEST: Final = _Oldest()
"""As a key of an answer: whichever request waits longest."""

TopicKey: TypeAlias = tuple[Hashable, ...]
"""Kind, market, and what else tells two topics apart: `("depth", "BTCUSDT")`. None as market stands for all of them."""

ANYTHING: Final[TopicKey] = (None, None)
"""Stands for a topic of any kind and market."""

OrderId: TypeAlias = int | str
"""The venue's id of an order."""
