from __future__ import annotations

import pytest

from coinex_proto import UsageError
from coinex_proto.coinex.http import parse
from coinex_proto.coinex.http.spot import EditStopOrder, PutStopOrder, StopId


def test_a_stop_order_is_a_trigger_and_an_order() -> None:
    stop = PutStopOrder(market="BTCUSDT", side="sell", type="market", ccy="BTC", amount="1", trigger_price="9000")
    assert stop.parameters() == {
        "market": "BTCUSDT",
        "market_type": "SPOT",
        "side": "sell",
        "type": "market",
        "ccy": "BTC",
        "amount": "1",
        "trigger_price": "9000",
    }
    assert parse(stop, 200, b'{"code": 0, "data": {"stop_id": 287330817}}') == StopId(stop_id=287330817)


def test_a_stop_market_order_must_say_what_its_amount_counts() -> None:
    with pytest.raises(UsageError, match="must say what its amount counts"):
        PutStopOrder(market="BTCUSDT", side="sell", type="market", amount="1", trigger_price="9000")


def test_a_change_of_a_stop_order_must_change_something() -> None:
    with pytest.raises(UsageError, match="set amount or price or trigger_price"):
        EditStopOrder(market="BTCUSDT", stop_id=1)
    assert EditStopOrder(market="BTCUSDT", stop_id=1, trigger_price="1").parameters()["stop_id"] == 1
