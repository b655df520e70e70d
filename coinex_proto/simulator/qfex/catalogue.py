"""Which perpetuals the local QFEX lists, and with what prices they begin.

Well-known symbols have a plausible price; any other name gets one that follows from the name alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

from coinex_proto.simulator.market.amounts import RATE_ONE
from coinex_proto.simulator.market.market import MarketSpec

QUOTE: Final = "USD"
QUOTES: Final = frozenset({QUOTE, "KRW", "JPY"})
"""In which prices may be told; money is kept in the first of them all the same."""
PRICE_PLACES: Final = 2
AMOUNT_PLACES: Final = 4
RATES: Final = (RATE_ONE // 10_000, RATE_ONE // 5_000)
"""Maker and taker fee: 0.01 % and 0.02 %."""

PRICES: Final = {
    # in cents
    "AAPL-USD": 20_000,
    "GOOG-USD": 17_500,
    "META-USD": 60_000,
    "PLTR-USD": 15_600,
    "US500-USD": 620_000,
    "US100-USD": 2_520_000,
    "XAU-USD": 330_000,
    "EUR-USD": 108,
}


def symbol_names(count: int) -> tuple[str, ...]:
    """The first so many symbols: the known ones, then numbered ones."""
    return tuple([*PRICES, *(f"SIM{number:04d}-USD" for number in range(1, count + 1))][:count])


def symbol_specs(names: Iterable[str]) -> tuple[MarketSpec, ...]:
    """A perpetual for each name. Raises ValueError for a name that is not like AAPL-USD."""
    return tuple(map(_spec, names))


def symbol_key(name: str) -> str:
    """The exchange's key for the market of this symbol."""
    return f"futures:{name}"


def _spec(name: str) -> MarketSpec:
    base, _, quote = name.rpartition("-")
    if not base or quote not in QUOTES:
        raise ValueError(f"symbol {name!r} is not like AAPL-USD")
    return MarketSpec(
        key=symbol_key(name),
        name=name,
        base=base,
        quote=QUOTE,
        wallet="futures",
        price_places=PRICE_PLACES,
        amount_places=AMOUNT_PLACES,
        start_price=PRICES.get(name) or 5_000 + zlib.crc32(base.encode()) % 45_000,
        min_amount=1,
        maker_rate=RATES[0],
        taker_rate=RATES[1],
    )
