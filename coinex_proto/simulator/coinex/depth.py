"""Depth channels of CoinEx: one book as one kind of subscription sees it, in whole books and differences.

Source: CoinEx API v2, depth channel and checksum.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection
from itertools import chain, filterfalse
from typing import Final

from attrs import define, field

from coinex_proto.simulator.coinex.wire import Push, Subscriber, text_of
from coinex_proto.simulator.market.amounts import UNIT_PLACES, BadNumber, to_scaled
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.matching import Side

FULL_EVERY_MS: Final = 60_000
DEPTH_LIMITS: Final = frozenset((5, 10, 20, 50))

Levels = list[tuple[str, str]]


def checksum(bids: Levels, asks: Levels) -> int:
    """CRC-32, unsigned, over the strings as they were sent: bids, then asks, best first."""
    return zlib.crc32(":".join(chain.from_iterable([*bids, *asks])).encode("ascii"))


def difference(old: Collection[str], new: Collection[str]) -> list[str]:
    """The levels (`price:size`) that turn one side into another; size 0 deletes.  Quick for dictionaries."""
    changed, gone = list(filterfalse(old.__contains__, new)), list(filterfalse(new.__contains__, old))
    if not gone:
        return changed
    prices = {level.partition(":")[0] for level in changed}
    return changed + [f"{price}:0" for level in gone if (price := level.partition(":")[0]) not in prices]


def depth_step(market: Market, interval: str) -> int:
    """Ticks that a merge interval puts into one level.  Raises BadNumber."""
    size = to_scaled(interval, UNIT_PLACES)
    if size < 0:
        raise BadNumber("a merge interval is not below zero")
    return int(max(1, size // 10 ** (UNIT_PLACES - market.spec.price_places)))


def depth_data(
    market: Market, bids: Levels, asks: Levels, digest: int, now_ms: int, *, is_full: bool
) -> dict[str, object]:
    """The data of a depth push; HTTP answers with the same."""
    depth = {
        "asks": asks,
        "bids": bids,
        "last": market.price_text(market.last),
        "updated_at": now_ms,
        "checksum": digest,
    }
    return {"market": market.spec.name, "is_full": is_full, "depth": depth}


@define(eq=False)
class SideView:
    """One side as it was sent last; nothing is worked out again while the side stays as it is."""

    side: Side
    seen: int = -1
    levels: dict[str, None] = field(factory=dict)
    """Each as `price:size`, best first."""
    text: bytes = b""
    """All of them joined, as the checksum is made of them."""
    crc: int = 0
    """Of that text."""

    def look(self, channel: DepthChannel) -> list[str]:
        """Look at the book again: what has changed since, empty for nothing."""
        half = channel.market.book.sides[self.side]
        self.seen = half.revision
        ladder = channel.market.ladder(self.side, channel.limit, channel.step)
        text = ":".join(ladder).encode("ascii")
        if text == self.text:
            return []
        levels = dict.fromkeys(ladder)
        changes = difference(self.levels, levels)
        self.levels, self.text, self.crc = levels, text, zlib.crc32(text)
        return changes


@define(eq=False)
class DepthChannel:
    """Everybody who follows one market with the same parameters stands at the same place of it."""

    market: Market
    limit: int
    step: int
    is_full: bool
    followers: dict[Subscriber, bool] = field(factory=dict)
    """False: has not had the whole book yet."""
    has_newcomers: bool = False
    bids: SideView = field(factory=lambda: SideView("buy"))
    asks: SideView = field(factory=lambda: SideView("sell"))
    full_at: int = 0

    def push_changes(self, now_ms: int) -> None:
        """Push what has changed to the followers, and the whole book to newcomers and whenever it is due."""
        market, book = self.market, self.market.book
        is_due = not self.is_full and now_ms >= self.full_at
        is_same = book.bids.revision == self.bids.seen and book.asks.revision == self.asks.seen
        if (is_same and not is_due and not self.has_newcomers) or market.is_halted or not market.is_awake:
            return
        bids = self.bids.look(self) if book.bids.revision != self.bids.seen else []
        asks = self.asks.look(self) if book.asks.revision != self.asks.seen else []
        has_changed = bool(bids or asks)
        if not (has_changed or self.has_newcomers or is_due):
            return
        if is_due:
            self.full_at = now_ms + FULL_EVERY_MS
        goes_whole = is_due or self.is_full
        whole = self._push(self.bids.levels, self.asks.levels, now_ms) if goes_whole or self.has_newcomers else None
        part = self._push(bids, asks, now_ms, is_full=False) if has_changed and not goes_whole else None
        for follower, has_book in list(self.followers.items()):
            if whole is not None and (not has_book or is_due or (self.is_full and has_changed)):
                self.followers[follower] = True
                follower.deliver(whole)
            elif part is not None:
                follower.deliver(part)
        self.has_newcomers = False

    def _push(self, bids: Collection[str], asks: Collection[str], now_ms: int, *, is_full: bool = True) -> Push:
        market, digest = self.market, self._checksum()
        data = (
            f'{{"market":{text_of(market.spec.name)},"is_full":{"true" if is_full else "false"},'
            f'"depth":{{"asks":{_listed(asks)},"bids":{_listed(bids)},"last":"{market.price_text(market.last)}",'
            f'"updated_at":{now_ms},"checksum":{digest}}}}}'
        )
        return Push.written("depth.update", data)

    def _checksum(self) -> int:
        """As `checksum` makes it, without reading the bids again while they stay as they are."""
        bids, asks = self.bids, self.asks
        return zlib.crc32(asks.text, zlib.crc32(b":", bids.crc)) if bids.text and asks.text else bids.crc or asks.crc


def _listed(levels: Collection[str]) -> str:
    """As JSON: no character of a number needs escaping."""
    return '[["' + '"],["'.join(levels).replace(":", '","') + '"]]' if levels else "[]"
