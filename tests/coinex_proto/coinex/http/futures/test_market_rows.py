from __future__ import annotations

from coinex_proto.coinex.http import parse
from coinex_proto.coinex.http.futures import ListMarket, ListMarketTicker

TICKER = (
    b'{"code": 0, "data": [{"market": "LATUSDT", "last": "0.008157", "open": "0.008286", "close": "0.008157",'
    b'"high": "0.008390", "low": "0.008106", "volume": "807714.49139758", "value": "6689.21644207",'
    b'"index_price": "0.008158", "mark_price": "0.008158"}], "message": "OK"}'
)


def test_trailing_zeros_of_a_price_are_kept() -> None:
    (ticker,) = parse(ListMarketTicker(market="LATUSDT"), 200, TICKER)
    assert str(ticker.high) == "0.008390"
    assert ticker.open_interest_volume is None


def test_leverages_are_numbers_though_they_come_as_text() -> None:
    body = (
        b'{"code": 0, "data": [{"market": "BTCUSDT", "contract_type": "linear", "taker_fee_rate": "0.002",'
        b'"maker_fee_rate": "0.002", "min_amount": "0.0005", "base_ccy": "BTC", "quote_ccy": "USDT",'
        b'"base_ccy_precision": 8, "quote_ccy_precision": 2, "tick_size": "0.5", "leverage": ["3", "100"]}]}'
    )
    (market,) = parse(ListMarket(), 200, body)
    assert market.leverage == (3, 100)
    assert market.is_market_available is None
