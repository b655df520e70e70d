"""Coin-margined futures: contracts of a dollar, and everything that is paid and won is coins."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from coinex_proto.simulator import CoinexServer
from coinex_proto.simulator.market.catalogue import specs
from coinex_proto.simulator.market.futures import Position
from coinex_proto.simulator.market.matching import Side
from tests.coinex_proto.simulator.http_peer import data
from tests.coinex_proto.simulator.peer import Peer, Replica, quiet_server

COIN = 10**20
"""Units of a bitcoin."""


def opened(side: Side = "buy", price: str = "60000", *, mode: str = "isolated") -> tuple[CoinexServer, Position]:
    """6,000 contracts at 60,000: a tenth of a bitcoin, with a leverage of ten."""
    server = quiet_server(markets=("BTCUSD",))
    market = server.feeds["futures"].markets["BTCUSD"]
    server.exchange.set_leverage(market, server.owner, mode, 10)
    quote(server, price)
    server.fill(server.place("BTCUSD", side, price, "6000", module="futures"))
    (position,) = server.exchange.futures.open_positions(server.owner)
    return server, position


def quote(server: CoinexServer, price: str) -> None:
    """The market stands at this price, a cent to each side."""
    cent = Decimal("0.01")
    server.quote("BTCUSD", Decimal(price) - cent, Decimal(price) + cent, "100000", module="futures")


def fields(server: CoinexServer, position: Position) -> dict[str, Any]:
    return server.prices.position(position)


def test_the_index_is_the_spot_market_of_the_coin_where_there_is_one() -> None:
    (alone,) = specs(["BTCUSD"])
    assert (alone.key, alone.wallet, alone.settle, alone.follows) == ("futures:BTCUSD", "futures", "BTC", None)
    assert [spec.follows for spec in specs(["BTCUSDT", "BTCUSD"])] == [None, "spot:BTCUSDT", "spot:BTCUSDT"]


@pytest.mark.parametrize(("side", "sign"), [("buy", 1), ("sell", -1)])
def test_profit_is_the_difference_of_the_reciprocal_prices_in_coins(side: Side, sign: int) -> None:
    server, position = opened(side)
    quote(server, "66000")
    expected = sign * (6000 / 60000 - 6000 / 66000)
    unrealized = Decimal(fields(server, position)["unrealized_pnl"])
    assert float(unrealized) == pytest.approx(expected, rel=1e-6)
    before = position.realized
    server.exchange.close(position, "market")
    assert position.lots == 0
    fee = 6000 / 66000 * 0.0005
    assert (position.realized - before) / COIN == pytest.approx(expected - fee, rel=1e-4)


def test_margin_fee_and_value_are_coins() -> None:
    server, position = opened()
    shown = fields(server, position)
    assert (shown["open_interest"], Decimal(shown["settle_val"])) == ("6000", Decimal("0.1"))
    assert Decimal(shown["avg_entry_price"]) == 60000
    assert Decimal(shown["margin_avbl"]) == Decimal("0.01")
    balance = server.exchange.ledger.balance(server.owner, "futures", "BTC")
    fee = COIN * 3 // 100_000
    assert (balance.margin, balance.available) == (COIN // 100, 100 * COIN - COIN // 100 - fee)


@pytest.mark.parametrize(("side", "is_first_below"), [("buy", True), ("sell", False)])
def test_at_the_bankruptcy_price_the_margin_is_just_gone(side: Side, is_first_below: bool) -> None:
    server, position = opened(side)
    spec = server.exchange.markets[position.market].spec
    liquidation, bankruptcy = server.prices.limits(position)
    left = position.margin + position.unrealized(bankruptcy, spec)
    assert abs(left) < COIN // 10**7
    kept = position.margin + position.unrealized(liquidation, spec)
    assert kept == pytest.approx(spec.value(liquidation, 6000) * 0.005, rel=1e-3)
    assert (bankruptcy < liquidation < 6_000_000) is is_first_below


def test_a_position_is_liquidated_when_the_price_gets_there() -> None:
    server, position = opened()
    quote(server, "54000")
    assert (position.lots, position.finish) == (0, "liq")


def test_longs_pay_funding_in_coins() -> None:
    server, position = opened()
    market = server.exchange.markets[position.market]
    before = position.realized
    server.exchange.futures.fund(market, 6_000_000, 10_000, 0)  # 0.01 %
    assert before - position.realized == COIN // 10 // 10_000


def test_a_limit_that_buys_far_above_the_market_needs_the_margin_of_the_price_that_it_gets() -> None:
    server = quiet_server(markets=("BTCUSD",))
    quote(server, "60000")
    order = server.place("BTCUSD", "buy", "600000", "6000", module="futures")
    balance = server.exchange.ledger.balance(server.owner, "futures", "BTC")
    assert order.finish == "filled"
    assert balance.margin == pytest.approx(COIN // 30, rel=1e-6)
    assert balance.frozen == 0


def test_it_is_listed_pushed_and_traded_like_the_others() -> None:
    server = CoinexServer(now=1_700_000_000.0, markets=("BTCUSDT", "BTCUSD"), seed=1)
    (row,) = data(server, "GET", "/v2/futures/market?market=BTCUSD")
    assert (row["contract_type"], row["base_ccy"], row["quote_ccy"], row["min_amount"]) == (
        "inverse",
        "BTC",
        "USD",
        "1",
    )
    assert [row["market"] for row in data(server, "GET", "/v2/spot/market")] == ["BTCUSDT"]
    assert {row["asset"]["ccy"] for row in data(server, "GET", "/v2/assets/all-deposit-withdraw-config")} == {
        "BTC",
        "USDT",
    }
    peer = Peer(server, "/v2/futures")
    peer.sign_in()
    peer.subscribe("state", "BTCUSD")
    peer.subscribe("user_deals", "BTCUSD")
    peer.subscribe("balance", "BTC")
    peer.request("depth.subscribe", {"market_list": [["BTCUSD", 20, "0", False]]})
    terms = {"market": "BTCUSD", "market_type": "FUTURES", "side": "buy", "type": "market", "amount": "500"}
    order = data(server, "POST", "/v2/futures/order", terms)
    peer.run(5)
    assert (order["filled_amount"], order["fee_ccy"]) == ("500", "BTC")
    deals = peer.pushes("user_deals.update")
    assert sum(int(deal["amount"]) for deal in deals) == 500
    assert {deal["fee_ccy"] for deal in deals} == {"BTC"}
    assert peer.pushes("balance.update")[-1]["balance_list"][0]["ccy"] == "BTC"
    (state,) = peer.pushes("state.update")[0]["state_list"]
    assert 50_000 < float(state["mark_price"]) < 70_000
    replica = Replica()
    for push in peer.pushes("depth.update"):
        replica.apply(push)
        assert replica.checksum == push["depth"]["checksum"]
