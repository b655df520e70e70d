from __future__ import annotations

from typing import Any

import pytest

from coinex_proto.coinex.http import futures, next_page, parse, spot

ROW = b'{"deal_id": 1, "created_at": 1689152421692, "market": "A", "side": "buy", "order_id": 8, "price": "1", "amount": "2"}'


@pytest.mark.parametrize("half", [spot, futures])
def test_own_trades_are_asked_for_by_time_and_read_page_by_page(half: Any) -> None:
    query = half.ListUserDeals(market="A", side="buy", start_time=1689152421692, page=3, limit=1)
    assert list(query.parameters()) == ["market", "market_type", "side", "start_time", "page", "limit"]
    page = parse(query, 200, b'{"code": 0, "data": [' + ROW + b'], "pagination": {"has_next": true}}')
    assert (page.rows[0].deal_id, page.rows[0].fee) == (1, None)
    following: Any = next_page(query, page)
    assert (type(following), following.page) == (half.ListUserDeals, 4)
