"""What the relay's benchmarks share: payloads, relays that are fed by hand, and what a process has used.

CPU is that of a process (user and system) a message, not the wall clock, since other programs may run beside it. The payloads are
those of the other benchmarks: books, trades and best quotes of 20 markets, with real checksums.
"""

import asyncio
import os
import resource
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, cast

from benchmarks.server import acknowledgements, upgrade_response
from benchmarks.stream import Message, stream
from coinex_asyncio import Client
from coinex_proto import Event, Session, Sources, Topic, Update, coinex
from coinex_relay import Nats
from coinex_relay.connecting import Connection, connect, ensure_streams
from coinex_relay.publishing import Publisher
from coinex_relay.relay import Relay

ROOT: Final = Path(__file__).parents[2]
KINDS: Final = ("depth difference", "depth full", "deals", "best quote")
MARKETS: Final = 20
DIALECT: Final = coinex.spot()
BATCH: Final = 64
MAX_BYTES: Final = 1 << 28
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


async def relayed(relay: Relay, read: list[Update]) -> None:
    """Everything is written, as quickly as the server takes it."""
    for at in range(0, len(read), BATCH):
        for update in read[at : at + BATCH]:
            relay.take(update)
        await written(relay)


async def written(relay: Relay) -> None:
    """What it has taken is written, as quickly as the server takes it."""
    relay.publish()
    while relay.publisher.has_messages():
        await relay._nats.drained()
        relay.publish()
    await asyncio.sleep(0)
