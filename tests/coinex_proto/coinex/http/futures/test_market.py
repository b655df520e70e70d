from __future__ import annotations

from coinex_proto.coinex.http import call, parse
from coinex_proto.coinex.http.futures import ListMarketKline, ListMarketTicker

TICKER = b'{"code": 0, "data": [{"market": "LATUSDT", "last": "0.008157", "high": "0.008390"}], "message": "OK"}'


def test_the_free_call_gives_the_same_ticker_as_text() -> None:
    assert str(ListMarketTicker(market="LATUSDT").route) == "GET /futures/ticker"
    found = parse(call("GET", "/futures/ticker", market="LATUSDT"), 200, TICKER)
    assert isinstance(found, list)
    assert isinstance(found[0], dict)
    assert found[0]["high"] == "0.008390"


def test_candles_of_the_mark_price_exist_on_futures() -> None:
    assert (
        ListMarketKline(market="BTCUSDT", period="1day", price_type="mark_price").parameters()["price_type"]
        == "mark_price"
    )
