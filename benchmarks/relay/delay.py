"""How long a lone message takes from a relay to a consumer's function, and over NATS alone."""

import asyncio
import time
from contextlib import AsyncExitStack
from statistics import quantiles
from typing import Any

from benchmarks.relay.feeding import DIALECT, FIRST, connected, messages, relay_on, topics, updates
from coinex_proto import Update
from coinex_relay import EmbeddedServer, open_relay


async def delay(count: int) -> None:
    """From publishing a lone message to the user's function: NATS alone, and relay, stream and consumer, in turn.

    In turn, since other programs of the machine then disturb both alike.
    """
    read = updates(messages(count + FIRST))
    bare: list[float] = []
    times: list[float] = []
    with EmbeddedServer() as server:
        async with AsyncExitStack() as stack:
            nats = await connected(stack, server.url)
            other = await connected(stack, server.url)
            came = asyncio.Event()
            began = 0.0

            async def take(message: Any) -> None:
                bare.append(time.perf_counter() - began)
                came.set()

            await other.subscribe("bare.x", cb=take)
            await other.flush()
            relay = await relay_on(stack, server.url)
            client = await stack.enter_async_context(open_relay(server.url, DIALECT))
            client.subscribe(*topics())
            await asyncio.sleep(1.0)
            for update in read[:FIRST]:
                relay.take(update)
            await client.ready(*topics())
            await asyncio.sleep(0.5)

            def seen(update: Update) -> None:
                times.append(time.perf_counter() - began)
                came.set()

            client.on(Update)(seen)
            for update in read[FIRST:]:
                came.clear()
                began = time.perf_counter()
                await nats.publish("bare.x", update.raw)
                await came.wait()
                await asyncio.sleep(0.001)
                came.clear()
                began = time.perf_counter()
                relay.take(update)
                await came.wait()
                await asyncio.sleep(0.001)
    points = (("p50", 49), ("p90", 89), ("p99", 98), ("p99.9", 998))
    cuts = [quantiles(found, n=1000 if name == "p99.9" else 100)[at] for name, at in points for found in (bare, times)]
    for which, name in enumerate(("NATS alone", "relay and consumer")):
        print(
            f"{name:20}"
            + "".join(f"{point:>7} {cuts[2 * at + which] * 1e6:6.0f} us" for at, (point, _) in enumerate(points))
        )
    print(
        f"{'ratio':20}"
        + "".join(f"{point:>7} {cuts[2 * at + 1] / cuts[2 * at]:6.2f}   " for at, (point, _) in enumerate(points))
    )
