from __future__ import annotations

from decimal import Decimal

from coinex_proto.coinex.http import parse
from coinex_proto.coinex.http.futures import CancelStopOrder, GetOrderStatus


def test_an_order_on_futures_tells_its_fee_and_what_it_realized() -> None:
    body = (
        b'{"code": 0, "data": {"order_id": 1, "market": "BTCUSDT", "market_type": "FUTURES", "side": "buy", "type": "limit",'
        b'"amount": "2", "unfilled_amount": "0", "filled_amount": "2", "fee": "0.1", "fee_ccy": "USDT", "realized_pnl": ""}}'
    )
    order = parse(GetOrderStatus(market="BTCUSDT", order_id=1), 200, body)
    assert (order.fee, order.fee_ccy, order.realized_pnl) == (Decimal("0.1"), "USDT", None)
    assert not hasattr(order, "ccy")


def test_a_stop_order_on_futures_counts_in_one_thing_only() -> None:
    body = (
        b'{"code": 0, "data": {"stop_id": 1, "market": "BTCUSDT", "market_type": "FUTURES", "side": "buy", "type": "limit",'
        b'"amount": "2", "trigger_price": "9000", "trigger_price_type": "mark_price"}}'
    )
    stop = parse(CancelStopOrder(market="BTCUSDT", stop_id=1), 200, body)
    assert (stop.trigger_price, stop.trigger_price_type) == (Decimal(9000), "mark_price")
    assert not hasattr(stop, "ccy")
