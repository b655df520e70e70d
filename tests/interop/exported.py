"""A recorded stretch of a local market, exported for other people's readers, and what our own books say of it."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Final

from coinex_proto import BookChanged, Config, coinex
from coinex_recorder import RecordingFiles, replay
from coinex_recorder.exporting import export
from coinex_trio import CoinexClient, memory_exchange

SECONDS: Final = 3600.0
FAULTS: Final = "every 700s drop\nat 1000s stall 30"
TICK: Final = "0.01"
KNOWN: Final = "binance"
"""nautilus_trader reads a list of exchanges only; ours is not on it."""


def exported(directory: Path) -> str:
    """Writes it there; a line of JSON says in which file the names stand, and the best prices after each change of the book."""
    exchange = memory_exchange(seed=7, faults=FAULTS)
    with (
        RecordingFiles(directory / "recording") as files,
        CoinexClient(network=exchange.network, config=Config(recorder=files)) as client,
    ):
        client.subscribe(coinex.Depth("BTCUSDT"), coinex.Trades("BTCUSDT"), coinex.BestQuote("BTCUSDT"))
        client.run(seconds=SECONDS)
    best: dict[int, tuple[str, str]] = {}
    for event in replay(directory / "recording"):
        if isinstance(event, BookChanged):
            book = event.book
            assert book.received_at is not None
            assert book.best_bid is not None
            assert book.best_ask is not None
            best[round(book.received_at * 1e6)] = str(book.best_bid[0]), str(book.best_ask[0])
    paths = export(directory / "recording", directory / "tables", as_format="tardis", exchange=KNOWN)
    found: dict[str, object] = {
        kind: str(path)
        for path in paths
        for kind in ("incremental_book_L2", "trades", "quotes")
        if f"_{kind}_" in path.name
    }
    with Path(str(found["trades"])).open() as file:
        traded = sum(Decimal(row["amount"]) for row in csv.DictReader(file))
    with Path(str(found["quotes"])).open() as file:
        quotes = sum(1 for _ in csv.DictReader(file))
    ticks = [(at, *prices) for at, prices in best.items()]
    told = directory / "told.json"
    told.write_text(json.dumps({**found, "tick": TICK, "best": ticks, "traded": str(traded), "quote_count": quotes}))
    return json.dumps({"file": str(told)})
