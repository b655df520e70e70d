"""nautilus_trader reads our export in the layout of tardis.dev: its best prices are ours at every tick of the recording."""

import json
import os
from decimal import Decimal

from nautilus_trader.adapters.tardis.loaders import TardisCSVDataLoader
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.enums import BookType
from nautilus_trader.model.identifiers import InstrumentId


def tried(area: str, call: str, error: str) -> None:
    print(json.dumps({"area": area, "call": call, "error": error}), flush=True)


def main() -> None:
    with open(json.loads(os.environ["SIM"])["file"]) as file:
        told = json.load(file)
    instrument = InstrumentId.from_str("BTCUSDT.COINEX")
    loader = TardisCSVDataLoader(instrument_id=instrument)
    book = OrderBook(instrument, BookType.L2_MBP)
    found: dict[int, tuple[Decimal, Decimal]] = {}
    for delta in loader.load_deltas(told["incremental_book_L2"]):
        book.apply_delta(delta)
        if book.best_bid_price() is not None and book.best_ask_price() is not None:
            found[delta.ts_init // 1000] = book.best_bid_price().as_decimal(), book.best_ask_price().as_decimal()
    wrong = []
    now = None
    for at, bid, ask in told["best"]:
        now = found.get(at, now)  # a push that changed nothing is no row
        if now != (Decimal(bid), Decimal(ask)):
            wrong.append((at, now, bid, ask))
    tried(
        "books", f"best prices at {len(told['best'])} ticks", f"{len(wrong)} differ, first {wrong[0]}" if wrong else ""
    )
    trades = loader.load_trades(told["trades"])
    sums = sum(trade.size.as_decimal() for trade in trades)
    tried(
        "trades", f"{len(trades)} trades", "" if sums == Decimal(told["traded"]) else f"{sums} and not {told['traded']}"
    )
    quotes = loader.load_quotes(told["quotes"])
    tried("quotes", f"{len(quotes)} quotes", "" if len(quotes) == told["quote_count"] else f"not {told['quote_count']}")


main()
