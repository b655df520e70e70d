"""Two relays of the same markets, of which one or the other is killed again and again."""

import asyncio
import re
import signal
import subprocess
import sys
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any, cast

from benchmarks.relay.feeding import DIALECT, ROOT
from coinex_asyncio import local_exchange, open_client
from coinex_proto import Lost, Update, coinex
from coinex_relay import EmbeddedServer, open_relay


def _relay_process(nats: str, venue: str, name: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "coinex_trio",
            "relay",
            "--nats",
            nats,
            "--url",
            venue,
            "--markets",
            "M0USDT,M1USDT",
            "--topics",
            "book,trades,quotes",
            "--id",
            name,
        ],
        stdout=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )


async def kills(count: int) -> None:
    """Two relays, of which one or the other is killed again and again; the consumer beside a client of its own."""
    wanted = tuple(
        kind(name) for name in ("M0USDT", "M1USDT") for kind in (coinex.Depth, coinex.Trades, coinex.BestQuote)
    )
    with EmbeddedServer() as server:
        async with AsyncExitStack() as stack:
            exchange = await stack.enter_async_context(local_exchange(seed=1, rate=20.0, markets=["M0USDT", "M1USDT"]))
            names = (f"k{number}" for number in range(10**9))
            running = [_relay_process(server.url, exchange.url, next(names)) for _ in range(2)]

            def kill_all() -> None:
                for one in running:
                    one.kill()

            stack.callback(kill_all)
            client = await stack.enter_async_context(open_relay(server.url, DIALECT))
            reference = await stack.enter_async_context(open_client(coinex.spot(url=exchange.url)))
            got: dict[Any, list[bytes]] = {}
            true: dict[Any, list[bytes]] = {}
            lost: list[Lost] = []
            client.subscribe(*wanted)
            reference.subscribe(*wanted)
            await client.ready(*wanted)
            await reference.ready(*wanted)
            (lane,) = cast(Any, client)._io._lanes.values()
            peers = lane.link.transport.line._feed.peers

            async def both() -> None:
                while (  # noqa: ASYNC110  (nothing tells of it)
                    len(peers.carriers("coinex.spot.depth.M0USDT")) < 2
                    or len(peers.carriers("coinex.spot.deals.M1USDT")) < 2
                ):
                    await asyncio.sleep(0.02)

            await both()
            client.on(Update)(lambda update: got.setdefault(update.topic_key, []).append(update.raw))
            reference.on(Update)(lambda update: true.setdefault(update.topic_key, []).append(update.raw))
            client.on(Lost)(lost.append)
            for number in range(count):
                running[number % 2].send_signal(signal.SIGKILL)
                running[number % 2].wait()
                await asyncio.sleep(0.9)
                running[number % 2] = _relay_process(server.url, exchange.url, next(names))
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
        print(f"{key}: {len(true[key])} pushes, {missing} lost, {twice} twice")
    whys = Counter(f"{len(one.topics)} topics: {re.sub('relay k[0-9]+', 'relay', one.why)}" for one in told)
    print(f"{count} kills: {len(told)} times Lost {dict(whys)}")
