"""Which of N relays carries a market: rendezvous hashing, so that an (N+1)th takes 1/(N+1) of them and moves no other.

No I/O; must not know any venue.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final, final

from attrs import field, frozen, validators

from coinex_proto import Event, Topic, UsageError
from coinex_proto.errors import quoted

MOST: Final = 4096
"""Relays that may share the markets of one socket."""


@final
@frozen
class Shard:
    """Number `number` of `count` relays, from 1."""

    number: int = field(default=1, validator=validators.instance_of(int))
    count: int = field(default=1, validator=validators.instance_of(int))

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.number <= self.count <= MOST:
            raise UsageError(f"shard {self.number}/{self.count}: a number from 1 to the count, which is {MOST} at most")

    @classmethod
    def of(cls, text: str) -> Shard:
        """`"2/4"`: the second of four. Raises `UsageError`."""
        found = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", text, re.ASCII)
        if found is None:
            raise UsageError(f"a shard is written as K/N, for example 2/4, not {quoted(text)}")
        return cls(int(found[1]), int(found[2]))

    def has(self, topic: Topic[Event]) -> bool:
        """Whether this relay carries it. All topics of one market are together; those of all markets count as one market."""
        market = topic.key[1]
        return shard_of("" if market is None else str(market), self.count) == self.number

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


def shard_of(market: str, count: int) -> int:
    """Which of so many carries this market, from 1."""
    name = market.encode("utf-8", "surrogatepass")
    return max(range(1, count + 1), key=lambda number: (_weight(name, number), number))


def _weight(name: bytes, number: int) -> bytes:
    return blake2b(name, digest_size=8, salt=number.to_bytes(4, "big")).digest()
