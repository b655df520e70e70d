from __future__ import annotations

from decimal import Decimal

import pytest

from coinex_proto import UsageError
from coinex_proto.coinex.http import parse
from coinex_proto.coinex.http.assets import GetMarginBalance, PairAmounts, Transfer


def test_a_transfer_is_exact_and_answers_with_nothing() -> None:
    transfer = Transfer(from_account_type="SPOT", to_account_type="FUTURES", ccy="USDT", amount=Decimal("0.10"))
    assert transfer.parameters()["amount"] == "0.10"
    assert parse(transfer, 200, b'{"code": 0, "data": {}}') is None
    with pytest.raises(UsageError, match="above 0"):
        Transfer(from_account_type="SPOT", to_account_type="FUTURES", ccy="USDT", amount="0")


def test_a_margin_balance_without_risk_has_no_numbers_for_it() -> None:
    zero = '{"base_ccy": "0", "quote_ccy": "0.0"}'
    body = (
        '{"code": 0, "data": [{"margin_account": "CETUSDT", "base_ccy": "CET", "quote_ccy": "USDT",'
        f'"available": {zero}, "frozen": {zero}, "repaid": {zero}, "interest": {zero}, "rik_rate": "", "liq_price": ""}}]}}'
    )
    (balance,) = parse(GetMarginBalance(), 200, body.encode())
    assert balance.available == PairAmounts(base_ccy=Decimal(0), quote_ccy=Decimal(0))
    assert (balance.risk_rate, balance.liq_price) == (None, None)
