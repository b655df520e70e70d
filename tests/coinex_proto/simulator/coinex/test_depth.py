"""Depth channels: a client can rebuild the book of the exchange from the pushes, and prove it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinex_proto.simulator import CoinexServer, CrowdSettings
from coinex_proto.simulator.coinex.depth import checksum, difference
from tests.coinex_proto.simulator.peer import START, Peer, Replica, quiet_server


def lively(**options: object) -> CoinexServer:
    return CoinexServer(now=START, crowd=CrowdSettings(rate=20.0), **options)  # type: ignore[arg-type]


def follow_depth(peer: Peer, limit: int = 20, interval: str = "0", *, is_full: bool = False) -> None:
    peer.request("depth.subscribe", {"market_list": [["BTCUSDT", limit, interval, is_full]]})


@pytest.mark.parametrize(
    ("bids", "asks", "expected"),
    [
        ([("100.5", "2"), ("100.4", "0.35")], [("100.6", "1.25"), ("100.7", "4")], 3897953775),
        ([("100.5", "2"), ("100.4", "0.50")], [("100.7", "4"), ("100.8", "3.10")], 2087347993),
        ([], [("100.6", "1.25")], 2834329845),
        ([("1000", "1"), ("999", "2")], [("1001", "1.0")], 3187919597),
        ([], [], 0),
    ],
)
def test_checksums_of_the_wire_document(
    bids: list[tuple[str, str]], asks: list[tuple[str, str]], expected: int
) -> None:
    assert checksum(bids, asks) == expected


def test_a_difference_names_changed_new_and_gone_levels() -> None:
    assert difference(["3:1", "2:1", "1:1"], ["3:1", "2:5", "0:7"]) == ["2:5", "0:7", "1:0"]


@pytest.mark.parametrize("interval", ["0", "1", "10"])
@pytest.mark.parametrize("limit", [5, 20, 50])
def test_depth_pushes_replay_to_the_book_of_the_exchange_with_the_right_checksum(limit: int, interval: str) -> None:
    peer = Peer(server := lively())
    follow_depth(peer, limit, interval)
    replica, seen = Replica(), 0
    for _ in range(100):
        peer.run(0.2)
        for push in peer.pushes("depth.update")[seen:]:
            replica.apply(push)
            assert replica.checksum == push["depth"]["checksum"]
            seen += 1
    assert seen > 30
    market = server.feeds["spot"].markets["BTCUSDT"]
    step = max(1, int(interval) * 100)
    assert replica.levels("bids") == [list(level) for level in market.levels("buy", limit, step)]
    assert replica.levels("asks") == [list(level) for level in market.levels("sell", limit, step)]
    assert len(replica.levels("asks")) == limit or interval != "0"


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), steps=st.lists(st.floats(0.01, 3.0), min_size=1, max_size=12))
def test_any_steps_of_time_replay_to_a_book_that_its_checksum_proves(seed: int, steps: list[float]) -> None:
    peer = Peer(lively(seed=seed))
    follow_depth(peer, 10)
    replica = Replica()
    for step in steps:
        peer.run(step)
    for push in peer.pushes("depth.update"):
        replica.apply(push)
        assert replica.checksum == push["depth"]["checksum"]


def test_the_first_depth_push_is_full_and_the_next_are_differences() -> None:
    peer = Peer(lively())
    follow_depth(peer)
    peer.run(3)
    kinds = [push["is_full"] for push in peer.pushes("depth.update")]
    assert kinds[0] is True
    assert len(kinds) > 3
    assert not any(kinds[1:])


def test_a_full_subscription_gets_whole_books_only() -> None:
    peer = Peer(lively())
    follow_depth(peer, is_full=True)
    peer.run(3)
    pushes = peer.pushes("depth.update")
    assert len(pushes) > 3
    assert all(push["is_full"] and len(push["depth"]["asks"]) == 20 for push in pushes)


def test_an_incremental_subscription_gets_the_whole_book_again_every_minute() -> None:
    peer = Peer(quiet_server())
    follow_depth(peer)
    for _ in range(13):
        peer.request("server.ping")
        peer.run(10)
    assert [push["is_full"] for push in peer.pushes("depth.update")] == [True, True, True]


def test_depth_comes_on_change_only_and_at_most_every_fifth_of_a_second() -> None:
    peer = Peer(server := quiet_server())
    follow_depth(peer)
    peer.run(5)
    assert len(peer.pushes("depth.update")) == 1
    peer.clear()
    for number in range(10):
        server.quote("BTCUSDT", str(100 + number), "200")
        peer.run(0.04)
    peer.run(1)
    assert 2 <= len(peer.pushes("depth.update")) <= 3


def test_a_newcomer_and_an_old_follower_stand_at_the_same_place() -> None:
    old = Peer(server := lively())
    follow_depth(old)
    old.run(3)
    new = Peer(server)
    follow_depth(new)
    new.run(3)
    old.read()
    books = []
    for peer in (old, new):
        replica = Replica()
        for push in peer.pushes("depth.update"):
            replica.apply(push)
        books.append(replica.sides)
    assert books[0] == books[1]
    assert new.pushes("depth.update")[0]["is_full"]


def test_an_empty_book_has_empty_sides_and_checksum_zero() -> None:
    peer = Peer(server := quiet_server())
    server.quote("BTCUSDT", "100", "101")
    server.trade("BTCUSDT", "buy", "1")
    server.trade("BTCUSDT", "sell", "1")
    follow_depth(peer)
    peer.run(1)
    depth = peer.pushes("depth.update")[0]["depth"]
    assert (depth["asks"], depth["bids"], depth["checksum"]) == ([], [], 0)
