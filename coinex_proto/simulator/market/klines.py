"""Candles of a market in any period and at any time: what was traded, and before that its made-up past (history.py).

Every period is added up from days, hours, quarters or minutes, and each of these from the next, so that a day equals its
hours to the last digit.  What is kept of real trades is bounded: 25 hours of minutes, 60 days of hours, ten years of days;
beyond that a kept candle is split as the made-up past is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from coinex_proto.simulator.market.catalogue import usd_worth
from coinex_proto.simulator.market.history import QUARTER_MS, Past
from coinex_proto.simulator.market.market import DAY_MS, HOUR_MS, MINUTE_MS, Candle, Market

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
    "1day": DAY_MS,
    "3day": 3 * DAY_MS,
    "1week": 7 * DAY_MS,
}
LONGEST: Final = 1000


def begin(market: Market, seed: int | str, now_ms: int) -> Past:
    """The past of a market; the first call decides where it ends, and writes the units that it ends in into what is kept."""
    is_new = market.begins_ms is None
    if market.begins_ms is None:
        known = market.minutes[0] if market.minutes else None
        market.begins_ms = now_ms - now_ms % MINUTE_MS if known is None else known.start_ms
        market.first_price = market.last if known is None else known.open
    past = Past(market.spec, seed, market.begins_ms, market.first_price, usd_worth(market.spec.quote))
    if is_new:
        _join(market, past)
    return past


def _join(market: Market, past: Past) -> None:
    end = past.ends_ms
    today = end - end % DAY_MS
    yesterday = past.parts(past.day(today - DAY_MS), today, HOUR_MS)
    hours = past.parts(past.day(today), end, HOUR_MS) if today < end else []
    if today < end:
        _prepend(market.days, [past.day(today)])
    if end % HOUR_MS:
        _prepend(market.minutes, past.minutes(hours[-1], end))
    _prepend(market.hours, yesterday + hours)


def _prepend(kept: deque[Candle], older: list[Candle]) -> None:
    for candle in reversed(older):
        if kept and kept[0].start_ms == candle.start_ms:
            kept[0] = _merged(candle, [kept[0]])
        else:
            kept.appendleft(candle)


def klines(
    market: Market,
    period: str,
    now_ms: int,
    seed: int | str,
    *,
    start_ms: int | None = None,
    end_ms: int | None = None,
    limit: int = LONGEST,
) -> list[Candle]:
    """The last candles that begin between these times, oldest first, without gaps; the last one of all is still open."""
    span, past = PERIODS[period], begin(market, seed, now_ms)
    last = now_ms if end_ms is None else min(end_ms, now_ms)
    last -= last % span
    first = last - (max(1, min(LONGEST, limit)) - 1) * span
    if start_ms is not None:
        first = max(first, -(-start_ms // span) * span)
    if first > last:
        return []
    return _gathered(_Kept(market, past, now_ms).filled(span, first, min(last + span, now_ms + 1)), span)


class _Kept:
    """Days, hours, quarters and minutes of one market, made up or kept."""

    def __init__(self, market: Market, past: Past, now_ms: int) -> None:
        self._market = market
        self._past = past
        self._now_ms = now_ms

    def filled(self, span: int, start_ms: int, end_ms: int) -> list[Candle]:
        """What candles of this span are added up from, without gaps: where nothing was traded the price stays."""
        levels = ((DAY_MS, self.days), (HOUR_MS, self.hours), (QUARTER_MS, self.quarters), (MINUTE_MS, self.minutes))
        unit, made = next((unit, made) for unit, made in levels if span >= unit)
        known = {candle.start_ms: candle for candle in made(start_ms, end_ms)}
        found: list[Candle] = []
        for start in range(start_ms, end_ms, unit):
            candle = known.get(start)
            if candle is None:
                candle = _flat(start, found[-1].close if found else self.close_before(start))
            found.append(candle)
        return found

    def days(self, start_ms: int, end_ms: int) -> list[Candle]:
        kept = {candle.start_ms: candle for candle in self._market.days}
        joint = self._past.ends_ms - self._past.ends_ms % DAY_MS
        starts = range(start_ms - start_ms % DAY_MS, min(end_ms, self._now_ms + 1), DAY_MS)
        made = (self._past.day(start) if start < joint else kept.get(start) for start in starts)
        return [candle for candle in made if candle is not None]

    def hours(self, start_ms: int, end_ms: int) -> list[Candle]:
        return self._parts(self.days, DAY_MS, self._market.hours, self._hours_of, start_ms, end_ms)

    def quarters(self, start_ms: int, end_ms: int) -> list[Candle]:
        first = max(
            start_ms,
            -(-max(self._past.ends_ms - self._past.ends_ms % HOUR_MS, self._minutes_from()) // HOUR_MS) * HOUR_MS,
        )
        kept = deque(_gathered(self.filled(MINUTE_MS, first, min(end_ms, self._now_ms + 1)), QUARTER_MS))
        return self._parts(self.hours, HOUR_MS, kept, self._quarters_of, start_ms, end_ms)

    def minutes(self, start_ms: int, end_ms: int) -> list[Candle]:
        return self._parts(self.hours, HOUR_MS, self._market.minutes, self._minutes_of, start_ms, end_ms)

    def close_before(self, at_ms: int) -> int:
        """The price with which a time without trades begins."""
        for kept in (self._market.minutes, self._market.hours, self._market.days):
            for candle in reversed(kept):
                if candle.start_ms < at_ms:
                    return candle.close
        return self._market.first_price

    def _parts(
        self,
        wholes: Callable[[int, int], list[Candle]],
        span: int,
        kept: deque[Candle],
        split: Callable[[Candle], list[Candle]],
        start_ms: int,
        end_ms: int,
    ) -> list[Candle]:
        """Parts of the wholes in this time: as they were kept, or split where they were not."""
        joint = self._past.ends_ms - self._past.ends_ms % span
        complete = max(joint, kept[0].start_ms if kept.maxlen is not None and len(kept) == kept.maxlen else joint)
        if span == HOUR_MS:
            complete = max(joint, self._minutes_from())
        found: list[Candle] = []
        first = start_ms - start_ms % span
        if first < complete:
            for whole in wholes(first, min(end_ms, -(-complete // span) * span)):
                if whole.start_ms < complete:
                    found += split(whole)
        found += [candle for candle in kept if candle.start_ms >= -(-complete // span) * span]
        return [candle for candle in found if start_ms <= candle.start_ms < end_ms]

    def _minutes_from(self) -> int:
        """The first minute from which on all are kept."""
        minutes = self._market.minutes
        return minutes[0].start_ms if len(minutes) == minutes.maxlen else 0

    def _hours_of(self, day: Candle) -> list[Candle]:
        return self._past.parts(day, day.start_ms + DAY_MS, HOUR_MS)

    def _quarters_of(self, hour: Candle) -> list[Candle]:
        return self._past.parts(hour, hour.start_ms + HOUR_MS, QUARTER_MS)

    def _minutes_of(self, hour: Candle) -> list[Candle]:
        return self._past.minutes(hour, hour.start_ms + HOUR_MS)


def _flat(start_ms: int, price: int) -> Candle:
    return Candle(start_ms, price, price, price, price)


def _merged(first: Candle, others: Iterable[Candle]) -> Candle:
    found = Candle(
        first.start_ms, first.open, first.close, first.high, first.low, first.lots, first.value, first.bought
    )
    for candle in others:
        found.close = candle.close
        found.high = max(found.high, candle.high)
        found.low = min(found.low, candle.low)
        found.lots += candle.lots
        found.value += candle.value
        found.bought += candle.bought
    return found


def _gathered(candles: Iterable[Candle], span: int) -> list[Candle]:
    """Candles of a longer span, of those in which something was traded."""
    groups: dict[int, list[Candle]] = {}
    for candle in candles:
        groups.setdefault(candle.start_ms - candle.start_ms % span, []).append(candle)
    found = []
    for start, group in groups.items():
        whole = _merged(group[0], group[1:])
        whole.start_ms = start
        found.append(whole)
    return found
