"""Signatures, nonces and the rate limit of the local QFEX."""

from __future__ import annotations

from typing import Any

import pytest

from coinex_proto.simulator.qfex.accounts import Meter
from tests.coinex_proto.simulator.qfex_peer import START, SYMBOL, Peer, auth, made, signed_in, statuses


@pytest.mark.parametrize("way", ["secret", "old", "ahead", "nonce twice", "long nonce", "token", "nothing"])
def test_a_wrong_sign_in_is_refused(way: str) -> None:
    server = made()
    messages: dict[str, Any] = {
        "secret": auth(server, secret="another"),
        "old": auth(server, at=START - 1000),
        "ahead": auth(server, at=START + 1000),
        "nonce twice": auth(server, "used"),
        "long nonce": auth(server, "n" * 101),
        "token": {"type": "auth", "params": {"jwt": "wrong"}},
        "nothing": {"type": "auth", "params": {}},
    }
    Peer(server, "/trade").say(auth(server, "used"))
    assert Peer(server, "/trade").say(messages[way]) == [{"authenticated": False}]


def test_a_nonce_may_come_again_after_its_window() -> None:
    server = made()
    signed_in(server, "again")
    server.advance(START + 901)
    signed_in(server, "again")


def test_the_average_of_a_minute_is_limited_and_cancels_apart() -> None:
    server = made()
    peer = signed_in(server)
    for _ in range(2399):
        peer.request("get_user_orders")
    assert peer.request("get_user_orders")[0]["err"]["error_code"] == "RateLimited"
    assert statuses(peer.request("cancel_order", order_id="x", symbol=SYMBOL, cancel_order_id_type="order_id")) == [
        "NO_SUCH_ORDER"
    ]
    server.advance(START + 5)
    peer.read()
    assert "all_orders_response" in peer.request("get_user_orders")[0]


def test_the_clients_bucket_never_meets_the_venues_limit() -> None:
    from coinex_proto._connection.token_bucket import Bucket
    from coinex_proto.qfex._trade.dialect import LIMIT

    meter, bucket, now = Meter(), Bucket(LIMIT), 0.0
    pauses = [0.0, 0.1, 5.0, 60.0, 0.0, 1.0, 200.0]
    for number in range(60_000):
        now += bucket.wait(1.0, now)
        bucket.take(1.0, now)
        assert meter.take(1.0, now) == 0.0
        if number % 2000 == 0:
            now += pauses[number // 2000 % len(pauses)]
