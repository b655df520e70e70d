"""The past of a market from before it was first looked at: candles of any day, and of any hour, quarter and minute in it.

It is made from the top down, so that any time is reached without walking there: a coin's price at each midnight is noise over
powers of two of days; a day is split into hours, an hour into quarters, a quarter into minutes, and the parts of each split
share its prices, lots and value to the last digit.  The markets of a coin share its prices, so that pairs fit each other at
each midnight and futures follow their index.  The past ends where the market begins, at its first price.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import Final
from zlib import crc32

from coinex_proto.simulator.market.market import DAY_MS, HOUR_MS, MINUTE_MS, Candle, MarketSpec

QUARTER_MS: Final = 15 * MINUTE_MS
VOLATILITY: Final = 0.0002
"""Standard deviation over one second, as of the random traders."""
OCTAVES: Final = 7
TURNOVER: Final = 600.0
"""Mean value that is traded in a second, in US dollars."""
STABLE: Final = frozenset(("USDT", "USDC", "USD"))
LEAST_LOTS: Final = 8
"""Of each part of a split: one for each of its four prices, and some between."""

TILTS: Final = tuple(
    (margin, extra) for margin in (0.15, 0.0) for extra in (0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 1e3, 1e4, 1e6, 1e9)
)
"""How far inside of what is possible a value should lie, and how many more lots one part gets for that; the first that does."""

_MASK: Final = (1 << 64) - 1


class Past:
    """What one market did before it began."""

    def __init__(self, spec: MarketSpec, seed: int | str, ends_ms: int, price: int, worth: float = 1.0) -> None:
        """It ends at a whole minute with this price in ticks; `worth`: of the quote currency in US dollars."""
        self._spec = spec
        self.ends_ms = ends_ms
        self._price = price
        self._worth = worth
        quote = "USD" if spec.quote in STABLE else spec.quote
        self._path = crc32(f"{seed}:{spec.base}:{quote}".encode())
        """Of what decides on prices."""
        self._flow = crc32(f"{seed}:{spec.key}".encode())
        """Of what decides on amounts."""
        self._coins = [
            (crc32(f"{seed}:{coin}".encode()), sign)
            for coin, sign in ((spec.base, 1), (quote, -1))
            if coin not in STABLE
        ]
        self._anchor = self._noise(ends_ms // DAY_MS)

    def day(self, start_ms: int) -> Candle:
        """The day that begins here; the last one ends early, with the past."""
        number = start_ms // DAY_MS
        opening, closing = self._midnight(number), self._midnight(number + 1)
        end_ms = min(start_ms + DAY_MS, self.ends_ms)
        if end_ms < start_ms + DAY_MS:
            closing = self._price
        seconds = (end_ms - start_ms) / 1000
        reach = VOLATILITY * math.sqrt(seconds) / 2
        up, down = abs(_gauss(self._path, number * 4 + 1)), abs(_gauss(self._path, number * 4 + 2))
        high = max(opening, closing, round(max(opening, closing) * (1 + up * reach)))
        low = max(1, min(opening, closing, round(min(opening, closing) * (1 - min(0.9, down * reach)))))
        parts = max(1, (end_ms - start_ms) // MINUTE_MS)
        lots = max(
            parts * LEAST_LOTS * 4, round(self._lots(opening, seconds) * math.exp(_gauss(self._flow, number * 4) / 3))
        )
        value = self._spec.value((opening + closing + high + low) // 4, lots)
        bought = round(lots * (0.5 + _gauss(self._flow, number * 4 + 3) / 40))
        return Candle(start_ms, opening, closing, high, low, lots, value, bought)

    def parts(self, whole: Candle, end_ms: int, span: int) -> list[Candle]:
        """The parts of so many milliseconds that a candle consists of, which ends then; the last one may be shorter."""
        starts = range(whole.start_ms, end_ms, span)
        if whole.lots < len(starts) * LEAST_LOTS:
            return [whole if start == whole.start_ms else _flat(start, whole.close) for start in starts]
        where = whole.start_ms // MINUTE_MS * 32 + span // MINUTE_MS % 31
        shapes = _shapes(whole, starts, Random(self._path << 40 ^ where))
        _fill(self._spec, whole, shapes, Random(self._flow << 40 ^ where))
        return shapes

    def minutes(self, hour: Candle, end_ms: int) -> list[Candle]:
        """The minutes of an hour, which ends then."""
        quarters = self.parts(hour, end_ms, QUARTER_MS)
        return [
            minute
            for quarter in quarters
            for minute in self.parts(quarter, min(quarter.start_ms + QUARTER_MS, end_ms), MINUTE_MS)
        ]

    def premium(self, at_ms: int) -> float:
        """How far a futures market stood above its index, as a share."""
        return 0.0002 * _wave(self._flow, at_ms / HOUR_MS) + 0.00005 * _gauss(self._flow, at_ms // MINUTE_MS)

    def _midnight(self, number: int) -> int:
        return max(1, round(self._price * math.exp(self._noise(number) - self._anchor)))

    def _noise(self, number: int) -> float:
        """Logarithm of the price at a midnight, apart from a constant."""
        daily = VOLATILITY * math.sqrt(86_400)
        return sum(
            sign * daily * math.sqrt(2**octave) / 2 * _wave(key + octave, number / 2**octave)
            for key, sign in self._coins
            for octave in range(OCTAVES)
        )

    def _lots(self, price: int, seconds: float) -> float:
        spec = self._spec
        each = 1.0 if spec.is_inverse else price * 10.0**-spec.price_places * self._worth
        return TURNOVER * seconds / each * 10.0**spec.amount_places


def trades(spec: MarketSpec, minute: Candle) -> list[tuple[int, int]]:
    """Price and lots of trades that make up this minute: its first at the open, its last at the close."""
    low, high, lots = minute.low, minute.high, minute.lots
    if lots < LEAST_LOTS:
        return [(minute.close, lots)] if lots else []
    quantum = 1 if spec.is_inverse else spec.value_factor
    total = minute.close * lots if spec.is_inverse else minute.value // quantum
    for share in (lots // 8, 1):
        rest = lots - 2 * share - 2
        excess = total - share * (minute.open + minute.close) - high - low - rest * low
        if 0 <= excess <= rest * (high - low):
            break
    else:
        return [(minute.open, lots // 2), (minute.close, lots - lots // 2)]
    up, odd = divmod(excess, high - low) if high > low else (0, 0)
    found = [
        (minute.open, share),
        (high, 1 + up),
        (low + odd, 1 if odd else 0),
        (low, 1 + rest - up - (1 if odd else 0)),
    ]
    return [(price, part) for price, part in (*found, (minute.close, share)) if part]


def _flat(start_ms: int, price: int) -> Candle:
    return Candle(start_ms, price, price, price, price)


def _shapes(whole: Candle, starts: Sequence[int], random: Random) -> list[Candle]:
    """Prices of the parts: a walk from open to close that stays between low and high and touches both."""
    count, low, high = len(starts), whole.low, whole.high
    step = (high - low) / math.sqrt(count) / 2
    gauss, uniform = random.gauss, random.random
    walk = [0.0]
    for _ in starts:
        walk.append(walk[-1] + gauss(0.0, step))
    slope = (whole.close - whole.open - walk[-1]) / count
    bounds = [min(high, max(low, round(whole.open + walk[i] + slope * i))) for i in range(count)] + [whole.close]
    bounds[0] = whole.open
    found = []
    for start, opening, closing in zip(starts, bounds, bounds[1:], strict=False):
        top, bottom = (opening, closing) if opening > closing else (closing, opening)
        found.append(
            Candle(
                start, opening, closing,
                top + int((high - top) * uniform() ** 6), bottom - int((bottom - low) * uniform() ** 6),
            )
        )  # fmt: skip
    max(found, key=lambda part: part.high).high = high
    min(found, key=lambda part: part.low).low = low
    return found


def _fill(spec: MarketSpec, whole: Candle, parts: list[Candle], random: Random) -> None:
    """Lots, value and bought lots of the parts, which add up to those of the whole and fit their prices."""
    weights = [random.lognormvariate(0.0, 0.5) for _ in parts]
    quantum = 1 if spec.is_inverse else spec.value_factor
    wanted = whole.value // quantum
    middle = _holder(spec, parts, whole.value / whole.lots)
    for margin, extra in TILTS:
        tilted = list(weights)
        tilted[middle] += extra * sum(weights)
        _share_lots(whole.lots, parts, tilted)
        ranges = [_value_range(spec, part, quantum) for part in parts]
        least, most = sum(low for low, _ in ranges), sum(high for _, high in ranges)
        spare = int((most - least) * margin)
        if least + spare <= wanted <= most - spare:
            break
    room, left = max(1, most - least), wanted - least
    shares = [left * (high - low) // room for low, high in ranges]
    odd = left - sum(shares)
    for part, (low, high), share in zip(parts, ranges, shares, strict=True):
        more = min(odd, max(0, high - low - share))
        odd -= more
        part.value = (low + share + more) * quantum
    parts[middle].value += odd * quantum + whole.value - wanted * quantum
    _share_bought(whole, parts)


def _holder(spec: MarketSpec, parts: list[Candle], mean: float) -> int:
    """The part whose prices have the mean value of a lot most inside of them: more lots there move the mean of all to it."""

    def inside(number: int) -> float:
        values = [spec.value(price, 10**9) / 10**9 for price in (parts[number].low, parts[number].high)]
        return min(mean - min(values), max(values) - mean)

    return max(range(len(parts)), key=inside)


def _share_lots(lots: int, parts: list[Candle], weights: list[float]) -> None:
    free, total = lots - LEAST_LOTS * len(parts), sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        part.lots = LEAST_LOTS + int(free * (weight / total) * 0.999999)
    parts[-1].lots += lots - sum(part.lots for part in parts)


def _value_range(spec: MarketSpec, part: Candle, quantum: int) -> tuple[int, int]:
    """Least and most value of so many lots of which at least one was traded at each of the four prices."""
    three = spec.value(part.open, 1) + spec.value(part.close, 1)
    ends = [
        (three + spec.value(part.low, 1) + spec.value(part.high, 1) + spec.value(price, part.lots - 4)) // quantum
        for price in (part.low, part.high)
    ]
    return min(ends), max(ends)


def _share_bought(whole: Candle, parts: list[Candle]) -> None:
    left = whole.bought
    for part in parts:
        part.bought = min(part.lots, part.lots * whole.bought // whole.lots)
        left -= part.bought
    for part in parts:
        more = min(left, part.lots - part.bought)
        part.bought += more
        left -= more


def _hash(key: int, number: int) -> int:
    """64 bits that look random (the finish of splitmix64)."""
    mixed = (key * 0x9E3779B97F4A7C15 + number * 0xD1B54A32D192ED03 + 0x632BE59BD9B4E019) & _MASK
    mixed = ((mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & _MASK
    return mixed ^ mixed >> 31


def _gauss(key: int, number: int) -> float:
    """About normal, with a standard deviation of one: three uniform numbers of 21 bits."""
    bits = _hash(key, number)
    return ((bits & 0x1FFFFF) + (bits >> 21 & 0x1FFFFF) + (bits >> 42 & 0x1FFFFF)) / 0x100000 - 3.0


def _wave(key: int, at: float) -> float:
    """Noise that is joined smoothly between whole numbers."""
    whole = math.floor(at)
    part = at - whole
    before = _gauss(key, whole)
    return before if not part else before + (_gauss(key, whole + 1) - before) * part * part * (3 - 2 * part)
