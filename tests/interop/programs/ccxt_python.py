"""Every call of the list with ccxt in Python, spot and swap; a JSON line each.  Runs in an environment of its own."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import ccxt

SIM = json.loads(os.environ["SIM"])
CALLS = json.loads((Path(__file__).parent / "ccxt_calls.json").read_text())
SYMBOLS = {"spot": "BTC/USDT", "swap": "BTC/USDT:USDT"}


def filled(value: Any, saved: dict[str, Any]) -> Any:
    if isinstance(value, str) and value.startswith("$"):
        return saved[value[1:]]
    if isinstance(value, list):
        return [filled(one, saved) for one in value]
    return {name: filled(one, saved) for name, one in value.items()} if isinstance(value, dict) else value


for kind, symbol in SYMBOLS.items():
    client = ccxt.coinex({"apiKey": SIM["access_id"], "secret": SIM["secret_key"], "options": {"defaultType": kind}})
    client.urls["api"]["public"] = client.urls["api"]["private"] = SIM["http"]
    saved: dict[str, Any] = {"symbol": symbol}
    for area, method, arguments, *name in CALLS:
        if area in ("positions", "swap market") and kind == "spot":
            continue
        error = ""
        try:
            answer = getattr(client, method)(*filled(arguments, saved))
            if answer is None:
                error = "no answer"
            if name:
                saved[name[0]] = answer["id"]
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is reported
            error = f"{type(problem).__name__}: {problem}"
        print(json.dumps({"area": area, "call": f"{kind} {method}", "error": error[:300]}))
sys.exit(0)
