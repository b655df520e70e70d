"""What a QFEX client does before it sends."""

from __future__ import annotations

from typing import Any

import pytest

from coinex_driver.qfex_orders import by_socket, cancellation, is_over_already, modification, with_client_id
from coinex_proto import OrderFact, OrderView, RequestId, RequestRefused, Sources, UsageError, qfex
from coinex_proto.orders.tracker import Orders

SOURCES = Sources(wall_time_ns=int, random_bytes=bytes)
UNCHANGED: dict[str, Any] = {"price": None, "quantity": None, "take_profit": None, "stop_loss": None}


def order(**facts: Any) -> OrderView:
    return Orders().sending(OrderFact(**{"client_order_id": "c1", "state": "live", **facts}), RequestId(1), 0.0)


def test_topics_go_to_the_socket_that_has_them() -> None:
    assert by_socket((qfex.Bbo("A"), qfex.Fills(), qfex.Trades("A"))) == (
        (qfex.Fills(),),
        (qfex.Bbo("A"), qfex.Trades("A")),
    )
    assert by_socket(()) == ((), ())


def test_what_places_something_gets_a_client_id_of_its_own_and_keeps_one_that_was_given() -> None:
    placed = qfex.AddOrder(symbol="A", side="BUY", order_type="MARKET", quantity=1)
    assert with_client_id(placed, SOURCES).client_order_id == "00" * 16  # type: ignore[attr-defined]
    named = qfex.ClosePosition(symbol="A", client_order_id="mine")
    assert with_client_id(named, SOURCES) is named
    cancel = qfex.CancelOrder(order_id="1", symbol="A")
    assert with_client_id(cancel, SOURCES) is cancel


def test_a_change_names_the_order_as_the_venue_does() -> None:
    known = order(order_id="7", market="A", side="BUY")
    command = modification(known, **{**UNCHANGED, "price": "2"}, order_type="LIMIT")
    assert (command.order_id, command.symbol, command.side, str(command.price)) == ("7", "A", "BUY", "2")
    with pytest.raises(UsageError, match="id of this order"):
        modification(order(market="A", side="BUY"), **UNCHANGED, order_type="LIMIT")


def test_a_change_says_what_the_order_was_placed_as_unless_it_is_told_otherwise() -> None:
    known = order(order_id="7", market="A", side="BUY", order_type="ALO", reduce_only=True)
    command = modification(known, **{**UNCHANGED, "price": "2"})
    assert (command.order_type, command.params()["reduce_only"]) == ("ALO", True)
    command = modification(known, **UNCHANGED, order_type="LIMIT", reduce_only=False)
    assert (command.order_type, command.params()["reduce_only"]) == ("LIMIT", False)
    elsewhere = modification(order(order_id="7", market="A", side="BUY"), **UNCHANGED)
    assert (elsewhere.order_type, elsewhere.params()["reduce_only"]) == ("LIMIT", False)


def test_a_cancellation_takes_whichever_id_is_known() -> None:
    assert cancellation("7", "A") == qfex.CancelOrder(order_id="7", symbol="A")
    assert cancellation(order(order_id="7", market="A"), None) == qfex.CancelOrder(order_id="7", symbol="A")
    by_client_id = cancellation(order(market="A"), None)
    assert (by_client_id.order_id, by_client_id.cancel_order_id_type) == ("c1", "client_order_id")


@pytest.mark.parametrize(
    ("known", "why"), [("7", "needs the symbol"), (order(order_id="7"), "the symbol of this order is not known")]
)
def test_a_cancellation_that_cannot_be_named_is_refused(known: Any, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        cancellation(known, None)


def test_only_an_order_that_is_known_to_be_over_may_be_unknown_to_the_venue() -> None:
    refusal = RequestRefused("NO_SUCH_ORDER", "gone")
    assert is_over_already(refusal, order(order_id="7", state="filled"))
    assert not is_over_already(refusal, order(order_id="7"))
    assert not is_over_already(refusal, None)
    assert not is_over_already(RequestRefused("OTHER", "no"), order(order_id="7", state="filled"))


def test_an_order_without_a_client_id_is_changed_without_one() -> None:
    found = Orders().apply(OrderFact(order_id="1", market="A-USD", side="BUY", state="live"), 0.0)
    assert found is not None
    made = modification(found, **{**UNCHANGED, "price": 1})
    assert (made.client_order_id, made.order_type, made.reduce_only) == ("", "LIMIT", None)
