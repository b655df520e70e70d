from __future__ import annotations

import pytest

from coinex_proto import UsageError
from coinex_proto.coinex.http import parse
from coinex_proto.coinex.http.spot import ListMarket, ListMarketKline


def test_there_are_no_candles_of_a_mark_price_on_spot() -> None:
    with pytest.raises(UsageError, match="one of 'latest_price', 'index_price'"):
        ListMarketKline(market="BTCUSDT", period="1day", price_type="mark_price")  # type: ignore[arg-type]


def test_another_spelling_of_a_flag_is_read() -> None:
    body = (
        b'{"code": 0, "data": [{"market": "BTCUSDT", "taker_fee_rate": "0.002", "maker_fee_rate": "0.002",'
        b'"min_amount": "0.0005", "base_ccy": "BTC", "quote_ccy": "USDT", "base_ccy_precision": 8,'
        b'"quote_ccy_precision": 2, "is_pre_trading_available": true}]}'
    )
    (market,) = parse(ListMarket(), 200, body)
    assert market.is_pre_market_trading_available is True
