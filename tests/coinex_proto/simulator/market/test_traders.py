"""The crowd: deterministic, independent of other markets, and as it is set."""

from __future__ import annotations

import itertools
import statistics

import pytest

from coinex_proto.simulator import CoinexServer
from coinex_proto.simulator.market.catalogue import specs
from coinex_proto.simulator.market.exchange import Exchange
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.traders import Crowds, CrowdSettings

START_MS = 1_700_000_000_000


def watched(
    key: str, names: list[str], seconds: float, settings: CrowdSettings, seed: int = 0
) -> tuple[Market, list[int]]:
    """The market after so long, and its middle after each action."""
    exchange = Exchange(specs(names), now_ms=START_MS)
    crowds = Crowds(exchange, settings, seed)
    crowds.wake(key, 0.0)
    middles = []
    while (at := crowds.next_at) <= seconds:
        exchange.now_ms = START_MS + round(at * 1000)
        crowds.act()
        middles.append(exchange.markets[key].middle)
    return exchange.markets[key], middles


def test_the_same_seed_gives_the_same_trades_and_other_markets_do_not_matter() -> None:
    alone = watched("spot:BTCUSDT", ["BTCUSDT"], 60, CrowdSettings())[1]
    among = watched("spot:BTCUSDT", ["ETHUSDT", "BTCUSDT"], 60, CrowdSettings())[1]
    other = watched("spot:BTCUSDT", ["BTCUSDT"], 60, CrowdSettings(), seed=1)[1]
    assert alone == among
    assert alone != other


@pytest.mark.parametrize("rate", [1.0, 10.0])
def test_the_rate_is_how_often_something_happens(rate: float) -> None:
    _, middles = watched("spot:BTCUSDT", ["BTCUSDT"], 200, CrowdSettings(rate=rate))
    assert 0.7 * rate * 200 < len(middles) < 1.3 * rate * 200


def test_a_rate_of_zero_fills_the_book_and_stands_still() -> None:
    market, middles = watched("spot:BTCUSDT", ["BTCUSDT"], 1000, CrowdSettings(rate=0.0, depth=7))
    assert middles == []
    assert len(market.book.orders) == 14


def test_volatility_and_spread_are_as_set() -> None:
    figures = []
    for volatility, spread in ((0.0001, 0.0002), (0.001, 0.002)):
        market, middles = watched("spot:BTCUSDT", ["BTCUSDT"], 300, CrowdSettings(volatility=volatility, spread=spread))
        moves = [after / before - 1 for before, after in itertools.pairwise(middles)]
        bid, _, ask, _ = market.top
        figures.append((statistics.pstdev(moves), (ask - bid) / market.middle))
    assert figures[1][0] > 3 * figures[0][0]
    assert figures[1][1] > 3 * figures[0][1]


def test_waking_a_futures_market_wakes_its_index_and_they_stay_close() -> None:
    exchange = Exchange(specs(["BTCUSDT"]), now_ms=0)
    crowds = Crowds(exchange, CrowdSettings(), 0)
    futures = crowds.wake("futures:BTCUSDT", 0.0)
    spot = crowds.wake("spot:BTCUSDT", 0.0)
    while crowds.next_at < 600:
        crowds.act()
    assert abs(futures.reference / spot.reference - 1) < 0.005


def test_a_crowd_brings_a_day_of_past_trades_that_lead_to_its_price() -> None:
    market, _ = watched("spot:BTCUSDT", ["BTCUSDT"], 0, CrowdSettings())
    assert len(market.deals) == 120
    times = [deal.created_ms for deal in market.deals]
    assert times == sorted(times, reverse=True)
    assert abs(market.last - market.spec.start_price) <= 1


@pytest.mark.parametrize(
    "names", [["BTCUSDT", "ETHUSDT", "ETHBTC"], ["ETHBTC", "ETHUSDC", "BTCUSDC"], ["BTCUSDC", "USDCUSDT", "BTCUSDT"]]
)
@pytest.mark.parametrize("seed", range(3))
def test_a_triangle_closes_within_the_spreads_at_every_moment(names: list[str], seed: int) -> None:
    exchange = Exchange(specs(names), now_ms=START_MS)
    crowds = Crowds(exchange, CrowdSettings(volatility=0.001), seed)
    markets = {name: exchange.markets[f"spot:{name}"] for name in names}
    for name in names:
        crowds.wake(f"spot:{name}", 0.0)

    def dollars(name: str) -> tuple[float, float]:
        bid, _, ask, _ = markets[name].top
        return bid * 10.0 ** -markets[name].spec.price_places, ask * 10.0 ** -markets[name].spec.price_places

    pair = next(name for name in names if name in ("ETHBTC", "BTCUSDC"))
    base, quote = (
        (("ETHUSDT", "BTCUSDT") if "ETHUSDT" in names else ("ETHUSDC", "BTCUSDC"))
        if pair == "ETHBTC"
        else ("BTCUSDT", "USDCUSDT")
    )
    moved = set()
    while (at := crowds.next_at) <= 60:
        exchange.now_ms = START_MS + round(at * 1000)
        crowds.act()
        bids, asks = zip(*(dollars(name) for name in (pair, quote, base)), strict=True)
        tick = 10.0 ** -markets[pair].spec.price_places / asks[0]
        assert bids[0] * bids[1] <= asks[2] * (1 + 2 * tick)
        assert asks[0] * asks[1] >= bids[2] * (1 - 2 * tick)
        moved.add(bids[0])
    assert len(moved) > 20


def test_a_pair_follows_coins_that_somebody_else_quotes() -> None:
    server = CoinexServer(now=START_MS / 1000, markets=("BTCUSDT", "ETHUSDT", "ETHBTC"))
    server.quote("BTCUSDT", "50000", "50001", "10")
    server.quote("ETHUSDT", "5000", "5001", "10")
    server.crowds.wake("spot:ETHBTC", server.now)
    server.advance(server.now + 20)
    bid, _, ask, _ = server.feeds["spot"].markets["ETHBTC"].top
    assert bid <= 10_001_000
    assert ask >= 9_999_000
    assert ask - bid < 50_000


def test_a_thin_book_gives_a_taker_nothing_and_breaks_nothing() -> None:
    market, _ = watched("spot:BTCUSDT", ["BTCUSDT"], 120, CrowdSettings(depth=1, rate=20.0))
    assert market.deal_count > 120


def test_what_is_left_out_never_happens_and_each_market_goes_on() -> None:
    exchange = Exchange(specs(["BTCUSDT", "ETHUSDT"]), now_ms=0)
    crowds = Crowds(exchange, CrowdSettings(rate=10.0), 0)
    for key in ("spot:BTCUSDT", "spot:ETHUSDT"):
        crowds.wake(key, 0.0)
    crowds.leave_out(60.0)
    acted = []
    while (at := crowds.next_at) <= 61:
        acted.append(at)
        crowds.act()
    assert min(acted) > 60
    assert len(acted) > 8
