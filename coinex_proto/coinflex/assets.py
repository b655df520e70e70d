"""Assets and markets: names for codes, and scaled integers for decimals, exactly both ways.

On the wire every amount and every price is an integer: the decimal times a scale. A table of assets says which; it comes
from `GET /assets/`, or is `ASSETS_2020`. Source: CoinFLEX API v1, REST pages and the tables of spring 2020.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final, final

from attrs import field, frozen

from coinex_proto.errors import UsageError, quoted
from coinex_proto.numbers import exact
from coinex_proto.rows import Row

PRICE_SCALE: Final = 10_000
"""Of every price in every market."""

_PRICE_PLACES: Final = 4
_MOST_PLACES: Final = 18


@final
@frozen(kw_only=True)
class Asset(Row):
    """One asset, or one future. Raises `ValueError` for a scale that is no power of ten: decimals could not show it.

    Essential: `id`, `name`, `scale`.
    """

    id: int
    """The code that the wire uses."""
    name: str
    """For example XBT, USDTMAR."""
    scale: int
    """So many units of the wire are 1."""
    spot_id: int | None = None
    """Of a future: the asset under it."""
    spot_name: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.scale < 1 or self.scale != 10**self.places or self.places > _MOST_PLACES:
            raise ValueError(f"asset {quoted(self.name)}: the scale {quoted(self.scale)} is no power of ten")

    @property
    def places(self) -> int:
        """Decimals that an amount may have."""
        return len(str(self.scale)) - 1


@final
@frozen(kw_only=True)
class Market(Row):
    """One order book: what is traded, and what it is priced in.

    Essential: `base`, `counter`, `name`.
    """

    base: int
    counter: int
    name: str
    """The two names with a slash, for example XBT/USDT."""
    tick: int | None = None
    """Prices are multiples of so many units."""
    spot_name: str | None = None
    """Of futures: the market under it."""
    start: int | None = None
    """Of futures: Unix milliseconds."""
    expires: int | None = None
    """Of futures: Unix milliseconds."""
    tenor: str | None = None


def _as_tuple(assets: Iterable[Asset]) -> tuple[Asset, ...]:
    return tuple(assets)


@final
@frozen
class Assets:
    """A table of assets. Where two have one name or code, the later one counts."""

    all: tuple[Asset, ...] = field(converter=_as_tuple)
    _by_code: Mapping[int, Asset] = field(init=False, repr=False, eq=False)
    _by_name: Mapping[str, Asset] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_by_code", {asset.id: asset for asset in self.all})
        object.__setattr__(self, "_by_name", {asset.name: asset for asset in self.all})

    def __iter__(self) -> Iterator[Asset]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    def get(self, code: int) -> Asset | None:
        """The asset with this code, or None."""
        return self._by_code.get(code)

    def named(self, asset: str | int) -> Asset:
        """The asset with this name or code. Raises `UsageError` when the table has none."""
        key: object = asset
        if isinstance(key, str):
            found = self._by_name.get(key)
        else:
            found = self._by_code.get(key) if isinstance(key, int) else None
        if found is None:
            raise UsageError(f"{quoted(asset)} is not in the table of assets; give assets= what /assets/ says")
        return found

    def pair(self, market: str) -> tuple[int, int]:
        """The codes of "XBT/USDT": base and counter. Raises `UsageError`."""
        base, slash, counter = str(market).partition("/")
        if not slash:
            raise UsageError(f"a market is written like XBT/USDT, not {quoted(market)}")
        return self.named(base).id, self.named(counter).id

    def market_name(self, base: int, counter: int) -> str:
        """For example XBT/USDT; codes stand for what the table does not have."""
        assets = (self.get(base), self.get(counter))
        return "/".join(
            asset.name if asset is not None else str(code) for asset, code in zip(assets, (base, counter), strict=True)
        )

    # Numbers ----------------------------------------------------------------------------------------------------------

    def amount(self, asset: str | int, units: int) -> Decimal:
        """So many units of the wire as a decimal, exactly."""
        return decimal_of(units, self.named(asset).places)

    def units(self, asset: str | int, amount: str | int | Decimal, what: str = "amount") -> int:
        """A decimal in units of the wire. Raises `UsageError` when it has more digits than the asset: nothing is rounded."""
        known = self.named(asset)
        return scaled(amount, known.places, f"{what} in {known.name}")


ASSETS_2020_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_SPOT: Final = {"XBT": 63488, "BCH": 63496, "ETH": 63520, "USDC": 65282, "USDT": 65283, "FLEX": 65285}
_INITIAL: Final = {
    "DOTF": 65287,
    "USDTDOT": 65288,
    "DFNF": 65290,
    "USDTDFN": 65291,
    "LIBF": 65295,
    "USDTLIB": 65296,
}
_MONTHLY: Final = {"XBT": 51200, "BCH": 51220, "ETH": 51240, "USDC": 51860, "USDT": 51880}
_JUNE_2020: Final = {"XBT": 10005, "BCH": 10017, "ETH": 10029, "USDC": 10041, "USDT": 10053}
_SCALE: Final = 10_000


def _assets_2020() -> Assets:
    def future(spot: str, suffix: str, code: int) -> Asset:
        return Asset(id=code, name=spot + suffix, scale=_SCALE, spot_id=_SPOT[spot], spot_name=spot)

    return Assets(
        [
            *(Asset(id=code, name=name, scale=_SCALE) for name, code in (_SPOT | _INITIAL).items()),
            *(
                future(spot, month, first + index)
                for spot, first in _MONTHLY.items()
                for index, month in enumerate(ASSETS_2020_MONTHS)
            ),
            *(future(spot, "JUN20", code) for spot, code in _JUNE_2020.items()),
        ]
    )


ASSETS_2020: Final = _assets_2020()
"""The assets of spring 2020, all with four decimals. The default, since the venue can be queried no more."""


# Prices ---------------------------------------------------------------------------------------------------------------


def price_of(units: int) -> Decimal:
    """A price of the wire as a decimal, exactly."""
    return decimal_of(units, _PRICE_PLACES)


def price_units(price: str | int | Decimal) -> int:
    """A price in units of the wire. Raises `UsageError` for more than four decimals: nothing is rounded."""
    return scaled(price, _PRICE_PLACES, "price")


def bid_on_tick(price: int, tick: int) -> int:
    """Where the venue opens a bid with this price (both in units): down to the tick. Raises `UsageError`."""
    return _checked_price(price) // _checked_tick(tick) * tick


def ask_on_tick(price: int, tick: int) -> int:
    """Where the venue opens an ask with this price (both in units): up to the tick. Raises `UsageError`."""
    return -(-_checked_price(price) // _checked_tick(tick)) * tick


def _checked_price(price: int) -> int:
    if type(price) is not int:
        raise UsageError(f"a price in units is a whole number, price_units() makes it; not {quoted(price)}")
    return price


def _checked_tick(tick: int) -> int:
    if type(tick) is not int or tick < 1:
        raise UsageError(f"a tick is a whole number of units above 0, not {quoted(tick)}")
    return tick


# Digits ---------------------------------------------------------------------------------------------------------------


def text_of(units: int, places: int) -> str:
    """All decimals written: `text_of(15, 4)` is "0.0015"."""
    if not places:
        return str(units)
    digits = str(abs(units)).rjust(places + 1, "0")
    return f"{'-' if units < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def decimal_of(units: int, places: int) -> Decimal:
    """The decimal that the units stand for; the context of the caller has no say."""
    return Decimal(text_of(units, places))


def scaled(number: str | int | Decimal, places: int, what: str) -> int:
    """The number in steps of 10**-places. Raises `UsageError` when it does not fit."""
    text = exact(number, what)
    whole, _, fraction = text.lstrip("-").partition(".")
    if fraction[places:].strip("0"):
        raise UsageError(f"{what} has at most {places} decimals, and {quoted(text)} has more; nothing is rounded")
    units = int(whole + fraction[:places].ljust(places, "0"))
    return -units if text.startswith("-") else units
