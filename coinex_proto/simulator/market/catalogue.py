"""Which markets the local exchange lists, and with what prices they begin.

Well-known coins have a plausible price; any other name gets one that follows from the name alone.  The names of the
markets are pairs like BTCUSDT; one that ends in USD is an inverse future, which exists without a spot market.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

from attrs import evolve

from coinex_proto.simulator.market.amounts import RATE_ONE, UNIT_PLACES
from coinex_proto.simulator.market.market import MarketSpec

INVERSE_QUOTE: Final = "USD"
QUOTES: Final = ("USDT", "USDC", "BTC", INVERSE_QUOTE)
FUTURES_QUOTES: Final = ("USDT", "USDC")

COINS: Final[dict[str, tuple[int, int, int]]] = {
    # coin: price in the smallest step, decimals of the price, decimals of the amount
    "BTC": (6_000_000, 2, 8),
    "ETH": (300_000, 2, 8),
    "CET": (500_000, 7, 4),
    "SOL": (1_500_000, 4, 6),
    "XRP": (600_000, 6, 4),
    "DOGE": (1_200_000, 7, 4),
    "LTC": (800_000, 4, 6),
    "BNB": (5_500_000, 4, 6),
}

STABLE: Final = ("USDT", "USDC", "USD")
"""Currencies that are worth a dollar."""
FEWEST_TICKS: Final = 100_000
"""A price counts at least so many, that spreads may be small."""

SPOT_RATES: Final = (RATE_ONE // 500, RATE_ONE // 500)
"""Maker and taker fee: 0.2 %."""
FUTURES_RATES: Final = (RATE_ONE * 3 // 10_000, RATE_ONE * 5 // 10_000)
"""Maker and taker fee: 0.03 % and 0.05 %."""


def market_names(count: int) -> tuple[str, ...]:
    """The first so many markets: the known coins against USDT, then numbered ones."""
    known = [f"{coin}USDT" for coin in COINS]
    return tuple((known + [f"SIM{number:04d}USDT" for number in range(1, count + 1)])[:count])


def split_name(name: str) -> tuple[str, str]:
    """Base and quote currency of a market name.  Raises ValueError for a name that ends in no known quote."""
    for quote in QUOTES:
        if name.endswith(quote) and len(name) > len(quote):
            return name[: -len(quote)], quote
    raise ValueError(f"market {name!r} does not end in {', '.join(QUOTES)}")


def specs(names: Iterable[str]) -> tuple[MarketSpec, ...]:
    """A spot market for each name, and a futures market where the quote has any.

    The index of an inverse market is the spot market of its coin against USDT or USDC, when that is listed as well.
    """
    names = tuple(names)
    found: list[MarketSpec] = []
    for name in names:
        base, quote = split_name(name)
        if quote == INVERSE_QUOTE:
            index = next((base + other for other in FUTURES_QUOTES if base + other in names), None)
            found.append(_inverse(_spec(name, base, quote, "futures", index)))
            continue
        found.append(_spec(name, base, quote, "spot"))
        if quote in FUTURES_QUOTES:
            found.append(_spec(name, base, quote, "futures", name))
    return tuple(found)


def market_key(wallet: str, name: str) -> str:
    """The exchange's key for the market of this name."""
    return f"{wallet}:{name}"


def _inverse(spec: MarketSpec) -> MarketSpec:
    """Contracts of one unit of quote currency, settled in coins."""
    return evolve(spec, is_inverse=True, amount_places=0, min_amount=1)


def _spec(name: str, base: str, quote: str, wallet: str, index: str | None = None) -> MarketSpec:
    _, _, amount_places = _coin(base)
    price, price_places = _first_price(base, quote, amount_places)
    maker_rate, taker_rate = SPOT_RATES if wallet == "spot" else FUTURES_RATES
    return MarketSpec(
        key=market_key(wallet, name),
        name=name,
        base=base,
        quote=quote,
        wallet=wallet,
        price_places=price_places,
        amount_places=amount_places,
        start_price=price,
        min_amount=max(1, 10**amount_places // 10_000),
        maker_rate=maker_rate,
        taker_rate=taker_rate,
        follows=None if index is None else market_key("spot", index),
    )


def usd_worth(coin: str) -> float:
    """What a coin is worth in US dollars when the exchange opens."""
    price, price_places, _ = _coin(coin)
    return price * 10.0**-price_places


def _coin(name: str) -> tuple[int, int, int]:
    """Price in dollars in the smallest step, decimals of the price, decimals of the amount."""
    return (10_000, 4, 6) if name in STABLE else COINS.get(name) or _unknown(name)


def _first_price(base: str, quote: str, amount_places: int) -> tuple[int, int]:
    """Ticks, and decimals of the price: pairs of coins begin where their prices in dollars meet."""
    price, places, _ = _coin(base)
    if quote in STABLE:
        return price, places
    other, other_places, _ = _coin(quote)
    found = 8
    while found < UNIT_PLACES - amount_places:
        if price * 10 ** (other_places + found) // (other * 10**places) >= FEWEST_TICKS:
            break
        found += 1
    return max(1, round(price * 10 ** (other_places + found) / (other * 10**places))), found


def _unknown(base: str) -> tuple[int, int, int]:
    return 100_000 + zlib.crc32(base.encode()) % 900_000, 4, 6
