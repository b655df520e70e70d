from __future__ import annotations

from typing import Any

import pytest

from coinex_proto import UsageError
from coinex_proto.coinex.http import futures, spot

HALVES = pytest.mark.parametrize("half", [spot, futures])


@HALVES
def test_no_market_named_means_all_of_them(half: Any) -> None:
    for kind in (half.ListMarket, half.ListMarketTicker, half.ListMarketIndex):
        assert kind().parameters() == {}
        assert kind(market=("A", "B")).parameters() == {"market": "A,B"}


@HALVES
def test_a_book_is_asked_for_with_its_levels_and_its_merge_step(half: Any) -> None:
    asked = half.ListMarketDepth(market="A", limit=5, interval="0")
    assert list(asked.parameters().items()) == [("market", "A"), ("limit", 5), ("interval", "0")]


@HALVES
def test_candles_are_of_a_documented_price(half: Any) -> None:
    assert half.ListMarketKline(market="A", period="1day", price_type="index_price").parameters()["period"] == "1day"
    with pytest.raises(UsageError, match="price_type"):
        half.ListMarketKline(market="A", period="1day", price_type="last")
