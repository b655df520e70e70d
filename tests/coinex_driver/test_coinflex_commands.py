"""Topics and commands of CoinFLEX from market names and decimals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from coinex_driver.coinflex_commands import CoinflexBalance, CoinflexCommands, CoinflexEstimate
from coinex_proto import OrderFact, OrderView, RequestId, Sources, UsageError, coinflex
from coinex_proto.orders.tracker import Orders

XBT, USDT = coinflex.ASSETS_2020.pair("XBT/USDT")


def commands(wall_time_us: int = 1_600_000_000_000_000) -> CoinflexCommands:
    return CoinflexCommands(coinflex.ASSETS_2020, Sources(wall_time_ns=lambda: wall_time_us * 1000, random_bytes=bytes))


def order(**facts: Any) -> OrderView:
    return Orders().sending(OrderFact(**{"client_order_id": "5", "state": "live", **facts}), RequestId(1), 0.0)


def placed(made: CoinflexCommands, **options: Any) -> coinflex.PlaceOrder:
    given: dict[str, Any] = {"total": None, "tonce": None, "persist": None, "post_only": None, **options}
    return made.place_order("XBT/USDT", given.pop("side", "buy"), given.pop("quantity", "1"), "9000", **given)


def test_topics_are_named_by_the_market_or_its_codes() -> None:
    assert commands().order_book("XBT/USDT") == commands().order_book((XBT, USDT)) == coinflex.OrderBook(XBT, USDT)
    assert commands().ticker("XBT/USDT") == coinflex.Ticker(XBT, USDT)


def test_a_sale_is_below_zero_in_the_venues_units() -> None:
    bought, sold = placed(commands(), quantity="1.5"), placed(commands(), quantity="1.5", side="sell")
    assert (bought.quantity, sold.quantity) == (15000, -15000)
    assert bought.price == sold.price == coinflex.price_units("9000")


@pytest.mark.parametrize(
    ("options", "why"),
    [({"side": "up"}, "side must be"), ({"quantity": "0"}, "above zero"), ({"quantity": "0.00001"}, "quantity")],
)
def test_nonsense_is_refused_before_it_is_sent(options: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        placed(commands(), **options)


def test_tonces_go_up_while_the_clock_stands_still() -> None:
    made = commands()
    assert [placed(made).tonce for _ in range(3)] == [1_600_000_000_000_000 + n for n in range(3)]
    assert placed(made, tonce=7).tonce == 7


def test_a_change_goes_the_way_of_its_order() -> None:
    sold = order(order_id=7, market="XBT/USDT", side="sell")
    command = commands().modify_order(sold, "0.5", None, None)
    assert (command.id, command.quantity_delta, command.price) == (7, -5000, None)
    with pytest.raises(UsageError, match="market and side"):
        commands().modify_order(order(order_id=7), "0.5", None, None)


def test_an_order_is_cancelled_by_its_id_or_by_its_tonce() -> None:
    assert commands().cancel_order(7) == coinflex.CancelOrder(id=7)
    assert commands().cancel_order(order()) == coinflex.CancelOrder(tonce=5)
    with pytest.raises(UsageError, match="wait for its reply"):
        commands().cancel_order(order(client_order_id="mine"))
    with pytest.raises(UsageError, match="an order is what"):
        commands().cancel_order("7")  # type: ignore[arg-type]


def test_answers_are_decimals() -> None:
    made = commands()
    balance = coinflex.Balance(asset=XBT, balance=15000, reserved_balance=5000)
    assert made.balance(balance) == CoinflexBalance(
        asset="XBT", available=Decimal("1.5"), reserved=Decimal("0.5"), total=None
    )
    command = made.estimate_market_order("XBT/USDT", "buy", "1", None)
    assert (command.quantity, command.total) == (10000, None)
    answer = coinflex.Estimate(quantity=10000, total=90_000_000)
    assert made.estimate(command, answer) == CoinflexEstimate(quantity=Decimal(1), total=Decimal(9000))


@pytest.mark.parametrize("known", [{}, {"market": "XBT/USDT"}, {"side": "buy"}])
def test_an_order_of_which_market_or_side_is_not_known_is_not_changed(known: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="market and side are not known"):
        commands().modify_order(order(**known), "1", None, None)


@pytest.mark.parametrize(("side", "delta"), [("buy", 10_000), ("sell", -10_000)])
def test_an_order_is_enlarged_in_the_sign_of_its_side(side: str, delta: int) -> None:
    made = commands().modify_order(order(market="XBT/USDT", side=side), "1", "9000", True)
    assert (made.quantity_delta, made.price, made.post_only) == (delta, coinflex.price_units("9000"), True)
