from __future__ import annotations

from decimal import Decimal

from coinex_proto.coinex.http import parse
from coinex_proto.coinex.http.spot import CancelStopOrder, GetOrderStatus


def test_an_order_on_spot_tells_the_fee_in_each_currency() -> None:
    body = (
        b'{"code": 0, "data": {"order_id": 1, "market": "BTCUSDT", "market_type": "SPOT", "side": "buy", "type": "market",'
        b'"ccy": "USDT", "amount": "2", "unfilled_amount": "0", "filled_amount": "2",'
        b'"base_fee": "0.1", "quote_fee": "0", "discount_fee": ""}}'
    )
    order = parse(GetOrderStatus(market="BTCUSDT", order_id=1), 200, body)
    assert (order.ccy, order.base_fee, order.quote_fee, order.discount_fee) == (
        "USDT",
        Decimal("0.1"),
        Decimal(0),
        None,
    )


def test_a_stop_order_on_spot_tells_what_its_amount_counts() -> None:
    body = (
        b'{"code": 0, "data": {"stop_id": 1, "market": "BTCUSDT", "market_type": "MARGIN", "side": "buy", "type": "market",'
        b'"ccy": "USDT", "amount": "2", "trigger_price": "9000"}}'
    )
    stop = parse(CancelStopOrder(market="BTCUSDT", stop_id=1), 200, body)
    assert (stop.market_type, stop.ccy) == ("MARGIN", "USDT")
