"""TWAPs of the local QFEX."""

from __future__ import annotations

from decimal import Decimal

from coinex_proto.simulator import QfexForms
from tests.coinex_proto.simulator.qfex_peer import START, SYMBOL, made, signed_in, statuses


def test_a_twap_places_its_orders_one_after_the_other() -> None:
    server = made()
    peer = signed_in(server)
    params = {"symbol": SYMBOL, "side": "BUY", "total_quantity": 1, "num_orders": 2, "order_interval_secs": 30}
    (answer,) = peer.request("add_twap", **params, reduce_only=False, client_twap_id="t")
    assert answer["twap_response"]["status"] == "ACTIVE"
    server.advance(START + 1)
    assert statuses(peer.read()) == ["ACK", "FILLED"]
    (listed,) = peer.request("get_user_orders")
    assert listed["all_orders_response"]["twaps"][0]["filled_quantity"] == Decimal("0.5")
    server.advance(START + 31)
    assert statuses(peer.read()) == ["ACK", "FILLED"]
    gone = peer.request("cancel_order", order_id="t", symbol=SYMBOL, cancel_order_id_type="client_twap_id")
    assert statuses(gone) == ["NO_SUCH_ORDER"]


def test_a_twap_that_cannot_be_is_rejected_and_an_active_one_can_be_cancelled() -> None:
    peer = signed_in(made())
    params = {"symbol": SYMBOL, "side": "BUY", "total_quantity": 1, "num_orders": 2, "order_interval_secs": 30}
    assert statuses(peer.request("add_twap", **{**params, "symbol": "NO-USD"})) == ["BAD_SYMBOL"]
    assert statuses(peer.request("add_twap", **{**params, "order_interval_secs": 29})) == ["REJECTED"]
    peer.request("add_twap", **params, client_twap_id="t")
    *_, gone, order = peer.request("cancel_order", order_id="t", symbol=SYMBOL, cancel_order_id_type="client_twap_id")
    assert gone["twap_response"]["status"] == order["order_response"]["status"] == "CANCELLED"
    assert order["order_response"]["order_id"] == gone["twap_response"]["twap_id"]
    assert order["order_response"]["quantity_remaining"] == Decimal("0.5")


def test_a_twap_of_an_amount_that_its_orders_cannot_have_is_rejected() -> None:
    peer = signed_in(made())
    params = {"symbol": SYMBOL, "side": "BUY", "num_orders": 2, "order_interval_secs": 30}
    precision, least = "INVALID_TICK_SIZE_PRECISION_QUANTITY", "QUANTITY_LESS_THAN_MIN_QUANTITY"
    assert statuses(peer.request("add_twap", **params)) == [precision]
    for total, status in ((1e300, precision), (1e-9, precision), (0, least), (-4, least)):
        assert statuses(peer.request("add_twap", **params, total_quantity=total)) == [status]
    assert statuses(peer.request("add_twap", **{**params, "num_orders": 10**9}, total_quantity=1)) == [least]


def test_a_cancelled_twap_can_be_left_without_an_order_response() -> None:
    peer = signed_in(made(forms=QfexForms(twap_cancel="twap_response")))
    params = {"symbol": SYMBOL, "side": "BUY", "total_quantity": 1, "num_orders": 2, "order_interval_secs": 30}
    peer.request("add_twap", **params, client_twap_id="t")
    *_, gone = peer.request("cancel_order", order_id="t", symbol=SYMBOL, cancel_order_id_type="client_twap_id")
    assert gone["twap_response"]["status"] == "CANCELLED"
