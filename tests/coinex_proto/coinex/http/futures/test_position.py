from __future__ import annotations

import pytest

from coinex_proto import UsageError
from coinex_proto.coinex.http import parse
from coinex_proto.coinex.http.futures import (
    AdjustPositionLeverage,
    AdjustPositionMargin,
    ClosePosition,
    LeverageSetting,
    ListFinishedPosition,
    ListPositionMarginHistory,
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


def test_the_history_of_positions_is_bounded_by_time_and_page_last() -> None:
    since = 1689152421692
    past = ListPositionMarginHistory(market="BTCUSDT", position_id=7, start_time=since, page=2)
    assert list(past.parameters()) == ["market", "market_type", "position_id", "start_time", "page"]
    assert ListFinishedPosition(end_time=since).parameters() == {"market_type": "FUTURES", "end_time": since}


def test_a_lost_closing_order_is_looked_for_and_one_without_a_price_is_refused() -> None:
    closing = ClosePosition(market="BTCUSDT", type="market", client_id="c1")
    assert closing.question().startswith("resolve_order('c1'), or GET /futures/pending-order")
    with pytest.raises(UsageError, match="needs a price"):
        ClosePosition(market="BTCUSDT", type="limit")
