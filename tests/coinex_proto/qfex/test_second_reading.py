"""Messages in another spelling than documented: read all the same, exactly, or not at all."""

from __future__ import annotations

import json
from decimal import Decimal as D
from typing import Any

import pytest

from coinex_proto import Answer, OrderChanged, Unrecognised, qfex
from tests.coinex_proto.qfex.trade_session import TradeSession, limit, only, record

MDS = qfex.mds()
TIME = "2025-09-04T09:26:40.123456789Z"


def push(kind: str, **fields: object) -> bytes:
    return json.dumps({"type": kind, "symbol": "AAPL-USD", "time": TIME, **fields}).encode()


def read(payload: bytes) -> Any:
    (found,) = MDS.decode(payload)
    return found


def test_levels_that_are_numbers_keep_their_digits() -> None:
    payload = (
        b'{"type":"level2","symbol":"AAPL-USD","time":"2025-09-04T09:26:40Z",'
        b'"bid":[[0.30000000000000004,1],["100.10",2.50]],"ask":[]}'
    )
    assert read(payload).bid == (("0.30000000000000004", "1"), ("100.10", "2.50"))


def test_a_level_too_large_to_be_written_out_is_not_read() -> None:
    payload = b'{"type":"level2","symbol":"AAPL-USD","time":"2025-09-04T09:26:40Z","bid":[[1e999999999,1]],"ask":[]}'
    assert isinstance(read(payload), Unrecognised)


def test_ids_that_are_numbers_are_read_as_their_digits() -> None:
    update = read(push("trade", trade_id=12345678901234567890, size=1, price="2.5", side="BUY"))
    assert (update.trade_id, update.size, update.price) == ("12345678901234567890", D(1), D("2.5"))


def test_lists_that_are_null_are_empty() -> None:
    update = read(push("market_stats", bbos=None, mark_prices=None))
    assert (update.bbos, update.mark_prices) == ((), ())
    assert read(push("bbo", bid=None, ask=[["1", "2"]])).bid == ()


@pytest.mark.parametrize("fields", [{"trade_id": True}, {"trade_id": 1, "price": None}, {"trade_id": [1]}])
def test_what_cannot_be_mended_is_reported_with_its_topic(fields: dict[str, object]) -> None:
    found = read(push("trade", **{"size": "1", "price": "2.5", "side": "BUY", **fields}))
    assert isinstance(found, Unrecognised)
    assert found.concerns == ("trade", "AAPL-USD")


def test_an_order_response_with_a_number_for_an_id_is_answer_and_update() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    trade.say(record("ACK", order_id=77, user_id=5))
    (order,) = trade.session.orders.open()
    assert order.order_id == "77"
    events = trade.say(record("FILLED", order_id=77, trade_id=9, quantity_remaining=0))
    assert only(OrderChanged, events).order.state == "filled"


def test_one_odd_record_does_not_spoil_the_list_of_open_orders() -> None:
    trade = TradeSession().sign_in()
    trade.send(qfex.GetUserOrders())
    odd = record("ACK", order_id=77, client_order_id="other")["order_response"]
    trade.say({"all_orders_response": {"orders": [record("ACK")["order_response"], odd], "twaps": None}})
    assert [order.order_id for order in trade.session.orders.open()] == ["o-1", "77"]


def test_the_second_reading_still_refuses_what_is_not_finite() -> None:
    trade = qfex.trade(qfex.HmacCredentials("a", "b"))
    found = trade.decode(json.dumps(record("ACK", order_id=77, quantity="NaN")).encode())
    assert [type(one) for one in found] == [Answer, Unrecognised]
