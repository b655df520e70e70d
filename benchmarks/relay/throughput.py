"""Messages a second of a relay, and of nats-py's bare publish loop with the same payloads."""

import asyncio
import time
import zlib
from collections.abc import Awaitable
from contextlib import AsyncExitStack

from benchmarks.relay.feeding import (
    BATCH,
    DIALECT,
    connected,
    cpu,
    messages,
    relay_on,
    relayed,
    session,
    topics,
    updates,
    written,
)
from benchmarks.stream import Message
from coinex_proto import Session, Update
from coinex_relay import EmbeddedServer
from coinex_relay.connecting import Connection
from coinex_relay.messages import ToPublish
from coinex_relay.publishing import Publisher
from coinex_relay.relay import Relay
from coinex_relay.subjects import DATA


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
                rows.append(
                    ("nats-py alone, inflating the frames", await _timed(nats, count, _inflated(nats, prepared, sent)))
                )
                named = [_renamed(one, turn) for one in prepared]
                rows.append(
                    (
                        "nats-py alone, with a relay's headers",
                        await _timed(nats, count, _with_headers(nats, named, [one.headers for one in named])),
                    )
                )
                relay = await relay_on(stack, server.url, f"t{turn}")
                rows.append(("relay, from an update on", await _timed(relay._nats, count, relayed(relay, read))))
                whole = await relay_on(stack, server.url, f"w{turn}")
                reading = session()
                rows.append(
                    ("relay, from the frames on", await _timed(whole._nats, count, _whole(whole, reading, sent)))
                )
    best = {name: max(rate for other, (rate, _) in rows if other == name) for name, _ in rows}
    least = {name: min(used for other, (_, used) in rows if other == name) for name, _ in rows}
    bare, inflating, headers = list(best)[:3]
    for name in best:
        print(
            f"{name:42} {best[name]:8,.0f}/s {least[name]:6.1f} us CPU  {best[name] / best[bare]:.2f} of bare,"
            f" {best[name] / best[headers]:.2f} of bare with headers, {best[name] / best[inflating]:.2f} of bare that inflates"
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


async def _inflated(nats: Connection, prepared: list[ToPublish], sent: list[Message]) -> None:
    for place, (one, message) in enumerate(zip(prepared, sent, strict=True)):
        await nats.publish(one.subject, zlib.decompress(message.member, 31))
        if place % BATCH == 0:
            await asyncio.sleep(0)


async def _with_headers(nats: Connection, prepared: list[ToPublish], named: list[dict[str, str]]) -> None:
    for place, one in enumerate(prepared):
        await nats.publish(one.subject, one.payload, headers=named[place])
        if place % BATCH == 0:
            await asyncio.sleep(0)


async def _whole(relay: Relay, reading: Session, sent: list[Message]) -> None:
    for at in range(0, len(sent), BATCH):
        reading.receive_data(b"".join([one.frame for one in sent[at : at + BATCH]]), 100.0)
        while (event := reading.next_event()) is not None:
            if isinstance(event, Update):
                relay.take(event)
        await written(relay)
