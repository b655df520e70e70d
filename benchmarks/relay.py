"""`python -m benchmarks.relay PART`: the relay on a real server; PART is throughput, delay, consumer, memory, kills or scaling.

CPU is that of a process (user and system) a message, not the wall clock, since other programs may run beside it. The payloads are
those of the other benchmarks: books, trades and best quotes of 20 markets, with real checksums.
"""

import argparse
import asyncio
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from statistics import quantiles
from typing import Any, Final, cast

from benchmarks.loopback import Server
from benchmarks.server import acknowledgements, upgrade_response
from benchmarks.stream import Message, stream
from coinex_asyncio import Client, open_client
from coinex_proto import Event, Lost, Session, Sources, Topic, Update, coinex
from coinex_relay import EmbeddedServer, Nats, open_relay
from coinex_relay.connecting import Connection, connect, ensure_streams
from coinex_relay.messages import ToPublish
from coinex_relay.publishing import Publisher
from coinex_relay.relay import Relay
from coinex_relay.subjects import DATA

ROOT: Final = Path(__file__).parent.parent
KINDS: Final = ("depth difference", "depth full", "deals", "best quote")
MARKETS: Final = 20
DIALECT: Final = coinex.spot()
BATCH: Final = 64
MAX_BYTES: Final = 1 << 28
QUIET: Final = 20.0
"""Seconds without a message after which a consumer has seen all that it will."""
PACE: Final = 4_000.0
"""Messages a second to all consumers together, so that none is behind."""
PACE_OF_ONE: Final = 500.0
"""Messages a second to one consumer, so that each comes alone."""
BURST: Final = 4_000
FIRST: Final = 2_000
"""Messages after which everything has come once."""


def topics(markets: int = MARKETS) -> tuple[Topic[Event], ...]:
    """Everything that is relayed."""
    names = [f"M{number}USDT" for number in range(markets)]
    kinds: tuple[Callable[[str], Topic[Event]], ...] = (coinex.Depth, coinex.Trades, coinex.BestQuote)
    return tuple(kind(name) for name in names for kind in kinds)


def messages(count: int, seed: int = 1, markets: int = MARKETS) -> list[Message]:
    """So many of the kinds that are relayed, whole books first."""
    found = stream(seed, count * 12 // 10 + 200, markets)
    return [one for one in found if one.kind in KINDS][:count]


def session() -> Session:
    """Ready, with all topics acknowledged."""
    made = Session(DIALECT, Sources(wall_time_ns=time.time_ns, random_bytes=os.urandom))
    made.subscribe(*topics(), now=0.0)
    made.next_step(0.0)
    made.connected(0.0)
    made.receive_data(upgrade_response(made.data_to_send()), 0.0)
    now = 0.0
    while data := made.data_to_send():
        made.receive_data(acknowledgements(data), now)
        now += 1.0
        made.handle_timeout(now)
    while made.next_event() is not None:
        pass
    return made


def updates(of: Sequence[Message]) -> list[Update]:
    """What a session hands out of them."""
    reading, found = session(), []
    for one in of:
        reading.receive_data(one.frame, 100.0)
        while (event := reading.next_event()) is not None:
            if isinstance(event, Update):
                found.append(event)
    assert len(found) == len(of)
    return found


def cpu() -> float:
    """Seconds that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def cpu_of(pid: int) -> float:
    """Seconds that another process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int) -> float:
    """Megabytes that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


async def connected(stack: AsyncExitStack, url: str) -> Connection:
    """A connection with both streams there."""
    nats = await connect(Nats(url=url), "benchmark", _unheard, reconnects=True)
    stack.push_async_callback(nats.close)
    await ensure_streams(nats.jetstream(), max_bytes=MAX_BYTES, in_memory=False, replicas=1)
    return nats


def _unheard(why: str) -> None:
    """The benchmark ends by itself."""


async def relay_on(
    stack: AsyncExitStack, url: str, name: str = "bench", wanted: Sequence[Topic[Event]] | None = None
) -> Relay:
    """A running relay that the benchmark feeds."""
    nats = await connected(stack, url)
    relay = Relay(Publisher(name, DIALECT, wanted or topics()), nats, cast(Client, None))
    await relay.open()
    running = asyncio.create_task(relay.run())

    async def end() -> None:
        running.cancel()
        await asyncio.wait((running,))

    stack.push_async_callback(end)
    return relay


# Throughput -----------------------------------------------------------------------------------------------------------


async def throughput(count: int) -> None:
    """Messages a second of nats-py's publish loop alone, and of a relay."""
    sent = messages(count)
    read = updates(sent)
    publisher = Publisher("bare", DIALECT, topics())
    prepared: list[ToPublish] = []
    for update in read:
        publisher.take(update)
        prepared += [one for one in publisher.take_messages() if one.subject.startswith(f"{DATA}.")]
    with EmbeddedServer() as server:
        async with AsyncExitStack() as stack:
            nats = await connected(stack, server.url)
            rows = []
            for turn in range(3):
                rows.append(
                    ("nats-py alone, payloads without headers", await _timed(nats, count, _bare(nats, prepared)))
                )
                named = [_renamed(one, turn) for one in prepared]
                rows.append(
                    (
                        "nats-py alone, with a relay's headers",
                        await _timed(nats, count, _with_headers(nats, named, [one.headers for one in named])),
                    )
                )
                relay = await relay_on(stack, server.url, f"t{turn}")
                rows.append(("relay, from an update on", await _timed(relay._nats, count, _relayed(relay, read))))
                whole = await relay_on(stack, server.url, f"w{turn}")
                reading = session()
                rows.append(
                    ("relay, from the frames on", await _timed(whole._nats, count, _whole(whole, reading, sent)))
                )
    best = {name: max(rate for other, (rate, _) in rows if other == name) for name, _ in rows}
    least = {name: min(used for other, (_, used) in rows if other == name) for name, _ in rows}
    for name in best:
        ratios = [best[name] / best[bare] for bare in list(best)[:2]]
        print(
            f"{name:42} {best[name]:8,.0f}/s {least[name]:6.1f} us CPU  {ratios[0]:.2f} of bare, {ratios[1]:.2f} of bare with headers"
        )


def _renamed(one: ToPublish, turn: int) -> ToPublish:
    return ToPublish(one.subject, one.payload, one.block.replace("Msg-Id: ", f"Msg-Id: {turn}"))


async def _timed(nats: Connection, count: int, work: Awaitable[None]) -> tuple[float, float]:
    """Messages a second, and microseconds of CPU each."""
    began, used = time.perf_counter(), cpu()
    await work
    await nats.flush(120)
    return count / (time.perf_counter() - began), (cpu() - used) / count * 1e6


async def _bare(nats: Connection, prepared: list[ToPublish]) -> None:
    for place, one in enumerate(prepared):
        await nats.publish(one.subject, one.payload)
        if place % BATCH == 0:
            await asyncio.sleep(0)


async def _with_headers(nats: Connection, prepared: list[ToPublish], named: list[dict[str, str]]) -> None:
    for place, one in enumerate(prepared):
        await nats.publish(one.subject, one.payload, headers=named[place])
        if place % BATCH == 0:
            await asyncio.sleep(0)


async def _relayed(relay: Relay, read: list[Update]) -> None:
    for at in range(0, len(read), BATCH):
        for update in read[at : at + BATCH]:
            relay.take(update)
        relay.publish()
        while relay.publisher.has_messages():
            await relay._nats.drained()
            relay.publish()
        await asyncio.sleep(0)


async def _whole(relay: Relay, reading: Session, sent: list[Message]) -> None:
    for at in range(0, len(sent), BATCH):
        reading.receive_data(b"".join([one.frame for one in sent[at : at + BATCH]]), 100.0)
        while (event := reading.next_event()) is not None:
            if isinstance(event, Update):
                relay.take(event)
        relay.publish()
        while relay.publisher.has_messages():
            await relay._nats.drained()
            relay.publish()
        await asyncio.sleep(0)


# Delay ----------------------------------------------------------------------------------------------------------------


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


# Consumers ------------------------------------------------------------------------------------------------------------


async def consume(url: str, count: int, clients: int = 1) -> None:
    """A process of its own: follows everything and prints its CPU a message; `ws://` is the direct client."""
    done = asyncio.Event()
    left = [count] * clients
    began: list[float] = []
    async with AsyncExitStack() as stack:
        for place in range(clients):
            opening = open_client(coinex.spot(url=url)) if url.startswith("ws") else open_relay(url, DIALECT)
            client = await stack.enter_async_context(opening)

            def seen(update: Update, place: int = place) -> None:
                if not began:
                    began.append(time.process_time())
                left[place] -= 1
                if not any(left):
                    done.set()

            client.subscribe(*topics())
            if not url.startswith("ws"):
                await client.ready(*topics())
            client.on(Update)(seen)
        print("asked", flush=True)
        before = -1
        while not done.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(QUIET):
                    await done.wait()
            if (began and sum(left) == before) or os.getppid() == 1:
                break  # what is missing does not come any more
            before = sum(left)
        seen_by_all = count * clients - sum(left)
        used = (time.process_time() - began[0]) / seen_by_all * 1e6
        print(json.dumps({"cpu": used, "lost": sum(left)}), flush=True)


def _consumer(url: str, count: int, clients: int = 1) -> "subprocess.Popen[str]":
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
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def _said(process: "subprocess.Popen[str]") -> float:
    assert process.stdout is not None
    return float(json.loads(process.stdout.readline())["cpu"])


async def consumer(count: int) -> None:
    """CPU a message of a consumer, and of the direct client, in turns: in full flow, and at a pace.

    Full flow is what comes after a pause of the consumer (SIGSTOP), some thousand messages at once, since otherwise it is the server
    that sets the pace and each message wakes the process.
    """
    read = updates(messages(count + FIRST))
    for pace, part in ((0.0, count), (PACE_OF_ONE, count // 10)):
        sent = messages(part)
        direct, relayed = [], []
        for turn in range(3):
            with Server(sent, pace) as venue:
                process = _consumer(venue.url, part)
                assert process.stdout is not None
                process.stdout.readline()
                direct.append(_said(process))
                process.wait()
            with EmbeddedServer() as server:
                async with AsyncExitStack() as stack:
                    relay = await relay_on(stack, server.url, f"c{turn}")
                    process = _consumer(server.url, part)
                    await _relayed(relay, read[:FIRST])
                    await asyncio.to_thread(cast(Any, process.stdout).readline)
                    flow = read[FIRST : FIRST + part]
                    await (_paced(relay, flow, pace) if pace else _in_bursts(relay, flow, process))
                    relayed.append(await asyncio.to_thread(_said, process))
                    await asyncio.to_thread(process.wait)
        print(f"at {pace:,.0f} a second" if pace else "in full flow")
        print(f"  direct client   {min(direct):6.1f} us CPU a message  {[round(one, 1) for one in direct]}")
        print(f"  over a relay    {min(relayed):6.1f} us CPU a message  {[round(one, 1) for one in relayed]}")
        print(f"  ratio           {min(relayed) / min(direct):.2f}", flush=True)


async def _in_bursts(relay: Relay, flow: list[Update], process: "subprocess.Popen[str]") -> None:
    for at in range(0, len(flow), BURST):
        process.send_signal(signal.SIGSTOP)
        await _relayed(relay, flow[at : at + BURST])
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
                    await _relayed(relay, read)
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
                process = _consumer(server.url, len(part), consumers)
                await _relayed(relay, read[:FIRST])
                await asyncio.to_thread(cast(Any, process.stdout).readline)
                before = cpu_of(server.pid)
                for at in range(0, len(part), consumers):
                    await _relayed(relay, part[at : at + consumers])
                    await asyncio.sleep(consumers**2 / PACE)
                each = (cpu_of(server.pid) - before) / len(part) * 1e6
                used = await asyncio.to_thread(_said, process)
                print(
                    f"1 relay, {consumers} consumers: server {each:6.1f} us a message, consumer {used:5.1f} us each",
                    flush=True,
                )
                await asyncio.to_thread(process.wait)


# Memory ---------------------------------------------------------------------------------------------------------------


async def memory(count: int) -> None:
    """Megabytes of relay, consumer and server while so many messages go through."""
    with EmbeddedServer() as server:
        async with AsyncExitStack() as stack:
            relay = await relay_on(stack, server.url, "m")
            process = _consumer(server.url, count)
            await _relayed(relay, updates(messages(FIRST, seed=10**6)))
            await asyncio.to_thread(cast(Any, process.stdout).readline)
            done = 0
            for seed in range(10**9):
                part = updates(messages(min(10_000, count - done), seed=seed))
                for at in range(0, len(part), 2000):
                    await _relayed(relay, part[at : at + 2000])
                    await relay._nats.flush(120)
                    await asyncio.sleep(0.05)
                done += len(part)
                held = [memory_of(pid) for pid in (os.getpid(), process.pid, server.pid)]
                print(
                    f"{done:10,} messages: relay {held[0]:.0f} MB, consumer {held[1]:.0f} MB, server {held[2]:.0f} MB",
                    flush=True,
                )
                if done >= count:
                    break
            process.kill()


# Kills ----------------------------------------------------------------------------------------------------------------


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
    from coinex_asyncio import local_exchange

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


PARTS: Final[dict[str, Callable[[int], Coroutine[Any, Any, None]]]] = {
    "throughput": throughput,
    "delay": delay,
    "consumer": consumer,
    "scaling": scaling,
    "memory": memory,
    "kills": kills,
}
USUAL: Final = {
    "throughput": 30_000,
    "delay": 3_000,
    "consumer": 30_000,
    "scaling": 20_000,
    "memory": 10_000_000,
    "kills": 200,
}


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=[*PARTS, "consume"])
    parser.add_argument("--messages", type=int, help="how many; kills for that part")
    parser.add_argument("--url")
    parser.add_argument("--clients", type=int, default=1)
    chosen = parser.parse_args()
    if chosen.part == "consume":
        asyncio.run(consume(chosen.url, chosen.messages, chosen.clients))
    else:
        asyncio.run(PARTS[chosen.part](chosen.messages or USUAL[chosen.part]))


if __name__ == "__main__":
    main()
