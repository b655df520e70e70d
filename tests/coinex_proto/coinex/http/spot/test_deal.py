from __future__ import annotations

import pytest

from coinex_proto import UsageError
from coinex_proto.coinex.http import parse
from coinex_proto.coinex.http.spot import ListUserDeals, ListUserOrderDeals

ROW = b'{"deal_id": 1, "created_at": 1689152421692, "market": "BTCUSDT", "side": "buy", "order_id": "8", "price": "1", "amount": "2"%s}'


@pytest.mark.parametrize("more", [b"", b', "margin_market": null', b', "margin_market": "", "client_id": ""'])
def test_a_trade_is_read_whether_or_not_it_names_a_margin_market(more: bytes) -> None:
    page = parse(ListUserDeals(market="BTCUSDT"), 200, b'{"code": 0, "data": [' + ROW % more + b"]}")
    assert page.rows[0].order_id == 8
    assert not page.rows[0].margin_market


def test_the_trades_of_an_order_are_asked_for_by_a_number() -> None:
    assert ListUserOrderDeals(market="BTCUSDT", order_id=8).parameters()["order_id"] == 8
    with pytest.raises(UsageError, match="whole number"):
        ListUserOrderDeals(market="BTCUSDT", order_id="8")  # type: ignore[arg-type]
