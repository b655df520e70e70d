"""A scripted CoinEx server and the networks that lead to it: no sockets, no real time.

`Venue` is one connection's server half and answers requests by itself; a test pushes, refuses, stays silent, drops. The
blocking client reaches it over `VirtualNetwork` (virtual time), the trio client over `TrioNetwork` (trio's clock).
"""

from __future__ import annotations

import gzip
import heapq
import itertools
import json
import math
import ssl
from collections.abc import Callable, Sequence
from typing import Any

import trio

from coinex_proto import Sources
from coinex_trio.network import Transport
from tests.coinex_proto.harness.websocket_server import BINARY, CLOSE, close_frame, frame, sent_frames, switching

START = 1_700_000_000.0
"""When the virtual clocks begin."""

TICKER = {
    "last": "100.5",
    "open": "90",
    "close": "100.5",
    "high": "110",
    "low": "80",
    "volume": "1",
    "value": "100",
    "volume_sell": "0.5",
    "volume_buy": "0.5",
    "period": 86400,
}


class Venue:
    """The server half of one connection."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.closed_with: bytes | None = None
        """Payload of the client's Close frame."""
        self.half_closed = False
        self.gone = False
        self.is_silent = False
        """Nothing is answered any more."""
        self.answers_close = True
        self.refusals: dict[str, tuple[int, str]] = {}
        self.room: float = math.inf
        """Bytes that can still be sent to it."""
        self.error: OSError | None = None
        self.out = bytearray()
        self.is_over = False
        self.changed: Callable[[], None] = lambda: None
        self._head = bytearray()
        self._is_open = False

    def receive(self, data: bytes) -> None:
        """Bytes of the client: the upgrade first, then whole frames."""
        if not self._is_open:
            self._head += data
            if b"\r\n\r\n" not in self._head or self.is_silent:
                return
            self._is_open = True
            self.send(switching(bytes(self._head)))
            data = bytes(self._head).partition(b"\r\n\r\n")[2]
        for first, payload in sent_frames(data):
            if first & 0x0F == CLOSE:
                self.closed_with = payload
                if self.answers_close:
                    self.send(close_frame(1000))
                    self.end()
            else:
                self._request(json.loads(payload))

    def _request(self, request: dict[str, Any]) -> None:
        self.requests.append(request)
        if self.is_silent:
            return
        method, number = request["method"], request["id"]
        if method in self.refusals:
            code, message = self.refusals[method]
            self.message({"id": number, "code": code, "message": message, "data": {}})
        else:
            self.message({"id": number, "code": 0, "message": "OK", "data": ANSWERS.get(method, {})})

    def message(self, value: object) -> None:
        self.send(frame(BINARY, gzip.compress(json.dumps(value).encode())))

    def ticker(self, last: str = "100.5", market: str = "BTCUSDT") -> None:
        """One state.update."""
        state = {**TICKER, "market": market, "last": last}
        self.message({"method": "state.update", "data": {"state_list": [state]}, "id": None})

    def tickers(self, *lasts: str) -> None:
        """Several at once."""
        for last in lasts:
            self.ticker(last)

    def send(self, data: bytes) -> None:
        self.out += data
        self.changed()

    def end(self) -> None:
        """FIN."""
        self.is_over = True
        self.changed()

    def reset(self, error: OSError) -> None:
        """RST, or whatever this error stands for."""
        self.error = error
        self.changed()

    def methods(self) -> list[str]:
        return [request["method"] for request in self.requests]


ANSWERS: dict[str, dict[str, Any]] = {
    "server.ping": {"result": "pong"},
    "server.time": {"timestamp": 1_700_000_000_123},
}


class Venues:
    """Every connection there was; what the next attempts meet."""

    kind: type[Venue] = Venue

    def __init__(self, prepare: Callable[[Venue], None] = lambda _: None) -> None:
        self.all: list[Venue] = []
        self.failures: list[OSError] = []
        """Raised by the next attempts, one each."""
        self.attempts: list[tuple[float, str, int, ssl.SSLContext | None]] = []
        self.prepare = prepare
        self.sources = Sources(wall_time_ns=lambda: 1_700_000_000_000_000_000, random_bytes=bytes)

    @property
    def last(self) -> Venue:
        return self.all[-1]

    def accept(self, now: float, host: str, port: int, context: ssl.SSLContext | None) -> Venue:
        self.attempts.append((now, host, port, context))
        if self.failures:
            raise self.failures.pop(0)
        self.all.append(self.kind())
        self.prepare(self.last)
        return self.last


# The blocking side ----------------------------------------------------------------------------------------------------


class VenueTransport:
    """Fits `Transport`."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue

    def progress(self, now: float) -> bool:
        return True

    def wakes_at(self) -> float:
        return math.inf

    def send(self, data: bytes | bytearray | memoryview) -> int:
        if self.venue.gone:
            raise BrokenPipeError(32, "Broken pipe")
        taken = int(min(len(data), self.venue.room))
        self.venue.room -= taken
        self.venue.receive(bytes(data[:taken])) if taken else None
        return taken

    def receive(self, size: int) -> bytes | None:
        data = bytes(self.venue.out[:size])
        del self.venue.out[:size]
        if data:
            return data
        if self.venue.error is not None:
            raise self.venue.error
        return b"" if self.venue.is_over else None

    @property
    def is_ready(self) -> bool:
        return bool(self.venue.out or self.venue.is_over or self.venue.error)

    def shutdown(self) -> None:
        self.venue.half_closed = True

    def close(self) -> None:
        self.venue.gone = True


class VirtualNetwork(Venues):
    """Virtual time: waiting moves the clock to what happens next."""

    def __init__(self, prepare: Callable[[Venue], None] = lambda _: None) -> None:
        super().__init__(prepare)
        self._now = START
        self._count = itertools.count()
        self._due: list[tuple[float, int, Callable[[], object]]] = []

    def now(self) -> float:
        return self._now

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        """So many seconds after the start, while somebody waits."""
        heapq.heappush(self._due, (START + seconds, next(self._count), action))

    def sleep(self, seconds: float) -> None:
        """The program is busy for so long."""
        self._now += seconds

    def dial(self, host: str, port: int, ssl_context: ssl.SSLContext | None) -> VenueTransport:
        return VenueTransport(self.accept(self._now, host, port, ssl_context))

    def wait(self, watched: Sequence[tuple[Transport, bool]], until: float) -> Sequence[Transport]:
        while True:
            while self._due and self._due[0][0] <= self._now:
                heapq.heappop(self._due)[2]()
            ready = [
                t for t, wants in watched if isinstance(t, VenueTransport) and (t.is_ready or (wants and t.venue.room))
            ]
            if ready or until <= self._now:
                return ready
            self._now = min(until, self._due[0][0] if self._due else until)
            assert self._now < math.inf, "nobody will ever wake this program"

    async def open_stream(
        self, host: str, port: int, ssl_context: ssl.SSLContext | None, resolver: trio.CapacityLimiter
    ) -> trio.abc.Stream:
        raise NotImplementedError


# The trio side --------------------------------------------------------------------------------------------------------


class VenueStream(trio.abc.HalfCloseableStream):
    """What a trio client reads and writes."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self._lot = trio.lowlevel.ParkingLot()
        self._is_sending = False
        venue.changed = self._wake

    def _wake(self) -> None:
        self._lot.unpark_all()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        assert not self._is_sending, "two tasks send at once"
        self._is_sending = True
        try:
            await trio.lowlevel.checkpoint()
            while self.venue.room < len(data) and not self.venue.gone:
                await self._lot.park()
            if self.venue.gone:
                raise trio.BrokenResourceError from BrokenPipeError(32, "Broken pipe")
            self.venue.room -= len(data)
            self.venue.receive(bytes(data))
        finally:
            self._is_sending = False

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        await trio.lowlevel.checkpoint()
        while not (self.venue.out or self.venue.is_over or self.venue.error or self.venue.gone):
            await self._lot.park()
        if self.venue.gone:
            raise trio.ClosedResourceError
        data = bytes(self.venue.out[:max_bytes])
        del self.venue.out[:max_bytes]
        if not data and self.venue.error is not None:
            raise trio.BrokenResourceError from self.venue.error
        return data

    async def send_eof(self) -> None:
        self.venue.half_closed = True
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        self.venue.gone = True
        self.venue.changed()
        await trio.lowlevel.checkpoint()


class TrioNetwork(Venues):
    """Leads a trio client to a venue; the clock is trio's."""

    def now(self) -> float:
        return START + trio.current_time()

    def dial(self, host: str, port: int, ssl_context: ssl.SSLContext | None) -> Transport:
        raise NotImplementedError

    def wait(self, watched: Sequence[tuple[Transport, bool]], until: float) -> Sequence[Transport]:
        raise NotImplementedError

    async def open_stream(
        self, host: str, port: int, ssl_context: ssl.SSLContext | None, resolver: trio.CapacityLimiter
    ) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        return VenueStream(self.accept(self.now(), host, port, ssl_context))
