from __future__ import annotations

import pytest

from coinex_proto import UsageError
from coinex_proto.coinex.http import BatchItem, parse
from coinex_proto.coinex.http.spot import CancelAllOrder, EditMultiOrder, EditOrder, PutMultiOrder, PutOrder

BUY = PutOrder(market="BTCUSDT", side="buy", type="limit", amount="1", price="2", client_id="b1")
SELL = PutOrder(market="BTCUSDT", side="sell", type="maker_only", amount="1", price="3")


def test_a_batch_that_may_have_been_placed_tells_for_each_order_where_to_look() -> None:
    question = PutMultiOrder(orders=(BUY, SELL, SELL)).question()
    assert question.count("resolve_order('b1')") == 1
    assert question.count("GET /spot/finished-order market=BTCUSDT") == 1


def test_a_margin_order_says_so_on_the_wire() -> None:
    margin = PutOrder(market="BTCUSDT", market_type="MARGIN", side="buy", type="limit", amount="1", price="2")
    assert margin.parameters()["market_type"] == "MARGIN"


def test_a_batch_of_changes_holds_changes_only() -> None:
    change = EditOrder(market="BTCUSDT", order_id=1, amount="2")
    assert EditMultiOrder(orders=(change,)).parameters() == {
        "orders": [{"market": "BTCUSDT", "market_type": "SPOT", "order_id": 1, "amount": "2"}]
    }
    with pytest.raises(UsageError, match="must be a EditOrder"):
        EditMultiOrder(orders=(BUY,))  # type: ignore[arg-type]


def test_a_batch_of_which_all_failed_is_still_an_answer() -> None:
    body = b'{"code": 0, "data": [{"code": 3109, "data": null, "message": "balance"}], "message": "OK"}'
    assert parse(PutMultiOrder(orders=(BUY,)), 200, body) == (BatchItem(code=3109, message="balance"),)


def test_cancelling_everything_answers_with_nothing() -> None:
    assert parse(CancelAllOrder(market="BTCUSDT", side="buy"), 200, b'{"code": 0, "data": {}}') is None


def test_a_market_order_says_in_which_currency_its_amount_counts() -> None:
    with pytest.raises(UsageError, match="must say what its amount counts"):
        PutOrder(market="BTCUSDT", side="buy", type="market", amount="1")
    with pytest.raises(UsageError, match="for market orders only"):
        PutOrder(market="BTCUSDT", side="buy", type="limit", amount="1", price="2", ccy="USDT")
    assert PutOrder(market="BTCUSDT", side="buy", type="market", amount="1", ccy="USDT").ccy == "USDT"
