from __future__ import annotations

import pytest

from coinex_proto.simulator import CoinexServer
from coinex_proto.simulator.market.marks import FUNDING_EVERY_MS
from tests.coinex_proto.simulator.http_peer import code, data, request
from tests.coinex_proto.simulator.peer import quiet_server

POSITION = "market=BTCUSDT&market_type=FUTURES"


@pytest.fixture
def server() -> CoinexServer:
    """With a long position of 0.1."""
    made = quiet_server()
    made.quote("BTCUSDT", "100", "101", "5")
    order = {"market": "BTCUSDT", "market_type": "FUTURES", "side": "buy", "type": "market", "amount": "0.1"}
    assert code(request(made, "POST", "/v2/futures/order", order)) == 0
    return made


def test_margin_that_was_added_stands_in_the_history_newest_first(server: CoinexServer) -> None:
    for amount in ("2", "3"):
        body = {"market": "BTCUSDT", "market_type": "FUTURES", "amount": amount}
        assert code(request(server, "POST", "/v2/futures/adjust-position-margin", body)) == 0
    rows = data(server, "GET", f"/v2/futures/position-margin-history?{POSITION}")
    assert [float(row["margin_change"]) for row in rows] == [3.0, 2.0]
    assert float(rows[0]["margin_avbl"]) - float(rows[1]["margin_avbl"]) == 3.0
    other = rows[0]["position_id"] + 1
    assert data(server, "GET", f"/v2/futures/position-margin-history?{POSITION}&position_id={other}") == []


def test_funding_that_was_paid_stands_in_the_history_and_can_be_queried_by_time(server: CoinexServer) -> None:
    server.advance(server.now + FUNDING_EVERY_MS / 1000)
    (row,) = data(server, "GET", f"/v2/futures/position-funding-history?{POSITION}")
    assert (row["side"], row["ccy"], row["open_interest"]) == ("long", "USDT", "0.1")
    assert row["funding_value"].startswith("-"), "a long pays while the rate is above zero"
    later = f"{POSITION}&start_time={row['created_at'] + 1}"
    assert data(server, "GET", f"/v2/futures/position-funding-history?{later}") == []


@pytest.mark.parametrize(
    "target",
    [
        "/v2/assets/margin/balance",
        "/v2/assets/financial/balance",
        "/v2/assets/transfer-history?ccy=USDT&transfer_type=FUTURES",
        f"/v2/futures/position-adl-history?{POSITION}",
        f"/v2/futures/position-settle-history?{POSITION}",
        "/v2/futures/liquidation-history?market=BTCUSDT",
        "/v2/spot/pending-order?market_type=MARGIN",
        "/v2/spot/finished-order?market_type=MARGIN",
        "/v2/spot/pending-stop-order?market_type=MARGIN",
    ],
)
def test_what_this_exchange_does_not_have_is_an_empty_list(server: CoinexServer, target: str) -> None:
    assert data(server, "GET", target) == []


@pytest.mark.parametrize(("path", "name"), [("basis", "basis_rate"), ("premium-index", "premium_index")])
def test_of_basis_and_premium_there_is_the_present_value(server: CoinexServer, path: str, name: str) -> None:
    (row,) = data(server, "GET", f"/v2/futures/{path}-history?market=BTCUSDT")
    assert (row["market"], set(row)) == ("BTCUSDT", {"market", "created_at", name})


def test_a_position_that_was_liquidated_is_listed_for_everybody(server: CoinexServer) -> None:
    body = {"market": "BTCUSDT", "market_type": "FUTURES", "margin_mode": "isolated", "leverage": 10}
    assert code(request(server, "POST", "/v2/futures/adjust-position-leverage", body)) == 0
    server.quote("BTCUSDT", "10", "11", "5")
    server.advance(server.now + 1)
    (row,) = data(server, "GET", "/v2/futures/liquidation-history?market=BTCUSDT")
    assert (row["side"], row["liq_amount"]) == ("long", "0.1")


def test_margin_orders_cannot_be_placed(server: CoinexServer) -> None:
    order = {"market": "BTCUSDT", "market_type": "MARGIN", "side": "buy", "type": "limit", "amount": "1", "price": "1"}
    assert code(request(server, "POST", "/v2/spot/order", order)) == 3639
