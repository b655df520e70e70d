"""Each trade, own fill and end of an order is delivered once, whoever says it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from coinex_proto import Statistics
from coinex_proto._session import delivered as module
from coinex_proto._session.delivered import KEPT, KEPT_EACH, Delivered
from coinex_proto.coinex import TradesUpdate, UserTradeUpdate
from coinex_proto.coinex.market_updates import Deal
from tests.coinex_proto.harness.tiny import TradeUpdate

KEY = ("trade", "A")


def update(*ids: int) -> TradeUpdate:
    return TradeUpdate(market="A", ids=ids)


def test_what_was_pushed_before_is_taken_out_and_counted() -> None:
    stats = Statistics()
    delivered = Delivered(stats).of(KEY)
    first, second, third = (delivered.take_new(update(*ids), is_history=False) for ids in ((2, 1), (3, 2), (3, 1)))
    assert [None if it is None else it.ids for it in (first, second, third)] == [(2, 1), (3,), None]  # type: ignore[attr-defined]
    assert stats.duplicates == 3


def test_the_first_push_after_asking_is_the_past() -> None:
    trades = Delivered(Statistics())
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


def test_what_a_query_brings_is_handed_out_once_and_counts_for_the_pushes() -> None:
    delivered = Delivered(Statistics()).of(KEY)
    delivered.take_new(update(5), is_history=False)
    told = delivered.take_recovered(update(5, 4))
    assert isinstance(told, TradeUpdate)
    assert (told.ids, told.is_history) == ((4,), True)
    assert delivered.take_recovered(update(5, 4)) is None
    assert delivered.take_new(update(4), is_history=False) is None


def test_memory_is_bounded_and_the_newest_stay_known(monkeypatch: pytest.MonkeyPatch) -> None:
    delivered = Delivered(Statistics()).of(KEY)
    for number in range(2 * KEPT):
        delivered.take_new(update(number), is_history=False)
    assert delivered.take_new(update(0), is_history=False) is not None
    assert delivered.take_new(update(2 * KEPT - 1), is_history=False) is None
    monkeypatch.setattr(module, "MAX_KEYS", 2)
    trades = Delivered(Statistics())
    first = trades.of(("trade", "A"))
    for market in "BC":
        trades.of(("trade", market))
    assert trades.of(("trade", "A")) is not first


def test_what_nobody_wants_any_more_is_forgotten() -> None:
    trades = Delivered(Statistics())
    first = trades.of(KEY)
    first.add((1, 2, 3))
    assert trades.count == 3
    trades.forget(KEY)
    trades.forget(KEY)
    assert trades.count == 0
    assert trades.of(KEY) is not first


def test_each_market_keeps_some_and_one_alone_keeps_many() -> None:
    trades = Delivered(Statistics())
    other = ("trade", "B")
    trades.of(KEY).add(range(KEPT + 10, 0, -1))
    assert (trades.has(KEY, 10), trades.has(KEY, 11)) == (False, True)
    trades.of(other).add(range(KEPT_EACH + 10, 0, -1))
    assert (trades.has(other, 10), trades.has(other, 11)) == (False, True)
    trades.of(KEY).add((KEPT + 11,))
    oldest = KEPT_EACH + 10 + 2
    assert (trades.has(KEY, oldest - 1), trades.has(KEY, oldest)) == (False, True)
    trades.forget(KEY)
    trades.of(other).add(range(KEPT, 0, -1))
    assert trades.has(other, 11), "what is forgotten makes room"


def test_what_a_query_brings_is_the_first_to_be_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    delivered = Delivered(Statistics()).of(KEY)
    delivered.add((9, 8))
    delivered.take_recovered(update(9, 7, 6))
    assert list(delivered.ids) == [6, 7, 9, 8]
    monkeypatch.setattr(module, "KEPT", 0)
    monkeypatch.setattr(module, "KEPT_EACH", 3)
    delivered.take_recovered(update(5))
    assert list(delivered.ids) == [7, 9, 8]


def fill(deal_id: int, order_id: int = 1) -> UserTradeUpdate:
    numbers: dict[str, Any] = {"price": Decimal(1), "amount": Decimal(1), "fee": Decimal(0), "fee_ccy": "BTC"}
    return UserTradeUpdate(
        deal_id=deal_id, created_at=1, order_id=order_id, market="BTCUSDT", side="buy", role="taker", **numbers
    )


def test_an_own_fill_is_not_recovered_that_was_pushed_or_recovered_before() -> None:
    delivered = Delivered(Statistics())
    delivered.note(fill(7))
    assert delivered.take_recovered(fill(7)) is None
    assert delivered.take_recovered(fill(8)) == fill(8)
    assert delivered.take_recovered(fill(8)) is None
    assert (delivered.markets("user_deals"), delivered.markets("deals")) == (("BTCUSDT",), ())


def deals(*ids: int) -> TradesUpdate:
    one = {"created_at": 1, "side": "buy", "price": Decimal(1), "amount": Decimal(1)}
    return TradesUpdate(market="A", deal_list=tuple(Deal(deal_id=number, **one) for number in ids))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("told", "expected", "duplicates"),
    [((5, 5), (5,), 1), ((6, 5, 6, 5), (6, 5), 2), ((1, 2, 1, 7), (7,), 3), ((9, 8), (9, 8), 0), ((1, 1), None, 2)],
)
def test_a_trade_that_stands_twice_in_one_push_is_delivered_once(
    told: tuple[int, ...], expected: tuple[int, ...] | None, duplicates: int
) -> None:
    stats = Statistics()
    delivered = Delivered(stats).of(("deals", "A"))
    delivered.take_new(deals(2, 1), is_history=False)
    found = delivered.take_new(deals(*told), is_history=False)
    assert found is None if expected is None else isinstance(found, TradesUpdate) and found.trade_ids == expected
    assert stats.duplicates == duplicates


def test_a_list_of_queried_trades_that_names_one_twice_brings_it_once() -> None:
    delivered = Delivered(Statistics()).of(("deals", "A"))
    found = delivered.take_recovered(deals(5, 5, 4))
    assert isinstance(found, TradesUpdate)
    assert found.trade_ids == (5, 4)
    assert delivered.take_recovered(deals(5, 5)) is None


def test_an_empty_push_of_trades_is_handed_on() -> None:
    assert Delivered(Statistics()).of(("deals", "A")).take_new(deals(), is_history=False) == deals()


def test_an_own_fill_that_is_pushed_twice_is_told_once_and_counted() -> None:
    stats = Statistics()
    delivered = Delivered(stats)
    assert [delivered.is_told_again(fill(7)) for _ in range(3)] == [False, True, True]
    assert stats.duplicates == 2
    assert delivered.is_told_again(update(1)) is False
    assert delivered.is_told_again(update(1)) is False


def test_both_fills_of_a_trade_with_oneself_are_told_and_say_so() -> None:
    delivered = Delivered(Statistics())
    buy, sell, other = fill(7, order_id=1), fill(7, order_id=2), fill(8, order_id=1)
    assert [delivered.is_told_again(each) for each in (buy, sell, other)] == [False] * 3
    assert [each.is_self_trade for each in (buy, sell, other)] == [True, True, False]


def test_fills_are_remembered_up_to_a_number_and_so_are_the_halves_of_a_trade(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    monkeypatch.setattr(module, "KEPT_EACH", 0)
    delivered = Delivered(Statistics())
    for number in (1, 2, 3):
        delivered.note(fill(number))
    assert [delivered.has(fill(number).topic_key, (1, number)) for number in (1, 2, 3)] == [False, True, True]
    second, first = fill(2, order_id=5), fill(1, order_id=5)
    delivered.note(second)
    delivered.note(first)
    assert second.is_self_trade, "the other half is known still"
    assert not first.is_self_trade, "the other half is forgotten"
