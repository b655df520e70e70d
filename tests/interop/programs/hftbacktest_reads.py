"""hftbacktest reads our export in the layout of tardis.dev: its best prices are ours at every tick of the recording."""

import json
import os
import sys

from hftbacktest import BacktestAsset, HashMapMarketDepthBacktest
from hftbacktest.data.utils import tardis

PLACES = 8
TIMEOUT = 10**12


def tried(area: str, call: str, error: str) -> None:
    print(json.dumps({"area": area, "call": call, "error": error}), flush=True)


def seen(files: list[str], tick: str) -> dict[int, tuple[float, float]]:
    """Best bid and ask after everything of each time, by that time in microseconds."""
    data = tardis.convert(files, buffer_size=20_000_000)
    asset = (
        BacktestAsset()
        .data(data)
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0, 0)
        .tick_size(float(tick))
        .lot_size(1e-8)
    )
    test = HashMapMarketDepthBacktest([asset])
    found: dict[int, tuple[float, float]] = {}
    while test.wait_next_feed(False, TIMEOUT) in (0, 2):
        depth = test.depth(0)
        found[test.current_timestamp // 1000] = depth.best_bid, depth.best_ask
    return found


def main() -> None:
    with open(json.loads(os.environ["SIM"])["file"]) as file:
        told = json.load(file)
    sys.stdout, out = sys.stderr, sys.stdout  # it prints what it does
    found = seen([told["trades"], told["incremental_book_L2"]], told["tick"])
    sys.stdout = out
    wrong = []
    now = None
    for at, bid, ask in told["best"][:-1]:  # it goes on to the last time only when something follows
        now = found.get(at, now)  # a push that changed nothing is no row
        if now is None or tuple(round(one, PLACES) for one in now) != (float(bid), float(ask)):
            wrong.append((at, now, bid, ask))
    tried(
        "books", f"best prices at {len(told['best'])} ticks", f"{len(wrong)} differ, first {wrong[0]}" if wrong else ""
    )


main()
