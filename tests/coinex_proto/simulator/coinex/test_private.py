"""Private channels: who gets what, with which fields, in which order."""

from __future__ import annotations

from coinex_proto.simulator import CoinexServer
from tests.coinex_proto.simulator.peer import START, Peer, quiet_server

SPOT_ORDER = {
    "order_id",
    "market",
    "margin_market",
    "type",
    "side",
    "price",
    "amount",
    "unfilled_amount",
    "filled_amount",
    "filled_value",
    "taker_fee_rate",
    "maker_fee_rate",
    "base_ccy_fee",
    "quote_ccy_fee",
    "discount_ccy_fee",
    "last_filled_amount",
    "last_filled_price",
    "client_id",
    "created_at",
    "updated_at",
}
FUTURES_ORDER = {
    "order_id",
    "stop_id",
    "market",
    "type",
    "side",
    "price",
    "amount",
    "unfilled_amount",
    "filled_amount",
    "filled_value",
    "taker_fee_rate",
    "maker_fee_rate",
    "fee",
    "fee_ccy",
    "last_filled_amount",
    "last_filled_price",
    "client_id",
    "created_at",
    "updated_at",
}
POSITION = {
    "position_id",
    "market",
    "side",
    "margin_mode",
    "open_interest",
    "close_avbl",
    "ath_position_amount",
    "unrealized_pnl",
    "realized_pnl",
    "avg_entry_price",
    "cml_position_value",
    "max_position_value",
    "take_profit_price",
    "stop_loss_price",
    "take_profit_type",
    "stop_loss_type",
    "leverage",
    "margin_avbl",
    "ath_margin_size",
    "position_margin_rate",
    "maintenance_margin_rate",
    "maintenance_margin_value",
    "liq_price",
    "bkr_price",
    "adl_level",
    "settle_price",
    "settle_val",
    "first_filled_price",
    "latest_filled_price",
    "created_at",
    "updated_at",
}


def signed(server: CoinexServer, module: str, *topics: str) -> Peer:
    peer = Peer(server, f"/v2/{module}")
    peer.sign_in()
    for topic in topics:
        peer.subscribe(topic)
    return peer


def test_an_order_is_put_partly_filled_and_finished() -> None:
    peer = signed(server := quiet_server(), "spot", "order", "user_deals", "balance")
    order = server.place("BTCUSDT", "buy", "100", "2")
    server.fill(order, "0.5")
    server.fill(order)
    peer.run(0)
    events = [(push["event"], push["order"]["unfilled_amount"]) for push in peer.pushes("order.update")]
    assert events == [("put", "2"), ("update", "1.5"), ("finish", "0")]
    assert [(deal["amount"], deal["role"]) for deal in peer.pushes("user_deals.update")] == [
        ("0.5", "maker"),
        ("1.5", "maker"),
    ]
    order_push = peer.pushes("order.update")[-1]["order"]
    assert set(order_push) == SPOT_ORDER
    assert order_push["margin_market"] == ""
    assert (order_push["filled_value"], order_push["base_ccy_fee"]) == ("200", "0.004")


def test_a_cancelled_order_finishes_with_its_remainder() -> None:
    peer = signed(server := quiet_server(), "spot", "order")
    order = server.place("BTCUSDT", "buy", "100", "2")
    server.fill(order, "0.5")
    server.exchange.cancel(order)
    peer.run(0)
    last = peer.pushes("order.update")[-1]
    assert (last["event"], last["order"]["unfilled_amount"], last["order"]["filled_amount"]) == ("finish", "1.5", "0.5")


def test_an_order_that_fills_at_once_only_finishes() -> None:
    peer = signed(server := quiet_server(), "spot", "order")
    server.quote("BTCUSDT", "99", "100", "5")
    server.place("BTCUSDT", "buy", "100", "2")
    peer.run(0)
    assert [push["event"] for push in peer.pushes("order.update")] == ["finish"]


def test_an_order_is_filled_when_the_market_crosses_it() -> None:
    peer = signed(server := quiet_server(), "spot", "order")
    server.quote("BTCUSDT", "100", "102")
    order = server.place("BTCUSDT", "buy", "101", "7")
    server.quote("BTCUSDT", "99", "100")
    peer.run(0)
    assert order.finish == "filled"
    assert peer.pushes("order.update")[-1]["event"] == "finish"
    assert server.feeds["spot"].markets["BTCUSDT"].levels("buy") == [("99.00", "1")]


def test_the_random_walk_fills_resting_orders_sooner_or_later() -> None:
    server = CoinexServer(now=START, seed=3)
    server.advance(START + 1)
    peer = signed(server, "spot", "order")
    market = server.feeds["spot"].markets["BTCUSDT"]
    server.crowds.wake(market.spec.key, server.now)
    bid, _, ask, _ = market.top
    orders = [
        server.place("BTCUSDT", "buy", market.price_text(bid - 2000), "0.01"),
        server.place("BTCUSDT", "sell", market.price_text(ask + 2000), "0.01"),
    ]
    server.advance(server.now + 50)
    peer.read()
    assert any(order.finish == "filled" for order in orders)


def test_balances_come_at_once_on_spot_one_currency_a_push_without_padding() -> None:
    peer = signed(server := quiet_server(), "spot", "balance")
    server.fill(server.place("BTCUSDT", "buy", "100", "2"))
    peer.run(0)
    entries = [entry for push in peer.pushes("balance.update") for entry in push["balance_list"]]
    assert [(entry["ccy"], entry["available"], entry["frozen"]) for entry in entries] == [
        ("USDT", "999800", "200"), ("BTC", "101.996", "0"), ("USDT", "999800", "0"),
    ]  # fmt: skip
    assert set(entries[0]) == {"margin_market", "ccy", "available", "frozen", "updated_at"}
    assert entries[0]["margin_market"] == ""


def test_futures_balances_come_in_batches_a_tenth_of_a_second_later() -> None:
    peer = signed(server := quiet_server(), "futures", "balance")
    for price in ("100", "101", "102"):
        server.place("BTCUSDT", "buy", price, "1", module="futures")
    peer.run(0.05)
    assert peer.pushes("balance.update") == []
    peer.run(0.1)
    (push,) = peer.pushes("balance.update")
    assert [entry["ccy"] for entry in push["balance_list"]] == ["USDT"]
    assert len(push["balance_list"][0]["available"].partition(".")[2]) == 20


def test_futures_orders_and_positions_have_their_own_fields() -> None:
    peer = signed(server := quiet_server(), "futures", "order", "position", "user_deals")
    order = server.place("BTCUSDT", "sell", "70000", "0.1", module="futures")
    server.fill(order)
    peer.run(0)
    assert set(peer.pushes("order.update")[0]["order"]) == FUTURES_ORDER
    (position,) = peer.pushes("position.update")
    assert set(position["position"]) == POSITION
    assert (position["position"]["side"], position["position"]["open_interest"]) == ("short", "0.1")
    (deal,) = peer.pushes("user_deals.update")
    assert deal["position_id"] == position["position"]["position_id"]
    assert "margin_market" not in deal


def test_pushes_come_from_the_subscribed_markets_only() -> None:
    server = quiet_server(markets=("BTCUSDT", "ETHUSDT"))
    peer = signed(server, "spot")
    peer.subscribe("order", "ETHUSDT")
    peer.subscribe("balance", "ETH")
    for market in ("BTCUSDT", "ETHUSDT"):
        server.fill(server.place(market, "buy", "100", "1"))
    peer.run(0)
    assert {push["order"]["market"] for push in peer.pushes("order.update")} == {"ETHUSDT"}
    assert {entry["ccy"] for push in peer.pushes("balance.update") for entry in push["balance_list"]} == {"ETH"}


def test_an_account_sees_nothing_of_another() -> None:
    server = quiet_server()
    other = server.add_account("OTHER", "f" * 48)
    peer = signed(server, "spot", "order", "user_deals", "balance")
    peer.clear()
    server.exchange.fill(
        server.exchange.place(other, "spot:BTCUSDT", "buy", "limit", amount=10**8, price=10_000), 10**8
    )
    peer.run(0)
    assert peer.messages == []


def test_nothing_comes_after_an_unsubscribe_or_before_a_sign_in() -> None:
    stranger = Peer(server := quiet_server())
    peer = signed(server, "spot", "order")
    peer.request("order.unsubscribe", {"market_list": []})
    peer.clear()
    server.place("BTCUSDT", "buy", "100", "1")
    peer.run(0)
    stranger.read()
    assert peer.messages == stranger.messages == []


def test_maintenance_is_announced_on_channel_101_and_over_http() -> None:
    peer = signed(server := quiet_server(), "spot")
    answer = peer.request("notice.subscribe", {"channels": [101]})
    assert answer is not None
    assert answer["code"] == 0
    server.announce_maintenance(3600, 7200)
    peer.run(0)
    (notice,) = peer.pushes("notice.update")
    assert notice["channel"] == 101
    assert notice["info"]["start_time"] == int(START * 1000) + 3_600_000
    assert notice["info"]["scope"] == ["SPOT", "FUTURES"]
