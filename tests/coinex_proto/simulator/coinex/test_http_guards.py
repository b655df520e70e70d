"""Take-profit and stop-loss prices of positions over HTTP."""

from __future__ import annotations

from tests.coinex_proto.simulator.http_peer import FUTURES, code, data, request
from tests.coinex_proto.simulator.peer import quiet_server


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
    data(server, "POST", "/v2/futures/set-position-take-profit", profit)
    (finished,) = data(server, "GET", "/v2/futures/finished-position?market_type=FUTURES")
    assert finished["finished_type"] == "take_profit"


def test_guards_of_a_part_close_that_part_once_and_are_listed_changed_and_cancelled_one_by_one() -> None:
    server = quiet_server()
    for module in ("spot", "futures"):
        server.quote("BTCUSDT", "99", "100", "50", module=module)
    where = {"market": "BTCUSDT", "market_type": "FUTURES"}
    data(server, "POST", "/v2/futures/order", {**FUTURES, "type": "market", "amount": "2"})
    loss = {**where, "stop_loss_type": "latest_price", "stop_loss_price": "90"}
    data(server, "POST", "/v2/futures/set-position-stop-loss", loss)
    half = {**loss, "stop_loss_price": "95", "stop_loss_amount": "0.5"}
    whole, part = data(server, "POST", "/v2/futures/set-position-stop-loss", half)["stop_loss_list"]
    assert (whole["amount"], whole["is_all"], part["amount"], part["is_all"]) == ("2", True, "0.5", False)
    moved = {**where, "stop_loss_id": part["id"], "stop_loss_price": "96"}
    shown = data(server, "POST", "/v2/futures/modify-position-stop-loss", moved)
    assert [row["price"] for row in shown["stop_loss_list"]] == ["90", "96"]
    assert float(shown["stop_loss_price"]) == 96
    server.quote("BTCUSDT", "95.5", "96.5", "50", module="futures")
    server.trade("BTCUSDT", "sell", "0.1", module="futures")
    (position,) = data(server, "GET", "/v2/futures/pending-position?market_type=FUTURES")
    assert (position["open_interest"], [row["id"] for row in position["stop_loss_list"]]) == ("1.5", [whole["id"]])
    unknown = request(server, "POST", "/v2/futures/cancel-position-stop-loss", {**where, "stop_loss_id": part["id"]})
    assert code(unknown) == 3639
    named = {**where, "stop_loss_id": whole["id"]}
    assert data(server, "POST", "/v2/futures/cancel-position-stop-loss", named)["stop_loss_list"] == []
    assert code(request(server, "POST", "/v2/futures/modify-position-stop-loss", {**moved, "stop_loss_id": 1})) == 3639
