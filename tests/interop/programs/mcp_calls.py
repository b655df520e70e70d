"""The client inside coinex-mcp-server against the local exchange; a JSON line a call.  Runs in an environment of its own."""

import asyncio
import json
import os
from typing import Any

from coinex_mcp_server.coinex_client import CoinExClient

SIM = json.loads(os.environ["SIM"])
SIDE, TYPE = CoinExClient.OrderSide, CoinExClient.MarketType


async def main() -> None:
    client = CoinExClient(SIM["access_id"], SIM["secret_key"])
    client.base_url = SIM["http"]
    saved: dict[str, Any] = {}

    async def call(area: str, name: str, *arguments: Any, **terms: Any) -> None:
        error = ""
        try:
            answer = await getattr(client, name)(*arguments, **terms)
            if answer.get("code") != 0:
                error = f"answered {answer}"
            else:
                saved[name] = answer["data"]
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is reported
            error = f"{type(problem).__name__}: {problem}"
        print(json.dumps({"area": area, "call": name, "error": error[:300]}))

    for kind in (TYPE.SPOT, TYPE.FUTURES):
        await call("market", "get_market_info", "BTC", "USDT", kind)
        await call("market", "get_tickers", "BTC", "USDT", kind)
        await call("market", "get_depth", "BTC", "USDT", kind)
        await call("market", "get_kline", "1hour", "BTC", "USDT", kind)
        await call("market", "get_deal", "BTC", "USDT", kind)
        await call("market", "get_index_price", "BTC", "USDT", kind)
        await call("account", "get_balances", kind)
    for name in (
        "futures_get_funding_rate", "futures_get_funding_rate_history", "futures_get_premium_history",
        "futures_get_position_level", "futures_premium_index_history", "futures_basis_index_history",
    ):  # fmt: skip
        await call("swap market", name, "BTC", "USDT")
    await call("orders", "place_order", SIDE.BUY, "BTC", "USDT", "0.01", price="1000")
    await call("orders", "get_orders", "BTC", "USDT")
    number = saved.get("place_order", {}).get("order_id", 0)
    await call("orders", "cancel_order", "BTC", "USDT", order_id=number)


asyncio.run(main())
