"""Pushes of the account name their topic; an order says whether it refuses."""

from decimal import Decimal as D

import pytest
from attrs import evolve

from coinex_proto import Update
from coinex_proto.qfex import (
    BalanceUpdate,
    FillUpdate,
    OpenOrdersUpdate,
    OrderUpdate,
    PositionUpdate,
    StopOrderUpdate,
    TwapUpdate,
    UserTradesUpdate,
)
from coinex_proto.qfex._trade.statuses import ORDER_STATUSES, REQUEST_STATUSES
from coinex_proto.qfex._trade.updates import LISTED, PushedUpdate

FILL = FillUpdate(trade_id="1", symbol="A", order_id="1", price=D(1), quantity=D(1), side="BUY", aggressor_side="BUY")


@pytest.mark.parametrize(
    ("update", "key", "tells_order"),
    [
        (OrderUpdate(status="ACK", symbol="A"), ("order_responses", "A"), True),
        (OrderUpdate(status="ACK"), ("order_responses", None), True),
        (FILL, ("fills", "A"), True),
        (PositionUpdate(symbol="A", position=D(0)), ("positions", "A"), False),
        (BalanceUpdate(deposit=D(1), available_balance=D(1)), ("balances", None), False),
        (StopOrderUpdate(stop_order_id="1", symbol="A"), ("stop_orders", "A"), False),
        (TwapUpdate(symbol="A"), ("twaps", "A"), False),
        (OpenOrdersUpdate(), ("all_orders", None), True),
        (UserTradesUpdate(user_trades=()), ("user_trades", None), True),
    ],
)
def test_an_update_names_its_topic(update: Update, key: tuple[object, ...], tells_order: bool) -> None:
    assert update.topic_key == key
    assert update.tells_order is tells_order


def test_no_two_classes_share_a_frame_or_a_channel() -> None:
    models = {model.__name__: model for model in PushedUpdate.__subclasses__()}.values()
    assert len({model.frame for model in models}) == len({model.channel for model in models}) == len(models) == 6


@pytest.mark.parametrize("status", [*sorted(ORDER_STATUSES), *sorted(REQUEST_STATUSES), "OF_NEXT_YEAR"])
def test_every_status_but_those_of_orders_refuses(status: str) -> None:
    assert OrderUpdate(status=status).is_refusal is (status not in ORDER_STATUSES)


def test_a_fill_says_whether_it_took_and_a_stop_when_it_changed() -> None:
    assert FILL.is_taker
    assert StopOrderUpdate(stop_order_id="1", symbol="A").update_time_ns is None
    stop = StopOrderUpdate(stop_order_id="1", symbol="A", update_time="1970-01-01T00:00:01.5Z")
    assert stop.update_time_ns == 1_500_000_000


@pytest.mark.parametrize(
    ("quantity", "left", "shows_fill"),
    [
        (D(5), D(2), True),
        (D(5), D(0), True),
        (D(5), D(5), False),
        (D(5), D(6), False),
        (D(5), None, False),
        (None, D(2), False),
    ],
)
def test_an_order_of_which_less_is_left_than_was_ordered_shows_a_fill(
    quantity: D | None, left: D | None, shows_fill: bool
) -> None:
    assert OrderUpdate(status="ACK", quantity=quantity, quantity_remaining=left).shows_fill is shows_fill


def test_a_list_as_long_as_the_venue_makes_it_may_not_be_all() -> None:
    order = OrderUpdate(status="ACK", order_id="1")
    assert OpenOrdersUpdate(orders=(order,) * (LISTED - 1)).is_whole_order_list
    assert not OpenOrdersUpdate(orders=(order,) * LISTED).is_whole_order_list


def test_a_fill_of_the_other_side_was_not_taken_and_is_one_of_its_order() -> None:
    fill = evolve(FILL, aggressor_side="SELL", trade_id="t")
    assert not fill.is_taker
    assert fill.occurrence_id == ("1", "t")
