"""CPU of consumers in processes of their own, beside the direct client; and of servers and relays with several of them."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import AsyncExitStack, suppress
from typing import Any, Final, cast

from benchmarks.loopback import Server
from benchmarks.relay.feeding import DIALECT, FIRST, ROOT, cpu, cpu_of, messages, relay_on, relayed, topics, updates
from coinex_asyncio import open_client
from coinex_proto import Lost, Update, coinex
from coinex_relay import EmbeddedServer, open_relay
from coinex_relay.relay import Relay

PACE: Final = 4_000.0
"""Messages a second to all consumers together, so that none is behind."""
PACE_OF_ONE: Final = 500.0
"""Messages a second to one consumer, so that each comes alone."""
BURST: Final = 4_000
ENDS_WITHIN: Final = 120.0
"""Seconds after the last message in which a busy machine's consumer has read it."""


async def consume(url: str, count: int, clients: int = 1, tell_every: int = 0, core: int | None = None) -> None:
    """A process of its own: follows everything and prints its CPU a message, at the end or on SIGTERM; `ws://` is the direct client."""
    if core is not None:
        os.sched_setaffinity(0, {core})
    done = asyncio.Event()
    left = [count] * clients
    began: list[float] = []
    interruptions: list[Lost] = []
    """Each makes it read stored messages, which is no part of its usual work."""
    async with AsyncExitStack() as stack:
        for place in range(clients):
            opening = open_client(coinex.spot(url=url)) if url.startswith("ws") else open_relay(url, DIALECT)
            client = await stack.enter_async_context(opening)

            def seen(update: Update, place: int = place) -> None:
                if not began:
                    began.append(time.process_time())
                left[place] -= 1
                if tell_every and left[place] % tell_every == 0:
                    print(f"{count - left[place]:,}", flush=True)
                if not any(left):
                    done.set()

            client.subscribe(*topics())
            if not url.startswith("ws"):
                await client.ready(*topics())
            client.on(Update)(seen)
            client.on(Lost)(interruptions.append)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, done.set)
        print("asked", flush=True)
        while not done.is_set() and os.getppid() != 1:
            with suppress(TimeoutError):
                async with asyncio.timeout(5.0):
                    await done.wait()
        seen_by_all = count * clients - sum(left)
        used = (time.process_time() - began[0]) / seen_by_all * 1e6
        print(json.dumps({"cpu": used, "missing": sum(left), "interruptions": len(interruptions)}), flush=True)


def consumer_process(
    url: str, count: int, clients: int = 1, tell_every: int = 0, core: int | None = None
) -> "subprocess.Popen[str]":
    """A consumer that is there when it has said a line."""
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "benchmarks.relay",
            "consume",
            "--url",
            url,
            "--messages",
            str(count),
            "--clients",
            str(clients),
            "--tell-every",
            str(tell_every),
            *([] if core is None else ["--core", str(core)]),
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def cpu_said_by(process: "subprocess.Popen[str]") -> float:
    """CPU a message of a consumer that has seen everything, or all that comes."""
    assert process.stdout is not None
    late = threading.Timer(ENDS_WITHIN, process.terminate)
    late.start()
    try:
        said = json.loads(process.stdout.readline())
        if said["interruptions"] or said["missing"]:
            print(f"  this run does not count for much: {said}", flush=True)
        return float(said["cpu"])
    finally:
        late.cancel()


async def consumer(count: int) -> None:
    """CPU a message of a consumer, and of the direct client, in turns: in full flow, and at a pace.

    Full flow is what comes after a pause of the consumer (SIGSTOP), some thousand messages at once, since otherwise it is the server
    that sets the pace and each message wakes the process. The consumer has a core of its own, as on a machine of its own, and all else
    runs on the others; beside relay and server on the same cores a lone message costs it what these two do to caches.
    """
    read = updates(messages(count + FIRST))
    cores = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else []
    for pace, part, is_apart in (
        (0.0, count, True),
        (PACE_OF_ONE, count // 10, True),
        (PACE_OF_ONE, count // 10, False),
    ):
        core = cores[-1] if is_apart and len(cores) > 1 else None
        if cores:
            os.sched_setaffinity(0, cores if core is None else cores[:-1])
        sent = messages(part)
        direct, through = [], []
        for turn in range(3):
            with Server(sent, pace) as venue:
                process = consumer_process(venue.url, part, core=core)
                assert process.stdout is not None
                process.stdout.readline()
                direct.append(cpu_said_by(process))
                process.wait()
            with EmbeddedServer() as server:
                async with AsyncExitStack() as stack:
                    relay = await relay_on(stack, server.url, f"c{turn}")
                    process = consumer_process(server.url, part, core=core)
                    await relayed(relay, read[:FIRST])
                    await asyncio.to_thread(cast(Any, process.stdout).readline)
                    flow = read[FIRST : FIRST + part]
                    await (_paced(relay, flow, pace) if pace else _in_bursts(relay, flow, process))
                    through.append(await asyncio.to_thread(cpu_said_by, process))
                    await asyncio.to_thread(process.wait)
        where = "any core" if core is None else "a core of its own"
        print(f"{f'at {pace:,.0f} a second' if pace else 'in full flow'}, the consumer on {where}")
        print(f"  direct client   {min(direct):6.1f} us CPU a message  {[round(one, 1) for one in direct]}")
        print(f"  over a relay    {min(through):6.1f} us CPU a message  {[round(one, 1) for one in through]}")
        print(f"  ratio           {min(through) / min(direct):.2f}", flush=True)


async def _in_bursts(relay: Relay, flow: list[Update], process: "subprocess.Popen[str]") -> None:
    for at in range(0, len(flow), BURST):
        process.send_signal(signal.SIGSTOP)
        await relayed(relay, flow[at : at + BURST])
        await relay._nats.flush(120)
        await asyncio.sleep(0.1)
        process.send_signal(signal.SIGCONT)
        await asyncio.sleep(0.5)


async def _paced(relay: Relay, flow: list[Update], pace: float) -> None:
    began = time.perf_counter()
    for place, update in enumerate(flow):
        await asyncio.sleep(max(0.0, began + place / pace - time.perf_counter()))
        relay.take(update)


async def scaling(count: int) -> None:
    """CPU a message of the server and of relays and consumers, for 1, 2 and 4 relays and for 1, 10 and 50 consumers."""
    read = updates(messages(count + FIRST))
    for relays in (1, 2, 4):
        with EmbeddedServer() as server:
            async with AsyncExitStack() as stack:
                running = [await relay_on(stack, server.url, f"s{number}") for number in range(relays)]
                before, own = cpu_of(server.pid), cpu()
                for relay in running:
                    await relayed(relay, read)
                    await relay._nats.flush(120)
                await asyncio.sleep(1.0)
                each = (cpu_of(server.pid) - before) / count / relays * 1e6
                print(
                    f"{relays} relays of the same, no consumer: server {each:5.1f} us a message, relay {(cpu() - own) / count / relays * 1e6:5.1f} us",
                    flush=True,
                )
    for consumers in (1, 10, 50):
        part = read[FIRST : FIRST + max(500, count // consumers)]
        with EmbeddedServer() as server:
            async with AsyncExitStack() as stack:
                relay = await relay_on(stack, server.url, "s")
                process = consumer_process(server.url, len(part), consumers)
                await relayed(relay, read[:FIRST])
                await asyncio.to_thread(cast(Any, process.stdout).readline)
                before = cpu_of(server.pid)
                for at in range(0, len(part), consumers):
                    await relayed(relay, part[at : at + consumers])
                    await asyncio.sleep(consumers**2 / PACE)
                each = (cpu_of(server.pid) - before) / len(part) * 1e6
                used = await asyncio.to_thread(cpu_said_by, process)
                print(
                    f"1 relay, {consumers} consumers: server {each:6.1f} us a message, consumer {used:5.1f} us each",
                    flush=True,
                )
                await asyncio.to_thread(process.wait)
