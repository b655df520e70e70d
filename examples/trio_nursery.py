"""Two sockets of an exchange in one trio nursery; each task has its own client, and an error of one ends both.

Run: python examples/trio_nursery.py --url wss://socket.coinex.com/v2/spot --futures-url wss://socket.coinex.com/v2/futures
"""

import argparse

import trio

from coinex_proto import Dialect, Event, Topic, coinex
from coinex_trio import open_client


async def watch(dialect: Dialect, topic: Topic[Event]) -> None:
    """Prints what one topic brings."""
    async with open_client(dialect) as client:
        async for event in client.events(topic):
            print(dialect.name, event)


async def main(spot_url: str, futures_url: str, seconds: float) -> None:
    """Spot and futures side by side, for so long."""
    with trio.move_on_after(seconds):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch, coinex.spot(url=spot_url), coinex.BestQuote("BTCUSDT"))
            nursery.start_soon(watch, coinex.futures(url=futures_url), coinex.Ticker("BTCUSDT"))


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="Spot and futures under trio")
    arguments.add_argument("--url", default=coinex.SPOT_URL)
    arguments.add_argument("--futures-url", default=coinex.FUTURES_URL)
    arguments.add_argument("--seconds", type=float, default=30.0)
    chosen = arguments.parse_args()
    trio.run(main, chosen.url, chosen.futures_url, chosen.seconds)
