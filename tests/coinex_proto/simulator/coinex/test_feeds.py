"""Market channels other than depth: what is pushed when."""

from __future__ import annotations

from typing import Any

from coinex_proto.simulator import CoinexServer, CrowdSettings
from tests.coinex_proto.simulator.peer import START, Peer, quiet_server


def lively(**options: object) -> CoinexServer:
    return CoinexServer(now=START, crowd=CrowdSettings(rate=20.0), **options)  # type: ignore[arg-type]


def follow_depth(peer: Peer, limit: int = 20, interval: str = "0", *, is_full: bool = False) -> None:
    peer.request("depth.subscribe", {"market_list": [["BTCUSDT", limit, interval, is_full]]})


def test_best_quotes_come_at_once() -> None:
    peer = Peer(server := quiet_server())
    peer.subscribe("bbo", "BTCUSDT")
    peer.run(0)
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
    assert ids == [deal.deal_id for deal in server.feeds["spot"].markets["BTCUSDT"].deals][: len(ids)][::-1]
    assert len(ids) > 120


def test_state_comes_first_for_all_subscribed_markets_then_for_those_that_traded() -> None:
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


def test_indexes_do_not_catch_up_on_the_time_when_nobody_listened() -> None:
    server = quiet_server()
    server.advance(START + 3601)
    peer = Peer(server)
    peer.subscribe("index", "BTCUSDT")
    peer.run(5)
    assert len(peer.pushes("index.update")) == 1


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


def awake(server: CoinexServer) -> int:
    return sum(market.is_awake for market in server.exchange.markets.values())


def thousand_by_name(past_deals: int = 0) -> tuple[Peer, CoinexServer, list[str]]:
    """Asks for the books of every market by name, in requests of 80, in one moment; what came so far is read."""
    server = CoinexServer(now=START, markets=1000, crowd=CrowdSettings(rate=0.1, past_deals=past_deals))
    peer = Peer(server)
    names = list(server.feeds["spot"].markets)
    for first in range(0, len(names), 80):
        peer.request("depth.subscribe", {"market_list": [[n, 5, "0", False] for n in names[first : first + 80]]})
    return peer, server, names


def test_a_thousand_markets_by_name_are_acknowledged_before_most_of_them_wake() -> None:
    peer, server, names = thousand_by_name()
    assert [message["code"] for message in peer.messages] == [0] * -(-len(names) // 80)
    assert 1 <= awake(server) <= 16


def test_markets_wake_a_few_at_a_time_so_that_others_are_served_meanwhile() -> None:
    peer, server, names = thousand_by_name()
    before, most = awake(server), 0
    for _ in range(700):
        server.advance(server.now + 0.01)
        now_awake = awake(server)
        before, most = now_awake, max(most, now_awake - before)
    assert most <= 4
    assert awake(server) == len(names)
    peer.read()
    assert {push["market"] for push in peer.pushes("depth.update")} == set(names)


def test_a_market_that_still_sleeps_shows_no_empty_book_quote_or_history() -> None:
    peer, _, names = thousand_by_name(past_deals=100)
    peer.subscribe("bbo", *names[:100])
    peer.subscribe("bbo", *names[100:200])
    peer.subscribe("deals", *names[:100])
    peer.subscribe("deals", *names[100:200])
    peer.run(6)
    firsts: dict[tuple[str, str], Any] = {}
    for message in peer.messages:
        if "method" in message:
            firsts.setdefault((message["method"], message["data"]["market"]), message["data"])
    for name in names[:200]:
        assert firsts["depth.update", name]["is_full"]
        assert len(firsts["depth.update", name]["depth"]["bids"]) == 5
        assert firsts["bbo.update", name]["best_bid_price"] != "0"
        assert len(firsts["deals.update", name]["deal_list"]) == 100


def test_markets_that_follow_each_other_slowly_wake_with_their_requests() -> None:
    peer = Peer(server := CoinexServer(now=START, markets=100))
    names = list(server.feeds["spot"].markets)
    for number in range(0, 60, 15):
        peer.subscribe("bbo", *names[number : number + 15])
        server.advance(server.now + 0.08)
        assert all(server.feeds["spot"].markets[name].is_awake for name in names[: number + 15])
        peer.run(0.25)


def test_pushes_that_are_overdue_come_once_when_the_machine_cannot_keep_up() -> None:
    peer = Peer(server := CoinexServer(now=START))
    follow_depth(peer)
    peer.subscribe("index")
    peer.run(1)
    peer.clear()
    late = server.now + 50
    server.relieve(late)
    server.advance(late)
    peer.read()
    assert len(peer.pushes("depth.update")) <= 2
    assert len(peer.pushes("index.update")) <= 2
    peer.clear()
    peer.run(10)
    assert len(peer.pushes("depth.update")) > 10
    assert len(peer.pushes("index.update")) == 2
