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
from coinex_relay.messages import MESSAGE_ID, ToPublish
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
            payloads = [(one.subject, one.payload) for one in prepared]
            for turn in range(3):
                rows.append(
                    ("nats-py alone, payloads without headers", await _timed(nats, count, _bare(nats, payloads)))
                )
                rows.append(
                    ("nats-py alone, inflating the frames", await _timed(nats, count, _inflated(nats, payloads, sent)))
                )
                named = [_named(one, turn) for one in prepared]
                rows.append(
                    (
                        "nats-py alone, with a relay's headers",
                        await _timed(nats, count, _with_headers(nats, named)),
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


def _named(one: ToPublish, turn: int) -> tuple[str, bytes, dict[str, str]]:
    headers = one.headers
    return one.subject, one.payload, {**headers, MESSAGE_ID: f"{turn}{headers[MESSAGE_ID]}"}


async def _timed(nats: Connection, count: int, work: Awaitable[None]) -> tuple[float, float]:
    """Messages a second, and microseconds of CPU each."""
    began, used = time.perf_counter(), cpu()
    await work
    await nats.flush(120)
    return count / (time.perf_counter() - began), (cpu() - used) / count * 1e6


async def _bare(nats: Connection, payloads: list[tuple[str, bytes]]) -> None:
    for place, (subject, payload) in enumerate(payloads):
        await nats.publish(subject, payload)
        if place % BATCH == 0:
            await asyncio.sleep(0)


async def _inflated(nats: Connection, payloads: list[tuple[str, bytes]], sent: list[Message]) -> None:
    for place, ((subject, _), message) in enumerate(zip(payloads, sent, strict=True)):
        await nats.publish(subject, zlib.decompress(message.member, 31))
        if place % BATCH == 0:
            await asyncio.sleep(0)


async def _with_headers(nats: Connection, named: list[tuple[str, bytes, dict[str, str]]]) -> None:
    for place, (subject, payload, headers) in enumerate(named):
        await nats.publish(subject, payload, headers=headers)
        if place % BATCH == 0:
            await asyncio.sleep(0)


async def _whole(relay: Relay, reading: Session, sent: list[Message]) -> None:
    for at in range(0, len(sent), BATCH):
        reading.receive_data(b"".join([one.frame for one in sent[at : at + BATCH]]), 100.0)
        while (event := reading.next_event()) is not None:
            if isinstance(event, Update):
                relay.take(event)
        await written(relay)
