"""The made-up past: any time of it, and parts that add up."""

from __future__ import annotations

import itertools

import pytest

from coinex_proto.simulator.market.catalogue import specs, usd_worth
from coinex_proto.simulator.market.history import LEAST_LOTS, QUARTER_MS, Past, trades
from coinex_proto.simulator.market.market import DAY_MS, HOUR_MS, MINUTE_MS, Candle, MarketSpec

END: int = 1_700_000_040_000  # a whole minute, some hours into its day
NAMES = ("BTCUSDT", "ETHUSDT", "ETHBTC", "CETBTC", "BTCUSD", "BTCUSDC", "SIM0001USDT", "DOGEUSDT")
SPECS: tuple[MarketSpec, ...] = specs(NAMES)


def past(spec: MarketSpec, seed: int = 1) -> Past:
    return Past(spec, seed, END, spec.start_price, usd_worth(spec.quote))


def figures(candles: list[Candle]) -> tuple[int, ...]:
    return (
        candles[0].open, candles[-1].close, max(c.high for c in candles), min(c.low for c in candles),
        sum(c.lots for c in candles), sum(c.value for c in candles), sum(c.bought for c in candles),
    )  # fmt: skip


def check(candles: list[Candle], spec: MarketSpec) -> None:
    for candle in candles:
        assert 0 < candle.low <= min(candle.open, candle.close) <= max(candle.open, candle.close) <= candle.high
        assert candle.lots >= LEAST_LOTS
        assert 0 <= candle.bought <= candle.lots
        ends = sorted((spec.value(candle.low, candle.lots), spec.value(candle.high, candle.lots)))
        assert ends[0] - candle.lots <= candle.value <= ends[1] + candle.lots
    for before, after in itertools.pairwise(candles):
        assert before.close == after.open


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.key)
def test_the_parts_of_a_candle_add_up_to_it_at_every_level(spec: MarketSpec) -> None:
    made = past(spec)
    for number in range(40):
        day = made.day(END // DAY_MS * DAY_MS - number * 31 * DAY_MS)
        end = min(day.start_ms + DAY_MS, END)
        hours = made.parts(day, end, HOUR_MS)
        check([day], spec)
        check(hours, spec)
        assert figures(hours) == figures([day])
        hour = hours[number % len(hours)]
        quarters = made.parts(hour, min(hour.start_ms + HOUR_MS, end), QUARTER_MS)
        minutes = made.minutes(hour, min(hour.start_ms + HOUR_MS, end))
        check(quarters, spec)
        check(minutes, spec)
        assert figures(quarters) == figures(minutes) == figures([hour])


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.key)
def test_the_trades_of_a_minute_add_up_to_it(spec: MarketSpec) -> None:
    made = past(spec)
    hour = made.parts(made.day(END // DAY_MS * DAY_MS - DAY_MS), END // DAY_MS * DAY_MS, HOUR_MS)[7]
    for minute in made.minutes(hour, hour.start_ms + HOUR_MS):
        found = trades(spec, minute)
        assert found[0][0] == minute.open
        assert found[-1][0] == minute.close
        assert sum(lots for _, lots in found) == minute.lots
        assert all(lots > 0 and minute.low <= price <= minute.high for price, lots in found)
        if not spec.is_inverse:
            assert max(price for price, _ in found) == minute.high
            assert min(price for price, _ in found) == minute.low
            assert sum(spec.value(price, lots) for price, lots in found) == minute.value


def test_days_join_and_end_with_the_first_price_of_the_market() -> None:
    made, today = past(SPECS[0]), END // DAY_MS * DAY_MS
    days = [made.day(today - number * DAY_MS) for number in range(500, -1, -1)]
    check(days, SPECS[0])
    assert days[-1].close == SPECS[0].start_price
    assert len({day.close for day in days}) > 400
    assert 0.2 < min(day.low for day in days) / max(day.high for day in days) < 0.95


def test_the_same_seed_has_the_same_past_and_another_seed_another() -> None:
    day = END // DAY_MS * DAY_MS - 100 * DAY_MS
    assert past(SPECS[0]).day(day) is not past(SPECS[0]).day(day)
    assert figures([past(SPECS[0]).day(day)]) == figures([past(SPECS[0]).day(day)])
    assert figures([past(SPECS[0]).day(day)]) != figures([past(SPECS[0], seed=2).day(day)])


def test_days_before_today_are_the_same_whenever_on_the_day_a_market_begins() -> None:
    day = END // DAY_MS * DAY_MS - 3 * DAY_MS
    later = Past(SPECS[0], 1, END + 30 * MINUTE_MS, SPECS[0].start_price)
    assert figures([later.day(day)]) == figures([past(SPECS[0]).day(day)])


def test_futures_have_the_prices_of_their_index_and_amounts_of_their_own() -> None:
    spot, futures = (next(s for s in SPECS if s.key == key) for key in ("spot:BTCUSDT", "futures:BTCUSDT"))
    day = END // DAY_MS * DAY_MS - DAY_MS
    first, second = (past(spec).parts(past(spec).day(day), day + DAY_MS, HOUR_MS) for spec in (spot, futures))
    assert [(c.open, c.high, c.low, c.close) for c in first] == [(c.open, c.high, c.low, c.close) for c in second]
    assert [c.lots for c in first] != [c.lots for c in second]


def test_pairs_of_coins_fit_their_dollar_markets_at_each_midnight() -> None:
    by_key = {spec.key: past(spec) for spec in SPECS}
    places = {spec.key: spec.price_places for spec in SPECS}

    def close(key: str, day: int) -> float:
        return float(by_key[key].day(day).close * 10.0 ** -places[key])

    for number in range(1, 60):
        day = END // DAY_MS * DAY_MS - number * DAY_MS
        pair = close("spot:ETHUSDT", day) / close("spot:BTCUSDT", day)
        assert close("spot:ETHBTC", day) == pytest.approx(pair, rel=1e-5)


def test_a_candle_of_few_lots_is_its_own_first_part() -> None:
    whole = Candle(END // HOUR_MS * HOUR_MS, 100, 105, 110, 90, 7, 700, 3)
    first, *others = past(SPECS[0]).parts(whole, whole.start_ms + HOUR_MS, QUARTER_MS)
    assert first is whole
    assert [(c.open, c.close, c.lots) for c in others] == [(105, 105, 0)] * 3
    assert trades(SPECS[0], others[0]) == []
    assert trades(SPECS[0], first) == [(105, 7)]


def test_the_premium_of_the_past_is_small_and_changes() -> None:
    found = [past(SPECS[0]).premium(END - number * 600_000) for number in range(200)]
    assert max(map(abs, found)) < 0.001
    assert len(set(found)) == 200
