"""Programs that never end by themselves, interrupted at a random moment, many in one process; run as a child of the campaign.

After Ctrl-C only a `KeyboardInterrupt` may come out; after SIGTERM, whose handler calls `stop()`, nothing. Then no socket,
thread or task may be left, and it must not have taken long.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import trio

import coinex_asyncio
import coinex_trio
from coinex_proto import SdkError, coinex

LONGEST_DELAY = 0.6
"""Seconds: connecting, signing in, subscribing, trading and closing all take place within it."""
WITHIN = 600.0
"""Seconds in which a program ends that was interrupted, on however busy a machine."""
TICKER, DEPTH, ORDERS = coinex.Ticker("BTCUSDT"), coinex.Depth("BTCUSDT"), coinex.Orders()


class Program:
    """One round; `stop` is what a handler of SIGTERM calls."""

    def __init__(self, url: str, credentials: coinex.Credentials) -> None:
        self.url, self.credentials = url, credentials
        self.is_stopped = False
        self.client: Any = None

    def stop(self, *_: object) -> None:
        """At any moment."""
        self.is_stopped = True
        if self.client is not None:
            self.client.stop()

    def has_stopped(self) -> bool:
        """Whether the handler has run."""
        return self.is_stopped

    def blocking(self, *, background: bool = False) -> None:
        """A client after the other."""
        while not self.has_stopped():
            made = coinex_trio.CoinexClient("spot", self.credentials, url=self.url, background=background)
            with made as self.client:
                made.subscribe(TICKER, DEPTH, callback=lambda event: sum(range(500)))
                for _ in range(3):
                    if self.has_stopped():
                        return
                    try:
                        made.ready(ORDERS)
                        made.cancel_order(made.place_order("BTCUSDT", "buy", "limit", "0.01", "2"))
                        made.run(seconds=0.02)
                    except SdkError:
                        if not self.has_stopped():
                            raise

    def in_background(self) -> None:
        """The same with a thread of the client's own."""
        self.blocking(background=True)

    def under_trio(self) -> None:
        """The same under trio."""

        async def main() -> None:
            while not self.has_stopped():
                async with coinex_trio.open_coinex("spot", self.credentials, url=self.url) as self.client:
                    await self._trade(trio.sleep)

        trio.run(main)

    def under_asyncio(self) -> None:
        """The same under asyncio."""

        async def main() -> None:
            while not self.has_stopped():
                async with coinex_asyncio.open_coinex("spot", self.credentials, url=self.url) as self.client:
                    await self._trade(asyncio.sleep)

        asyncio.run(main())

    async def _trade(self, sleep: Callable[[float], Any]) -> None:
        client = self.client
        client.subscribe(TICKER, DEPTH, callback=lambda event: sum(range(500)))
        for _ in range(3):
            if self.has_stopped():
                return
            try:
                await client.ready(ORDERS)
                await client.cancel_order(await client.place_order("BTCUSDT", "buy", "limit", "0.01", "2"))
                await sleep(0.02)
            except SdkError:
                if not self.has_stopped():
                    raise


PROGRAMS: dict[str, Callable[[Program], None]] = {
    "blocking": Program.blocking,
    "background": Program.in_background,
    "trio": Program.under_trio,
    "asyncio": Program.under_asyncio,
}


def sockets() -> int:
    """Open sockets of this process."""
    found = 0
    for path in Path("/proc/self/fd").iterdir():
        try:
            found += os.readlink(path).startswith("socket:")
        except OSError:
            continue  # the listing's own
    return found


def own_threads() -> int:
    """Threads, but for those that trio keeps for a while for the next one who needs one."""
    return sum(not thread.name.startswith("Trio thread") for thread in threading.enumerate())


def interrupted(name: str, program: Program, number: int, delay: float) -> str:
    """What was wrong with one round; empty: nothing."""
    before, threads = sockets(), own_threads()
    sent_at = [0.0]
    begun = threading.Event()

    def send() -> None:
        begun.wait()  # on a busy machine the delay may be over before this thread's start returns
        time.sleep(delay)
        sent_at[0] = time.monotonic()
        os.kill(os.getpid(), number)

    sender = threading.Thread(target=send)
    came = ""
    if number == signal.SIGTERM:
        signal.signal(signal.SIGTERM, program.stop)
    sender.start()
    try:
        begun.set()
        PROGRAMS[name](program)
    except KeyboardInterrupt:
        came = "KeyboardInterrupt"
    except BaseException as error:  # noqa: BLE001  (whatever it is)
        came = repr(error)
    sender.join()
    took = time.monotonic() - sent_at[0]
    wanted = "KeyboardInterrupt" if number == signal.SIGINT else ""
    program.client = None
    gc.collect()
    return "; ".join(
        filter(
            None,
            (
                f"{came or 'nothing'} came out" if came != wanted else "",
                f"it took {took:.1f} s" if took > WITHIN else "",
                f"{sockets() - before} sockets are left" if sockets() > before else "",
                f"threads are left: {threading.enumerate()}" if own_threads() > threads else "",
            ),
        )
    )


def main(url: str, access_id: str, secret_key: str, seed: str, rounds: str) -> None:
    """Prints each round that went wrong, and "done" at the end."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background has Ctrl-C ignored
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # its warnings tell how slow a busy machine is
    draw = Random(seed)
    credentials = coinex.Credentials(access_id, secret_key)
    for count in range(int(rounds)):
        name = draw.choice(sorted(PROGRAMS))
        number = draw.choice((signal.SIGINT, signal.SIGINT, signal.SIGTERM))
        delay = draw.uniform(0.0, LONGEST_DELAY)
        print(f"next: {name}, {number.name} after {delay:.4f} s", flush=True)
        faulthandler.dump_traceback_later(WITHIN, exit=True)  # a hang says where
        wrong = interrupted(name, Program(url, credentials), number, delay)
        if wrong:
            print(f"round {count}: {name}, {number.name} after {delay:.4f} s: {wrong}", flush=True)
    faulthandler.cancel_dump_traceback_later()
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
