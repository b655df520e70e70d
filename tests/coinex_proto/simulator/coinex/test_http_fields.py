"""What the local exchange answers has the fields of the documented tables, no more and no fewer.

The tables: the machine-readable list of endpoints (tests/data/coinex-http-endpoints.yaml), from the official pages.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pytest
import yaml

from coinex_proto.simulator import CoinexServer
from coinex_proto.simulator.coinex.http_account import TABLE as ACCOUNT
from coinex_proto.simulator.coinex.http_history import TABLE as HISTORY
from coinex_proto.simulator.coinex.http_market import TABLE as MARKET
from coinex_proto.simulator.coinex.http_trade import TABLE as TRADE
from tests.coinex_proto.simulator.http_peer import data
from tests.coinex_proto.simulator.peer import Json, quiet_server

DOCUMENT: Final = yaml.safe_load((Path(__file__).parents[3] / "data" / "coinex-http-endpoints.yaml").read_text())
ENDPOINTS: Final = {(entry["method"], entry["path"]): entry for entry in DOCUMENT["endpoints"]}
SERVED: Final = sorted({**MARKET, **TRADE, **ACCOUNT, **HISTORY})

EMPTY: Final = frozenset(
    (
        "/assets/financial/balance", "/assets/margin/balance", "/assets/transfer-history", "/futures/liquidation-history",
        "/futures/position-adl-history", "/futures/position-margin-history", "/futures/position-settle-history", "/maintain/info",
        "/futures/finished-stop-order", "/spot/finished-stop-order",
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
    server.advance(server.now + 9 * 3600)
    return server


def order(server: CoinexServer, module: str, *, action: str = "order", **changes: object) -> Json:
    terms = {"market": "BTCUSDT", "market_type": module.upper(), "side": "buy", "type": "limit", "amount": "0.5"}
    found: Json = data(server, "POST", f"/v2/{module}/{action}", {**terms, **changes})
    return found


TERMS: Final[Json] = {
    "market": "BTCUSDT", "limit": 10, "interval": "0", "period": "1min", "client_id": "mine",
    "type": "market", "amount": "0.1", "margin_mode": "cross", "leverage": 10, "ccy": "USDT", "transfer_type": "transfer_in",
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
    ("method", "path"), [key for key in SERVED if not key[1].rpartition("/")[2].startswith("batch-") or key[0] == "GET"]
)
def test_an_answer_has_the_documented_fields(method: str, path: str) -> None:
    entry, server = ENDPOINTS[method, path], lived_in()
    answer = ask(server, method, path, terms_for(server, entry))
    if entry["data_shape"] == "empty":
        assert answer == {}
        return
    rows = answer if isinstance(answer, list) else [answer]
    assert bool(rows) is (path not in EMPTY)
    for row in rows:
        inner = row["data"] if entry["data_shape"] == "batch" else row
        assert set(inner) == names_of(entry)


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
