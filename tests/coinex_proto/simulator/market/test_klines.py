"""Candles in any period."""

from __future__ import annotations

import itertools

import pytest

from coinex_proto.simulator.market.catalogue import specs
from coinex_proto.simulator.market.klines import LONGEST, PERIODS, klines
from coinex_proto.simulator.market.market import MINUTE_MS, Deal, Market

START_MS = 1_700_000_000_000 - 1_700_000_000_000 % MINUTE_MS


def traded() -> Market:
    market = Market(specs(["BTCUSDT"])[0])
    for number, (minute, price) in enumerate(((0, 100), (0, 120), (0, 90), (3, 95))):
        market.record(Deal(number, START_MS + minute * MINUTE_MS + number, "buy" if number % 2 else "sell", price, 10))
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


def test_a_market_without_trades_has_a_flat_last_candle() -> None:
    market = Market(specs(["BTCUSDT"])[0])
    last = klines(market, "1min", START_MS, 0)[-1]
    assert (last.open, last.close, last.lots) == (market.last, market.last, 0)
