"""The relay itself under asyncio: follows topics on one connection to a venue and publishes them on NATS.

A heartbeat says that what was published before it is of now. There is none while earlier ones wait for the server's word too long,
since the data wait as well, nor after a stop of the process before the venue has answered, behind all that it had sent.
What the server has not confirmed is published again after a reconnect: `Nats-Msg-Id` makes one message of it. While there is
no server everything is kept, within bounds; consumers know by the missing heartbeat that it is not of now.
"""

from __future__ import annotations

import asyncio
import math
import secrets
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from typing import Final, final

from nats.errors import Error as NatsError

from coinex_asyncio import Client
from coinex_asyncio.client import open_client
from coinex_asyncio.network import SYSTEM, Network
from coinex_driver.log import LOG
from coinex_proto import Callbacks, Config, Dialect, Event, Lost, Restored, SdkError, Topic, Update
from coinex_relay.connecting import Connection, Nats, RelayFailed, closed, connect, ensure_streams, said
from coinex_relay.messages import BEAT_EVERY, LOST_AFTER, ToPublish, read_confirmation
from coinex_relay.publishing import MOST_WAITING, Publisher
from coinex_relay.sharding import Shard
from coinex_relay.vouching import Vouching

MAX_BYTES: Final = 1 << 30
"""What the stream may keep, by default; the oldest goes first."""
TOO_LARGE_FOR: Final = 60.0
"""Seconds for which a message that was too large is the relay's trouble, although others are stored."""
BYE_WITHIN: Final = 1.0
CATCHES_UP_WITHIN: Final = 1.0
"""Seconds in which what a stopped process left in its socket is read, where the venue answers no question."""
MAKES_STREAMS_EVERY: Final = 1.0
"""Seconds between two attempts to make streams that have gone."""
MOST_AT_ONCE: Final = 1000
"""Messages in one write."""
REPEATED_BEATS: Final = 15
"""Heartbeats, 3 s: what was confirmed lately is said again too, since a server that crashes has not written all of it."""


@final
class Relay:
    """A running relay; made by `open_publisher`."""

    def __init__(
        self,
        publisher: Publisher,
        nats: Connection,
        client: Client,
        caught_up: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(0),
        make_streams: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(0),
    ) -> None:
        """`caught_up`: returns when everything was read that the venue had sent until it was called. `make_streams`: where they are not."""
        self.publisher = publisher
        self.client = client
        self.trouble: str = ""
        """What the server, or the way there, said last; empty: nothing is wrong."""
        self.confirmed: int = 0
        """Messages that the server has certainly stored."""
        self._nats = nats
        self._inbox = ""
        self._loop = asyncio.get_running_loop()
        self._soon: asyncio.Handle | None = None
        self._stuck = asyncio.Event()
        """More waits than the server takes now."""
        self._unproved: deque[ToPublish] = deque()
        """What is published again after a reconnect: all since a confirmed heartbeat of some seconds ago."""
        self._beats: deque[int] = deque()
        """How many messages had been published with each of the last heartbeats that the server confirmed."""
        self._too_large_until = -math.inf
        self._sent = 0
        self._first_unproved = 0
        self._connects = -1
        self._caught_up = caught_up
        self._catching_up: asyncio.Task[None] | None = None
        self._make_streams = make_streams
        self._making: asyncio.Task[None] | None = None
        self._vouching = Vouching()

    def take(self, event: Event) -> None:
        """One event of the client; what a read brought is published together, in the loop's next round."""
        self.publisher.take(event)
        if self._soon is None:
            self._soon = self._loop.call_soon(self._publish_soon)

    async def open(self) -> None:
        """What the server confirms comes here."""
        self._inbox = self._nats.new_inbox()
        await self._nats.take(f"{self._inbox}.*", self._confirmed)

    async def run(self) -> None:
        """Publishes until it is cancelled. Raises `RelayFailed` when the connection to NATS is gone for good."""
        now = self._loop.time
        next_beat = now()
        try:
            while True:
                if (late := now() - next_beat) >= 0:
                    if late > LOST_AFTER - BEAT_EVERY and self._catching_up is None:
                        self._vouching.is_catching_up = True
                        self._catching_up = asyncio.create_task(self._catch_up())
                    if self._nats.is_connected and self._vouching.may_beat(now()):
                        self.publisher.beat()
                    next_beat = now() + BEAT_EVERY
                self.publish()
                if self._nats.is_closed:
                    raise RelayFailed(f"NATS: {self._nats.said_last or 'the connection is gone'}")
                with suppress(TimeoutError, OSError):  # a broken connection is seen above
                    async with asyncio.timeout(max(0.0, next_beat - now())):
                        await self._stuck.wait()
                        await self._nats.drained()
        finally:
            if self._soon is not None:
                self._soon.cancel()
            for task in (self._catching_up, self._making):
                if task is not None:
                    task.cancel()

    async def _catch_up(self) -> None:
        try:
            with suppress(SdkError):  # the client tells what is wrong with its connection
                await self._caught_up()
        finally:
            self._vouching.is_catching_up, self._catching_up = False, None

    async def say_goodbye(self) -> None:
        """The last heartbeat: consumers need not wait for the missing one."""
        self.publisher.beat(bye="it was stopped")
        try:
            async with asyncio.timeout(BYE_WITHIN):
                self.publish()
                await self._nats.flush(1)
        except (NatsError, TimeoutError, OSError) as error:
            self.trouble = said(error)

    def publish(self) -> None:
        """Writes what waits, unless the server takes nothing now."""
        nats = self._nats
        self._stuck.clear()
        if not nats.is_connected:
            self._note("the server is gone; what comes is kept, and it is tried again")
            return
        if self._connects != nats.stats["reconnects"]:
            self._connects = nats.stats["reconnects"]
            self.publisher.say_again(self._unproved)
            self._sent -= len(self._unproved)
            self._unproved.clear()
            self._beats.clear()
            self._vouching.reconnected()
        while self.publisher.has_messages():
            if nats.is_full:
                self._stuck.set()
                self._vouching.filled(self._loop.time())
                return
            self._send(self.publisher.take_messages(MOST_AT_ONCE))
        self._vouching.drained()

    def _publish_soon(self) -> None:
        self._soon = None
        self.publish()

    def _send(self, messages: Sequence[ToPublish]) -> None:
        most = self._nats.max_payload
        sent = [one for one in messages if one.size <= most]
        if len(sent) < len(messages):
            for one in messages:
                if one.size > most:
                    self.publisher.give_up(one)
            self._too_large_until = self._loop.time() + TOO_LARGE_FOR
            self._note(f"payloads are larger than the server's max_payload of {most} bytes, and are left out")
        self._unproved.extend(sent)
        while len(self._unproved) > MOST_WAITING:
            self._unproved.popleft()
            self._first_unproved += 1
            self.publisher.dropped += 1
        for number in self._nats.put(sent, self._inbox, self._sent + 1):
            self._vouching.written(number, self._loop.time())
        self._sent += len(sent)

    def _confirmed(self, subject: str, payload: bytes, headers: bytes | None) -> None:
        name = subject.rpartition(".")[2]
        if not name.isdecimal():
            return  # of somebody else
        number = int(name)
        self._vouching.answered(number, self._loop.time())
        refused = read_confirmation(payload)
        if not payload and headers:
            if not self.trouble:
                self._note("the server has no stream that takes it; it is made again")
            if self._making is None:
                self._making = asyncio.create_task(self._make_again())
            return
        if refused:
            self._note(refused)
        if refused != "":
            return
        if self._loop.time() >= self._too_large_until:
            self.trouble = ""
        self.confirmed = number
        self._beats.append(number)
        if len(self._beats) > REPEATED_BEATS:
            oldest = self._beats.popleft()
            while self._unproved and self._first_unproved < oldest:
                self._unproved.popleft()
                self._first_unproved += 1

    async def _make_again(self) -> None:
        """The server has lost its streams: everything that is not certainly stored is said again in new ones, and what is carried."""
        try:
            await self._make_streams()
            self.publisher.introduce()
            self._connects = -1
        except SdkError as error:
            self._note(str(error))
            await asyncio.sleep(MAKES_STREAMS_EVERY)
        finally:
            self._making = None

    def _note(self, trouble: str) -> None:
        if trouble != self.trouble:
            LOG.warning("relay %s: %s", self.publisher.relay, trouble)
        self.trouble = trouble


async def _answer_of_venue(client: Client, dialect: Dialect) -> None:
    if dialect.ping is None:
        await asyncio.sleep(CATCHES_UP_WITHIN)
    else:
        await client.request(dialect.ping)


def _unheard(why: str) -> None:
    """`run` sees for itself that the connection is gone."""


def open_publisher(
    to: Nats,
    dialect: Dialect,
    topics: Iterable[Topic[Event]],
    *,
    relay_id: str | None = None,
    shard: Shard = Shard(),  # noqa: B008  (frozen)
    config: Config = Config(),  # noqa: B008  (frozen)
    network: Network = SYSTEM,
    max_bytes: int = MAX_BYTES,
    in_memory: bool = False,
    replicas: int = 1,
) -> AbstractAsyncContextManager[Relay]:
    """A relay that runs while the block does.

    `relay_id`: begins its id, at most 55 letters, digits and `-`; the rest is made by chance, since another run of the same id would be taken for this one. `max_bytes`, `in_memory`, `replicas`: of the stream, where it is made now.
    Raises `UsageError` for a private topic, `ConnectFailed` and `RelayFailed` on entering.
    """
    chance = secrets.token_hex(4)
    publisher = Publisher(f"r{chance}" if relay_id is None else f"{relay_id}-{chance}", dialect, topics, shard)
    return _open(to, dialect, publisher, config, network, max_bytes, in_memory, replicas)


@asynccontextmanager
async def _open(
    to: Nats,
    dialect: Dialect,
    publisher: Publisher,
    config: Config,
    network: Network,
    max_bytes: int,
    in_memory: bool,
    replicas: int,
) -> AsyncIterator[Relay]:
    nats = await connect(to, f"relay {publisher.relay}", _unheard, reconnects=True)
    try:
        make_streams = partial(
            ensure_streams, nats.jetstream(), max_bytes=max_bytes, in_memory=in_memory, replicas=replicas
        )
        await make_streams()
        callbacks = Callbacks()
        async with open_client(dialect, callbacks=callbacks, config=config, network=network) as client:
            relay = Relay(publisher, nats, client, partial(_answer_of_venue, client, dialect), make_streams)
            await relay.open()
            for kind in (Update, Lost, Restored):
                callbacks.add(kind, relay.take)
            client.subscribe(*publisher.topics)
            running = asyncio.create_task(relay.run())
            owner = asyncio.current_task()
            assert owner is not None
            running.add_done_callback(lambda task: None if task.cancelled() else owner.cancel())
            try:
                yield relay
            except asyncio.CancelledError:
                if running.done() and not running.cancelled() and (error := running.exception()) is not None:
                    owner.uncancel()
                    raise error from None
                raise
            finally:
                running.cancel()
                await asyncio.wait((running,))
                await relay.say_goodbye()
    finally:
        await closed(nats)
