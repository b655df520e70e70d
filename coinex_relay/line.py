"""One line of a consumer under asyncio: a feed, its session's WebSocket in memory, and a connection to NATS.

It lives as long as its NATS connection; the session makes another, after its own pauses. What a feed asks for is written to NATS in
order without waiting, since each answer finds its way by a subject of its own.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol, final

from coinex_relay.actions import Action, FetchRoster, Follow, Leave, Prove, Replay
from coinex_relay.connecting import (
    STREAM,
    WHOLE_STREAM,
    Connection,
    Nats,
    RelayFailed,
    closed,
    connect,
    said,
    stream_identity,
    without_jetstream,
)
from coinex_relay.feed import Feed, Memory
from coinex_relay.flows import MEMORY, Flow, Phase
from coinex_relay.messages import LOST_AFTER, TIME, Stored, encode, headers_of, read, read_beat, read_live, read_roster
from coinex_relay.reading import Take, take_usual
from coinex_relay.socket import FeedSocket
from coinex_relay.subjects import DATA, LIVE, WHOLE, Names

_LIVE: Final = Phase.LIVE
BATCH: Final = 1000
"""Stored messages of one request."""
BEFORE_WHOLE: Final = timedelta(seconds=2)
"""The mark of a whole state is stored shortly after it."""
_PROOF: Final = re.compile("p-?[0-9]{1,18}")
"""The end of the inbox that an answer to `Prove` comes to."""
ANSWER_WITHIN: Final = 5.0
"""Seconds for whatever was asked of the server."""
LONGEST_WAIT: Final = LOST_AFTER / 2
"""Seconds between two looks at the time: what comes meanwhile may set an earlier deadline, but none that is nearer than `LOST_AFTER`."""


class Receiver(Protocol):
    """Where bytes for the session go."""

    @property
    def data_received(self) -> Callable[[bytes], None]:
        """They came."""
        ...

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more comes."""
        ...


@final
class _Ask:
    """A further request of a reading."""

    def __init__(self, name: str, stream: str, said: dict[str, Any]) -> None:
        self.name = name
        self.stream = stream
        self.said = said


@final
class Line:
    """From an open NATS connection to its end."""

    def __init__(
        self, to: Nats, names: Names, memory: Memory, receiver: Receiver, now: Callable[[], float], target: str
    ) -> None:
        self._to = to
        self._names = names
        self._memory = memory
        self._receiver = receiver
        self._now = now
        self._feed = Feed(memory)
        self._socket = FeedSocket(self._feed, now(), target=target)
        self._loop = asyncio.get_running_loop()
        self._nats: Connection | None = None
        self._inbox = ""
        self._subscriptions: dict[str, Any] = {}
        self._flows: dict[int, Flow] = {}
        """By the number of their subscription."""
        self._actions: deque[Action | _Ask] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._work = asyncio.Event()
        self._reading: dict[str, tuple[Replay, list[Stored], float]] = {}
        """Stored messages that are being read, by the end of the inbox that they come to; and until when."""
        self._proving: dict[int, float] = {}
        self._flush: asyncio.Handle | None = None
        self._at: float | None = None
        """When the messages of this read came, once one has been looked at."""
        self._timer: asyncio.TimerHandle | None = None
        self._has_ended = False

    async def open(self) -> None:
        """Connects. Raises `ConnectFailed`."""
        self._nats = nats = await connect(self._to, f"consumer of {self._names.venue}.{self._names.module}", self._lost)
        try:
            try:
                self._memory.of_stream(await stream_identity(nats.jetstream()))
            except Exception as error:
                raise RelayFailed(f"NATS at {self._to.where}: {without_jetstream(error) or said(error)}") from error
            self._inbox = nats.new_inbox()
            nats.take_many, nats.read_ends = self._take_many, self._deliver
            await nats.take(f"{self._inbox}.*", self._answered)
            await nats.take(f"{LIVE}.{self._names.beats('*')}", self._beat)
        except BaseException:
            await closed(nats)
            raise
        self._worker = self._loop.create_task(self._do_all())
        self._look_at_time()

    # From the session -------------------------------------------------------------------------------------------------

    def receive_data(self, data: bytes) -> None:
        """Bytes of the session."""
        if not self._has_ended:
            self._socket.receive_data(data, self._now())
            self._turn()

    def end(self, why: str = "") -> None:
        """Lets go of it; `why` is said to the session, where it is still there."""
        if self._has_ended:
            return
        self._has_ended = True
        for handle in (self._flush, self._timer):
            if handle is not None:
                handle.cancel()
        if self._worker is not None:
            self._worker.cancel()
        if self._nats is not None:
            self._nats.direct.clear()
            self._flows.clear()
            task = self._loop.create_task(closed(self._nats))
            _closing.add(task)
            task.add_done_callback(_closing.discard)
        self._loop.call_soon(self._receiver.connection_lost, OSError(why) if why else None)

    # From NATS --------------------------------------------------------------------------------------------------------

    def _lost(self, why: str) -> None:
        if not self._has_ended:
            self._deliver()
            self.end(f"NATS: {why}")

    def _beat(self, subject: str, payload: bytes, headers: bytes | None) -> None:
        beat = read_beat(payload)
        message = read_live(payload, headers)
        if beat is not None and message is not None and message.relay == beat.relay:
            self._feed.beat(beat, message.sequence, self._now())

    def _take(self, tail: str, subject: str, payload: bytes, headers: bytes | None) -> None:
        message = read_live(payload, headers)
        if message is not None:
            if self._at is None:
                self._at = self._now()
            self._feed.receive(tail, message, self._at)

    def _take_many(self, data: bytes, at: int) -> int:
        feed = self._feed
        return at if feed.ahead else take_usual(data, at, self._flows, feed.payloads, _LIVE, MEMORY)

    def _answered(self, subject: str, payload: bytes, headers: bytes | None) -> None:
        """Something that was asked for."""
        name = subject.rpartition(".")[2]
        found = headers_of(headers) or {}
        if _PROOF.fullmatch(name):
            number = int(name[1:])
            self._proving.pop(number, None)
            self._feed.proved(number, self._now())
        elif name[0] == "r":
            is_there = "Status" not in found
            self._feed.roster(name[1:], read_roster(payload) if is_there else None, self._now())
        elif name in self._reading:
            self._read_stored(name, payload, found)

    def _read_stored(self, name: str, payload: bytes, headers: dict[str, str]) -> None:
        action, stored, _ = self._reading[name]
        status = headers.get("Status", "")
        if name[0] == "w":  # when the last whole state came
            del self._reading[name]
            since = None if status else _before(headers.get(TIME, ""))
            if since is None:
                self._feed.replayed(action.tail, action.number, (), self._now())
            else:
                self._ask(action, [], {"start_time": since, "batch": BATCH})
            return
        if not status:
            message = read(payload, headers)
            if message is not None:
                stored.append(message)
            if action.after or action.from_whole:
                return  # the end of a batch is told
        elif status == "204" and headers.get("Nats-Num-Pending", "0").strip("0") and stored:
            self._ask(action, stored, {"seq": stored[-1].sequence + 1, "batch": BATCH}, name=name[0])
            return
        if action.from_whole and name[0] == "s" and not any(one.is_whole for one in stored):
            del self._reading[
                name
            ]  # the mark is younger than what it marks: a relay has said it again after a reconnect
            self._ask(action, [], {"seq": 1, "batch": BATCH}, name="a")
            return
        del self._reading[name]
        self._feed.replayed(action.tail, action.number, stored, self._now())

    def _ask(self, action: Replay, stored: list[Stored], said: dict[str, Any], *, name: str = "s") -> None:
        name = f"{name}{action.number}"
        self._reading[name] = (action, stored, self._now() + ANSWER_WITHIN)
        self._actions.append(_Ask(name, STREAM, {**said, "next_by_subj": f"{DATA}.{action.tail}"}))
        self._work.set()

    # Turns ------------------------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        """What comes of a read is delivered at its end, all else in the next round of the loop: to the session, and to NATS by the
        worker.
        """
        if self._flush is None and not self._has_ended:
            self._flush = self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        if self._has_ended:
            return
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        self._at = None
        feed = self._feed
        if feed.actions:
            self._actions.extend(feed.take_actions())
            self._work.set()
        if data := self._socket.data_to_send():
            self._receiver.data_received(data)
        if feed.ended:
            self.end(f"NATS: {feed.ended}")
        elif self._socket.wants_close:
            self.end()

    def _look_at_time(self) -> None:
        self._timer = None
        if self._has_ended:
            return
        now = self._now()
        self._feed.handle_timeout(now)
        late = [until for _, _, until in self._reading.values()] + list(self._proving.values())
        if late and min(late) < now:
            self._feed.end(f"no answer within {ANSWER_WITHIN:g} s")
        self._turn()
        wait = min(max(self._feed.next_deadline() - now, 0.001), LONGEST_WAIT)
        self._timer = self._loop.call_later(wait, self._look_at_time)

    async def _do_all(self) -> None:
        try:
            while True:
                while self._actions:
                    await self._do(self._actions.popleft())
                self._work.clear()
                await self._work.wait()
        except Exception as error:  # noqa: BLE001  (the reason goes to the session)
            self._feed.end(said(error))
            self._turn()

    async def _do(self, action: Action | _Ask) -> None:
        nats = self._nats
        assert nats is not None
        match action:
            case Follow(tail):
                take: Take = partial(self._take, tail)
                self._subscriptions[tail] = subscription = await nats.take(f"{LIVE}.{tail}", take)
                if (flow := self._feed.flows.get(tail)) is not None:
                    self._flows[subscription._id] = flow
                self._feed.followed(tail, self._now())
                self._turn()
            case Leave(tail):
                if (subscription := self._subscriptions.pop(tail, None)) is not None:
                    self._flows.pop(subscription._id, None)
                    await nats.drop(subscription)
            case Replay() if action.after:
                self._ask(action, [], {"seq": action.after, "batch": BATCH})
            case Replay(tail, number):
                name, stream, root = ("w", WHOLE_STREAM, WHOLE) if action.from_whole else ("s", STREAM, DATA)
                self._reading[f"{name}{number}"] = (action, [], self._now() + ANSWER_WITHIN)
                await self._get(f"{name}{number}", stream, {"last_by_subj": f"{root}.{tail}"})
            case FetchRoster(relay):
                await self._get(f"r{relay}", WHOLE_STREAM, {"last_by_subj": f"{WHOLE}.{self._names.beats(relay)}"})
            case Prove(number):
                if number >= 0:  # the feed sees for itself that its probe is late
                    self._proving[number] = self._now() + ANSWER_WITHIN
                await nats.publish(f"{self._inbox}.p{number}")
            case _Ask():
                await self._get(action.name, action.stream, action.said)

    async def _get(self, name: str, stream: str, wanted: dict[str, Any]) -> None:
        assert self._nats is not None
        await self._nats.publish(f"$JS.API.DIRECT.GET.{stream}", encode(wanted), reply=f"{self._inbox}.{name}")


_closing: Final[set[asyncio.Task[None]]] = set()
"""Connections that say goodbye."""


def _before(time: str) -> str | None:
    """A time of the server's, and a little earlier; None: it is none."""
    try:
        at = datetime.fromisoformat(time[:19]).replace(tzinfo=UTC) - BEFORE_WHOLE
    except ValueError:
        return None
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
