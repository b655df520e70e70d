"""Orders, stop orders and deals over HTTP."""

from __future__ import annotations

import pytest

from tests.coinex_proto.simulator.http_peer import ORDER, code, data, place, request
from tests.coinex_proto.simulator.peer import START, Json, Peer, quiet_server


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"amount": "1000"}, 3109),
        ({"amount": "0.00001"}, 3127),
        ({"amount": "1e-3"}, 4004),
        ({"amount": 1}, 3639),
        ({"amount": "0.000000001"}, 4004),
        ({"price": "0"}, 4004),
        ({"price": None}, 3639),
        ({"side": "long"}, 3639),
        ({"type": "GTC"}, 3639),
        ({"market_type": "FUTURES"}, 3639),
        ({"client_id": "no blanks"}, 4004),
        ({"client_id": "x" * 33}, 4004),
        ({"client_id": "x" * 36}, 4004),
        ({"amount": "0"}, 4004),
        ({"type": "maker_only", "price": "70000"}, 3622),
        ({"type": "fok", "price": "50000"}, 3621),
    ],
)
def test_orders_that_cannot_be_are_refused_with_their_code(change: Json, expected: int) -> None:
    server = quiet_server()
    assert code(request(server, "POST", "/v2/spot/order", {**ORDER, **change})) == expected
    assert server.orders() == ()


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
    assert depth["depth"]["bids"][0] == ["59999", "0.5"]


def test_an_order_placed_in_python_can_be_queried_and_cancelled_over_http() -> None:
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
    missing = request(server, "GET", f"/v2/spot/order-status?market=BTCUSDT&order_id={order.order_id}")
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


def test_a_modified_order_keeps_its_id_and_is_pushed_to_the_socket() -> None:
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
    assert (changed["order_id"], changed["price"]) == (number, "50001")
    assert [push["event"] for push in peer.pushes("order.update")] == ["put", "modify"]


def test_a_market_buy_counts_quote_currency_unless_it_names_the_base() -> None:
    server = quiet_server()
    server.quote("BTCUSDT", "99", "100", "10")
    spent = place(server, type="market", amount="250", price=None)
    assert (spent["filled_amount"], spent["filled_value"], spent["ccy"]) == ("2.5", "250", "USDT")
    bought = place(server, type="market", amount="2", ccy="BTC", price=None)
    assert (bought["filled_amount"], bought["filled_value"], bought["ccy"]) == ("2", "200", "BTC")


def test_a_market_sell_may_count_its_amount_in_quote_currency() -> None:
    server = quiet_server()
    server.quote("BTCUSDT", "100", "101", "10")
    sold = place(server, side="sell", type="market", amount="250", ccy="USDT", price=None)
    assert (sold["filled_amount"], sold["filled_value"], sold["ccy"]) == ("2.5", "250", "USDT")
    assert data(server, "GET", "/v2/assets/spot/balance")[0] == {"ccy": "BTC", "available": "97.5", "frozen": "0"}
    assert code(request(server, "POST", "/v2/spot/order", {**ORDER, "type": "market", "ccy": "ETH"})) == 3639


def test_a_market_sell_in_quote_currency_takes_no_more_than_the_wallet_holds() -> None:
    server = quiet_server()
    server.quote("BTCUSDT", "100", "101", "1000")
    terms = {**ORDER, "side": "sell", "type": "market", "amount": "10001", "ccy": "USDT"}
    answer = request(server, "POST", "/v2/spot/order", terms)[2]
    assert answer == {"code": 3109, "data": {}, "message": "balance not enough"}
    assert data(server, "GET", "/v2/assets/spot/balance")[0]["available"] == "100"


def test_a_market_type_may_come_in_small_letters() -> None:
    server = quiet_server()
    assert place(server, market_type="spot")["market_type"] == "SPOT"
    assert len(data(server, "GET", "/v2/spot/pending-order?market_type=spot")) == 1


def test_numbers_of_an_order_have_no_zeros_at_their_end() -> None:
    server = quiet_server()
    server.quote("BTCUSDT", "60999", "61000", "10")
    names = ("price", "amount", "unfilled_amount", "last_filled_price", "filled_value", "base_fee")
    taken, resting = place(server, price="61000.00", amount="0.50"), place(server, price="51000.10", amount="0.50")
    assert [taken[name] for name in names] == ["61000", "0.5", "0", "61000", "30500", "0.001"]
    assert [resting[name] for name in names] == ["51000.1", "0.5", "0.5", "0", "0", "0"]


def test_elements_of_a_spot_batch_are_bare_and_wrapped_at_once_and_a_failure_is_wrapped() -> None:
    server = quiet_server()
    good, bad = data(server, "POST", "/v2/spot/batch-order", {"orders": [ORDER, {**ORDER, "amount": "9999"}]})
    assert good["order_id"] == good["data"]["order_id"] == server.orders()[0].order_id
    assert (good["price"], good["code"], good["message"]) == ("50000", 0, "OK")
    assert bad == {"code": 3109, "data": None, "message": "balance not enough"}


def test_elements_of_other_batches_are_wrapped() -> None:
    server = quiet_server()
    stop = {**ORDER, "trigger_price": "45000"}
    (waiting,) = data(server, "POST", "/v2/spot/batch-stop-order", {"orders": [stop]})
    (futures,) = data(server, "POST", "/v2/futures/batch-order", {"orders": [{**ORDER, "market_type": "FUTURES"}]})
    assert set(waiting) == set(futures) == {"code", "data", "message"}


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
    assert code(request(server, "POST", "/v2/spot/cancel-stop-order", {**where, "stop_id": ids[0]})) == 3600


def test_user_deals_are_filtered_by_side_and_time() -> None:
    server = quiet_server()
    for side, price in (("buy", "100"), ("sell", "70000")):
        server.fill(server.place("BTCUSDT", side, price, "1"))  # type: ignore[arg-type]
        server.advance(server.now + 10)
    target = "/v2/spot/user-deals?market=BTCUSDT&market_type=SPOT"
    assert [deal["side"] for deal in data(server, "GET", target)] == ["sell", "buy"]
    assert [deal["side"] for deal in data(server, "GET", f"{target}&side=buy")] == ["buy"]
    assert [deal["side"] for deal in data(server, "GET", f"{target}&start_time={int(START * 1000) + 5000}")] == ["sell"]
