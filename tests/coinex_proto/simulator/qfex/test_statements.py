"""Positions and balances as the local QFEX writes them."""

from __future__ import annotations

import json

from coinex_proto.simulator.qfex.wire import json_of
from tests.coinex_proto.simulator.qfex_peer import SYMBOL, made


def test_a_position_and_its_margin_stand_in_both_records() -> None:
    server = made(markets=(SYMBOL, "GOOG-USD"))
    server.fill(server.place(SYMBOL, "buy", "100.5", "2"))
    server.place(SYMBOL, "buy", "99", "1")
    position, flat = (json.loads(json_of(record)) for record in server.own.positions())
    assert (position["position"], position["average_price"], position["open_quantity"]) == (2, 100.5, 1)
    assert (position["unrealised_pnl"], flat["position"], flat["margin_alloc"]) == (0, 0, 0)
    balance = json.loads(json_of(server.own.balance()))
    assert balance["position_margin"] == position["margin_alloc"] == 67
    assert balance["deposit"] == balance["available_balance"] + balance["order_margin"] + balance["position_margin"]
