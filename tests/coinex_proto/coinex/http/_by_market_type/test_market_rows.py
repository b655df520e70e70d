from __future__ import annotations

import pytest

from coinex_proto.coinex.http import UnreadableAnswer, parse
from coinex_proto.coinex.http.spot import ListMarketDepth, ListMarketIndex


def test_a_book_whose_prices_are_no_numbers_is_not_given_out() -> None:
    body = b'{"code": 0, "data": {"market": "A", "is_full": true, "depth": {"asks": [["x", "1"]], "bids": [], "updated_at": 1}}}'
    with pytest.raises(UnreadableAnswer, match="MarketDepth"):
        parse(ListMarketDepth(market="A", limit=5, interval="0"), 200, body)


def test_an_index_without_sources_has_none() -> None:
    (index,) = parse(
        ListMarketIndex(), 200, b'{"code": 0, "data": [{"market": "A", "created_at": 1, "price": "2.50"}]}'
    )
    assert (str(index.price), index.sources) == ("2.50", ())
