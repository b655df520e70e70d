#!/usr/bin/env bash
# nautilus_trader's loader of tardis.dev's incremental_book_L2: where a snapshot begins amid the file (is_snapshot turns true
# again, as after each reconnect of the recorder), the layout asks its readers to discard the book they have. The loader makes
# ADDs of the snapshot's rows and no CLEAR before them, without the snapshot flag, so that levels of before the gap stay: after
# a fall in price the best bid lies above the best ask until something else removes it.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nautilus_trader==1.221.0
cat > "$folder/book.csv" <<'CSV'
exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount
binance,BTCUSDT,1700000000000000,1700000000000000,true,bid,100.00,1
binance,BTCUSDT,1700000000000000,1700000000000000,true,ask,101.00,1
binance,BTCUSDT,1700000001000000,1700000001000000,false,bid,100.50,2
binance,BTCUSDT,1700000060000000,1700000060000000,true,bid,99.00,1
binance,BTCUSDT,1700000060000000,1700000060000000,true,ask,99.50,1
CSV
"$folder/venv/bin/python" - "$folder/book.csv" <<'PYTHON'
import sys

import nautilus_trader
from nautilus_trader.adapters.tardis.loaders import TardisCSVDataLoader
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.enums import BookAction, BookType
from nautilus_trader.model.identifiers import InstrumentId

instrument = InstrumentId.from_str("BTCUSDT.BINANCE")
book = OrderBook(instrument, BookType.L2_MBP)
deltas = TardisCSVDataLoader(instrument_id=instrument).load_deltas(sys.argv[1])
for delta in deltas:
    book.apply_delta(delta)
actions = [delta.action.name for delta in deltas]
print("nautilus_trader", nautilus_trader.__version__)
print("actions: ", actions, "flags:", [delta.flags for delta in deltas])
print("snapshot: 99.00 / 99.50   book:", book.best_bid_price(), "/", book.best_ask_price())
assert BookAction.CLEAR.name not in actions
assert str(book.best_bid_price()) == "100.5" and str(book.best_ask_price()) == "99.5"
PYTHON
