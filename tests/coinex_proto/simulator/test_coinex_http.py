"""HTTP v2: signatures over the exact bytes, codes, limits, and that HTTP and sockets see the same exchange."""

from __future__ import annotations

import hmac
import json
from hashlib import sha256

import pytest

from coinex_proto.simulator import CoinexServer
from coinex_proto.simulator.coinex_accounts import Key, is_signed
from tests.coinex_proto.simulator.peer import START, Json, Peer, call, data, quiet_server

ORDER = {"market": "BTCUSDT", "market_type": "SPOT", "side": "buy", "type": "limit", "amount": "0.5", "price": "50000"}
FUTURES = {**ORDER, "market_type": "FUTURES"}


def code(answer: tuple[int, dict[str, str], Json]) -> int:
    assert answer[0] == 200
    return int(answer[2]["code"])


def place(server: CoinexServer, **changes: object) -> Json:
    """Place a spot order over HTTP."""
    found: Json = data(server, "POST", "/v2/spot/order", {**ORDER, **changes})
    return found


@pytest.mark.parametrize(
    ("prepared", "signature"),
    [
        ("GET/v2/assets/spot/balance", "e29d962b966a0fd7d5cde8aceb4912556f5ce91ddccabba8b8b0a916abe43b6e"),
        (
            "GET/v2/spot/batch-order-status?market=CETUSDT&order_ids=13400,13401",
            "e7462d24719d2380ac23f9ce77185037e1c763aedd091d747e1caef09d877bbb",
        ),
        (
            'POST/v2/futures/close-position{"market": "BTCUSDT", "market_type": "FUTURES", "type": "market"}',
            "6428aaf28763e3f0d0aca64b72dab047b09d25412bee8d549a3f62a27256d5a7",
        ),
    ],
)
def test_the_worked_signatures_of_the_wire_document_are_accepted(prepared: str, signature: str) -> None:
    key = Key(access_id="x", secret_key="2a6f1f9d8c7b4e3fb5a4d3c2b1a09f8e7d6c5b4a39281706", owner=1)
    assert is_signed(key, f"{prepared}1700490703564".encode(), signature)
    assert not is_signed(key, f"{prepared}1700490703565".encode(), signature)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 0),
        ({"X-COINEX-KEY": ""}, 4005),
        ({"X-COINEX-KEY": "SOMEBODY"}, 4005),
        ({"X-COINEX-SIGN": "xyz"}, 4008),
        ({"X-COINEX-SIGN": "0" * 64}, 4006),
        ({"X-COINEX-TIMESTAMP": "soon"}, 4010),
        ({"X-COINEX-TIMESTAMP": str(int(START * 1000) - 5001)}, 4010),
        ({"X-COINEX-TIMESTAMP": str(int(START * 1000) + 5001)}, 4010),
        ({"X-COINEX-TIMESTAMP": str(int(START * 1000) + 4999)}, 4006),
    ],
)
def test_signed_calls_need_key_signature_and_a_fresh_time(headers: dict[str, str], expected: int) -> None:
    assert code(call(quiet_server(), "GET", "/v2/assets/spot/balance", headers=headers)) == expected


def test_a_call_may_ask_for_another_clock_window() -> None:
    server = quiet_server()
    stamp = str(server.clock_ms - 20_000)
    target = "/v2/assets/spot/balance"
    sign = hmac.new(server.secret_key.encode(), f"GET{target}{stamp}".encode(), sha256).hexdigest()
    headers = {"X-COINEX-TIMESTAMP": stamp, "X-COINEX-SIGN": sign}
    assert code(call(server, "GET", target, headers=headers)) == 4010
    assert code(call(server, "GET", target, headers={**headers, "X-COINEX-WINDOWTIME": "30000"})) == 0


@pytest.mark.parametrize("allowed", [True, False])
def test_the_old_signature_without_hmac_passes_only_where_it_is_allowed(allowed: bool) -> None:
    server = quiet_server(allows_old_signatures=allowed)
    stamp, target = str(server.clock_ms), "/v2/assets/spot/balance"
    sign = sha256(f"GET{target}{stamp}{server.secret_key}".encode()).hexdigest()
    assert code(call(server, "GET", target, headers={"X-COINEX-SIGN": sign})) == (0 if allowed else 4006)


def test_the_query_is_signed_as_it_was_sent() -> None:
    server = quiet_server()
    first, second = place(server)["order_id"], place(server)["order_id"]
    for comma in (",", "%2C"):
        found = data(server, "GET", f"/v2/spot/batch-order-status?market=BTCUSDT&order_ids={first}{comma}{second}")
        assert [element["data"]["order_id"] for element in found] == [first, second]


@pytest.mark.parametrize(
    ("method", "target", "status", "expected"),
    [
        ("GET", "/v2/spot/nothing", 404, None),
        ("GET", "/spot/market", 404, None),
        ("POST", "/v2/time", 200, 4009),
        ("GET", "/v2/time/", 200, 0),
        ("GET", "/v2/ping", 200, 0),
        ("GET", "/v2/spot/depth?market=BTCUSDT&limit=7&interval=0", 200, 3639),
        ("GET", "/v2/spot/depth?market=BTCUSDT&limit=5&interval=x", 200, 3639),
        ("GET", "/v2/spot/depth?market=NOUSDT&limit=5&interval=0", 200, 3639),
        ("GET", "/v2/spot/kline?market=BTCUSDT&period=7min", 200, 3639),
    ],
)
def test_public_calls_answer_unsigned_and_say_what_is_wrong(
    method: str, target: str, status: int, expected: int | None
) -> None:
    answer = call(quiet_server(), method, target, signed=False)
    assert answer[0] == status
    assert answer[2].get("code") == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"amount": "1000"}, 3109),
        ({"amount": "0.00001"}, 3127),
        ({"amount": "1e-3"}, 3639),
        ({"amount": 1}, 3639),
        ({"amount": "0.000000001"}, 3639),
        ({"price": "0"}, 3639),
        ({"price": None}, 3639),
        ({"side": "long"}, 3639),
        ({"type": "GTC"}, 3639),
        ({"market_type": "FUTURES"}, 3639),
        ({"client_id": "no blanks"}, 3639),
        ({"client_id": "x" * 33}, 3639),
        ({"type": "maker_only", "price": "70000"}, 3622),
        ({"type": "fok", "price": "50000"}, 3621),
    ],
)
def test_orders_that_cannot_be_are_refused_with_their_code(change: Json, expected: int) -> None:
    server = quiet_server()
    assert code(call(server, "POST", "/v2/spot/order", {**ORDER, **change})) == expected
    assert server.orders() == ()


def test_a_body_that_is_no_object_is_a_parameter_error() -> None:
    assert code(call(quiet_server(), "POST", "/v2/spot/order", [1])) == 4004


def test_a_limited_call_says_what_is_left_and_an_empty_bucket_refuses_until_it_refills() -> None:
    server = quiet_server()
    target = "/v2/assets/spot/balance"
    for left in range(9, -1, -1):
        _, headers, _ = call(server, "GET", target)
        assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == ("10", str(left))
    assert code(call(server, "GET", target)) == 4213
    server.advance(server.now + 0.15)
    assert code(call(server, "GET", target)) == 0
    assert code(call(server, "GET", target)) == 4213


def test_a_batch_costs_one_unit_for_each_order() -> None:
    server = quiet_server()
    _, headers, answer = call(
        server, "POST", "/v2/spot/batch-order", {"orders": [ORDER] * 4 + [{**ORDER, "amount": "9999"}]}
    )
    assert headers["x-ratelimit-remaining"] == "25"
    assert [element["code"] for element in answer["data"]] == [0, 0, 0, 0, 3109]
    assert answer["data"][4]["data"] is None
    assert len(server.orders()) == 4


def test_an_order_placed_over_http_shows_up_on_the_socket_and_in_the_book() -> None:
    peer = Peer(server := quiet_server())
    peer.sign_in()
    for topic in ("order", "balance"):
        peer.subscribe(topic)
    order = place(server, client_id="mine-1", price="59999")
    peer.run(0)
    (push,) = peer.pushes("order.update")
    assert (push["event"], push["order"]["order_id"], push["order"]["client_id"]) == (
        "put",
        order["order_id"],
        "mine-1",
    )
    (balances,) = peer.pushes("balance.update")
    assert [(entry["ccy"], entry["frozen"]) for entry in balances["balance_list"]] == [("USDT", "29999.5")]
    depth = data(server, "GET", "/v2/spot/depth?market=BTCUSDT&limit=5&interval=0")
    assert depth["depth"]["bids"][0] == ["59999.00", "0.5"]


def test_an_order_placed_in_python_can_be_asked_for_and_cancelled_over_http() -> None:
    server = quiet_server()
    order = server.place("BTCUSDT", "buy", "50000", "0.5")
    status = data(server, "GET", f"/v2/spot/order-status?market=BTCUSDT&order_id={order.order_id}")
    assert (status["status"], status["unfilled_amount"], status["ccy"]) == ("open", "0.5", "BTC")
    cancelled = data(
        server,
        "POST",
        "/v2/spot/cancel-order",
        {"market": "BTCUSDT", "market_type": "SPOT", "order_id": order.order_id},
    )
    assert cancelled["order_id"] == order.order_id
    assert server.orders() == ()
    missing = call(server, "GET", f"/v2/spot/order-status?market=BTCUSDT&order_id={order.order_id}")
    assert code(missing) == 3600


def test_partly_filled_orders_stay_and_are_found_when_they_are_over() -> None:
    server = quiet_server()
    order = server.place("BTCUSDT", "buy", "50000", "0.5")
    server.fill(order, "0.2")
    target = f"/v2/spot/order-status?market=BTCUSDT&order_id={order.order_id}"
    assert data(server, "GET", target)["status"] == "part_filled"
    server.exchange.cancel(order)
    assert data(server, "GET", target)["status"] == "part_canceled"
    (finished,) = data(server, "GET", "/v2/spot/finished-order?market=BTCUSDT&market_type=SPOT")
    assert finished["filled_amount"] == "0.2"
    (deal,) = data(server, "GET", f"/v2/spot/order-deals?market=BTCUSDT&market_type=SPOT&order_id={order.order_id}")
    assert (deal["amount"], deal["role"], deal["fee"], deal["fee_ccy"]) == ("0.2", "maker", "0.0004", "BTC")


def test_lists_come_newest_first_in_pages() -> None:
    server = quiet_server()
    ids = [
        place(server, side=("buy", "sell")[number % 2], price="65000" if number % 2 else "50000", amount="0.1")[
            "order_id"
        ]
        for number in range(12)
    ]
    answer = call(server, "GET", "/v2/spot/pending-order?market_type=SPOT&page=2&limit=5")[2]
    assert [order["order_id"] for order in answer["data"]] == ids[::-1][5:10]
    assert answer["pagination"] == {"has_next": True, "total": 12}
    sells = data(server, "GET", "/v2/spot/pending-order?market_type=SPOT&side=sell&limit=100")
    assert [order["order_id"] for order in sells] == ids[::-1][::2]


def test_orders_are_cancelled_by_client_id_by_list_and_all_at_once() -> None:
    server = quiet_server()
    for name in ("a", "a", "b", "c", "d"):
        place(server, client_id=name)
    orders = server.orders()
    gone = data(server, "POST", "/v2/spot/cancel-order-by-client-id", {"market_type": "SPOT", "client_id": "a"})
    assert [element["code"] for element in gone] == [0, 0]
    ids = [orders[2].order_id, 1]
    gone = data(server, "POST", "/v2/spot/cancel-batch-order", {"market": "BTCUSDT", "order_ids": ids})
    assert [element["code"] for element in gone] == [0, 3600]
    assert [order.client_id for order in server.orders()] == ["c", "d"]
    assert data(server, "POST", "/v2/spot/cancel-all-order", {"market": "BTCUSDT", "market_type": "SPOT"}) == {}
    assert server.orders() == ()


def test_a_modified_order_keeps_its_id_and_tells_the_socket() -> None:
    peer = Peer(server := quiet_server())
    peer.sign_in()
    peer.subscribe("order", "BTCUSDT")
    number = place(server)["order_id"]
    changed = data(
        server,
        "POST",
        "/v2/spot/modify-order",
        {"market": "BTCUSDT", "market_type": "SPOT", "order_id": number, "price": "50001"},
    )
    peer.run(0)
    assert (changed["order_id"], changed["price"]) == (number, "50001.00")
    assert [push["event"] for push in peer.pushes("order.update")] == ["put", "modify"]


def test_a_market_buy_counts_quote_currency_unless_it_names_the_base() -> None:
    server = quiet_server()
    server.quote("BTCUSDT", "99", "100", "10")
    spent = place(server, type="market", amount="250", price=None)
    assert (spent["filled_amount"], spent["filled_value"], spent["ccy"]) == ("2.5", "250", "USDT")
    bought = place(server, type="market", amount="2", ccy="BTC", price=None)
    assert (bought["filled_amount"], bought["filled_value"], bought["ccy"]) == ("2", "200", "BTC")


def test_a_stop_order_waits_fires_and_becomes_an_order() -> None:
    peer = Peer(server := quiet_server())
    peer.sign_in()
    for topic in ("stop", "order"):
        peer.subscribe(topic)
    server.quote("BTCUSDT", "100", "101", "10")
    server.trade("BTCUSDT", "buy", "1")
    terms = {**ORDER, "side": "sell", "type": "market", "amount": "1", "trigger_price": "90"}
    stop_id = data(server, "POST", "/v2/spot/stop-order", terms)["stop_id"]
    (waiting,) = data(server, "GET", "/v2/spot/pending-stop-order?market_type=SPOT")
    assert (waiting["stop_id"], waiting["trigger_direction"]) == (stop_id, "higher")
    server.quote("BTCUSDT", "89", "90", "10")
    server.trade("BTCUSDT", "sell", "1")
    peer.run(0)
    assert [push["event"] for push in peer.pushes("stop.update")] == ["put", "active"]
    (order,) = [push["order"] for push in peer.pushes("order.update")]
    assert (order["side"], order["filled_amount"]) == ("sell", "1")
    (finished,) = data(server, "GET", "/v2/spot/finished-stop-order?market_type=SPOT")
    assert finished["status"] == "active_success"


def test_a_stop_order_that_cannot_be_paid_when_it_fires_has_failed() -> None:
    server = quiet_server()
    server.quote("BTCUSDT", "100", "101", "1000")
    server.trade("BTCUSDT", "buy", "1")
    data(server, "POST", "/v2/spot/stop-order", {**ORDER, "side": "sell", "amount": "500", "trigger_price": "100.5"})
    server.trade("BTCUSDT", "sell", "1")
    (finished,) = data(server, "GET", "/v2/spot/finished-stop-order?market_type=SPOT")
    assert finished["status"] == "active_fail"


def test_stop_orders_are_modified_and_cancelled() -> None:
    server = quiet_server()
    stop = {**ORDER, "trigger_price": "55000", "client_id": "s"}
    ids = [data(server, "POST", "/v2/spot/stop-order", stop)["stop_id"] for _ in range(3)]
    where = {"market": "BTCUSDT", "market_type": "SPOT"}
    data(server, "POST", "/v2/spot/modify-stop-order", {**where, "stop_id": ids[0], "trigger_price": "65000"})
    waiting = data(server, "GET", "/v2/spot/pending-stop-order?market_type=SPOT&limit=100")
    assert [entry["trigger_direction"] for entry in waiting] == ["higher", "higher", "lower"]
    data(server, "POST", "/v2/spot/cancel-stop-order", {**where, "stop_id": ids[0]})
    gone = data(server, "POST", "/v2/spot/cancel-stop-order-by-client-id", {"market_type": "SPOT", "client_id": "s"})
    assert [element["data"]["stop_id"] for element in gone] == ids[1:]
    assert code(call(server, "POST", "/v2/spot/cancel-stop-order", {**where, "stop_id": ids[0]})) == 3600


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
    assert balance["available"] == entry["available"]


def test_margin_can_be_added_and_not_taken_below_the_initial_one() -> None:
    server = quiet_server()
    where = {"market": "BTCUSDT", "market_type": "FUTURES"}
    assert code(call(server, "POST", "/v2/futures/adjust-position-margin", {**where, "amount": "5"})) == 3639
    data(server, "POST", "/v2/futures/order", {**FUTURES, "type": "market", "amount": "0.1"})
    before = data(server, "GET", "/v2/futures/pending-position?market_type=FUTURES")[0]["margin_avbl"]
    after = data(server, "POST", "/v2/futures/adjust-position-margin", {**where, "amount": "5"})["margin_avbl"]
    assert float(after) - float(before) == pytest.approx(5)
    assert code(call(server, "POST", "/v2/futures/adjust-position-margin", {**where, "amount": "-6"})) == 3109


def test_a_stop_loss_closes_the_position_when_the_price_falls_through() -> None:
    server = quiet_server()
    for module in ("spot", "futures"):
        server.quote("BTCUSDT", "99", "100", "50", module=module)
    data(server, "POST", "/v2/futures/order", {**FUTURES, "type": "market", "amount": "2"})
    where = {"market": "BTCUSDT", "market_type": "FUTURES"}
    loss = {**where, "stop_loss_type": "latest_price", "stop_loss_price": "95"}
    assert float(data(server, "POST", "/v2/futures/set-position-stop-loss", loss)["stop_loss_price"]) == 95
    server.quote("BTCUSDT", "94", "96", "50", module="futures")
    server.trade("BTCUSDT", "sell", "1", module="futures")
    (finished,) = data(server, "GET", "/v2/futures/finished-position?market_type=FUTURES")
    assert finished["finished_type"] == "stop_loss"


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
    (funding,) = data(server, "GET", "/v2/futures/funding-rate-history?market=BTCUSDT")
    assert funding["funding_time"] % (8 * 3_600_000) == 0
    paid = paid_from - float(data(server, "GET", "/v2/assets/futures/balance")[0]["available"])
    assert paid == pytest.approx(60_000 * float(funding["actual_funding_rate"]), rel=0.01)


def test_candles_have_no_gaps_and_end_with_the_last_trade() -> None:
    server = CoinexServer(now=START)
    server.quote("BTCUSDT", "61000", "61001")
    server.trade("BTCUSDT", "buy", "0.5")
    for period, span in (("1min", 60_000), ("1hour", 3_600_000), ("1day", 86_400_000)):
        candles = data(server, "GET", f"/v2/spot/kline?market=BTCUSDT&period={period}&limit=1000")
        starts = [candle["created_at"] for candle in candles]
        assert starts == list(range(starts[0], starts[0] + 1000 * span, span))
        assert candles[-1]["close"] == "61001.00"
        for candle in candles:
            low, high = float(candle["low"]), float(candle["high"])
            assert low <= min(float(candle["open"]), float(candle["close"]))
            assert high >= max(float(candle["open"]), float(candle["close"]))


def test_a_refused_path_gets_its_code() -> None:
    server = quiet_server()
    server.refuse("/spot/order", 4002)
    assert code(call(server, "POST", "/v2/spot/order", ORDER)) == 4002
    assert server.orders() == ()
    assert code(call(server, "POST", "/v2/spot/order", ORDER)) == 0


def test_many_requests_on_one_connection_are_answered_one_after_the_other() -> None:
    server = quiet_server()
    connection = server.accept(server.now)
    request = b"GET /v2/ping HTTP/1.1\r\nHost: x\r\n\r\n"
    connection.receive_data(request * 3 + request[:10], server.now)
    connection.receive_data(request[10:], server.now)
    assert connection.data_to_send().count(b'"result":"pong"') == 4
    assert connection.wants_close is None


def test_bad_http_is_answered_once_and_closed() -> None:
    server = quiet_server()
    connection = server.accept(server.now)
    connection.receive_data(b"\x16\x03\x01 hello\r\n\r\n", server.now)
    assert connection.data_to_send().startswith(b"HTTP/1.1 400 ")
    assert connection.wants_close == "fin"


def test_market_lists_tell_what_foreign_clients_look_for() -> None:
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


def test_public_market_calls_give_what_the_markets_hold() -> None:
    server = quiet_server()
    for module in ("spot", "futures"):
        server.quote("BTCUSDT", "99", "101", "5", module=module)
        server.trade("BTCUSDT", "buy", "2", module=module)
        (ticker,) = data(server, "GET", f"/v2/{module}/ticker?market=BTCUSDT")
        assert (ticker["last"], ticker["period"]) == ("101.00", 86400)
        (index,) = data(server, "GET", f"/v2/{module}/index")
        assert index["price"] == "100.00"
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
    assert code(call(server, "GET", "/v2/spot/ticker?market=" + "BTCUSDT," * 11, signed=False)) == 3639
    assert data(server, "GET", "/v2/spot/ticker?market=NOSUCHUSDT") == []


def test_announced_maintenance_is_listed() -> None:
    server = quiet_server()
    assert data(server, "GET", "/v2/maintain/info") == []
    server.announce_maintenance(60, 120, scope=("SPOT",))
    (notice,) = data(server, "GET", "/v2/maintain/info")
    assert (notice["ended_at"] - notice["started_at"], notice["scope"]) == (60_000, ["SPOT"])


def test_fee_rates_are_told_for_both_modules() -> None:
    server = quiet_server()
    spot = data(server, "GET", "/v2/account/trade-fee-rate?market_type=SPOT&market=BTCUSDT")
    futures = data(server, "GET", "/v2/account/trade-fee-rate?market_type=FUTURES&market=BTCUSDT")
    assert (spot["taker_rate"], futures["taker_rate"]) == ("0.002", "0.0005")
    assert code(call(server, "GET", "/v2/account/trade-fee-rate?market_type=SPOT&market=NO")) == 3639


def test_take_profit_closes_a_position_and_a_cancelled_one_does_not() -> None:
    server = quiet_server()
    for module in ("spot", "futures"):
        server.quote("BTCUSDT", "99", "100", "50", module=module)
    where = {"market": "BTCUSDT", "market_type": "FUTURES"}
    data(server, "POST", "/v2/futures/order", {**FUTURES, "type": "market", "amount": "2"})
    profit = {**where, "take_profit_type": "mark_price", "take_profit_price": "105"}
    assert float(data(server, "POST", "/v2/futures/set-position-take-profit", profit)["take_profit_price"]) == 105
    assert float(data(server, "POST", "/v2/futures/cancel-position-take-profit", where)["take_profit_price"]) == 0
    data(
        server,
        "POST",
        "/v2/futures/set-position-stop-loss",
        {**where, "stop_loss_type": "index_price", "stop_loss_price": "9"},
    )
    assert float(data(server, "POST", "/v2/futures/cancel-position-stop-loss", where)["stop_loss_price"]) == 0
    for module in ("futures", "spot"):
        server.quote("BTCUSDT", "109", "110", "50", module=module)
    assert len(data(server, "GET", "/v2/futures/pending-position?market_type=FUTURES")) == 1
    data(server, "POST", "/v2/futures/modify-position-take-profit", profit)
    (finished,) = data(server, "GET", "/v2/futures/finished-position?market_type=FUTURES")
    assert finished["finished_type"] == "take_profit"


@pytest.mark.parametrize(
    ("change", "expected"), [({"leverage": 7}, 3639), ({"margin_mode": "none"}, 3639), ({"leverage": "20"}, 0)]
)
def test_leverage_is_one_of_those_that_the_market_lists(change: Json, expected: int) -> None:
    terms = {"market": "BTCUSDT", "market_type": "FUTURES", "margin_mode": "cross", "leverage": 10, **change}
    assert code(call(quiet_server(), "POST", "/v2/futures/adjust-position-leverage", terms)) == expected


def test_user_deals_are_filtered_by_side_and_time() -> None:
    server = quiet_server()
    for side, price in (("buy", "100"), ("sell", "70000")):
        server.fill(server.place("BTCUSDT", side, price, "1"))  # type: ignore[arg-type]
        server.advance(server.now + 10)
    target = "/v2/spot/user-deals?market=BTCUSDT&market_type=SPOT"
    assert [deal["side"] for deal in data(server, "GET", target)] == ["sell", "buy"]
    assert [deal["side"] for deal in data(server, "GET", f"{target}&side=buy")] == ["buy"]
    assert [deal["side"] for deal in data(server, "GET", f"{target}&start_time={int(START * 1000) + 5000}")] == ["sell"]
