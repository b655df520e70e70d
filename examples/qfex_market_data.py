"""QFEX market data, blocking: a proved order book, best quotes and trades of one symbol, and how fresh they are.

Needs no account. Run: python examples/qfex_market_data.py AAPL-USD
"""

import argparse
import math
import sys

from coinex_proto import BookChanged, Lost, Restored, SdkError, qfex
from coinex_trio import QfexClient


def book(event: BookChanged) -> None:
    print(f"book    {event.market} {event.book.best_bid} / {event.book.best_ask}, spread {event.book.spread}")


def quote(update: qfex.BboUpdate) -> None:
    print(f"quote   {update.symbol} {update.best_bid} / {update.best_ask}")


def trade(update: qfex.TradeUpdate) -> None:
    word = "bought" if update.is_buy else "sold"
    print(f"trade   {update.symbol} {word} {update.size} at {update.price}, {update.time}")


def main(symbol: str, url: str, seconds: float) -> None:
    qx = QfexClient(mds_url=url)
    qx.on(Lost)(lambda event: print(f"lost    {len(event.topics)} topics: {event.why}"))
    qx.on(Restored)(lambda event: print(f"back    {len(event.topics)} topics"))
    qx.subscribe_level2(symbol, callback=book)
    qx.subscribe_bbo(symbol, quote)
    qx.subscribe_trades(symbol, trade)
    with qx:
        qx.run(seconds)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="QFEX market data")
    arguments.add_argument("symbol", nargs="?", default="AAPL-USD")
    arguments.add_argument("--url", default=qfex.MDS_URL)
    arguments.add_argument("--seconds", type=float, default=math.inf)
    chosen = arguments.parse_args()
    try:
        main(chosen.symbol, chosen.url, chosen.seconds)
    except KeyboardInterrupt:
        print("bye")
    except SdkError as error:
        sys.exit(str(error))
