"""Two relays of the same markets, of which one or the other is killed again and again."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from contextlib import AsyncExitStack, closing
from importlib import import_module
from typing import Any, Final, cast

from benchmarks.relay.feeding import DIALECT, ROOT
from coinex_asyncio import local_exchange, open_client
from coinex_proto import Lost, Update, coinex
from coinex_relay import EmbeddedServer, open_relay
from coinex_trio.cli import main

ARGUMENTS: Final = "relay --nats {nats} --url {venue} --markets M0USDT,M1USDT --topics book,trades,quotes --id {name}\n"


def hatch() -> None:
    """A process of its own: makes a relay of each line of arguments and prints its process id, so that imports cost once."""
    import_module("coinex_trio._cli.relay")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            sys.argv = ["coinex", *line.split()]
            sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115  (for the rest of its life)
            main()
        print(pid, flush=True)


class Hatchery:
    """Relays in processes of their own."""

    def __init__(self, nats: str, venue: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.relay", "hatch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self._where = {"nats": nats, "venue": venue}
        self._count = 0
        self.running: dict[int, int] = {}
        """Process ids by place."""

    async def start(self, place: int) -> None:
        """Another relay in this place."""
        pipes: Any = self._process
        pipes.stdin.write(ARGUMENTS.format(name=f"k{self._count}", **self._where))
        pipes.stdin.flush()
        self._count += 1
        self.running[place] = int(await asyncio.to_thread(pipes.stdout.readline))

    def kill(self, place: int) -> None:
        """Ends it without a word."""
        os.kill(self.running.pop(place), signal.SIGKILL)

    def close(self) -> None:
        """Ends all."""
        for place in tuple(self.running):
            self.kill(place)
        self._process.kill()
        self._process.communicate()


async def kills(count: int) -> None:
    """Two relays, of which one or the other is killed again and again; the consumer beside a client of its own."""
    wanted = tuple(
        kind(name) for name in ("M0USDT", "M1USDT") for kind in (coinex.Depth, coinex.Trades, coinex.BestQuote)
    )
    with EmbeddedServer() as server:
        async with AsyncExitStack() as stack:
            exchange = await stack.enter_async_context(local_exchange(seed=1, rate=20.0, markets=["M0USDT", "M1USDT"]))
            relays = stack.enter_context(closing(Hatchery(server.url, exchange.url)))
            for place in range(2):
                await relays.start(place)
            client = await stack.enter_async_context(open_relay(server.url, DIALECT))
            reference = await stack.enter_async_context(open_client(coinex.spot(url=exchange.url)))
            got: dict[Any, list[bytes]] = {}
            true: dict[Any, list[bytes]] = {}
            lost: list[Lost] = []
            client.subscribe(*wanted)
            reference.subscribe(*wanted)
            await client.ready(*wanted)
            await reference.ready(*wanted)

            def carriers(tail: str) -> int:
                return max(
                    (len(lane.link.transport.line._feed.peers.carriers(tail)) for lane in lanes.values()), default=0
                )

            lanes = cast(Any, client)._io._lanes

            async def both() -> None:
                while carriers("coinex.spot.depth.M0USDT") < 2 or carriers("coinex.spot.deals.M1USDT") < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)

            await both()
            client.on(Update)(lambda update: got.setdefault(update.topic_key, []).append(update.raw))
            reference.on(Update)(lambda update: true.setdefault(update.topic_key, []).append(update.raw))
            client.on(Lost)(lost.append)
            for number in range(count):
                relays.kill(number % 2)
                await asyncio.sleep(0.9)
                await relays.start(number % 2)
                await both()
                if number % 20 == 19:
                    print(f"{number + 1} kills: {len(lost)} times lost", flush=True)
            await asyncio.sleep(1.0)
            told = list(lost)
    for key in true:
        counts = Counter(got.get(key, ()))
        whole = Counter(true[key][3:-10])
        missing = sum((whole - counts).values())
        twice = sum(number - 1 for number in counts.values() if number > 1)
        own = sum((counts - Counter(true[key])).values())
        print(f"{key}: {len(true[key])} pushes, {missing} lost, {twice} twice, {own} of a relay's own connection")
    whys = Counter(f"{len(one.topics)} topics: {re.sub('relay k[0-9]+', 'relay', one.why)}" for one in told)
    print(f"{count} kills: {len(told)} times Lost {dict(whys)}")
