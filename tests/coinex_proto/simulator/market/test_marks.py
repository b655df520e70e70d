"""Prices that follow from other prices."""

from __future__ import annotations

import pytest

from coinex_proto.simulator.market.amounts import RATE_ONE
from coinex_proto.simulator.market.catalogue import specs
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.marks import FUNDING_EVERY_MS, HIGHEST_RATE, INTEREST, Marks, funding_times


def markets(spot: int, futures: int) -> tuple[Marks, Market, Market]:
    """Ticks of the middles."""
    found = {spec.key: Market(spec) for spec in specs(["BTCUSDT"])}
    first, second = found.values()
    first.last, second.last = spot, futures
    return Marks(found), first, second


@pytest.mark.parametrize(("futures", "mark"), [(100_100, 100_100), (101_000, 100_500), (90_000, 99_500)])
def test_the_mark_price_stays_near_the_index(futures: int, mark: int) -> None:
    marks, spot, market = markets(100_000, futures)
    assert (marks.index(market), marks.mark(market)) == (100_000, mark)
    assert marks.mark(spot) == 100_000


def test_each_kind_of_price_can_be_watched() -> None:
    marks, _, market = markets(100_000, 101_000)
    kinds = ("latest_price", "mark_price", "index_price")
    assert [marks.watched(market, kind) for kind in kinds] == [101_000, 100_500, 100_000]


@pytest.mark.parametrize(
    ("futures", "rate"),
    [(100_000, INTEREST), (100_100, INTEREST + RATE_ONE // 1000), (110_000, HIGHEST_RATE), (90_000, -HIGHEST_RATE)],
)
def test_the_funding_rate_is_premium_and_interest_within_its_limits(futures: int, rate: int) -> None:
    marks, _, market = markets(100_000, futures)
    assert marks.funding(market) == rate


def test_a_spot_market_touches_its_futures_market() -> None:
    marks, spot, market = markets(1, 1)
    assert marks.touched_by(spot) == (spot, market)
    assert marks.touched_by(market) == (market,)


def test_funding_is_settled_on_whole_multiples_of_eight_hours() -> None:
    assert funding_times(FUNDING_EVERY_MS * 3 + 5) == (FUNDING_EVERY_MS * 3, FUNDING_EVERY_MS * 4)
    assert funding_times(FUNDING_EVERY_MS * 3) == (FUNDING_EVERY_MS * 3, FUNDING_EVERY_MS * 4)
