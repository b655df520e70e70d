"""What the local exchange answers has the fields of the documented tables, no more and no fewer.

The tables: the machine-readable list of endpoints (tests/data/coinex-http-endpoints.yaml), from the official pages.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

import pytest

from coinex_proto.simulator import CoinexServer
from tests.coinex_proto.documents import http_description
from tests.coinex_proto.simulator.http_peer import code, data, request
from tests.coinex_proto.simulator.peer import Json, quiet_server

ENDPOINTS: Final = {(entry["method"], entry["path"]): entry for entry in http_description()["endpoints"]}
REFUSED: Final = frozenset(
    (
        "/assets/margin/borrow", "/assets/margin/repay", "/assets/margin/interest-limit", "/assets/amm/add-liquidity",
        "/assets/amm/remove-liquidity",
    )
)  # fmt: skip
"""Nothing here is of that kind: a coded refusal."""
UNKNOWN_SHAPE: Final = "/account/subs/balance"

EMPTY: Final = frozenset(
    (
        "/assets/financial/balance", "/assets/margin/balance", "/futures/liquidation-history",
        "/futures/position-adl-history", "/futures/position-margin-history", "/futures/position-settle-history", "/maintain/info",
        "/futures/finished-stop-order", "/spot/finished-stop-order", "/assets/amm/liquidity", "/assets/amm/liquidity-pool",
        "/assets/amm/income-history", "/assets/credit/balance", "/assets/margin/borrow-history", "/refer/referee",
        "/refer/referee-rebate/record", "/refer/referee-rebate/detail", "/refer/agent-referee", "/refer/agent-rebate/record",
        "/refer/agent-rebate/detail",
    )
)  # fmt: skip
"""Lists that nothing in this account's life has filled."""


def lived_in() -> CoinexServer:
    """An account with orders, stop orders, fills, an open and a closed position, and a day of funding behind it."""
    server = quiet_server()
    server.quote("BTCUSDT", "50000", "50010", "10")
    server.quote("BTCUSDT", "50000", "50010", "10", module="futures")
    for module in ("spot", "futures"):
        for price in ("40000", "50010"):
            order(server, module, price=price, client_id="mine")
    close = {"market": "BTCUSDT", "market_type": "FUTURES", "type": "market"}
    data(server, "POST", "/v2/futures/close-position", close)
    order(server, "futures", price="50010")
    transfer = {"from_account_type": "SPOT", "to_account_type": "FUTURES", "ccy": "USDT", "amount": "1"}
    data(server, "POST", "/v2/assets/transfer", transfer)
    data(server, "POST", "/v2/assets/withdraw", {"ccy": "USDT", "to_address": "T1", "amount": "1"})
    sub = {"sub_user_name": "sub1"}
    data(server, "POST", "/v2/account/subs", {**sub, "permissions": ["API", "FUTURES"]})
    data(server, "POST", "/v2/account/subs/api", {**sub, "ip_whitelist": ["1.1.1.1"], "trade_enabled": True})
    data(server, "POST", "/v2/account/subs/transfer", {**SPOT_TO_SPOT, "to_user_name": "sub1"})
    server.advance(server.now + 9 * 3600)
    return server


SPOT_TO_SPOT: Final[Json] = {"from_account_type": "SPOT", "to_account_type": "SPOT", "ccy": "USDT", "amount": "1"}


def order(server: CoinexServer, module: str, *, action: str = "order", **changes: object) -> Json:
    terms = {"market": "BTCUSDT", "market_type": module.upper(), "side": "buy", "type": "limit", "amount": "0.5"}
    found: Json = data(server, "POST", f"/v2/{module}/{action}", {**terms, **changes})
    return found


TERMS: Final[Json] = {
    "market": "BTCUSDT", "limit": 10, "interval": "0", "period": "1min", "client_id": "mine",
    "type": "market", "amount": "0.1", "margin_mode": "cross", "leverage": 10, "ccy": "USDT", "transfer_type": "FUTURES",
    "from_account_type": "SPOT", "to_account_type": "FUTURES", "chain": "TRC20", "to_address": "T1", "sub_user_name": "sub1",
    "ip_whitelist": ["1.1.1.1"], "trade_enabled": True, "cet_discount_enabled": True, "settle_switch": 2,
    "borrow_amount": "1", "is_auto_renew": True, "base_ccy_amount": "1", "quote_ccy_amount": "1",
    "stop_loss_type": "mark_price", "stop_loss_price": "30000", "take_profit_type": "mark_price", "take_profit_price": "70000",
    "price": "41000", "side": "buy",
}  # fmt: skip


def terms_for(server: CoinexServer, entry: Json) -> Json:
    """Parameters that this request needs, with ids of orders that were just placed for it."""
    module = "spot" if entry["path"].startswith("/spot") else "futures"
    found: Json = {"market_type": module.upper()}
    names = [parameter["name"] for parameter in entry["params"] if "[]" not in parameter["name"]]
    for name in names:
        if name in TERMS and (name != "client_id" or "client-id" in entry["path"]):
            found[name] = TERMS[name]
    if entry["path"].endswith("/order"):
        found |= {"type": "limit"}
    records = server.records
    found |= {"api_id": next(iter(records.subs_of(server.owner)["sub1"].keys))} if "api_id" in names else {}
    found |= {"withdraw_id": records.withdrawals[0].number} if "withdraw_id" in names else {}
    if entry["path"] == "/account/subs" and entry["method"] == "POST":
        found |= {"sub_user_name": "sub2"}
    if entry["path"] == "/account/subs/transfer":
        found |= {**SPOT_TO_SPOT, "to_user_name": "sub1"}
    if entry["path"] == "/assets/spot/transcation-history":
        found |= {"type": "trade"}
    if "order_id" in names or "order_ids" in names:
        price = "50010" if "deals" in entry["path"] else "40000"
        number = order(server, module, price=price)["order_id"]
        found |= {"order_id": number} if "order_id" in names else {"order_ids": [number]}
    if "stop_id" in names or "stop_ids" in names or ("stop-order" in entry["path"] and "finished" not in entry["path"]):
        trigger = {"trigger_price": "45000", "trigger_price_type": "latest_price"}
        number = order(server, module, action="stop-order", price="40000", client_id="mine", **trigger)["stop_id"]
        found |= {**trigger, "stop_id": number} if "stop_id" in names else {**trigger, "stop_ids": [number]}
    if entry["path"].startswith("/futures/modify-position"):
        word = "stop_loss" if "stop-loss" in entry["path"] else "take_profit"
        (guard,) = data(server, "POST", f"/v2{entry['path'].replace('modify', 'set')}", {**TERMS, **found})[
            f"{word}_list"
        ]
        found[f"{word}_id"] = guard["id"]
    return {name: value for name, value in found.items() if name in names or "[]" in str(entry["params"])}


def ask(server: CoinexServer, method: str, path: str, terms: Json) -> Any:
    if method == "POST":
        return data(server, method, f"/v2{path}", terms)
    query = {name: ",".join(map(str, value)) if isinstance(value, list) else value for name, value in terms.items()}
    return data(server, method, f"/v2{path}?{urlencode(query)}" if query else f"/v2{path}")


def names_of(entry: Json) -> set[str]:
    """The members of one row; those of nested objects belong to their parents."""
    return {field["name"].partition(".")[0].partition("[")[0] for field in entry["returns"]}


@pytest.mark.parametrize(
    ("method", "path"),
    [key for key in ENDPOINTS if not key[1].rpartition("/")[2].startswith("batch-") or key[0] == "GET"],
)
def test_an_answer_has_the_documented_fields(method: str, path: str) -> None:
    entry, server = ENDPOINTS[method, path], lived_in()
    if path in REFUSED:
        terms = terms_for(server, entry)
        query = f"?{urlencode(terms)}" if method == "GET" else ""
        assert code(request(server, method, f"/v2{path}{query}", terms if method == "POST" else None)) == 3639
        return
    answer = ask(server, method, path, terms_for(server, entry))
    if entry["data_shape"] == "empty":
        assert answer == {}
        return
    rows = answer if isinstance(answer, list) else [answer]
    assert bool(rows) is (path not in EMPTY)
    for row in rows if path != UNKNOWN_SHAPE else ():
        inner = row["data"] if entry["data_shape"] == "batch" else row
        assert set(inner) == names_of(entry)


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_every_documented_path_answers_a_bare_request_in_json_with_a_code(method: str, path: str, signed: bool) -> None:
    status, headers, answer = request(
        quiet_server(), method, f"/v2{path}", {} if method == "POST" else None, signed=signed
    )
    assert (status, headers["content-type"]) == (200, "application/json; charset=utf-8")
    assert isinstance(answer["code"], int)
    assert answer["code"] in {0, 3600, 3639, 4004, 4512} if signed else answer["code"] in {0, 3639, 4005}
    assert answer["message"]
    if answer["code"]:
        assert answer["data"] == {}


@pytest.mark.parametrize(
    "target",
    [
        "/v2/nothing",
        "/v1/market/list",
        "/",
        "/v2",
        "/v2/../v2/time",
        "/v2//time",
        "/v2/%74ime",
        "/v2/time%00",
        "//x/v2/time",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_an_unknown_path_answers_with_the_json_error_of_the_venue(method: str, target: str) -> None:
    status, headers, answer = request(quiet_server(), method, target, signed=False)
    assert (status, headers["content-type"]) == (200, "application/json; charset=utf-8")
    assert answer["code"] == 4009
    assert answer["data"] == {}


@pytest.mark.parametrize("module", ["spot", "futures"])
@pytest.mark.parametrize("action", ["batch-order", "batch-stop-order", "batch-modify-order"])
def test_an_element_of_a_batch_has_the_documented_fields(module: str, action: str) -> None:
    server = lived_in()
    terms = {
        "market": "BTCUSDT",
        "market_type": module.upper(),
        "side": "buy",
        "type": "limit",
        "amount": "0.5",
        "price": "40000",
    }
    if action == "batch-stop-order":
        terms |= {"trigger_price": "45000", "trigger_price_type": "latest_price"}
    if action == "batch-modify-order":
        terms |= {"order_id": order(server, module, price="40000")["order_id"], "price": "41000"}
    (row,) = data(server, "POST", f"/v2/{module}/{action}", {"orders": [terms]})
    assert row["code"] == 0, row
    assert set(row["data"]) == names_of(ENDPOINTS["POST", f"/{module}/{action}"])
