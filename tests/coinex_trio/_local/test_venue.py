"""What the local exchanges of all venues do for a test, in memory."""

from __future__ import annotations

from typing import Any

import pytest

from coinex_proto import UsageError
from coinex_trio import memory_exchange

MARKETS = {"coinex": "BTCUSDT", "qfex": "AAPL-USD", "coinflex": "XBT/USDT"}


@pytest.fixture(params=MARKETS)
def venue(request: pytest.FixtureRequest) -> Any:
    return memory_exchange(request.param), MARKETS[request.param]


def test_an_own_order_is_placed_shown_and_filled_by_itself_or_by_its_id(venue: Any) -> None:
    exchange, market = venue
    exchange.quote(market, "100", "102")
    orders = [exchange.place(market, "buy", "101", "1") for _ in range(2)]
    assert exchange.orders(market) == tuple(orders)
    exchange.fill(orders[0])
    exchange.fill(orders[1].order_id, "0.5")
    (left,) = exchange.orders()
    assert (left.order_id, left.remaining * 2) == (orders[1].order_id, left.amount)


def test_an_order_without_an_id_of_this_venue_cannot_be_filled(venue: Any) -> None:
    exchange, _market = venue
    with pytest.raises(UsageError, match="has not told its id"):
        exchange.fill(None)


def test_faults_are_scheduled_while_it_runs_and_a_bad_line_schedules_none(venue: Any) -> None:
    exchange, _market = venue
    with pytest.raises(UsageError, match="faults: line 2"):
        exchange.inject("at 1s halt all\nwhenever drop")
    exchange.inject("at 2s halt all")
    halted = []
    for _ in range(2):
        exchange.advance(1.5)
        halted.append({found.is_halted for found in exchange._server.exchange.markets.values()})
    assert halted == [{False}, {True}]
