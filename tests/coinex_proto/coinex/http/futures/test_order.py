from __future__ import annotations

import pytest

from coinex_proto import UsageError
from coinex_proto.coinex.http.futures import CancelBatchOrder, EditOrder, PutMultiOrder, PutOrder

BUY = PutOrder(market="BTCUSDT", side="buy", type="market", amount="1", client_id="b1")


def test_a_market_order_counts_in_contracts_and_needs_no_currency() -> None:
    assert BUY.parameters() == {
        "market": "BTCUSDT",
        "market_type": "FUTURES",
        "side": "buy",
        "type": "market",
        "amount": "1",
        "client_id": "b1",
    }


def test_an_order_of_open_outcome_is_looked_for_among_futures() -> None:
    assert "GET /futures/pending-order client_id=b1" in BUY.question()
    assert PutMultiOrder(orders=(BUY, BUY)).question() == BUY.question()
    assert BUY.order().client_order_id == "b1"


def test_a_change_must_change_something() -> None:
    with pytest.raises(UsageError, match="set amount or price"):
        EditOrder(market="BTCUSDT", order_id=7)


def test_a_batch_of_cancels_names_its_market_type() -> None:
    assert CancelBatchOrder(market="BTCUSDT", order_ids=(1, 2)).parameters() == {
        "market": "BTCUSDT",
        "market_type": "FUTURES",
        "order_ids": [1, 2],
    }
