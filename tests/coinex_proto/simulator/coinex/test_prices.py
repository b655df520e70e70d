"""Positions and prices as CoinEx prints them."""

from __future__ import annotations

import pytest

from coinex_proto.simulator.market.matching import Side
from tests.coinex_proto.simulator.peer import quiet_server


@pytest.mark.parametrize(
    ("side", "liquidation", "bankruptcy"), [("buy", "90.45", "90.00"), ("sell", "109.45", "110.00")]
)
def test_an_isolated_position_is_bankrupt_when_its_margin_is_gone_and_liquidated_before(
    side: Side, liquidation: str, bankruptcy: str
) -> None:
    server = quiet_server()
    server.quote("BTCUSDT", "99.99", "100.01", module="futures")
    market = server.feeds["futures"].markets["BTCUSDT"]
    server.exchange.set_leverage(market, server.owner, "isolated", 10)
    server.fill(server.place("BTCUSDT", side, "100", "0.5", module="futures"))
    (position,) = server.exchange.futures.open_positions(server.owner)
    fields = server.prices.position(position)
    assert (fields["liq_price"], fields["bkr_price"]) == (liquidation, bankruptcy)
    assert fields["avg_entry_price"] == "100.00000000000000000000"
    assert float(fields["unrealized_pnl"]) == 0


def test_a_cross_position_with_much_behind_it_has_no_liquidation_price() -> None:
    server = quiet_server()
    server.quote("BTCUSDT", "99.99", "100.01", module="futures")
    server.fill(server.place("BTCUSDT", "buy", "100", "0.5", module="futures"))
    (position,) = server.exchange.futures.open_positions(server.owner)
    assert server.prices.limits(position) == (0, 0)


def test_open_interest_is_what_is_held_long() -> None:
    server = quiet_server()
    server.quote("BTCUSDT", "99", "101", module="futures")
    server.fill(server.place("BTCUSDT", "buy", "100", "0.5", module="futures"))
    market = server.feeds["futures"].markets["BTCUSDT"]
    assert server.prices.state(market, server.exchange.now_ms)["open_interest_size"] == "0.5"
