"""Own orders of the local QFEX: their ids, and what is pushed about them."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import pytest

from coinex_proto.simulator import QfexForms
from tests.coinex_proto.simulator.qfex_peer import START, SYMBOL, made, order, signed_in, statuses


def test_the_life_of_an_order() -> None:
    server = made()
    peer = signed_in(server, "n", "order_responses", "fills")
    (ack,) = peer.request("add_order", **order())
    record = ack["order_response"]
    assert (record["status"], record["quantity_remaining"], record["price"]) == ("ACK", 1, Decimal("99.5"))
    server.fill(record["order_id"], "0.25")
    fill, filled = peer.read()
    assert fill["fill_response"]["trade_id"] == filled["order_response"]["trade_id"]
    assert (filled["order_response"]["status"], filled["order_response"]["quantity_remaining"]) == (
        "FILLED",
        Decimal("0.75"),
    )
    assert statuses(
        peer.request("cancel_order", order_id="c", symbol=SYMBOL, cancel_order_id_type="client_order_id")
    ) == ["CANCELLED"]
    assert statuses(peer.request("get_order", order_id=record["order_id"], symbol=SYMBOL)) == ["CANCELLED"]


def test_a_change_gives_a_new_id_and_the_old_one_still_leads_to_it() -> None:
    server = made(forms=QfexForms(modified_id="new"))
    peer = signed_in(server)
    old = peer.request("add_order", **order())[0]["order_response"]["order_id"]
    change = {"order_id": old, "symbol": SYMBOL, "side": "BUY", "order_type": "LIMIT", "price": 98}
    (modified,) = peer.request("modify_order", **change)
    assert (modified["order_response"]["status"], modified["order_response"]["price"]) == ("MODIFIED", 98)
    assert modified["order_response"]["order_id"] != old
    assert statuses(peer.request("modify_order", **{**change, "side": "SELL"})) == ["CANNOT_MODIFY_NO_SUCH_ORDER"]
    server.fill(old, "0.5")
    peer.read()
    assert statuses(peer.request("modify_order", **change)) == ["CANNOT_MODIFY_PARTIAL_FILL"]


def test_a_stop_order_waits_for_the_mark_and_becomes_a_market_order() -> None:
    server = made()
    peer = signed_in(server, "n", "order_responses", "stop_orders")
    answers = peer.request("add_order", **order(order_type="STOP_LOSS", side="SELL", price=95))
    assert statuses(answers) == ["ACK"]
    stop_id = answers[0]["order_response"]["order_id"]
    assert answers[1]["stop_order_response"]["stop_order_id"] == stop_id
    changed = peer.request("modify_stop_order", stop_order_id=stop_id, symbol=SYMBOL, side="SELL", price=96, quantity=1)
    assert statuses(changed) == ["MODIFIED"]
    refused = [
        peer.request("modify_stop_order", stop_order_id=stop_id, symbol=SYMBOL, **change)
        for change in ({"quantity": -1}, {"price": 0})
    ]
    assert [statuses(answers) for answers in refused] == [
        ["QUANTITY_LESS_THAN_MIN_QUANTITY"],
        ["PRICE_LESS_THAN_MIN_PRICE"],
    ]
    server.quote(SYMBOL, "90", "91", "5")
    server.advance(START + 1)
    assert "FILLED" in statuses(peer.read())
    assert statuses(peer.request("cancel_stop_order", stop_order_id=stop_id)) == ["NO_SUCH_ORDER"]


@pytest.mark.parametrize(
    ("form", "keys"),
    [
        ("both", {"user_trades", "count", "user_trades_response"}),
        ("page", {"user_trades", "count"}),
        ("asyncapi", {"user_trades_response"}),
    ],
)
def test_own_trades_come_under_the_keys_of_the_form(form: Literal["both", "page", "asyncapi"], keys: set[str]) -> None:
    (answer,) = signed_in(made(forms=QfexForms(user_trades=form))).request("get_user_trades")
    assert answer.keys() == keys


def test_a_changed_order_keeps_its_id() -> None:
    peer = signed_in(made())
    placed = peer.request("add_order", **order())[0]["order_response"]["order_id"]
    change = {"order_id": placed, "symbol": SYMBOL, "side": "BUY", "order_type": "LIMIT", "price": 98}
    (modified,) = peer.request("modify_order", **change)
    assert modified["order_response"]["status"] == "MODIFIED"
    assert modified["order_response"]["order_id"] == placed


def test_own_trades_are_listed_newest_first_and_by_order() -> None:
    server = made()
    peer = signed_in(server)
    first = peer.request("add_order", **order(price=101))[0]["order_response"]["order_id"]
    peer.request("add_order", **order(price=101, quantity=2))
    (answer,) = peer.request("get_user_trades")
    assert [trade["quantity"] for trade in answer["user_trades"]] == [2, 1]
    assert [trade["quantity"] for trade in answer["user_trades_response"]] == [2, 1]
    assert {trade["side"] for trade in answer["user_trades_response"]} == {"BUY"}
    (answer,) = peer.request("get_user_trades", order_id=first, limit=5)
    assert (answer["count"], answer["user_trades"][0]["order_id"]) == (1, first)


@pytest.mark.parametrize("kind", ["get_user_orders", "get_user_trades"])
@pytest.mark.parametrize("name", ["offset", "limit"])
def test_a_list_does_not_begin_or_end_below_zero(kind: str, name: str) -> None:
    (answer,) = signed_in(made()).request(kind, **{name: -1})
    assert answer["err"]["error_code"] == "InvalidParameter"
