"""Candles in any period."""

from __future__ import annotations

import functools
import itertools

import pytest

from coinex_proto.simulator.market.catalogue import specs
from coinex_proto.simulator.market.klines import LONGEST, PERIODS, begin, klines
from coinex_proto.simulator.market.market import DAY_MS, HOUR_MS, MINUTE_MS, Candle, Market

START_MS = 1_700_000_000_000 - 1_700_000_000_000 % MINUTE_MS


def traded() -> Market:
    market = Market(specs(["BTCUSDT"])[0])
    for number, (minute, price) in enumerate(((0, 100), (0, 120), (0, 90), (3, 95))):
        market.record(number, START_MS + minute * MINUTE_MS + number, "buy" if number % 2 else "sell", price, 10)
    return market


def test_trades_of_a_minute_make_one_candle_and_gaps_are_flat() -> None:
    candles = klines(traded(), "1min", START_MS + 4 * MINUTE_MS, 0)[-5:]
    figures = [(c.open, c.high, c.low, c.close, c.lots, c.bought) for c in candles]
    assert figures == [
        (100, 120, 90, 90, 30, 10),
        (90, 90, 90, 90, 0, 0),
        (90, 90, 90, 90, 0, 0),
        (95, 95, 95, 95, 10, 10),
        (95, 95, 95, 95, 0, 0),
    ]


@pytest.mark.parametrize("period", PERIODS)
def test_every_period_gives_a_thousand_candles_that_join(period: str) -> None:
    candles = klines(traded(), period, START_MS + 4 * MINUTE_MS, 0)
    span = PERIODS[period]
    assert len(candles) == LONGEST
    assert candles[-1].start_ms == (START_MS + 4 * MINUTE_MS) // span * span
    for before, after in itertools.pairwise(candles):
        assert after.start_ms - before.start_ms == span
        assert 0 < after.low <= min(after.open, after.close) <= max(after.open, after.close) <= after.high


def test_the_past_is_the_same_whenever_it_is_requested() -> None:
    market = traded()
    early, late = (
        klines(market, "1min", START_MS + 4 * MINUTE_MS, 7),
        klines(market, "1min", START_MS + 9 * MINUTE_MS, 7),
    )
    known = {candle.start_ms: candle.open for candle in early}
    assert all(known[candle.start_ms] == candle.open for candle in late if candle.start_ms in known)


def summed(candles: list[Candle]) -> tuple[int, ...]:
    return (
        candles[0].open, max(c.high for c in candles), min(c.low for c in candles), candles[-1].close,
        sum(c.lots for c in candles), sum(c.value for c in candles), sum(c.bought for c in candles),
    )  # fmt: skip


@functools.cache
def busy(days: float) -> Market:
    """A market with a trade every 40 seconds for so long, apart from quiet hours."""
    market = Market(specs(["BTCUSDT"])[0])
    begin(market, 3, START_MS)
    price = market.spec.start_price
    for number in range(int(days * 2160)):
        at_ms = START_MS + number * 40_000
        if at_ms // HOUR_MS % 7:
            price += (number * 7919) % 41 - 20
            market.record(number, at_ms, "buy" if number % 3 else "sell", price, 1_000_000 + number % 97)
    return market


@pytest.mark.parametrize("days", [0.01, 0.3, 1.4, 4.0, 70.0])
@pytest.mark.parametrize("ago", [0, 2 * HOUR_MS, 20 * HOUR_MS, 3 * DAY_MS, 65 * DAY_MS, 400 * DAY_MS, 3000 * DAY_MS])
def test_every_period_is_made_of_the_next_shorter_ones_at_any_time(days: float, ago: int) -> None:
    market, now_ms = busy(days), START_MS + int(days * DAY_MS)
    for period, shorter in (
        ("1week", "1day"), ("3day", "1day"), ("1day", "12hour"), ("1day", "1hour"), ("12hour", "6hour"), ("4hour", "2hour"),
        ("6hour", "1hour"), ("1hour", "30min"), ("1hour", "15min"), ("1hour", "1min"), ("15min", "5min"), ("15min", "3min"),
        ("30min", "1min"),
    ):  # fmt: skip
        at = now_ms - ago
        start = at - at % PERIODS[period]
        (whole,) = klines(market, period, now_ms, 3, start_ms=start, end_ms=start)
        parts = klines(market, shorter, now_ms, 3, start_ms=start, end_ms=start + PERIODS[period] - 1)
        assert summed([whole]) == summed(parts), (period, shorter)
        assert whole.start_ms == parts[0].start_ms == start


def test_a_window_is_cut_out_of_the_same_candles() -> None:
    market, now_ms = busy(2), START_MS + 2 * DAY_MS
    every = klines(market, "5min", now_ms, 3)
    part = klines(market, "5min", now_ms, 3, start_ms=every[100].start_ms - 1, end_ms=every[120].start_ms + 1)
    assert [summed([candle]) for candle in part] == [summed([candle]) for candle in every[100:121]]
    assert [candle.start_ms for candle in klines(market, "5min", now_ms, 3, limit=2)] == [
        every[-2].start_ms,
        every[-1].start_ms,
    ]
    assert klines(market, "1day", now_ms, 3, start_ms=now_ms + DAY_MS) == []
    assert klines(market, "1day", now_ms, 3, start_ms=now_ms, end_ms=now_ms - DAY_MS) == []


def test_what_is_kept_of_a_market_is_bounded() -> None:
    market = busy(70)
    assert len(market.minutes) == market.minutes.maxlen
    assert (market.hours.maxlen, market.days.maxlen) == (1500, 3660)


def test_the_day_of_the_ticker_has_the_last_24_hours_from_the_first_moment_on() -> None:
    market, now_ms = Market(specs(["BTCUSDT"])[0]), START_MS
    begin(market, 3, now_ms)
    day, hours = market.day(now_ms), klines(market, "1hour", now_ms, 3, limit=24)
    assert (day.open, day.high, day.low, day.lots, day.value) == summed(hours)[:1] + summed(hours)[1:3] + summed(hours)[
        4:6
    ]


def test_a_market_without_trades_has_a_flat_last_candle() -> None:
    market = Market(specs(["BTCUSDT"])[0])
    last = klines(market, "1min", START_MS, 0)[-1]
    assert (last.open, last.close, last.lots) == (market.last, market.last, 0)
