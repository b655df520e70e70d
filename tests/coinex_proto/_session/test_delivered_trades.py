"""Each trade is delivered once, whoever tells of it."""

from __future__ import annotations

import pytest

from coinex_proto import Statistics
from coinex_proto._session import delivered_trades
from coinex_proto._session.delivered_trades import TRADES_REMEMBERED, DeliveredTrades
from tests.coinex_proto.tiny import TradeUpdate

KEY = ("trade", "A")


def update(*ids: int) -> TradeUpdate:
    return TradeUpdate(market="A", ids=ids)


def test_what_was_pushed_before_is_taken_out_and_counted() -> None:
    stats = Statistics()
    delivered = DeliveredTrades(stats).of(KEY)
    first, second, third = (delivered.take_new(update(*ids), is_history=False) for ids in ((2, 1), (3, 2), (3, 1)))
    assert [None if it is None else it.ids for it in (first, second, third)] == [(2, 1), (3,), None]  # type: ignore[attr-defined]
    assert stats.duplicates == 3


def test_the_first_push_after_asking_is_the_past() -> None:
    trades = DeliveredTrades(Statistics())
    delivered = trades.of(KEY)
    assert delivered.is_history_due
    told = delivered.take_new(update(1), is_history=True)
    assert isinstance(told, TradeUpdate)
    assert (told.is_history, delivered.is_history_due) == (True, False)
    trades.expect_history(("trade", None))
    assert delivered.is_history_due
    again = delivered.take_new(update(1), is_history=True)
    assert isinstance(again, TradeUpdate)
    assert again.ids == ()
    trades.expect_history(("trade", "B"))
    assert not delivered.is_history_due


def test_what_a_query_tells_is_handed_out_once_and_counts_for_the_pushes() -> None:
    delivered = DeliveredTrades(Statistics()).of(KEY)
    delivered.take_new(update(5), is_history=False)
    told = delivered.take_recovered(update(5, 4))
    assert isinstance(told, TradeUpdate)
    assert told.ids == (4,)
    assert delivered.take_recovered(update(5, 4)) is None
    assert delivered.take_new(update(4), is_history=False) is None


def test_memory_is_bounded_and_the_newest_stay_known(monkeypatch: pytest.MonkeyPatch) -> None:
    delivered = DeliveredTrades(Statistics()).of(KEY)
    for number in range(2 * TRADES_REMEMBERED):
        delivered.take_new(update(number), is_history=False)
    assert delivered.take_new(update(0), is_history=False) is not None
    assert delivered.take_new(update(2 * TRADES_REMEMBERED - 1), is_history=False) is None
    monkeypatch.setattr(delivered_trades, "MAX_KEYS", 2)
    trades = DeliveredTrades(Statistics())
    first = trades.of(("trade", "A"))
    for market in "BC":
        trades.of(("trade", market))
    assert trades.of(("trade", "A")) is not first


def test_what_nobody_wants_any_more_is_forgotten() -> None:
    trades = DeliveredTrades(Statistics())
    first = trades.of(KEY)
    trades.forget(KEY)
    trades.forget(KEY)
    assert trades.of(KEY) is not first
