"""Market channels other than depth: what is pushed when."""

from __future__ import annotations

from coinex_proto.simulator import CoinexServer, CrowdSettings
from tests.coinex_proto.simulator.peer import START, Peer, quiet_server


def lively(**options: object) -> CoinexServer:
    return CoinexServer(now=START, crowd=CrowdSettings(rate=20.0), **options)  # type: ignore[arg-type]


def follow_depth(peer: Peer, limit: int = 20, interval: str = "0", *, is_full: bool = False) -> None:
    peer.request("depth.subscribe", {"market_list": [["BTCUSDT", limit, interval, is_full]]})


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
