from __future__ import annotations

from coinex_proto.coinex.http import parse
from coinex_proto.coinex.http.futures import ListUserDeals


def test_a_trade_names_its_position() -> None:
    body = (
        b'{"code": 0, "data": [{"deal_id": 1, "created_at": 1689152421692, "market": "BTCUSDT", "side": "buy",'
        b'"order_id": 8, "position_id": 9, "price": "1", "amount": "2"}], "pagination": {"has_next": true}}'
    )
    page = parse(ListUserDeals(market="BTCUSDT", side="buy", start_time=1689152421692), 200, body)
    assert page.rows[0].position_id == 9
    assert page.has_next is True
