"""A network with weather between clients and a local exchange: bytes are late, cut, slow, lost, and connections break.

It looks to a memory network like the exchange itself, and to the exchange like its host. Nothing is reordered and nothing
is lost in the middle of a stream: it is TCP. Same seed and calls: same bytes at the same times.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Final, Literal, final

from coinex_trio._local.loopback import Server, ServerConnection
from coinex_trio._swarm.weather import Way, Weather

LEAST_GAP: Final = 1e-5
"""Seconds between two segments, so that each is a read of its own."""
MOST_SEGMENTS: Final = 60
"""Of one write; then they get larger."""
MOST_AT_ONCE: Final = 100_000
"""Calls at one virtual moment; more is a loop that would never end."""

Ending = Literal["fin", "rst"]


class BusyLoop(AssertionError):
    """Somebody does something again and again while no time passes."""


@final
class _Pipe:
    """One direction: segments, each with the time of its arrival, and perhaps the end behind them."""

    def __init__(self, way: Way, random: Random) -> None:
        self.way = way
        self._random = random
        self._segments: deque[tuple[float, bytes]] = deque()
        self._free_at = self._last_at = -math.inf
        self.size = 0
        """Bytes on their way."""
        self.end: tuple[float, Ending] | None = None
        self.frozen_until = -math.inf

    def put(self, data: bytes, now: float) -> None:
        way, draw, start = self.way, self._random, 0
        largest = max(way.largest_segment, len(data) // MOST_SEGMENTS + 1)
        while start < len(data):
            size = min(len(data) - start, draw.randint(1, largest) if largest < 65536 else largest)
            self._free_at = max(now, self._free_at) + size / way.bandwidth
            at = max(self._free_at + way.latency + way.jitter * draw.random(), self._last_at + LEAST_GAP)
            self._segments.append((at, data[start : start + size]))
            self._last_at = at
            start += size
        self.size += len(data)

    def finish(self, how: Ending, now: float) -> None:
        if self.end is None:
            self.end = max(now + self.way.latency, self._last_at), how

    def next_at(self) -> float:
        at = self._segments[0][0] if self._segments else math.inf if self.end is None else self.end[0]
        return max(at, self.frozen_until)

    def take(self, now: float) -> tuple[bytes, Ending | None]:
        """What has arrived, and the end when that has."""
        if now < self.frozen_until:
            return b"", None
        arrived = []
        while self._segments and self._segments[0][0] <= now:
            arrived.append(self._segments.popleft()[1])
        data = b"".join(arrived)
        self.size -= len(data)
        if self.end is not None and not self._segments and self.end[0] <= now:
            how, self.end = self.end[1], None
            return data, how
        return data, None

    def drop(self) -> None:
        self._segments.clear()
        self.size, self.end = 0, None


@final
class WireConnection:
    """One connection as the client sees it."""

    def __init__(self, wire: Wire, number: int, inner: ServerConnection, way: Way, random: Random, now: float) -> None:
        self.number = number
        self.inner = inner
        self.wants_close: Ending | None = None
        self.unsent = 0
        """Memory holds nothing back."""
        self.up, self.down = _Pipe(way, random), _Pipe(way, random)
        self._wire = wire
        self._out = bytearray()
        self._end = way.end
        self._break_at = math.inf if way.end is None else now + way.end.after_seconds
        self._sent = 0
        self._swallows: set[str] = set()
        self.has_left = False
        """The client has let go of it."""

    @property
    def room(self) -> float:
        """Bytes that it takes from the client now; all of them when nobody will read them."""
        if self.wants_close is not None or self.inner.wants_close is not None:
            return math.inf
        return max(0.0, self.up.way.room - self.up.size)

    def note_arrival(self, now: float) -> None:
        """Memory has no arrival apart from the reading."""

    def receive_data(self, data: bytes, now: float) -> None:
        """Bytes of the client set off."""
        self._wire.sent(self, data)
        if "up" not in self._swallows:
            self.up.put(data, now)

    def receive_eof(self) -> None:
        """The client says no more."""
        if "up" not in self._swallows:
            self.up.finish("fin", self._wire.now)
        self.has_left = True

    def data_to_send(self) -> bytes:
        """Bytes that have reached the client."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def said(self, data: bytes, now: float) -> None:
        """Bytes of the exchange set off; a break that waits for so many bytes comes behind the last of them."""
        end = self._end
        if end is not None and self._sent + len(data) > end.after_bytes:
            kept = int(end.after_bytes) - self._sent
            self._put_down(data[:kept], now)
            self._happen(now)
            data = data[kept:]
        self._put_down(data, now)

    def _put_down(self, data: bytes, now: float) -> None:
        self._sent += len(data)
        if data and "down" not in self._swallows and self.wants_close is None:
            self.down.put(data, now)

    def ended(self, how: Ending, now: float) -> None:
        """The exchange closes."""
        if "down" not in self._swallows:
            if how == "rst":
                self.down.drop()
            self.down.finish(how, now)

    def calm(self) -> None:
        """What has not broken yet will not; what was swallowed stays so."""
        self._end, self._break_at = None, math.inf
        for pipe in (self.up, self.down):
            pipe.way, pipe.frozen_until = Way(), -math.inf

    def next_at(self) -> float:
        return min(self.up.next_at(), self.down.next_at(), self._break_at)

    def step(self, now: float) -> bool:
        """What is due; whether the client has something to see."""
        if self._break_at <= now:
            self._happen(now)
        had_room = self.room > 0
        data, how = self.up.take(now)
        if data and self.inner.wants_close is None:
            self.inner.receive_data(data, now)
        if how is not None and self.inner.wants_close is None:
            self.inner.receive_eof()
        data, how = self.down.take(now)
        self._out += data
        if how is not None and self.wants_close is None:
            self.wants_close = how
        return bool(data) or how is not None or (not had_room and self.room > 0)

    @property
    def is_over(self) -> bool:
        """Both sides know of the end."""
        return self.inner.wants_close is not None and (self.wants_close is not None or self.has_left)

    def _happen(self, now: float) -> None:
        end, self._end, self._break_at = self._end, None, math.inf
        if end is None:
            return
        match end.how:
            case "stall":
                self.up.frozen_until = self.down.frozen_until = now + end.seconds
            case "hole":
                self._swallows |= {"up", "down"} if end.direction == "both" else {end.direction}
                for name, pipe in (("up", self.up), ("down", self.down)):
                    if name in self._swallows:
                        pipe.drop()
            case "fin" | "rst" as how:
                if how == "rst":
                    self.down.drop()
                    self.up.drop()
                self.down.finish(how, now)
                self.up.finish("fin", now)
                self._swallows = {"up", "down"}


@final
class Wire:
    """The exchange with the network in front of it."""

    def __init__(self, server: Server[ServerConnection], weather: Weather, seed: int, now: float) -> None:
        self.server = server
        self.now = now
        self.weather = weather
        self.attempts: list[float] = []
        """When clients tried to connect."""
        self.trace: list[tuple[float, int, str, bytes]] = []
        """Time, connection, what, bytes: "sent" by the client, "said" by the exchange."""
        self.on_output: Callable[[float], None] = _nothing
        """Called with the time when the exchange has said something."""
        self._random = Random(f"{seed}:wire")
        self._connections: dict[ServerConnection, WireConnection] = {}
        self._ready: dict[WireConnection, None] = {}
        self._calls_now = 0
        self._arrived_at = -math.inf

    def open_connections(self) -> int:
        """Connections that neither side has ended, as far as the client can see."""
        return sum(each.wants_close is None and not each.has_left for each in self._connections.values())

    def is_quiet(self) -> bool:
        """Nothing is on its way to a client, and nothing has reached one in this very moment."""
        return self._arrived_at < self.now and not any(each.down.size for each in self._connections.values())

    def calm(self) -> None:
        """No more faults."""
        self.weather.is_calm = True
        for connection in self._connections.values():
            connection.calm()

    def sent(self, connection: WireConnection, data: bytes) -> None:
        """The client has sent these bytes."""
        self.trace.append((self.now, connection.number, "sent", data))

    # What a host needs of an exchange ------------------------------------------------------------------------------

    def accept(self, now: float) -> WireConnection:
        """A new connection. Raises `ConnectionRefusedError`."""
        self.advance(now)
        self.attempts.append(now)
        number = len(self.attempts)
        if self.weather.refuses():
            self.trace.append((now, number, "refused", b""))
            raise ConnectionRefusedError(111, "Connection refused")
        inner = self.server.accept(now)
        connection = WireConnection(self, number, inner, self.weather.way(), self._random, now)
        self._connections[inner] = connection
        self._ready[connection] = None  # so that whoever waits asks for the next deadline again
        return connection

    def take_ready(self) -> tuple[WireConnection, ...]:
        """Connections with something for their clients since the last time."""
        self._collect()
        ready = tuple(self._ready)
        self._ready.clear()
        return ready

    def next_deadline(self) -> float | None:
        """When `advance` has something to do."""
        at = self._next_at()
        return None if at == math.inf else at

    def relieve(self, now: float) -> None:
        """Virtual time is never late."""

    def advance(self, now: float) -> None:
        """Everything that is due until now happens, each thing at its own time."""
        self._calls_now = self._calls_now + 1 if now <= self.now else 0
        if self._calls_now > MOST_AT_ONCE:
            raise BusyLoop(f"{MOST_AT_ONCE} calls at {now}, and no time passes")
        while (at := self._next_at()) <= now:
            self._step(at)
        self._step(now)

    def advance_to_output(self, until: float) -> float:
        """The same, but no further than to where a client has something to see."""
        while not self._ready and (at := self._next_at()) <= until and at != math.inf:
            self._step(at)
        if not self._ready and until != math.inf:
            self._step(until)
        return self.now if self._ready or until != math.inf else until

    def _next_at(self) -> float:
        due = self.server.next_deadline()
        at = math.inf if due is None else due
        return max(self.now, min([at, *(connection.next_at() for connection in self._connections.values())]))

    def _step(self, at: float) -> None:
        """The exchange first, then what has arrived by then; what it answers at once has latency before it."""
        at = max(at, self.now)
        while True:
            reached = self.server.advance_to_output(at)
            self.now = max(self.now, min(reached, at))
            if not self._collect():
                break
        self.now = at
        for connection in tuple(self._connections.values()):
            if connection.next_at() <= at and connection.step(at):
                self._ready[connection] = None
                self._arrived_at = at
            self._collect()  # before the next one changes the market that this one has been told

    def _collect(self) -> bool:
        """Whether the exchange had anything to say."""
        ready = self.server.take_ready()
        for inner in ready:
            connection = self._connections.get(inner)
            if connection is None:
                continue
            data = inner.data_to_send()
            if data:
                self.trace.append((self.now, connection.number, "said", data))
                connection.said(data, self.now)
            if inner.wants_close is not None:
                self.trace.append((self.now, connection.number, inner.wants_close, b""))
                connection.ended(inner.wants_close, self.now)
        for inner, connection in tuple(self._connections.items()):
            if connection.is_over:
                del self._connections[inner]
        if ready:
            self.on_output(self.now)
        return bool(ready)


def _nothing(now: float) -> None: ...
