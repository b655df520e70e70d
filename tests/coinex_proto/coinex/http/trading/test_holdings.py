from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from coinex_proto import Lost, UsageError
from coinex_proto.coinex import Balances, BalanceUpdate, Positions, PositionUpdate, Ticker
from coinex_proto.coinex.account_updates import Position as PushedPosition
from coinex_proto.coinex.http import BalanceHoldings, PositionHoldings, assets, futures
from tests.coinex_proto.coinex.http.bench import Bench, answered, page


def push(ccy: str, available: str, margin_market: str = "") -> BalanceUpdate:
    return BalanceUpdate(ccy=ccy, available=Decimal(available), frozen=Decimal(0), margin_market=margin_market)


def held(ccy: str, available: str) -> assets.SpotBalance:
    return assets.SpotBalance(ccy=ccy, available=Decimal(available), frozen=Decimal(0))


def lost(topic: Balances | Positions | Ticker) -> Lost:
    return Lost(topics=(topic,), since=0.0, why="reset")


@pytest.fixture
def holdings() -> BalanceHoldings:
    return BalanceHoldings(Bench().step, "spot")


def amounts(holdings: BalanceHoldings) -> dict[str, int]:
    return {ccy: int(balance.available) for ccy, balance in holdings.balances.items()}


# Balances -------------------------------------------------------------------------------------------------------------


def test_the_answer_replaces_what_was_pushed_before_the_query(holdings: BalanceHoldings) -> None:
    holdings.take(push("BTC", "1"))
    holdings.take(push("CET", "5"))
    answered(holdings.query(), (held("BTC", "2"), held("USDT", "100")))
    assert amounts(holdings) == {"BTC": 2, "USDT": 100}
    assert holdings.is_current


def test_what_was_pushed_while_the_answer_was_on_its_way_wins_over_it(holdings: BalanceHoldings) -> None:
    query = holdings.query()
    next(query)
    holdings.take(push("BTC", "3"))
    with pytest.raises(StopIteration):
        query.send((held("BTC", "2"), held("USDT", "100")))
    assert amounts(holdings) == {"BTC": 3, "USDT": 100}


def test_pushes_keep_it_current_and_what_was_given_out_stays_as_it_was(holdings: BalanceHoldings) -> None:
    answered(holdings.query(), (held("BTC", "2"),))
    before = holdings.balances
    holdings.take(push("BTC", "1"))
    assert amounts(holdings) == {"BTC": 1}
    assert before["BTC"].available == 2


def test_margin_accounts_are_not_mixed_in(holdings: BalanceHoldings) -> None:
    holdings.take(push("BTC", "1", margin_market="BTCUSDT"))
    assert amounts(holdings) == {}


def test_it_is_no_longer_current_after_a_loss_of_its_topic_only(holdings: BalanceHoldings) -> None:
    answered(holdings.query(), ())
    holdings.lost(lost(Ticker("BTCUSDT")))
    assert holdings.is_current
    holdings.lost(lost(Balances()))
    assert not holdings.is_current


def test_an_answer_during_which_pushes_were_lost_does_not_make_it_current(holdings: BalanceHoldings) -> None:
    query = holdings.query()
    next(query)
    holdings.lost(lost(Balances()))
    with pytest.raises(StopIteration):
        query.send(())
    assert not holdings.is_current


def test_the_futures_account_is_asked_for_its_own_fields() -> None:
    holdings = BalanceHoldings(Bench().step, "futures")
    row = assets.FuturesBalance(ccy="USDT", available=Decimal(1), frozen=Decimal(2), margin=Decimal(3))
    asked, _ = answered(holdings.query(), (row,))
    assert asked == [assets.GetFuturesBalance()]
    assert (holdings.balances["USDT"].margin, holdings.balances["USDT"].equity) == (Decimal(3), None)


# Positions ------------------------------------------------------------------------------------------------------------


def pushed(position_id: int, size: str, updated_at: int, market: str = "BTCUSDT") -> PositionUpdate:
    numbers: dict[str, Any] = dict.fromkeys(NUMBERS, Decimal(1))
    position = PushedPosition(
        position_id=position_id,
        market=market,
        side="long",
        margin_mode="cross",
        open_interest=Decimal(size),
        take_profit_type="",
        stop_loss_type="",
        adl_level=1,
        created_at=1,
        updated_at=updated_at,
        **numbers,
    )
    return PositionUpdate(event="update", position=position)


NUMBERS = (
    *("close_avbl", "ath_position_amount", "unrealized_pnl", "realized_pnl", "avg_entry_price", "cml_position_value"),
    *("max_position_value", "take_profit_price", "stop_loss_price", "leverage", "margin_avbl", "ath_margin_size"),
    *("position_margin_rate", "maintenance_margin_rate", "maintenance_margin_value", "liq_price", "bkr_price"),
    *("settle_price", "settle_val", "first_filled_price", "latest_filled_price"),
)


def row(position_id: int, size: str, updated_at: int, market: str = "BTCUSDT") -> futures.Position:
    return futures.Position(
        position_id=position_id,
        market=market,
        side="long",
        margin_mode="cross",
        open_interest=Decimal(size),
        updated_at=updated_at,
    )


def sizes(holdings: PositionHoldings) -> dict[str, int]:
    return {market: int(position.open_interest) for market, position in holdings.positions.items()}


@pytest.fixture
def positions() -> PositionHoldings:
    return PositionHoldings(Bench().step, "futures")


def test_positions_come_from_all_pages_and_go_on_with_the_pushes(positions: PositionHoldings) -> None:
    rows = page(row(1, "1", 10), has_next=True), page(row(2, "2", 10, "ETHUSDT"))
    answered(positions.query(), *rows)
    positions.take(pushed(1, "5", 11))
    assert sizes(positions) == {"BTCUSDT": 5, "ETHUSDT": 2}
    assert positions.positions["BTCUSDT"].settle_value == 1


def test_a_position_closed_while_the_answer_was_on_its_way_does_not_come_back(positions: PositionHoldings) -> None:
    query = positions.query()
    next(query)
    positions.take(pushed(1, "0", 11))
    with pytest.raises(StopIteration):
        query.send(page(row(1, "1", 10)))
    assert sizes(positions) == {}


def test_an_older_push_does_not_replace_a_newer_answer(positions: PositionHoldings) -> None:
    query = positions.query()
    next(query)
    positions.take(pushed(1, "1", 9))
    with pytest.raises(StopIteration):
        query.send(page(row(1, "2", 10)))
    assert sizes(positions) == {"BTCUSDT": 2}


def test_positions_are_not_current_after_a_loss(positions: PositionHoldings) -> None:
    answered(positions.query(), page())
    assert positions.is_current
    positions.lost(lost(Positions()))
    assert not positions.is_current


def test_spot_has_no_positions() -> None:
    with pytest.raises(UsageError, match="futures half"):
        PositionHoldings(Bench().step, "spot")


def test_of_two_queries_under_way_neither_forgets_what_was_pushed_for_the_other(holdings: BalanceHoldings) -> None:
    first = holdings.query()
    next(first)
    holdings.take(push("BTC", "3"))
    second = holdings.query()
    next(second)
    with pytest.raises(StopIteration):
        first.send((held("BTC", "2"),))
    assert amounts(holdings) == {"BTC": 3}
    second.close()
    answered(holdings.query(), (held("BTC", "4"),))
    assert amounts(holdings) == {"BTC": 4}
