from __future__ import annotations

from decimal import Decimal

import pytest

from coinex_proto import UsageError
from coinex_proto.coinex.http import parse
from coinex_proto.coinex.http.futures import (
    AdjustPositionLeverage,
    AdjustPositionMargin,
    ClosePosition,
    LeverageSetting,
    ListPendingPosition,
    ModifyPositionStopLoss,
    ModifyPositionTakeProfit,
)


def test_margin_may_be_added_and_taken_away_and_is_exact() -> None:
    assert AdjustPositionMargin(market="BTCUSDT", amount="-5").parameters()["amount"] == "-5"
    with pytest.raises(UsageError, match="float"):
        AdjustPositionMargin(market="BTCUSDT", amount=-5.0)  # type: ignore[arg-type]


def test_leverage_is_a_number_on_the_wire() -> None:
    change = AdjustPositionLeverage(market="BTCUSDT", margin_mode="cross", leverage=10)
    assert change.parameters()["leverage"] == 10
    answer = b'{"code": 0, "data": {"margin_mode": "cross", "leverage": "10"}}'
    assert parse(change, 200, answer) == LeverageSetting(margin_mode="cross", leverage=10)


def test_closing_the_whole_position_needs_no_amount() -> None:
    whole = ClosePosition(market="BTCUSDT", type="market")
    assert whole.parameters() == {"market": "BTCUSDT", "market_type": "FUTURES", "type": "market"}
    with pytest.raises(UsageError, match="needs a price"):
        ClosePosition(market="BTCUSDT", type="limit")


def test_changing_a_stop_loss_or_a_take_profit_must_change_something() -> None:
    with pytest.raises(UsageError, match="stop_loss_type or stop_loss_price or stop_loss_amount"):
        ModifyPositionStopLoss(market="BTCUSDT", stop_loss_id=1)
    with pytest.raises(UsageError, match="take_profit_type or take_profit_price or take_profit_amount"):
        ModifyPositionTakeProfit(market="BTCUSDT", take_profit_id=1)


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
