"""What a guard may be told, and what contradicts itself."""

from __future__ import annotations

import math
from typing import Any

import pytest

from coinex_driver.order_guard import OrderGuard, OrdersGuarded, check_guard
from coinex_proto import UsageError
from coinex_trio import CoinexClient, memory_exchange


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lost_for": -1.0}, "lost_for"),
        ({"lost_for": math.nan}, "a time in seconds"),
        ({"lost_for": "5"}, "a time in seconds"),
        ({"within": 0.0}, "within"),
        ({"within": math.inf}, "within"),
        ({"markets": "BTCUSDT"}, "a list of names"),
        ({"markets": ()}, "a list of names"),
        ({"markets": [1]}, "a list of names"),
        ({"others": 1}, "True or False"),
        ({"stops": True}, "others=True"),
        ({"lost_for": None, "on_exit": False, "on_error": False}, "never acts"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        OrderGuard(**options)


def test_markets_are_any_list_of_names_each_once() -> None:
    assert OrderGuard(markets=["BTCUSDT", "ETHUSDT", "BTCUSDT"]).markets == ("BTCUSDT", "ETHUSDT")


def test_a_guard_needs_keys_and_is_told_once_what_to_do_on_the_way_out() -> None:
    exchange = memory_exchange()
    with pytest.raises(UsageError, match="Authentication required"):
        CoinexClient(network=exchange.network, guard=OrderGuard())
    with pytest.raises(UsageError, match="leave one out"):
        CoinexClient("spot", exchange.credentials, guard=OrderGuard(), cancel_orders_on_exit=1.0)
    with pytest.raises(UsageError, match="an OrderGuard"):
        CoinexClient("spot", exchange.credentials, guard=5.0)  # type: ignore[arg-type]
    check_guard(OrderGuard(on_exit=False), has_credentials=True, cancel_orders_on_exit=1.0)


def test_a_report_without_a_list_is_not_clear() -> None:
    assert OrdersGuarded(cause="lost", orders=(), is_listed=True).is_clear
    assert not OrdersGuarded(cause="lost", orders=(), is_listed=False, why="no answer").is_clear


def test_a_guard_acts_after_five_seconds_on_everything_of_this_program_unless_told_otherwise() -> None:
    guard = OrderGuard()
    assert (guard.lost_for, guard.within, guard.on_exit, guard.on_error) == (5.0, 3.0, True, True)
    assert (guard.markets, guard.others, guard.stops) == (None, False, False)


@pytest.mark.parametrize("within", [0.001, 0.5, 1, 3600.0])
def test_a_round_may_take_any_time_above_zero(within: float) -> None:
    assert OrderGuard(within=within).within == within


@pytest.mark.parametrize("within", ["3", None, math.nan, 0.0, -1.0, math.inf])
def test_what_is_no_time_for_a_round_is_refused(within: Any) -> None:
    with pytest.raises(UsageError, match=r"within|a time in seconds"):
        OrderGuard(within=within)
