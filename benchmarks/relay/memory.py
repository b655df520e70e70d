"""What a relay, a consumer and the server hold while millions of messages go through."""

import asyncio
import os
import re
import subprocess
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from threading import Thread
from typing import Any, Final, cast

from benchmarks.relay.consumers import consumer_process
from benchmarks.relay.feeding import FIRST, memory_of, messages, relay_on, relayed, updates
from coinex_proto import Update
from coinex_proto.updates import stamp
from coinex_relay import EmbeddedServer
from coinex_relay.subjects import DATA

POOL: Final = 20_000
"""Messages that come again and again with other times and ids; to make new ones would keep the relay from its heartbeats."""
AT_ONCE: Final = 500
"""Messages after which the server's word is waited for: with more on the way, what consumers get is old."""
_NUMBERS: Final = re.compile(rb'"(updated_at|deal_id)":([0-9]+)')
_STEPS: Final = {b"updated_at": 1_000_000, b"deal_id": 100_000}
"""What a round adds: more than the pool's own numbers reach."""


def renumber(pool: Sequence[tuple[Update, bytes]], number: int) -> list[Update]:
    """These updates as the venue would send them so many rounds later."""
    for update, raw in pool:
        stamp(update, _NUMBERS.sub(lambda found: _later(found, number), raw), time.time())
    return [update for update, _ in pool]


def _later(found: re.Match[bytes], number: int) -> bytes:
    return b'"%s":%d' % (found[1], int(found[2]) + number * _STEPS[found[1]])


async def memory(count: int) -> None:
    """Megabytes of relay, consumer and server while so many messages go through."""
    pool = [(one, one.raw) for one in updates(messages(POOL))]
    with EmbeddedServer() as server:
        async with AsyncExitStack() as stack:
            relay = await relay_on(stack, server.url, "m")
            process = consumer_process(server.url, count, tell_every=1_000)
            stack.callback(process.kill)
            await relayed(relay, renumber(pool[:FIRST], 0))
            await asyncio.to_thread(cast(Any, process.stdout).readline)
            seen = ["0"]
            Thread(target=_read, args=(process, seen), daemon=True).start()
            done = number = 0
            while done < count:
                number += 1
                for at in range(0, len(pool), AT_ONCE):
                    began = time.perf_counter()
                    await relayed(relay, renumber(pool[at : at + AT_ONCE], number))
                    await relay._nats.request(f"{DATA}.benchmark", b"", timeout=120)
                    await asyncio.sleep(time.perf_counter() - began)  # a server without a pause has none for consumers
                done += len(pool)
                held = [memory_of(pid) for pid in (os.getpid(), process.pid, server.pid)]
                print(
                    f"{done:10,} messages, {seen[0]} seen: relay {held[0]:.1f} MB, consumer {held[1]:.1f} MB, server {held[2]:.1f} MB",
                    flush=True,
                )


def _read(process: "subprocess.Popen[str]", seen: list[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        seen[0] = line.strip()
