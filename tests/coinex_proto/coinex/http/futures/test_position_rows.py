from __future__ import annotations

from decimal import Decimal

from coinex_proto.coinex.http import parse
from coinex_proto.coinex.http.futures import ListPendingPosition


def test_a_position_shows_its_exits_and_none_where_there_is_none() -> None:
    body = (
        b'{"code": 0, "data": [{"position_id": 1, "market": "BTCUSDT", "side": "long", "margin_mode": "cross",'
        b'"open_interest": "2", "leverage": "10", "take_profit_price": "", "stop_loss_price": "0",'
        b'"stop_loss_list": [{"id": 5, "price": "9000.5", "type": "mark_price", "is_all": true}]}],'
        b'"pagination": {"has_next": false, "total": 1}}'
    )
    (position,) = parse(ListPendingPosition(), 200, body).rows
    assert (position.take_profit_price, position.stop_loss_price) == (None, Decimal(0))
    assert (position.leverage, position.take_profit_list) == (10, ())
    assert position.stop_loss_list[0].price == Decimal("9000.5")
