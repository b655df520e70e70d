"""Balances, fee rates and positions over HTTP."""

from __future__ import annotations

import pytest

from coinex_proto.simulator.coinex.http_numbers import short
from tests.coinex_proto.simulator.http_peer import FUTURES, code, data, request
from tests.coinex_proto.simulator.peer import Json, Peer, quiet_server


def test_a_futures_position_opens_pays_margin_and_closes() -> None:
    peer = Peer(server := quiet_server(), "/v2/futures")
    peer.sign_in()
    for topic in ("position", "balance", "user_deals"):
        peer.subscribe(topic)
    server.quote("BTCUSDT", "99", "101", "10")
    server.quote("BTCUSDT", "99", "100", "10", module="futures")
    where = {"market": "BTCUSDT", "market_type": "FUTURES"}
    assert data(
        server, "POST", "/v2/futures/adjust-position-leverage", {**where, "margin_mode": "isolated", "leverage": 10}
    )
    data(server, "POST", "/v2/futures/order", {**FUTURES, "type": "market", "amount": "2"})
    (position,) = data(server, "GET", "/v2/futures/pending-position?market_type=FUTURES")
    assert (position["side"], position["open_interest"], position["leverage"]) == ("long", "2", "10")
    assert float(position["margin_avbl"]) == 20
    assert float(position["bkr_price"]) == 90
    closed = data(server, "POST", "/v2/futures/close-position", {**where, "type": "market"})
    assert (closed["side"], closed["realized_pnl"]) == ("sell", "-2")
    (finished,) = data(server, "GET", "/v2/futures/finished-position?market_type=FUTURES")
    assert finished["finished_type"] == "market"
    assert float(finished["realized_pnl"]) == pytest.approx(-2 - 0.199)
    peer.run(0.2)
    assert [push["event"] for push in peer.pushes("position.update")] == ["update", "close"]
    deals = peer.pushes("user_deals.update")
    assert {deal["position_id"] for deal in deals} == {int(finished["position_id"])}
    (balances,) = peer.pushes("balance.update")
    (entry,) = balances["balance_list"]
    assert set(entry) == {"ccy", "available", "frozen", "margin", "transferrable", "unrealized_pnl", "equity"}
    assert float(entry["available"]) == pytest.approx(10**6 - 2.199)
    (balance,) = data(server, "GET", "/v2/assets/futures/balance")
    assert balance["available"] == short(entry["available"])


def test_margin_can_be_added_and_not_taken_below_the_initial_one() -> None:
    server = quiet_server()
    where = {"market": "BTCUSDT", "market_type": "FUTURES"}
    assert code(request(server, "POST", "/v2/futures/adjust-position-margin", {**where, "amount": "5"})) == 3639
    data(server, "POST", "/v2/futures/order", {**FUTURES, "type": "market", "amount": "0.1"})
    before = data(server, "GET", "/v2/futures/pending-position?market_type=FUTURES")[0]["margin_avbl"]
    after = data(server, "POST", "/v2/futures/adjust-position-margin", {**where, "amount": "5"})["margin_avbl"]
    assert float(after) - float(before) == pytest.approx(5)
    assert code(request(server, "POST", "/v2/futures/adjust-position-margin", {**where, "amount": "-6"})) == 3109


def test_a_position_whose_margin_is_used_up_is_liquidated() -> None:
    peer = Peer(server := quiet_server(), "/v2/futures")
    peer.sign_in()
    peer.subscribe("position")
    for module in ("spot", "futures"):
        server.quote("BTCUSDT", "99", "100", "50", module=module)
    where = {"market": "BTCUSDT", "market_type": "FUTURES"}
    data(server, "POST", "/v2/futures/adjust-position-leverage", {**where, "margin_mode": "isolated", "leverage": 100})
    data(server, "POST", "/v2/futures/order", {**FUTURES, "type": "market", "amount": "2", "side": "buy"})
    for module in ("futures", "spot"):
        server.quote("BTCUSDT", "90", "91", "50", module=module)
    peer.run(0)
    assert peer.pushes("position.update")[-1]["event"] == "liq"
    (finished,) = data(server, "GET", "/v2/futures/finished-position?market_type=FUTURES")
    assert finished["finished_type"] == "liq"


def test_funding_is_paid_every_eight_hours() -> None:
    server = quiet_server()
    server.quote("BTCUSDT", "60000", "60001", "5")
    server.quote("BTCUSDT", "60000", "60001", "5", module="futures")
    data(server, "POST", "/v2/futures/order", {**FUTURES, "type": "market", "amount": "1"})
    paid_from = float(data(server, "GET", "/v2/assets/futures/balance")[0]["available"])
    server.advance(server.now + 8 * 3600)
    funding, *_ = data(server, "GET", "/v2/futures/funding-rate-history?market=BTCUSDT")
    assert funding["funding_time"] % (8 * 3_600_000) == 0
    paid = paid_from - float(data(server, "GET", "/v2/assets/futures/balance")[0]["available"])
    assert paid == pytest.approx(60_000 * float(funding["actual_funding_rate"]), rel=0.01)


def test_fee_rates_are_given_for_both_modules() -> None:
    server = quiet_server()
    spot = data(server, "GET", "/v2/account/trade-fee-rate?market_type=SPOT&market=BTCUSDT")
    futures = data(server, "GET", "/v2/account/trade-fee-rate?market_type=FUTURES&market=BTCUSDT")
    assert (spot["taker_rate"], futures["taker_rate"]) == ("0.002", "0.0005")
    assert code(request(server, "GET", "/v2/account/trade-fee-rate?market_type=SPOT&market=NO")) == 3639


@pytest.mark.parametrize(
    ("change", "expected"), [({"leverage": 7}, 3639), ({"margin_mode": "none"}, 3639), ({"leverage": "20"}, 0)]
)
def test_leverage_is_one_of_those_that_the_market_lists(change: Json, expected: int) -> None:
    terms = {"market": "BTCUSDT", "market_type": "FUTURES", "margin_mode": "cross", "leverage": 10, **change}
    assert code(request(quiet_server(), "POST", "/v2/futures/adjust-position-leverage", terms)) == expected
