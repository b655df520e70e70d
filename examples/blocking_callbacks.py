"""A plain script: callbacks for market data, and for the moments in which it cannot be trusted.

Run: python examples/blocking_callbacks.py --url wss://socket.coinex.com/v2/spot --seconds 30
"""

import argparse

from coinex_proto import BookChanged, Lost, Restored, coinex
from coinex_trio import CoinexClient


def main(url: str, seconds: float) -> None:
    """Prints the best quotes of a proved order book and the trades."""
    with CoinexClient(url=url) as cx:

        @cx.on(Lost)
        def halt(event: Lost) -> None:
            print("do not trade on", *event.topics, "-", event.why)

        @cx.on(Restored)
        def resume(event: Restored) -> None:
            print("live again:", *event.topics)

        def show(event: BookChanged) -> None:
            print(event.market, "bid", event.book.best_bid, "ask", event.book.best_ask)

        cx.subscribe_depth("BTCUSDT", 20, callback=show)
        cx.subscribe_trades("BTCUSDT", lambda update: print(len(update.deal_list), "trades"))
        cx.run(seconds=seconds)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="Market data with callbacks")
    arguments.add_argument("--url", default=coinex.SPOT_URL)
    arguments.add_argument("--seconds", type=float, default=30.0)
    chosen = arguments.parse_args()
    main(chosen.url, chosen.seconds)
