"""Public market requests over HTTP."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from coinex_proto.simulator import CoinexServer
from tests.coinex_proto.simulator.http_peer import code, data, request
from tests.coinex_proto.simulator.peer import START, quiet_server


def test_candles_have_no_gaps_and_end_with_the_last_trade() -> None:
    server = CoinexServer(now=START)
    server.quote("BTCUSDT", "61000", "61001")
    server.trade("BTCUSDT", "buy", "0.5")
    for period, span in (("1min", 60_000), ("1hour", 3_600_000), ("1day", 86_400_000)):
        candles = data(server, "GET", f"/v2/spot/kline?market=BTCUSDT&period={period}&limit=1000")
        starts = [candle["created_at"] for candle in candles]
        assert starts == list(range(starts[0], starts[0] + 1000 * span, span))
        assert candles[-1]["close"] == "61001"
        for candle in candles:
            low, high = float(candle["low"]), float(candle["high"])
            assert low <= min(float(candle["open"]), float(candle["close"]))
            assert high >= max(float(candle["open"]), float(candle["close"]))


def test_candles_of_the_index_and_the_mark_price_are_those_prices() -> None:
    server = CoinexServer(now=START)
    server.quote("BTCUSDT", "61000", "61001")
    server.quote("BTCUSDT", "61100", "61101", module="futures")
    server.trade("BTCUSDT", "buy", "0.5")
    server.trade("BTCUSDT", "buy", "0.5", module="futures")
    path = "/v2/futures/kline?market=BTCUSDT&period=1min&limit=3"
    latest, index, mark = (
        data(server, "GET", path + more) for more in ("", "&price_type=index_price", "&price_type=mark_price")
    )
    assert [rows[-1]["close"] for rows in (latest, index, mark)] == ["61101", "61001", "61101"]
    assert (latest[-1]["volume"], index[-1]["volume"], mark[-1]["value"]) == ("0.5", "0", "0")
    assert index[-1]["market"] == "BTCUSDT"
    assert code(request(server, "GET", path.replace("futures", "spot") + "&price_type=mark_price")) == 3639


def test_public_trades_are_those_that_the_candles_are_made_of() -> None:
    server = CoinexServer(now=START)
    deals = data(server, "GET", "/v2/spot/deals?market=BTCUSDT&limit=1000")
    for candle in data(server, "GET", "/v2/spot/kline?market=BTCUSDT&period=1min&limit=15")[:-1]:
        start = candle["created_at"]
        own = [deal for deal in deals if start <= deal["created_at"] < start + 60_000]
        prices = [Decimal(deal["price"]) for deal in own]
        assert sum(Decimal(deal["amount"]) for deal in own) == Decimal(candle["volume"])
        assert sum(Decimal(deal["amount"]) * Decimal(deal["price"]) for deal in own) == Decimal(candle["value"])
        assert (max(prices), min(prices)) == (Decimal(candle["high"]), Decimal(candle["low"]))
        assert (prices[-1], prices[0]) == (Decimal(candle["open"]), Decimal(candle["close"]))


def test_market_lists_hold_what_foreign_clients_look_for() -> None:
    server = quiet_server(markets=("BTCUSDT", "ETHBTC"))
    spot = data(server, "GET", "/v2/spot/market")
    assert [(m["market"], m["base_ccy"], m["quote_ccy"]) for m in spot] == [
        ("BTCUSDT", "BTC", "USDT"),
        ("ETHBTC", "ETH", "BTC"),
    ]
    (futures,) = data(server, "GET", "/v2/futures/market?market=BTCUSDT")
    assert (futures["contract_type"], futures["tick_size"]) == ("linear", "0.01")
    currencies = data(server, "GET", "/v2/assets/all-deposit-withdraw-config")
    assert [entry["asset"]["ccy"] for entry in currencies] == ["BTC", "USDT", "ETH"]
    assert json.dumps(currencies)


def test_public_market_requests_give_what_the_markets_hold() -> None:
    server = quiet_server()
    for module in ("spot", "futures"):
        server.quote("BTCUSDT", "99", "101", "5", module=module)
        server.trade("BTCUSDT", "buy", "2", module=module)
        (ticker,) = data(server, "GET", f"/v2/{module}/ticker?market=BTCUSDT")
        assert (ticker["last"], ticker["period"]) == ("101", 86400)
        (index,) = data(server, "GET", f"/v2/{module}/index")
        assert index["price"] == "100"
        deals = data(server, "GET", f"/v2/{module}/deals?market=BTCUSDT&limit=3")
        assert next(deal["amount"] for deal in deals) == "2"
        later = data(server, "GET", f"/v2/{module}/deals?market=BTCUSDT&last_id={deals[1]['deal_id']}")
        assert [deal["deal_id"] for deal in later] == [deals[0]["deal_id"]]
    assert set(data(server, "GET", "/v2/futures/ticker")[0]) == {
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
        "index_price",
        "mark_price",
        "open_interest_volume",
    }
    (funding,) = data(server, "GET", "/v2/futures/funding-rate")
    assert funding["next_funding_time"] - funding["latest_funding_time"] == 8 * 3_600_000
    (level,) = data(server, "GET", "/v2/futures/position-level?market=BTCUSDT")
    assert level["level"][0]["leverage"] == "100"


def test_a_list_of_markets_holds_at_most_ten_names() -> None:
    server = quiet_server()
    assert code(request(server, "GET", "/v2/spot/ticker?market=" + "BTCUSDT," * 11, signed=False)) == 3639
    assert code(request(server, "GET", "/v2/spot/ticker?market=NOSUCHUSDT", signed=False)) == 3639
    assert code(request(server, "GET", "/v2/futures/funding-rate?market=NOSUCHUSDT", signed=False)) == 3639
    assert len(data(server, "GET", "/v2/spot/ticker?market=NOSUCHUSDT,BTCUSDT")) == 1


def test_announced_maintenance_is_listed() -> None:
    server = quiet_server()
    assert data(server, "GET", "/v2/maintain/info") == []
    server.announce_maintenance(60, 120, scope=("SPOT",))
    (notice,) = data(server, "GET", "/v2/maintain/info")
    assert (notice["ended_at"] - notice["started_at"], notice["scope"]) == (60_000, ["SPOT"])


def test_whoever_asks_for_prices_wakes_the_markets_a_few_at_once_and_the_others_by_and_by() -> None:
    server = CoinexServer(now=START, markets=100)
    tickers = request(server, "GET", "/v2/spot/ticker", signed=False)[2]["data"]
    assert [ticker["volume"] != "0" for ticker in tickers] == [True] * 16 + [False] * 84
    server.advance(START + 2)
    tickers = request(server, "GET", "/v2/spot/ticker", signed=False)[2]["data"]
    assert all(ticker["volume"] != "0" for ticker in tickers)


def test_the_list_of_markets_wakes_none() -> None:
    server = CoinexServer(now=START, markets=3)
    request(server, "GET", "/v2/spot/market", signed=False)
    server.advance(START + 1)
    assert not any(market.is_awake for market in server.exchange.markets.values())


def test_a_merge_interval_below_zero_is_refused() -> None:
    answer = request(quiet_server(), "GET", "/v2/spot/depth?market=BTCUSDT&limit=5&interval=-1", signed=False)[2]
    assert answer["code"] == 3639


@pytest.mark.parametrize("path", ["/", "/v1/market/list", "/v2/nope", "/spot/market"])
def test_an_unknown_path_is_named_in_the_error(path: str) -> None:
    answer = request(quiet_server(), "GET", path, signed=False)[2]
    assert answer["code"] == 4009
    assert answer["message"] == f"no such path: {path.rstrip('/')}"


@pytest.mark.parametrize("path", ["kline?market=BTCUSDT&period=1min", "deals?market=BTCUSDT"])
def test_a_limit_of_nothing_is_refused(path: str) -> None:
    answer = request(quiet_server(), "GET", f"/v2/spot/{path}&limit=0", signed=False)[2]
    assert (answer["code"], answer["message"]) == (3639, "Invalid Parameter: limit")
