"""What became of own orders on the way out."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from coinex_driver.exit_orders import ExitOrder, check_exit_seconds, ended_as, log_exit
from coinex_proto import OrderView, UsageError
from coinex_proto.orders.fact import OrderFact
from coinex_proto.orders.states import OrderState
from coinex_proto.orders.tracker import Orders
from coinex_proto.orders.view import OrderValues, Snapshot


def order(state: OrderState, **values: Any) -> OrderView:
    return OrderView(Snapshot(OrderValues(order_id="7", market="BTCUSDT", side="buy", state=state, **values), 1))


@pytest.mark.parametrize("is_accepted", [True, False])
@pytest.mark.parametrize("state", ["cancelled", "filled", "refused"])
def test_an_order_that_has_ended_has_ended_like_that_whatever_was_said(state: OrderState, is_accepted: bool) -> None:
    ended = ended_as(order(state), is_accepted=is_accepted, why="no answer")
    assert (ended.outcome, ended.why) == (state, "")


@pytest.mark.parametrize("state", ["live", "sending", "unknown"])
def test_of_another_the_cancellation_decides(state: OrderState) -> None:
    assert ended_as(order(state), is_accepted=True, why="x").outcome == "cancelled"
    assert ended_as(order(state), is_accepted=True, why="x").why == ""
    unknown = ended_as(order(state), is_accepted=False, why="refused")
    assert (unknown.outcome, unknown.why) == ("unknown", "refused")
    assert ended_as(order(state), is_accepted=False, why="").why == "no answer in time"


def test_what_is_told_does_not_change_any_more() -> None:
    orders = Orders()
    view = orders.apply(OrderFact(order_id=7, state="live"), 1.0)
    assert view is not None
    ended = ended_as(view, is_accepted=False, why="")
    orders.apply(OrderFact(order_id=7, state="filled"), 2.0)
    assert (view.state, ended.order.state) == ("filled", "live")


def test_the_log_counts_those_that_have_ended_and_names_the_others(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "coinex_trio")
    log_exit("client", ())
    assert caplog.messages == []
    outcomes = ("cancelled", "unknown", "filled")
    log_exit("client", tuple(ExitOrder(order=order("live"), outcome=each, why="why") for each in outcomes))  # type: ignore[arg-type]
    assert caplog.messages == [
        "client: 2 of 3 own orders have ended on the way out",
        "client: order 7 may still be open: why",
    ]
    assert [record.levelno for record in caplog.records] == [logging.INFO, logging.WARNING]


def test_one_that_the_venue_lists_no_more_says_so_and_is_not_among_those_that_may_stand(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "coinex_trio")
    ended = ended_as(order("unknown", has_ended=True, why="listed no more"), is_accepted=False, why="refused")
    assert (ended.outcome, ended.why) == ("unknown", "listed no more")
    log_exit("client", (ended,))
    assert caplog.messages == ["client: 1 of 1 own orders have ended on the way out"]


def test_a_time_for_it_is_none_or_a_number() -> None:
    check_exit_seconds(None)
    check_exit_seconds(0.5)
    with pytest.raises(UsageError):
        check_exit_seconds("1")  # type: ignore[arg-type]
