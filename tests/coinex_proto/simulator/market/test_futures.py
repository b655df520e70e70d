"""Positions: cost, margin, profit, funding, liquidation."""

from __future__ import annotations

import pytest

from coinex_proto.simulator.market.accounts import NotEnough
from coinex_proto.simulator.market.amounts import RATE_ONE, to_scaled
from coinex_proto.simulator.market.catalogue import specs
from coinex_proto.simulator.market.exchange import MAKERS, Exchange
from coinex_proto.simulator.market.futures import Position
from coinex_proto.simulator.market.guards import Guard
from coinex_proto.simulator.market.matching import Order, Side
from coinex_proto.simulator.market.refusals import OrderRefused

KEY = "futures:BTCUSDT"
COIN = 10**8


class Two:
    """Two accounts of 100,000 USDT each that trade with each other."""

    def __init__(self) -> None:
        self.exchange = Exchange(specs(["BTCUSDT"]), now_ms=0)
        self.long, self.short = self.exchange.open_account(), self.exchange.open_account()
        for owner in (self.long, self.short):
            self.exchange.ledger.deposit(owner, "futures", "USDT", to_scaled(100_000, 20))
        self.market = self.exchange.markets[KEY]
        self.exchange.markets["spot:BTCUSDT"].last = 100_000
        """The index: 1,000 USDT."""

    def place(self, owner: int, side: Side, coins: int, price: int) -> Order:
        return self.exchange.place(owner, KEY, side, "limit", amount=coins * COIN, price=price * 100)

    def trade(self, coins: int, price: int, *, back: bool = False) -> None:
        """The long one buys (or sells back) from the short one."""
        self.place(self.short, "buy" if back else "sell", coins, price)
        self.place(self.long, "sell" if back else "buy", coins, price)

    def position(self, owner: int) -> Position:
        found = self.exchange.futures.position(owner, KEY)
        assert found is not None
        return found

    def available(self, owner: int) -> float:
        return self.exchange.ledger.balance(owner, "futures", "USDT").available / 10**20


def test_opening_takes_margin_and_fee_and_both_sides_add_up_to_zero() -> None:
    two = Two()
    two.trade(2, 1000)
    long, short = two.position(two.long), two.position(two.short)
    assert (long.lots, short.lots) == (2 * COIN, -2 * COIN)
    assert long.cost + short.cost == 0
    assert long.margin == long.cost // 3
    assert two.available(two.long) == pytest.approx(100_000 - 2000 / 3 - 1)
    assert two.available(two.short) == pytest.approx(100_000 - 2000 / 3 - 0.6)


def test_closing_half_takes_half_the_profit_and_frees_half_the_margin() -> None:
    two = Two()
    two.trade(2, 1000)
    margin = two.position(two.long).margin
    two.trade(1, 1100, back=True)
    long = two.position(two.long)
    assert (long.lots, long.margin) == (COIN, margin // 2)
    assert long.realized / 10**20 == pytest.approx(100 - 1 - 0.55)
    assert long.unrealized(110_000, two.market.spec) == to_scaled(100, 20)


def test_trading_through_zero_turns_the_position_round() -> None:
    two = Two()
    two.trade(1, 1000)
    two.place(two.short, "buy", 3, 900)
    two.place(two.long, "sell", 3, 900)
    assert (two.position(two.long).lots, two.position(two.short).lots) == (-2 * COIN, 2 * COIN)
    assert two.position(two.long).last_side == "short"


def test_what_is_turned_round_is_another_position_with_figures_and_guards_of_its_own() -> None:
    two = Two()
    two.trade(1, 1000)
    old = two.position(two.long)
    old.guards["stop_loss"] = (Guard(guard_id=1, price_type="latest_price", trigger=95_000),)
    closing = two.place(two.long, "sell", 1, 5000)
    two.place(two.short, "buy", 3, 960)
    two.place(two.long, "sell", 3, 960)
    new = two.position(two.long)
    assert (old.lots, old.closing, old.finish, closing.finish) == (0, 0, "limit", "canceled")
    assert (new.lots, new.value_sum, new.first_price) == (-2 * COIN, 1920 * 10**20, 96_000)
    assert new.guards == {"take_profit": (), "stop_loss": ()}
    assert old.realized == -40 * 10**20 - 10**20 // 2 - 96 * 10**18 // 2  # 0.05 % of 1000 and of 960
    assert new.realized == -96 * 10**18
    assert two.exchange.futures.open_positions(two.long) == (new,)


def test_a_position_below_the_least_amount_can_still_be_closed() -> None:
    two = Two()
    least = two.market.spec.min_amount
    steps: tuple[tuple[int, Side, int], ...] = (
        (two.short, "sell", 2 * least - 1),
        (two.long, "buy", 2 * least - 1),
        (two.short, "buy", least),
        (two.long, "sell", least),
    )
    for owner, side, lots in steps:
        two.exchange.place(owner, KEY, side, "limit", amount=lots, price=100_000)
    position = two.position(two.long)
    assert 0 < position.lots < least
    two.place(two.short, "buy", 1, 1000)
    two.exchange.close(position, "liq")
    assert (position.lots, position.finish) == (0, "liq")


def test_a_position_that_the_book_could_not_close_whole_is_not_said_to_have_ended_so_later() -> None:
    two = Two()
    two.trade(2, 1000)
    position = two.position(two.long)
    two.place(two.short, "buy", 1, 999)
    two.exchange.close(position, "liq")
    assert (position.lots, position.finish) == (COIN, "")
    two.trade(1, 1000, back=True)
    assert (position.lots, position.finish) == (0, "limit")


def test_orders_that_were_placed_with_a_higher_leverage_hold_more_when_it_is_lowered() -> None:
    two = Two()
    two.exchange.set_leverage(two.market, two.long, "cross", 100)
    order = two.place(two.long, "buy", 120, 1000)
    held = order.frozen
    with pytest.raises(NotEnough):
        two.exchange.set_leverage(two.market, two.long, "cross", 1)
    assert two.exchange.futures.settings(two.long, KEY) == ("cross", 100)
    two.exchange.set_leverage(two.market, two.long, "cross", 3)
    assert order.frozen == 40_000 * 10**20 + 60 * 10**20 > held
    two.exchange.set_leverage(two.market, two.long, "cross", 100)
    assert order.frozen == held
    assert two.exchange.ledger.balance(two.long, "futures", "USDT").frozen == held
    two.exchange.set_leverage(two.market, two.long, "cross", 3)
    two.place(two.short, "sell", 120, 1000)
    assert two.available(two.long) == pytest.approx(100_000 - 40_000 - 36)


def test_funding_that_nothing_is_left_for_comes_from_the_margin_and_then_from_the_insurance() -> None:
    two = Two()
    two.trade(90, 1000)
    two.exchange.ledger.deposit(
        two.long, "futures", "USDT", -two.exchange.ledger.balance(two.long, "futures", "USDT").available
    )
    position = two.position(two.long)
    margin = position.margin
    two.exchange.futures.fund(two.market, 100_000, RATE_ONE // 1000, 5)
    assert (position.margin, two.available(two.long)) == (margin - 90 * 10**20, 0)
    two.exchange.futures.fund(two.market, 100_000, RATE_ONE, 6)
    assert (position.margin, two.available(two.long)) == (0, 0)
    assert two.exchange.ledger.balance(two.long, "futures", "USDT").margin == 0


def test_a_position_that_a_price_of_another_market_closes_takes_its_own_orders_along() -> None:
    two = Two()
    two.trade(1, 1000)
    position = two.position(two.long)
    position.guards["stop_loss"] = (Guard(guard_id=1, price_type="index_price", trigger=90_000),)
    closing = two.place(two.long, "sell", 1, 5000)
    two.place(two.short, "buy", 2, 999)
    spot = two.exchange.markets["spot:BTCUSDT"]
    for side, price in (("buy", 79_900), ("sell", 80_100)):
        two.exchange.place(MAKERS, "spot:BTCUSDT", side, "limit", amount=COIN, price=price)  # type: ignore[arg-type]
    assert spot.middle == 80_000
    assert (position.finish, closing.finish, two.exchange.open_orders(two.long)) == ("stop_loss", "canceled", [])


def test_an_order_that_only_closes_needs_no_money_and_goes_when_nothing_is_left_to_close() -> None:
    two = Two()
    two.trade(2, 1000)
    before = two.available(two.long)
    first, second = two.place(two.long, "sell", 1, 2000), two.place(two.long, "sell", 1, 3000)
    third = two.place(two.long, "sell", 1, 4000)
    assert (first.reduces, second.reduces, third.reduces) == (True, True, False)
    assert two.available(two.long) < before
    assert two.position(two.long).closing == 2 * COIN
    two.exchange.cancel(third)
    assert two.available(two.long) == before
    two.exchange.close(two.position(two.long), "market")
    assert two.position(two.long).lots == 2 * COIN
    two.place(two.short, "buy", 5, 1000)
    two.exchange.close(two.position(two.long), "market")
    assert two.position(two.long).finish == "market"
    assert (first.finish, second.finish) == ("canceled", "canceled")


def test_a_higher_leverage_frees_margin_and_a_lower_one_needs_it() -> None:
    two = Two()
    two.trade(90, 1000)
    two.exchange.set_leverage(two.market, two.long, "isolated", 10)
    assert two.position(two.long).margin == to_scaled(9000, 20)
    assert two.exchange.futures.settings(two.long, KEY) == ("isolated", 10)
    two.place(two.long, "buy", 200, 900)
    with pytest.raises(NotEnough):
        two.exchange.set_leverage(two.market, two.long, "cross", 1)
    assert two.position(two.long).leverage == 10


def test_margin_can_be_added_and_taken_back_to_the_initial_one() -> None:
    two = Two()
    two.trade(3, 1000)
    position, more = two.position(two.long), to_scaled(50, 20)
    two.exchange.add_margin(two.market, position, more)
    two.exchange.add_margin(two.market, position, -more)
    with pytest.raises(NotEnough, match="initial margin"):
        two.exchange.add_margin(two.market, position, -1)


def test_funding_moves_money_from_long_to_short() -> None:
    two = Two()
    two.trade(2, 1000)
    before = two.available(two.long), two.available(two.short)
    two.exchange.futures.fund(two.market, 100_000, RATE_ONE // 1000, 5)
    assert before[0] - two.available(two.long) == pytest.approx(2)
    assert two.available(two.short) - before[1] == pytest.approx(2)


@pytest.mark.parametrize(("mode", "is_bankrupt"), [("isolated", True), ("cross", False)])
def test_cross_margin_counts_available_money_and_isolated_margin_does_not(mode: str, is_bankrupt: bool) -> None:
    two = Two()
    two.exchange.set_leverage(two.market, two.long, mode, 10)
    two.trade(1, 1000)
    assert two.exchange.futures.is_bankrupt(two.market, two.position(two.long), 90_000) is is_bankrupt
    assert not two.exchange.futures.is_bankrupt(two.market, two.position(two.long), 95_000)


def test_nobody_opens_for_nothing_what_sells_far_below_the_best_bid() -> None:
    two = Two()
    two.place(two.long, "buy", 250, 1000)
    two.exchange.set_leverage(two.market, two.short, "cross", 2)
    with pytest.raises(OrderRefused, match="balance"):
        two.place(two.short, "sell", 250, 100)  # 25,000 at its own price, 250,000 at the price that it would get
    two.exchange.set_leverage(two.market, two.short, "cross", 5)
    two.place(two.short, "sell", 250, 100)
    assert two.position(two.short).margin == to_scaled(50_000, 20)
