"""Market channels: what is pushed when, and that a client can rebuild the book from it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinex_proto.simulator import CoinexServer, CrowdSettings
from coinex_proto.simulator.coinex_feeds import checksum, difference
from tests.coinex_proto.simulator.peer import START, Peer, Replica, quiet_server


def lively(**options: object) -> CoinexServer:
    return CoinexServer(now=START, crowd=CrowdSettings(rate=20.0), **options)  # type: ignore[arg-type]


def follow_depth(peer: Peer, limit: int = 20, interval: str = "0", *, is_full: bool = False) -> None:
    peer.ask("depth.subscribe", {"market_list": [["BTCUSDT", limit, interval, is_full]]})


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
    old, new = [("3", "1"), ("2", "1"), ("1", "1")], [("3", "1"), ("2", "5"), ("0", "7")]
    assert difference(old, new) == [("2", "5"), ("0", "7"), ("1", "0")]


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
def test_any_pace_of_time_replays_to_a_book_that_its_checksum_proves(seed: int, steps: list[float]) -> None:
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
        peer.ask("server.ping")
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


def test_best_quotes_come_at_once() -> None:
    peer = Peer(server := quiet_server())
    peer.subscribe("bbo", "BTCUSDT")
    peer.clear()
    server.quote("BTCUSDT", "100", "101", "2.5")
    peer.read()
    assert peer.pushes("bbo.update") == [
        {
            "market": "BTCUSDT",
            "updated_at": int(START * 1000),
            "best_bid_price": "100.00",
            "best_bid_size": "2.5",
            "best_ask_price": "101.00",
            "best_ask_size": "2.5",
        }
    ]


def test_the_first_deals_push_is_history_and_the_next_are_news() -> None:
    peer = Peer(server := quiet_server())
    peer.subscribe("deals", "BTCUSDT")
    peer.run(0.5)
    history = peer.pushes("deals.update")[0]["deal_list"]
    assert len(history) == 100
    ids = [deal["deal_id"] for deal in history]
    assert ids == sorted(ids, reverse=True)
    peer.clear()
    server.quote("BTCUSDT", "100", "101", "5")
    server.trade("BTCUSDT", "buy", "1")
    server.trade("BTCUSDT", "sell", "2")
    peer.run(0.5)
    (news,) = peer.pushes("deals.update")
    assert [(deal["side"], deal["price"], deal["amount"]) for deal in news["deal_list"]] == [
        ("sell", "100.00", "2"),
        ("buy", "101.00", "1"),
    ]
    assert news["deal_list"][-1]["deal_id"] > ids[0]


def test_no_deal_is_pushed_twice_or_lost() -> None:
    peer = Peer(server := lively())
    peer.subscribe("deals", "BTCUSDT")
    for _ in range(50):
        peer.run(0.2)
    ids = [deal["deal_id"] for push in peer.pushes("deals.update") for deal in reversed(push["deal_list"])]
    assert ids == [deal.deal_id for deal in reversed(server.feeds["spot"].markets["BTCUSDT"].deals)][-len(ids) :]
    assert len(ids) > 120


def test_state_comes_first_for_all_wanted_markets_then_for_those_that_traded() -> None:
    peer = Peer(server := quiet_server(markets=("BTCUSDT", "ETHUSDT", "CETUSDT")))
    peer.subscribe("state", "BTCUSDT", "ETHUSDT")
    peer.run(0.5)
    assert [entry["market"] for entry in peer.pushes("state.update")[0]["state_list"]] == ["BTCUSDT", "ETHUSDT"]
    peer.clear()
    server.quote("ETHUSDT", "100", "101")
    server.trade("ETHUSDT", "buy", "0.5")
    peer.run(0.5)
    (push,) = peer.pushes("state.update")
    assert [(entry["market"], entry["last"]) for entry in push["state_list"]] == [("ETHUSDT", "101.00")]


def test_state_has_the_fields_of_its_module() -> None:
    fields = {}
    for module in ("spot", "futures"):
        peer = Peer(quiet_server(), f"/v2/{module}")
        peer.subscribe("state")
        peer.run(0.5)
        fields[module] = set(peer.pushes("state.update")[0]["state_list"][0])
    common = {
        "market",
        "last",
        "open",
        "close",
        "high",
        "low",
        "volume",
        "value",
        "volume_sell",
        "volume_buy",
        "period",
    }
    assert fields["spot"] == common
    assert fields["futures"] - common == {
        "open_interest_size",
        "insurance_fund_size",
        "mark_price",
        "index_price",
        "latest_funding_rate",
        "next_funding_rate",
        "latest_funding_time",
        "next_funding_time",
    }


def test_all_futures_markets_bring_pseudo_markets_without_mark_and_index_price() -> None:
    named, everything = (Peer(server := quiet_server(), "/v2/futures") for _ in range(2))
    named.subscribe("state", "BTCUSDT")
    everything.subscribe("state")
    server.advance(START + 0.5)
    for peer, names in ((named, ["BTCUSDT"]), (everything, ["BTCUSDT", "BTCUSDT_SIGNPRICE"])):
        peer.run(0.5)
        entries = peer.pushes("state.update")[0]["state_list"]
        assert [entry["market"] for entry in entries] == names
    assert "mark_price" not in entries[1]


def test_indexes_come_every_five_seconds_and_futures_add_the_mark_price() -> None:
    spot, futures = Peer(server := quiet_server()), Peer(quiet_server(), "/v2/futures")
    for peer in (spot, futures):
        peer.subscribe("index", "BTCUSDT")
        peer.run(21)
        assert len(peer.pushes("index.update")) == 4
    assert set(spot.pushes("index.update")[0]) == {"market", "index_price"}
    assert set(futures.pushes("index.update")[0]) == {"market", "index_price", "mark_price"}
    assert server.next_deadline() is not None


def test_the_premium_index_comes_when_it_changes() -> None:
    peer = Peer(server := quiet_server(), "/v2/futures")
    peer.subscribe("premium", "BTCUSDT")
    server.quote("BTCUSDT", "99", "101")
    server.quote("BTCUSDT", "100", "102", module="futures")
    peer.run(5)
    assert [push["premium_index"] for push in peer.pushes("premium.update")] == ["0.01"]


def test_a_halted_market_acknowledges_everything_and_sends_a_frozen_state_only() -> None:
    peer = Peer(server := lively())
    server.halt()
    for topic in ("state", "deals", "bbo", "index"):
        answer = peer.subscribe(topic, "BTCUSDT")
        assert answer is not None
        assert answer["code"] == 0
    follow_depth(peer)
    peer.clear()
    peer.run(28)
    assert [message["method"] for message in peer.messages] == ["state.update"]
    server.resume()
    peer.run(28)
    assert {message["method"] for message in peer.messages} == {
        "state.update", "deals.update", "bbo.update", "index.update", "depth.update",
    }  # fmt: skip


def test_a_thousand_markets_wake_one_after_the_other_and_all_come() -> None:
    peer = Peer(server := CoinexServer(now=START, markets=100, crowd=CrowdSettings(rate=0.5)))
    peer.subscribe("state")
    peer.run(0.25)
    assert len(peer.pushes("state.update")[0]["state_list"]) == 100
    assert server.exchange.markets["spot:SIM0090USDT"].top == (0, 0, 0, 0)
    peer.run(2)
    assert server.exchange.markets["spot:SIM0090USDT"].top != (0, 0, 0, 0)
