"""ccxt.pro over real TCP, as its documentation has it: a task for each market that waits for the next state of its book.

`PYTHON benchmarks/ccxt_pro.py URL`, with standard input and output as `benchmarks.clients` has them. It runs in an environment of
its own (`make interop` makes one): ccxt pins versions of uvloop and orjson that other clients cannot be installed with. So it
imports nothing of this project. ccxt checks no checksum: the line that would is commented out in its adapter for CoinEx.
"""

import asyncio
import json
import sys
import time
from typing import Any

import ccxt.pro

MARKETS = 20
"""As many as the stream has."""


class Counting(ccxt.pro.coinex):  # type: ignore[misc]
    """Notes when each message has been taken in; CPU counts from the first to the last, as for the others."""

    def begin(self, left: int) -> None:
        """So many messages will come."""
        self.left = left
        self.times: list[float] = []
        self.began = self.took = 0.0
        self.over = asyncio.Event()

    def handle_message(self, client: Any, message: Any) -> None:
        """As ccxt does, and counted where it is a push."""
        if "method" not in message or self.over.is_set():
            super().handle_message(client, message)
            return
        self.began = self.began or time.process_time()
        super().handle_message(client, message)
        self.times.append(time.monotonic())
        if len(self.times) == self.left:
            self.took = time.process_time() - self.began
            self.over.set()


def market(name: str) -> dict[str, object]:
    """What ccxt would have read from the venue's list of markets, which this server does not have."""
    base = name.removesuffix("USDT")
    symbol = f"{base}/USDT"
    named = {"id": name, "symbol": symbol, "base": base, "quote": "USDT", "baseId": base, "quoteId": "USDT"}
    return {**named, "type": "spot", "spot": True, "active": True, "precision": {"price": 1e-2, "amount": 1e-8}}


async def main(url: str, left: int) -> None:
    """Watches every book until all messages are in."""
    client = Counting({"enableRateLimit": False})
    client.begin(left)
    client.urls["api"]["ws"]["spot"] = url
    client.set_markets([market(f"M{number}USDT") for number in range(MARKETS)])

    async def watch(symbol: str) -> None:
        while True:
            await client.watch_order_book(symbol)

    tasks = [asyncio.create_task(watch(symbol)) for symbol in client.symbols]
    over = asyncio.create_task(client.over.wait())
    done, _ = await asyncio.wait([over, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    if over not in done:
        done.pop().result()  # raises what has gone wrong
    json.dump({"cpu": client.took, "times": client.times}, sys.stdout)
    await client.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], len(json.load(sys.stdin))))
