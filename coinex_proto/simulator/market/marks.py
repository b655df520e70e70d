"""Index and mark prices, premium and funding rates: worked out from the books on request.

The index of a futures market is the middle of its spot market; the mark price is the futures middle, kept within 0.5 % of
the index.  The funding rate is the premium plus an interest of 0.01 %, kept within 0.375 %.  Rates count steps of 10**-8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from coinex_proto.simulator.market.amounts import RATE_ONE
from coinex_proto.simulator.market.market import Market

FUNDING_EVERY_MS: Final = 8 * 3_600_000
INTEREST: Final = RATE_ONE // 10_000
HIGHEST_RATE: Final = RATE_ONE * 375 // 100_000


class Marks:
    """Prices that follow from other prices."""

    def __init__(self, markets: Mapping[str, Market]) -> None:
        self._markets = markets
        self._futures_of: dict[str, tuple[Market, ...]] = {}
        for market in markets.values():
            if market.spec.follows is not None:
                self._futures_of[market.spec.follows] = (*self._futures_of.get(market.spec.follows, ()), market)

    def followed(self, market: Market) -> Market:
        """The market whose price is the index of this one; a spot market is its own."""
        follows = None if market.is_own_index else market.spec.follows
        return self._markets[follows] if follows is not None else market

    def index(self, market: Market) -> int:
        """Ticks."""
        return self.followed(market).middle

    def mark(self, market: Market) -> int:
        """Ticks."""
        index = self.index(market)
        reach = index // 200
        return min(max(market.middle, index - reach), index + reach)

    def watched(self, market: Market, price_type: str) -> int:
        """The price that a stop order watches: latest_price, mark_price or index_price.  Ticks."""
        if price_type == "mark_price":
            return self.mark(market)
        return self.index(market) if price_type == "index_price" else market.last

    def premium(self, market: Market) -> int:
        """How far the market stands above its index."""
        index = self.index(market)
        return (market.middle - index) * RATE_ONE // index if index else 0

    def funding(self, market: Market) -> int:
        """The rate that longs pay to shorts."""
        return kept_within(self.premium(market) + INTEREST)

    def touched_by(self, market: Market) -> tuple[Market, ...]:
        """The market, and the futures markets whose index it is."""
        return (market, *self._futures_of.get(market.spec.key, ()))


def kept_within(rate: int) -> int:
    """A funding rate no further from zero than it may be."""
    return max(-HIGHEST_RATE, min(HIGHEST_RATE, rate))


def funding_times(now_ms: int) -> tuple[int, int]:
    """The last and the next settlement, in ms."""
    last = now_ms - now_ms % FUNDING_EVERY_MS
    return last, last + FUNDING_EVERY_MS
