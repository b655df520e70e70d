from __future__ import annotations

from decimal import Decimal

from coinex_proto.coinex.http import parse
from coinex_proto.coinex.http.account import GetAccountTradeFees, TradeFees


def test_fees_are_exact_fractions() -> None:
    body = b'{"code": 0, "data": {"market": "BTCUSDT", "maker_rate": "0", "taker_rate": "0.03"}}'
    fees = parse(GetAccountTradeFees(market_type="SPOT", market="BTCUSDT"), 200, body)
    assert fees == TradeFees(market="BTCUSDT", maker_rate=Decimal(0), taker_rate=Decimal("0.03"))
