"""Candles of a market in any period: what was traded, and before that a made-up past that leads to it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from random import Random
from typing import Final

from coinex_proto.simulator.market.market import HOUR_MS, MINUTE_MS, Candle, Market

PERIODS: Final = {
    "1min": MINUTE_MS,
    "3min": 3 * MINUTE_MS,
    "5min": 5 * MINUTE_MS,
    "15min": 15 * MINUTE_MS,
    "30min": 30 * MINUTE_MS,
    "1hour": HOUR_MS,
    "2hour": 2 * HOUR_MS,
    "4hour": 4 * HOUR_MS,
    "6hour": 6 * HOUR_MS,
    "12hour": 12 * HOUR_MS,
    "1day": 24 * HOUR_MS,
    "3day": 72 * HOUR_MS,
    "1week": 168 * HOUR_MS,
}
LONGEST: Final = 1000


def klines(market: Market, period: str, now_ms: int, seed: int | str) -> list[Candle]:
    """The last 1,000 candles, oldest first, without gaps; the last one is still open."""
    span = PERIODS[period]
    known = _gathered(market.minutes if span < HOUR_MS else market.hours, span)
    known = _without_gaps(known, span, now_ms) if known else [_flat(now_ms - now_ms % span, market.last)]
    missing = LONGEST - len(known)
    random = Random(f"{seed}:{market.spec.key}:{period}")
    return _past(market, known[0], missing, span, random) + known[-LONGEST:]


def _flat(start_ms: int, price: int) -> Candle:
    return Candle(start_ms, price, price, price, price)


def _gathered(candles: Iterable[Candle], span: int) -> list[Candle]:
    found: list[Candle] = []
    for candle in candles:
        start = candle.start_ms - candle.start_ms % span
        if not found or found[-1].start_ms != start:
            found.append(Candle(start, candle.open, candle.close, candle.high, candle.low))
        last = found[-1]
        last.close = candle.close
        last.high = max(last.high, candle.high)
        last.low = min(last.low, candle.low)
        last.lots += candle.lots
        last.value += candle.value
        last.bought += candle.bought
    return found


def _without_gaps(candles: list[Candle], span: int, now_ms: int) -> list[Candle]:
    found = [candles[0]]
    for candle in [*candles[1:], _flat(now_ms - now_ms % span, candles[-1].close)]:
        while found[-1].start_ms + span < candle.start_ms:
            found.append(_flat(found[-1].start_ms + span, found[-1].close))
        if candle.start_ms > found[-1].start_ms:
            found.append(candle)
    return found


def _past(market: Market, first: Candle, count: int, span: int, random: Random) -> list[Candle]:
    """Candles before the first known one, each closing where the next opens."""
    found: list[Candle] = []
    close = first.open
    reach = 0.0002 * math.sqrt(span / 1000)
    for number in range(1, count + 1):
        opening = max(1, round(close * math.exp(random.gauss(0.0, reach))))
        high = round(max(opening, close) * (1 + abs(random.gauss(0.0, reach / 2))))
        low = max(1, round(min(opening, close) * (1 - min(0.9, abs(random.gauss(0.0, reach / 2))))))
        lots = 1 + int(random.lognormvariate(0.0, 1.0) * 10**market.spec.amount_places)
        value = market.spec.value(close, lots)
        found.append(Candle(first.start_ms - number * span, opening, close, high, low, lots, value, lots // 2))
        close = opening
    found.reverse()
    return found
