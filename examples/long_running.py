"""A program that stays: one line every 30 seconds says how the connection is. Ctrl-C ends it.

Reconnects, sign-in and subscriptions take care of themselves; the program only watches.
Run: python examples/long_running.py --url wss://socket.coinex.com/v2/spot
"""

import argparse
import math
import time

from coinex_proto import Closed, Config, NotReady, Ready, RequestError, Retrying, coinex
from coinex_trio import CoinexClient


def main(url: str, seconds: float, every: float) -> None:
    book = coinex.Depth("BTCUSDT")
    ends_at = time.monotonic() + seconds
    cx = CoinexClient(url=url, config=Config(retry_first=True))
    for kind in (Ready, Closed, Retrying):
        cx.on(kind)(print)
    with cx:
        cx.subscribe(book, coinex.Trades("BTCUSDT"))
        while (left := ends_at - time.monotonic()) > 0:
            cx.run(seconds=min(every, left))
            try:
                answer = f"{cx.ping() * 1000:.1f} ms"
            except (NotReady, RequestError) as error:
                answer = f"none ({error})"
            print(
                f"ping {answer}; {cx.stats.messages} messages; {cx.stats.reconnects} reconnects; "
                f"the book is {'trusted' if cx.trusted(book) else 'not trusted'}"
            )


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="A long-running program")
    arguments.add_argument("--url", default=coinex.SPOT_URL)
    arguments.add_argument("--seconds", type=float, default=math.inf)
    arguments.add_argument("--every", type=float, default=30.0, help="seconds between two pings")
    chosen = arguments.parse_args()
    try:
        main(chosen.url, chosen.seconds, chosen.every)
    except KeyboardInterrupt:
        print("bye")
