"""Which assets and markets the local CoinFLEX lists, and how its integers and the exchange's ticks and units go together.

Source: CoinFLEX API v1, REST and the tables of spring 2020. Only markets whose tick is a power of ten are listed, since
the exchange counts prices in ticks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attrs import frozen

from coinex_proto.simulator.market.amounts import UNIT_PLACES
from coinex_proto.simulator.market.market import MarketSpec

SCALE: Final = 10_000
AMOUNT_PLACES: Final = 4
PRICE_PLACES: Final = 4
UNITS: Final = 10 ** (UNIT_PLACES - AMOUNT_PLACES)
"""Units of the exchange in one unit of the wire."""

CODES: Final = {"XBT": 63488, "ETH": 63520, "USDC": 65282, "USDT": 65283}
COUNTER: Final = "USDT"

_LISTED: Final = {
    # base: decimals of the tick, price in ticks
    "XBT": (0, 9600),
    "ETH": (1, 2400),
    "USDC": (3, 1001),
}


@frozen
class Pair:
    """One market of the wire."""

    base: int
    counter: int
    name: str
    tick: int
    """In units of the price."""


def market_names(count: int) -> tuple[str, ...]:
    """The first so many markets, as far as there are."""
    return tuple(f"{base}/{COUNTER}" for base in _LISTED)[:count]


def pair(name: str) -> Pair:
    """The market of this name. Raises ValueError."""
    base, _, counter = name.partition("/")
    if base not in _LISTED or counter != COUNTER:
        raise ValueError(f"no market {name!r}; there are {', '.join(market_names(len(_LISTED)))}")
    return Pair(CODES[base], CODES[counter], name, 10 ** (PRICE_PLACES - _LISTED[base][0]))


def specs(names: Sequence[str]) -> tuple[MarketSpec, ...]:
    """The markets of these names. Nobody pays fees here."""
    return tuple(_spec(pair(name).name) for name in names)


def _spec(name: str) -> MarketSpec:
    base, _, counter = name.partition("/")
    places, price = _LISTED[base]
    return MarketSpec(
        key=name,
        name=name,
        base=base,
        quote=counter,
        wallet="spot",
        price_places=places,
        amount_places=AMOUNT_PLACES,
        start_price=price,
        min_amount=1,
        maker_rate=0,
        taker_rate=0,
    )


def asset_name(code: int) -> str | None:
    """The name of an asset."""
    return next((name for name, known in CODES.items() if known == code), None)


def assets() -> list[dict[str, Any]]:
    """What GET /assets/ answers."""
    return [{"id": code, "name": name, "scale": SCALE} for name, code in CODES.items()]


def markets(names: Sequence[str]) -> list[dict[str, Any]]:
    """What GET /markets/ answers."""
    found = [pair(name) for name in names]
    return [{"base": each.base, "counter": each.counter, "name": each.name, "tick": each.tick} for each in found]
