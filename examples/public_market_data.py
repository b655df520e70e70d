"""Public market data of BTCUSDT for 30 seconds: ticker, order book, trades. Needs no keys.

Run: python examples/public_market_data.py --url wss://socket.coinex.com/v2/spot
"""

import argparse

from coinex_proto import BookChanged, ConnectFailed, coinex
from coinex_trio import CoinexClient

MARKET = "BTCUSDT"


def show_ticker(ticker: coinex.TickerUpdate) -> None:
    print(f"ticker  last {ticker.last}  24 h: high {ticker.high}, low {ticker.low}, volume {ticker.volume}")


def show_book(event: BookChanged) -> None:
    book = event.book
    print(f"book    bid {book.best_bid}  ask {book.best_ask}  spread {book.spread}")


def show_trades(update: coinex.TradesUpdate) -> None:
    if update.is_history:
        print(f"trades  {len(update.deal_list)} from before")
        return
    for deal in update.deal_list:
        print(f"trade   {deal.side} {deal.amount} at {deal.price}")


def main(url: str, seconds: float) -> None:
    with CoinexClient(url=url) as cx:
        cx.subscribe_ticker(MARKET, show_ticker)
        cx.subscribe_depth(MARKET, 20, "0", show_book)
        cx.subscribe_trades(MARKET, show_trades)
        cx.run(seconds=seconds)
        print(f"{cx.stats.messages} messages, {cx.stats.checksums_passed} checksums of the book agreed")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="Public market data")
    arguments.add_argument("--url", default=coinex.SPOT_URL)
    arguments.add_argument("--seconds", type=float, default=30.0)
    chosen = arguments.parse_args()
    try:
        main(chosen.url, chosen.seconds)
    except ConnectFailed as error:
        raise SystemExit(str(error)) from None
