"""The local QFEX as a whole: time, connections, faults, the same bytes for the same seed."""

from __future__ import annotations

from coinex_proto.simulator import CrowdSettings, QfexServer
from tests.coinex_proto.simulator.qfex_peer import (
    START,
    Peer,
    auth,
    made,
    order,
    signed_in,
    statuses,
    subscribe,
)


def test_a_skewed_clock_refuses_what_would_have_been_right() -> None:
    server = made()
    server.skew_clock(3600)
    assert Peer(server, "/trade").say(auth(server)) == [{"authenticated": False}]


def test_a_connection_that_does_not_sign_in_is_closed_after_a_minute() -> None:
    server = made()
    idle, busy = Peer(server, "/trade"), signed_in(server)
    server.advance(START + 59)
    assert not idle.is_closed()
    server.advance(START + 61)
    assert idle.is_closed()
    assert not busy.is_closed()


def test_signed_in_connections_are_pinged() -> None:
    server = made()
    peer = signed_in(server)
    server.advance(START + 31)
    peer.read()
    assert peer.pings == 2


def test_account_data_comes_every_second() -> None:
    server = made()
    peer = signed_in(server, "n", "positions", "balances")
    server.advance(START + 3.5)
    assert [next(iter(text)) for text in peer.read()] == ["position_response", "balance_response"] * 3


def test_a_refusal_and_a_lost_answer() -> None:
    server = made()
    peer = signed_in(server)
    server.refuse("add_order", "KycRequired")
    assert peer.request("add_order", **order())[0]["err"]["error_code"] == "KycRequired"
    server.inject("on add_order lose-answer")
    assert peer.request("add_order", **order()) == []
    assert len(server.orders()) == 1
    server.inject("on order_response duplicate")
    assert statuses(peer.request("add_order", **order())) == ["ACK", "ACK"]
    server.inject("on add_order late 2")
    assert peer.request("add_order", **order()) == []
    server.advance(START + 2)
    assert statuses(peer.read()) == ["ACK"]


def test_the_same_seed_says_the_same() -> None:
    said = []
    for _ in range(2):
        server = QfexServer(now=START, seed=5, crowd=CrowdSettings(rate=20.0))
        peer = Peer(server, "/mds")
        subscribe(peer, "trade", "candle", "bbo", symbol="*", intervals=["1MIN"])
        server.advance(START + 20)
        said.append(peer.read())
    assert said[0] == said[1]
    assert {"trade", "candle", "bbo"} <= {text["type"] for text in said[0]}
