"""coinexlib against the local exchange; a JSON line a call.  Runs in an environment of its own."""

import json
import os
from collections.abc import Callable
from typing import Any

from coinexlib import CoinexAPI

SIM = json.loads(os.environ["SIM"])
CoinexAPI.BASE_URL = SIM["http"]
api = CoinexAPI(SIM["access_id"], SIM["secret_key"])
saved: dict[str, Any] = {}


def call(area: str, name: str, *arguments: Any, keep: Callable[[Any], Any] | None = None, **terms: Any) -> None:
    error = ""
    try:
        answer = getattr(api, name)(*arguments, **terms)
        if answer.get("code") != 0:
            error = f"answered {answer}"
        elif keep is not None:
            saved[name] = keep(answer["data"])
    except Exception as problem:  # noqa: BLE001 - whatever it is, it is reported
        error = f"{type(problem).__name__}: {problem}"
    print(json.dumps({"area": area, "call": name, "error": error[:300]}))


call("market", "get_market_status", "BTCUSDT")
call("market", "get_market_transactions", "BTCUSDT")
call("market", "get_market_index", "BTCUSDT")
call("market", "get_market_depth", "BTCUSDT", 5, "0")
call("market", "get_market_depth_futures", "BTCUSDT", 5, "0")
call("market", "get_market_deals", "BTCUSDT")
call("market", "get_market_deals_futures", "BTCUSDT")
call("market", "get_market_candlesticks", "BTCUSDT", 10, "1hour")
call("market", "get_market_candlesticks_futures", "BTCUSDT", 10, "1hour")
call("market", "get_market_information", "BTCUSDT")
call("market", "get_market_information_futures", "BTCUSDT")
call("account", "get_balance")
call("account", "get_balance_futures")
limit = ("BTCUSDT", "SPOT", "buy", "limit", "0.01")
call("orders", "place_order", *limit, price="1000", client_id="lib1", keep=lambda data: data["order_id"])
number = saved.get("place_order", 0)
call("orders", "query_order_status", "BTCUSDT", number)
call("orders", "get_unfilled_order", "SPOT", "BTCUSDT")
call("orders", "modify_order", "BTCUSDT", "SPOT", number, "0.02", "1001")
call("orders", "cancel_order", "BTCUSDT", "SPOT", number)
terms = {"market": "BTCUSDT", "market_type": "SPOT", "side": "buy", "type": "limit", "amount": "0.01", "price": "1000"}
call("orders", "batch_place_orders", [terms, terms], keep=lambda data: [row["order_id"] for row in data])
numbers = saved.get("batch_place_orders", [0])
call("orders", "batch_query_order_status", "BTCUSDT", ",".join(map(str, numbers)))
call("orders", "cancel_batch_orders", "BTCUSDT", numbers)
call("orders", "place_stop_order", *limit, "900", "1000", keep=lambda data: data["stop_id"])
stop = saved.get("place_stop_order", 0)
call("orders", "get_unfilled_stop_order", "SPOT", "BTCUSDT")
call("orders", "modify_stop_order", "BTCUSDT", "SPOT", stop, "0.02", "1000", "901")
call("orders", "cancel_stop_order", "BTCUSDT", "SPOT", stop)
call("orders", "cancel_all_orders", "BTCUSDT", "SPOT")
call("orders", "cancel_order_by_client_id", "BTCUSDT", "SPOT", "lib1")
call("orders", "get_filled_order", "SPOT", "BTCUSDT")
call("orders", "get_user_transactions", "BTCUSDT", "SPOT")
call("positions", "adjust_position_leverage", "BTCUSDT", "FUTURES", "cross", 10)
call("positions", "place_order_futures", "BTCUSDT", "FUTURES", "buy", "market", "0.01")
call("positions", "get_current_position", "BTCUSDT")
call("positions", "close_position_futures", "BTCUSDT", "FUTURES", "market")
