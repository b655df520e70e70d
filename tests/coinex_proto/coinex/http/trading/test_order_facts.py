from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from coinex_proto.coinex.http import BatchItem, Page, assets, facts_of, futures, spot

BUY = spot.PutOrder(market="BTCUSDT", side="buy", type="limit", amount="2", price="10", client_id="b1")


def row(**changes: Any) -> spot.SpotOrder:
    fields: dict[str, Any] = {
        "order_id": 7,
        "market": "BTCUSDT",
        "market_type": "SPOT",
        "side": "buy",
        "type": "limit",
        "amount": Decimal(2),
        "price": Decimal(10),
        "unfilled_amount": Decimal(2),
        "filled_amount": Decimal(0),
        "client_id": "b1",
    }
    return spot.SpotOrder(**{**fields, **changes})


FILLED = {"unfilled_amount": Decimal(0), "filled_amount": Decimal(2)}


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "live"),
        ({"type": "maker_only"}, "live"),
        (FILLED, "filled"),
        ({**FILLED, "type": "ioc"}, "filled"),
        ({"type": "ioc"}, None),
        ({"type": "fok"}, None),
        ({"type": "market"}, None),
    ],
)
def test_the_answer_to_a_placed_order_says_only_what_it_proves(changes: dict[str, Any], state: str | None) -> None:
    (said,) = facts_of(BUY, row(**changes))
    assert (said.order_id, said.client_order_id, said.state) == (7, "b1", state)


@pytest.mark.parametrize(("changes", "state"), [({}, "cancelled"), (FILLED, "filled")])
def test_the_answer_to_a_cancel_is_final(changes: dict[str, Any], state: str) -> None:
    (said,) = facts_of(spot.CancelOrder(market="BTCUSDT", order_id=7), row(**changes))
    assert said.state == state


def test_a_query_says_the_state_by_status_or_by_its_list() -> None:
    status = spot.GetOrderStatus(market="BTCUSDT", order_id=7)
    assert facts_of(status, row(status="part_canceled"))[0].state == "cancelled"
    assert facts_of(spot.ListPendingOrder(), Page(rows=(row(), row(order_id=8))))[1].state == "live"
    assert facts_of(spot.ListFinishedOrder(), Page(rows=(row(**FILLED),)))[0].state == "filled"


def test_a_changed_order_that_comes_back_under_a_new_id_goes_on_under_it() -> None:
    change = spot.EditOrder(market="BTCUSDT", order_id=6, price="11")
    (said,) = facts_of(change, row())
    assert (said.replaces, said.order_id) == (6, 7)
    (said,) = facts_of(spot.EditOrder(market="BTCUSDT", order_id=7, price="11"), row())
    assert said.replaces is None


def test_each_element_of_a_batch_speaks_for_its_own_order() -> None:
    other = spot.PutOrder(market="BTCUSDT", side="sell", type="limit", amount="1", price="11", client_id="b2")
    items = (BatchItem(code=0, data=row()), BatchItem[spot.SpotOrder](code=3109, message="balance not enough"))
    first, second = facts_of(spot.PutMultiOrder(orders=(BUY, other)), items)
    assert (first.state, first.order_id) == ("live", 7)
    assert (second.state, second.client_order_id, second.side) == ("refused", "b2", "sell")
    assert second.why == "balance not enough (code 3109)"


def test_a_batch_answer_of_another_length_is_not_matched_by_place() -> None:
    items = (BatchItem[spot.SpotOrder](code=3109), BatchItem(code=0, data=row()))
    (said,) = facts_of(spot.PutMultiOrder(orders=(BUY,)), items)
    assert said.order_id == 7


def test_a_cancel_that_failed_in_a_batch_says_nothing() -> None:
    items = (BatchItem[spot.SpotOrder](code=3600, message="order not found"), BatchItem(code=0, data=row()))
    (said,) = facts_of(spot.CancelBatchOrder(market="BTCUSDT", order_ids=(6, 7)), items)
    assert (said.order_id, said.state) == (7, "cancelled")


def test_batches_of_changes_keep_track_of_new_ids() -> None:
    change = spot.EditOrder(market="BTCUSDT", order_id=6, price="11")
    (said,) = facts_of(spot.EditMultiOrder(orders=(change,)), (BatchItem(code=0, data=row()),))
    assert said.replaces == 6


def test_closing_a_position_places_an_order() -> None:
    fields: dict[str, Any] = {"market": "BTCUSDT", "market_type": "FUTURES", "side": "sell", "type": "limit"}
    order = futures.FuturesOrder(
        order_id=9, amount=Decimal(1), unfilled_amount=Decimal(1), filled_amount=Decimal(0), **fields
    )
    (said,) = facts_of(futures.ClosePosition(market="BTCUSDT", type="limit", price="1"), order)
    assert (said.order_id, said.state) == (9, "live")


def test_other_calls_say_nothing_of_orders() -> None:
    assert facts_of(assets.GetSpotBalance(), ()) == ()


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"status": "of_next_year"}, "unknown"),
        ({"status": "canceled"}, "cancelled"),
        ({"status": "open"}, "cancelled"),
        ({**FILLED, "status": "filled"}, "filled"),
        ({"status": None}, "cancelled"),
    ],
)
def test_an_order_that_was_cancelled_is_gone_unless_nobody_knows_its_status(
    changes: dict[str, Any], state: str
) -> None:
    (said,) = facts_of(spot.CancelOrder(market="BTCUSDT", order_id=7), row(**changes))
    assert said.state == state


@pytest.mark.parametrize(
    ("status", "state"),
    [("open", "live"), ("filled", "filled"), ("canceled", "cancelled"), ("of_next_year", "unknown")],
)
def test_where_the_answer_to_a_placed_order_says_its_status_that_counts(status: str, state: str) -> None:
    (said,) = facts_of(BUY, row(status=status))
    assert said.state == state
