"""What a page of a local CoinEx sees of it and makes it do."""

from __future__ import annotations

import pytest

from tests.coinex_proto.simulator.control_peer import ControlPeer, server_with_page
from tests.coinex_proto.simulator.peer import Peer


def test_it_is_told_what_there_is_and_no_secret() -> None:
    server = server_with_page(markets=("BTCUSDT", "ETHBTC"))
    told = ControlPeer(server).do("hello")
    assert {(one["name"], one["module"]) for one in told["markets"]} == {
        ("BTCUSDT", "spot"),
        ("ETHBTC", "spot"),
        ("BTCUSDT", "futures"),
    }
    assert [form["name"] for form in told["verbs"]] == ["quote", "trade", "place", "fill"]
    assert {"drop", "stall", "refuse", "skew", "wrong-checksum"} <= {fault["name"] for fault in told["faults"]}
    assert {"depth.subscribe", "server.sign"} <= set(told["requests"])
    assert {"depth.update", "messages"} <= set(told["pushes"])
    assert server.secret_key not in str(told)


def test_another_run_is_another_run() -> None:
    server = server_with_page()
    again = server_with_page()
    assert ControlPeer(server).do("hello")["run"] == ControlPeer(again).do("hello")["run"]
    assert ControlPeer(server_with_page(seed=1)).do("hello")["run"] != ControlPeer(server).do("hello")["run"]


def test_clients_are_listed_with_what_they_have_subscribed_to() -> None:
    server = server_with_page()
    control, client = ControlPeer(server), Peer(server, user_agent="my bot/1.0")
    client.request("depth.subscribe", {"market_list": [["BTCUSDT", 20, "0", False]]})
    client.subscribe("deals", "BTCUSDT")
    client.subscribe("state")
    client.sign_in()
    client.subscribe("balance")
    (listed,) = control.do("look")["clients"]
    assert listed["client"] == "my bot/1.0"
    assert listed["is_signed_in"]
    assert listed["subscriptions"] == ["depth BTCUSDT 20 0", "state all", "deals BTCUSDT", "balance all"]
    assert listed["sent"] == 5


def test_a_signature_made_for_the_page_is_accepted_and_a_clock_that_is_off_is_not() -> None:
    server = server_with_page()
    control, client = ControlPeer(server), Peer(server)
    answer = client.request("server.sign", control.do("sign", timestamp=str(server.clock_ms)))
    assert answer is not None
    assert answer["code"] == 0
    answer = client.request("server.sign", control.do("sign", timestamp=str(server.clock_ms - 10**7)))
    assert answer is not None
    assert answer["code"] == 21002
    assert "timestamp" in control.why_not("sign", timestamp="١٢٣")


def test_a_market_is_quoted_traded_and_an_order_of_the_account_is_placed_and_filled() -> None:
    server = server_with_page()
    control, client = ControlPeer(server), Peer(server)
    client.sign_in()
    for topic in ("order", "user_deals"):
        client.subscribe(topic)
    control.do("quote", market="BTCUSDT", module="spot", bid="100", ask="102", size="3")
    placed = control.do("place", market="BTCUSDT", side="buy", price="101", amount="2")
    held = control.do("account", module="spot")
    assert [order["order_id"] for order in held["orders"]] == [placed["order_id"]]
    assert {one["ccy"] for one in held["balances"]} == {"BTC", "USDT"}
    control.do("fill", order=str(placed["order_id"]), amount="0.5")
    control.do("trade", market="BTCUSDT", side="sell", amount="1.5")
    client.run(1)
    assert [deal["amount"] for deal in client.pushes("user_deals.update")] == ["0.5", "1.5"]
    assert control.do("account", module="spot")["orders"] == []


def test_a_futures_market_has_its_own_orders_and_balances() -> None:
    control = ControlPeer(server_with_page())
    control.do("place", market="BTCUSDT", module="futures", side="buy", price="100", amount="1")
    assert len(control.do("account", module="futures")["orders"]) == 1
    assert control.do("account", module="spot")["orders"] == []


@pytest.mark.parametrize(
    ("verb", "given", "why"),
    [
        ("quote", {"market": "NOPE", "bid": "1", "ask": "2", "size": "1"}, "no market"),
        ("quote", {"market": "BTCUSDT", "bid": "2", "ask": "1", "size": "1"}, "below the ask"),
        ("quote", {"market": "BTCUSDT", "bid": "1", "ask": "2"}, "size is missing"),
        ("quote", {"market": "BTCUSDT", "bid": "1", "ask": "2", "size": "0.0"}, "no number above zero"),
        ("quote", {"market": "BTCUSDT", "bid": "NaN", "ask": "2", "size": "1"}, "no number above zero"),
        ("trade", {"market": "BTCUSDT", "side": "buy", "amount": "-1"}, "no number above zero"),
        ("trade", {"market": "BTCUSDT", "side": "up", "amount": "1"}, "side is buy or sell"),
        ("trade", {"market": "BTCUSDT", "side": "buy", "amount": "9" * 30}, "no number above zero"),
        ("trade", {"market": "BTCUSDT", "side": "buy", "amount": "1", "module": "moon"}, "module is one of"),
        ("trade", {"side": "buy", "amount": "1"}, "market is missing"),
        ("place", {"market": "BTCUSDT", "side": "buy", "price": "1", "amount": "9" * 20}, "too small"),
        ("place", {"market": "BTCUSDT", "side": "buy", "price": "1e5", "amount": "1"}, "no number above zero"),
        ("fill", {"order": "12345"}, "no order"),
        ("fill", {"order": "9" * 100}, "no order"),
        ("fill", {"order": "x"}, "no order"),
        ("inject", {"line": "at 0s explode"}, "unknown fault"),
        ("inject", {"line": "on connect http 5"}, "status from 200 to 599"),
        ("inject", {"line": "at 0s slow 0 5"}, "more than 0"),
        ("inject", {"line": "every 0s drop"}, "at least"),
        ("inject", {"line": "at 0s stall " + "9" * 150}, "takes numbers"),
        ("inject", {}, "line is missing"),
    ],
)
def test_what_cannot_be_done_is_said_in_words_and_changes_nothing(verb: str, given: dict[str, str], why: str) -> None:
    server = server_with_page()
    control = ControlPeer(server)
    assert why in control.why_not(verb, **given)
    assert control.do("account", module="spot")["orders"] == []
    server.advance(server.now + 1)
