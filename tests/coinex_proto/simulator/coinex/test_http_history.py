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


@pytest.mark.parametrize(
    ("path", "name", "count"), [("basis", "basis_rate", 7 * 144 + 1), ("premium-index", "premium_index", 49)]
)
def test_premium_and_basis_have_a_row_every_ten_minutes(server: CoinexServer, path: str, name: str, count: int) -> None:
    now_ms = server.exchange.now_ms
    rows = data(server, "GET", f"/v2/futures/{path}-history?market=BTCUSDT&limit=100")
    assert {(row["market"], *row) for row in rows} == {("BTCUSDT", "market", "created_at", name)}
    assert [row["created_at"] for row in rows] == list(
        range(now_ms - now_ms % 600_000, now_ms - 8 * 86_400_000, -600_000)
    )[: len(rows)]
    assert abs(len(rows) - count) <= 1
    early = data(server, "GET", f"/v2/futures/{path}-history?market=BTCUSDT&end_time={now_ms - 31 * 86_400_000}")
    assert early == []


def test_the_past_of_the_premium_stays_as_it_was(server: CoinexServer) -> None:
    path = "/v2/futures/premium-index-history?market=BTCUSDT&limit=100"
    before = {row["created_at"]: row for row in data(server, "GET", path)}
    server.advance(server.now + 3600)
    after = {row["created_at"]: row for row in data(server, "GET", path)}
    assert all(before[at] == after[at] for at in before.keys() & after.keys())
    assert len(before.keys() & after.keys()) > 40


def test_funding_goes_back_for_years_page_by_page(server: CoinexServer) -> None:
    server.advance(server.now + FUNDING_EVERY_MS / 1000)
    answer = request(server, "GET", "/v2/futures/funding-rate-history?market=BTCUSDT&limit=100")[2]
    assert answer["pagination"]["has_next"]
    assert answer["pagination"]["total"] > 4000
    times = [row["funding_time"] for row in answer["data"]]
    assert times == list(range(times[0], times[0] - 100 * FUNDING_EVERY_MS, -FUNDING_EVERY_MS))
    assert answer["data"][0]["actual_funding_rate"] == "0.00375", "the settlement that has happened here"
    assert all(abs(float(row["actual_funding_rate"])) < 0.00375 for row in answer["data"][1:])
    second = data(server, "GET", "/v2/futures/funding-rate-history?market=BTCUSDT&limit=50&page=2")
    assert second == answer["data"][50:]
    window = f"&start_time={times[7]}&end_time={times[3]}"
    assert data(server, "GET", f"/v2/futures/funding-rate-history?market=BTCUSDT{window}") == answer["data"][3:8]


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
