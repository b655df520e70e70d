"""One market: public figures and the views of its book."""

from __future__ import annotations

from coinex_proto.simulator.market.catalogue import specs
from coinex_proto.simulator.market.market import HOUR_MS, KEPT_DEALS, Market
from coinex_proto.simulator.market.matching import Order, Side


def market() -> Market:
    return Market(specs(["BTCUSDT"])[0])


def rest(where: Market, number: int, side: Side, price: int, lots: int) -> None:
    where.book.add(
        Order(order_id=number, owner=1, market="m", side=side, kind="limit", price=price, amount=lots, left=lots)
    )


def test_levels_are_printed_best_first_prices_padded_and_sizes_not() -> None:
    found = market()
    for number, (side, price, lots) in enumerate(
        (("buy", 9_900, 10**8), ("buy", 9_950, 5 * 10**7), ("sell", 10_010, 123), ("sell", 10_000, 10**9))
    ):
        rest(found, number, side, price, lots)  # type: ignore[arg-type]
    assert found.levels("buy") == [("99.50", "0.5"), ("99.00", "1")]
    assert found.levels("sell") == [("100.00", "10"), ("100.10", "0.00000123")]
    assert found.levels("sell", 1) == [("100.00", "10")]


def test_merged_levels_round_away_from_the_middle() -> None:
    found = market()
    for number, (side, price) in enumerate((("buy", 9_999), ("buy", 9_901), ("sell", 10_001), ("sell", 10_100))):
        rest(found, number, side, price, 10**8)  # type: ignore[arg-type]
    assert found.levels("buy", 50, 100) == [("99.00", "2")]
    assert found.levels("sell", 50, 100) == [("101.00", "2")]


def test_a_level_is_printed_anew_when_it_changes() -> None:
    found = market()
    rest(found, 1, "buy", 100, 10**8)
    assert found.levels("buy") == [("1.00", "1")]
    found.book.take(found.book.orders[1], 10**7)
    assert found.levels("buy") == [("1.00", "0.9")]


def test_the_top_says_whether_it_has_changed() -> None:
    found = market()
    assert not found.see_top()
    rest(found, 1, "buy", 100, 5)
    assert found.see_top()
    assert (found.top, found.middle) == ((100, 5, 0, 0), found.last)
    rest(found, 2, "buy", 99, 5)
    assert not found.see_top()
    rest(found, 3, "sell", 110, 5)
    assert found.see_top()
    assert found.middle == 105


def test_the_figures_of_the_day_forget_what_is_older_than_a_day() -> None:
    found = market()
    for hour, price in ((0, 500), (30, 100), (40, 120)):
        found.record(hour, hour * HOUR_MS, "buy", price, 10)
    day = found.day(41 * HOUR_MS)
    assert (day.open, day.high, day.low, day.lots, day.bought) == (100, 120, 100, 20, 20)
    assert day.value == (100 + 120) * 10 * found.spec.value_factor
    still = found.day(90 * HOUR_MS)
    assert (still.open, still.high, still.lots) == (120, 120, 0)


def test_only_the_last_deals_are_kept_and_all_are_counted() -> None:
    found = market()
    for number in range(KEPT_DEALS + 10):
        found.record(number, number, "sell", 100, 1)
    assert (len(found.deals), found.deal_count) == (KEPT_DEALS, KEPT_DEALS + 10)
    assert next(iter(found.deals)).deal_id == KEPT_DEALS + 9
