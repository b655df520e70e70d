"""Typed answers of QFEX over HTTP: one bad member costs that member, and nothing that came is lost without trace."""

from __future__ import annotations

import json
import pickle
from decimal import Decimal
from typing import Any

import pytest

from coinex_proto.errors import PayloadError
from coinex_proto.qfex.http import GetCandles, GetHistoricOrders
from coinex_proto.rows import unreadable_in

ORDER: dict[str, Any] = {
    "order_id": "o1",
    "symbol": "AAPL-USD",
    "side": "BUY",
    "price": 200.5,
    "quantity": "1.50",
    "terminal_status": "FILLED",
}


def body(*orders: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"data": list(orders), "count": len(orders), **more}).encode()


@pytest.mark.parametrize("value", ["", "many", {"a": 1}, [1], True, "NaN", "Infinity"])
@pytest.mark.parametrize("name", ["price", "avg_price", "filled_qty"])
def test_a_number_that_is_none_costs_that_number(name: str, value: Any) -> None:
    answer = GetHistoricOrders().parse(body({**ORDER, name: value}, ORDER))
    bad, good = answer.data
    assert getattr(bad, name) is None
    assert (bad.order_id, bad.quantity) == ("o1", Decimal("1.50"))
    assert good.price == Decimal("200.5")
    assert bad.extra[name] == value or value == "NaN"
    assert unreadable_in(answer) == 1


@pytest.mark.parametrize("name", ["client_order_id", "type", "status_ts"])
def test_a_text_of_another_type_costs_that_text(name: str) -> None:
    answer = GetHistoricOrders().parse(body({**ORDER, name: {"a": 1}}))
    assert getattr(answer.data[0], name) is None
    assert dict(answer.data[0].extra) == {name: {"a": 1}}


def test_what_nobody_documented_stands_in_extra_of_its_row() -> None:
    answer = GetHistoricOrders().parse(body({**ORDER, "venue_fee": 0.1}, **{"$schema": "https://x/", "cursor": "c"}))
    assert dict(answer.extra) == {"$schema": "https://x/", "cursor": "c"}
    assert dict(answer.data[0].extra) == {"venue_fee": Decimal("0.1")}
    assert unreadable_in(answer) == 0
    assert pickle.loads(pickle.dumps(answer)).data[0].extra == answer.data[0].extra
    assert answer == GetHistoricOrders().parse(body(ORDER)), "what is unknown takes no part in =="


@pytest.mark.parametrize("name", ["order_id", "symbol", "side"])
@pytest.mark.parametrize("value", [None, [], {}])
def test_without_its_identity_an_order_cannot_be_read(name: str, value: Any) -> None:
    with pytest.raises(PayloadError, match=name):
        GetHistoricOrders().parse(body({**ORDER, name: value}))


@pytest.mark.parametrize("data", ["none", 5, {"a": 1}, [5], ["x"]])
def test_a_list_that_is_none_is_not_taken_for_empty(data: Any) -> None:
    with pytest.raises(PayloadError):
        GetHistoricOrders().parse(json.dumps({"data": data}).encode())


def test_a_candle_whose_volume_is_odd_keeps_its_prices() -> None:
    candle = {
        "startedAt": "2026-01-01T00:00:00Z",
        "open": "1",
        "high": "2",
        "low": "1",
        "close": "2",
        "trades": "16.7x",
    }
    query = GetCandles(
        symbol="AAPL-USD", resolution="1MIN", fromISO="2026-01-01T00:00:00Z", toISO="2026-01-02T00:00:00Z"
    )
    answer = query.parse(json.dumps({"candles": [candle]}).encode())
    assert (answer.candles[0].close, answer.candles[0].trades) == (Decimal(2), None)
