"""Both sockets of the local QFEX: what they take, and what they refuse with an error frame."""

from __future__ import annotations

import pytest

from tests.coinex_proto.simulator.qfex_peer import SYMBOL, Peer, auth, made, order, signed_in, statuses


def test_a_right_signature_signs_in_once() -> None:
    server = made()
    peer = Peer(server, "/trade")
    assert peer.say(auth(server)) == [{"authenticated": True}]
    assert peer.say(auth(server, "n2"))[0]["err"]["error_code"] == "AlreadyAuthenticated"


def test_nothing_private_without_sign_in() -> None:
    answer = Peer(made(), "/?api_key=x").request("add_order", **order())
    assert answer[0]["err"]["error_code"] == "PermissionDenied"
    assert answer[0]["err"]["incoming_message"]["type"] == "add_order"


def test_cancel_on_disconnect_cancels_everything_of_the_account() -> None:
    server = made()
    quiet, peer = signed_in(server, "a"), signed_in(server, "b")
    quiet.request("add_order", **order())
    assert "ack" in peer.request("cancel_on_disconnect", cancel_on_disconnect=True)[-1]
    peer.link.end("rst")
    assert statuses(quiet.read()) == ["CANCELLED"]
    assert server.orders() == ()


def test_without_the_flag_orders_stay() -> None:
    server = made()
    peer = signed_in(server)
    peer.request("add_order", **order())
    server.drop()
    assert len(server.orders()) == 1


@pytest.mark.parametrize(
    "message",
    [
        "{",
        "[]",
        '{"type":7}',
        {"type": "add_order"},
        {"type": "add_order", "params": {"symbol": 7}},
        {"type": "add_order", "params": {"symbol": SYMBOL, "quantity": "1"}},
        {"type": "add_order", "params": {"side": "buy"}},
        {"type": "get_user_orders", "params": {"limit": True}},
        {"type": "what", "params": {}},
    ],
)
def test_what_does_not_fit_the_schema_is_an_error_frame(message: object) -> None:
    answer = signed_in(made()).say(message)
    assert answer[0]["err"]["error_code"] == "InvalidJSONFormat"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "subscribe", "channels": ["nothing"], "symbols": [SYMBOL]}, "InvalidParameter"),
        ({"type": "subscribe", "channels": ["bbo"], "symbols": ["NONE-USD"]}, "InvalidParameter"),
        ({"type": "subscribe", "channels": ["candle"], "symbols": [SYMBOL]}, "InvalidParameter"),
        ({"type": "subscribe", "channels": ["level2"], "symbols": [SYMBOL], "sig_figs": [9]}, "InvalidParameter"),
        ({"type": "subscribe", "channels": [["bbo"]], "symbols": [SYMBOL]}, "InvalidParameter"),
        ({"type": "subscribe", "channels": "bbo", "symbols": [SYMBOL]}, "InvalidJSONFormat"),
        ({"type": "hello"}, "InvalidJSONFormat"),
        ("}", "InvalidJSONFormat"),
    ],
)
def test_what_cannot_be_subscribed_is_an_error_frame(message: object, code: str) -> None:
    answer = Peer(made(), "/mds").say(message)
    assert answer[0]["err"]["error_code"] == code
