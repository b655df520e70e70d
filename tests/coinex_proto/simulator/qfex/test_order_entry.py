"""Which requests of an account the local QFEX carries out, and with which status it refuses the others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.coinex_proto.simulator.qfex_peer import SYMBOL, made, order, signed_in, statuses


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"price": 101}, ["ACK", "FILLED"]),
        ({"price": 101, "quantity": 7}, ["ACK", "FILLED"]),
        ({"price": 101, "quantity": 7, "order_time_in_force": "IOC"}, ["ACK", "FILLED"]),
        ({"order_time_in_force": "IOC"}, ["ACK", "CANCELLED"]),
        ({"order_type": "MARKET", "order_time_in_force": "IOC"}, ["ACK", "FILLED"]),
        ({"order_type": "ALO", "price": 101}, ["REJECTED"]),
        ({"price": 101, "quantity": 7, "order_time_in_force": "FOK"}, ["REJECTED"]),
        ({"symbol": "NONE-USD"}, ["BAD_SYMBOL"]),
        ({"price": 99.999}, ["INVALID_TICK_SIZE_PRECISION_PRICE"]),
        ({"quantity": 0.00001}, ["INVALID_TICK_SIZE_PRECISION_QUANTITY"]),
        ({"quantity": 0}, ["QUANTITY_LESS_THAN_MIN_QUANTITY"]),
        ({"price": 0}, ["PRICE_LESS_THAN_MIN_PRICE"]),
        ({"quantity": 10**9}, ["FAILED_MARGIN_CHECK"]),
        ({"order_time_in_force": "GFD"}, ["INVALID_TIME_IN_FORCE"]),
        ({"order_type": "ICEBERG"}, ["INVALID_ORDER_TYPE"]),
    ],
)
def test_what_becomes_of_an_order_at_once(fields: dict[str, Any], expected: list[str]) -> None:
    assert statuses(signed_in(made()).request("add_order", **order(**fields))) == expected


def test_a_closed_market_rejects() -> None:
    server = made()
    server.halt(SYMBOL)
    assert statuses(signed_in(server).request("add_order", **order())) == ["REJECTED_MARKET_CLOSED"]


def test_leverage_of_an_unknown_symbol_is_refused_by_an_error_and_no_order_response() -> None:
    peer = signed_in(made())
    (refused,) = peer.request("set_user_leverage", symbol="NOPE-USD", leverage=10)
    assert (refused["err"]["error_code"], refused["err"]["message"]) == ("InvalidParameter", "no such symbol")


def test_leverage_can_be_set_while_nothing_is_open() -> None:
    peer = signed_in(made())
    assert "ack" in peer.request("set_user_leverage", symbol=SYMBOL, leverage=10)[0]
    assert peer.request("get_user_leverage")[0]["user_leverage_response"][0]["leverage"] == "10"
    peer.request("add_order", **order())
    refused = peer.request("set_user_leverage", symbol=SYMBOL, leverage=5)
    assert refused[0]["err"]["error_code"] == "InvalidParameter"


def test_a_position_is_closed_by_an_order_that_takes_near_the_mark() -> None:
    server = made()
    peer = signed_in(server, "n", "order_responses")
    assert statuses(peer.request("close_position", symbol=SYMBOL)) == ["REJECTED"]
    server.fill(server.place(SYMBOL, "buy", "100.5", "2"))
    peer.read()
    answers = peer.request("close_position", symbol=SYMBOL, client_order_id="out")
    assert statuses(answers) == ["ACK", "FILLED"]
    assert (answers[0]["order_response"]["side"], answers[0]["order_response"]["time_in_force"]) == ("SELL", "IOC")
    assert server.exchange.futures.open_positions(server.owner) == ()


def test_every_open_order_is_cancelled_at_once() -> None:
    server = made()
    peer = signed_in(server)
    for _ in range(2):
        peer.request("add_order", **order())
    answers = peer.request("cancel_all_orders")
    assert statuses(answers) == ["CANCELLED", "CANCELLED"]
    assert answers[-1]["ack"]["incoming_message"]["type"] == "cancel_all_orders"
