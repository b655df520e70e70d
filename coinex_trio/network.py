"""Where a client's sockets, clock and random bytes come from.

Both drivers take a `Network`; `SYSTEM` is the real one, a local exchange in memory brings its own. This module must not
import trio when it is imported, since the blocking client uses it.
"""

from __future__ import annotations

import os
import select
import socket
import ssl
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

from attrs import field, frozen

from coinex_driver.proxy_tunnel import Tunnel
from coinex_proto import ConnectFailed, Sources, UsageError
from coinex_trio._io.sockets import Lookup, SocketTransport, Waker

if TYPE_CHECKING:
    import trio

LONGEST_POLL: Final = 1.0
"""Seconds: while the machine sleeps, the time of a `poll` stands still, so that who waited for longer would notice late."""
LEAST_SLEEP: Final = 0.5
"""Seconds by which two clocks must part to have slept: they are not read at the same moment."""


class Transport(Protocol):
    """One byte stream on which nothing ever waits: what the blocking client reads and writes.

    Errors are `OSError`s (with `ssl.SSLError` among them), or while connecting a `ConnectFailed` that says it all; after
    one, only `close` may be called.
    """

    def progress(self, now: float) -> bool:
        """Goes on with connecting (TCP, TLS); True when the stream is open."""
        ...

    def wakes_at(self) -> float:
        """When `progress` must be called again without any input; infinity: not by time."""
        ...

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """How many bytes were taken; 0 when there is no room now."""
        ...

    def receive(self, size: int) -> bytes | None:
        """What is there, at most `size`; None: nothing now; empty: the peer has ended the stream."""
        ...

    def shutdown(self) -> None:
        """Nothing more will be sent; reading goes on."""
        ...

    def close(self) -> None:
        """Lets go of it at once. May be called twice, and in a forked child."""
        ...


class Network(Protocol):
    """What both kinds of client need of the world."""

    @property
    def sources(self) -> Sources:
        """Wall time and random bytes for the core."""
        ...

    def now(self) -> float:
        """Seconds on a clock that never goes back, best one that counts the machine's sleep; it reads as Unix time.

        Under trio only the distance to trio's own clock is taken from it, once; of a `SystemNetwork` its `slept` as well.
        """
        ...

    def dial(self, host: str, port: int, ssl_context: ssl.SSLContext | None) -> Transport:
        """A transport that has begun to connect, without waiting for anything. Raises `OSError` or a `ConnectFailed` of its
        own. No context: no TLS.
        """
        ...

    def wait(self, watched: Sequence[tuple[Transport, bool]], until: float) -> Sequence[object]:
        """Waits until one of them can go on or time is up, and gives those that can (to read, mostly).

        The flag says whether bytes wait to be sent on it.
        """
        ...

    async def open_stream(
        self, host: str, port: int, ssl_context: ssl.SSLContext | None, resolver: trio.CapacityLimiter
    ) -> trio.abc.Stream:
        """An open stream, TLS done. The caller bounds the time; `resolver` bounds the threads of name resolution.

        Raises `OSError`, `trio.BrokenResourceError` or a `ConnectFailed` of its own.
        """
        ...


@frozen
class Way:
    """Where TCP leads, and what has to be said there before the venue is reached."""

    host: str
    port: int
    tunnel: Tunnel | None = field(default=None, repr=False)


class SystemNetwork:
    """Real sockets, a clock that counts sleep, shifted once to Unix seconds, the system's wall clock and random bytes.

    What the wall clock is set to later is not followed by `now`: the session sees it in `sources`.
    """

    def __init__(self) -> None:
        self.sources: Sources = Sources(wall_time_ns=time.time_ns, random_bytes=os.urandom)
        self._clock_id = _sleep_counting_clock()
        self._shift = time.time() - self._seconds()
        self._ahead = self._seconds() - time.monotonic()
        self._slept = 0.0
        self._lookups: dict[tuple[str, int], Lookup] = {}

    def now(self) -> float:
        """Seconds that never go back, count sleep where the system can, and read as Unix time."""
        return self._seconds() + self._shift

    def slept(self) -> float:
        """Seconds that the machine has slept since this network was made; 0.0 where no clock of the system counts sleep."""
        slept = self._seconds() - time.monotonic() - self._ahead
        if slept - self._slept >= LEAST_SLEEP:
            self._slept = slept
        return self._slept

    def _seconds(self) -> float:
        return time.monotonic() if self._clock_id is None else time.clock_gettime(self._clock_id)

    def dial(self, host: str, port: int, ssl_context: ssl.SSLContext | None) -> SocketTransport:
        """Begins to resolve the name, and connects then."""
        return SocketTransport(self.look_up(host, port), host, ssl_context)

    def look_up(self, host: str, port: int) -> Lookup:
        """A name being resolved, in a thread, since nothing else bounds it; one that hangs is waited for, not doubled."""
        place = (host, port)
        running = self._lookups.get(place)
        if running is not None and running.process == os.getpid():
            running.join()
            return running
        lookup = self._lookups[place] = Lookup(self.resolve, host, port)
        lookup.start(lambda: self._lookups.pop(place, None))
        return lookup

    def wait(self, watched: Sequence[tuple[Transport, bool]], until: float) -> Sequence[object]:
        """One `poll` over all sockets. Of several, a new poll object each time costs less than keeping one up to date."""
        milliseconds = max(0.0, min(until - self.now(), LONGEST_POLL)) * 1000
        if len(watched) == 2:
            transport, wants_write = watched[0]
            waker: object = watched[1][0]
            if type(transport) is SocketTransport and type(waker) is Waker and not wants_write:
                alone = transport.input_beside(waker)
                if alone is not None:
                    found = alone.poll(milliseconds)
                    if len(found) == 1 and found[0][0] != waker.fileno:
                        return (transport,)
                    return (waker, transport) if found else ()  # reading in vain is harmless
        poll = select.poll()
        owners: dict[int, object] = {}
        for transport, wants_write in watched:
            if not isinstance(transport, (SocketTransport, Waker)):
                raise UsageError("this transport is of another network")
            for fileno, mask in transport.interest(wants_write):
                poll.register(fileno, mask)
                owners[fileno] = transport
        return [owners[fileno] for fileno, _ in poll.poll(milliseconds)]

    async def open_stream(
        self, host: str, port: int, ssl_context: ssl.SSLContext | None, resolver: trio.CapacityLimiter
    ) -> trio.abc.Stream:
        """TCP by happy eyeballs over the addresses of a fresh name resolution, then TLS."""
        from coinex_trio._io.trio_streams import open_tcp, start_tls

        stream = await open_tcp(host, port, resolver, self.resolve)
        return stream if ssl_context is None else await start_tls(stream, host, ssl_context)

    def way_to(self, host: str, port: int) -> Way:
        """Where TCP has to lead for this address; a subclass may go through a proxy."""
        return Way(host, port)

    def resolve(self, host: str, port: int) -> tuple[tuple[str, int], ...]:
        """Addresses of a host; a subclass may know better."""
        return resolve(host, port)

    def failed(self, host: str, port: int, why: str) -> str | ConnectFailed:
        """The reason for the session when connecting came to nothing; a subclass may have an error of its own."""
        return why


def _sleep_counting_clock() -> int | None:
    """Linux has CLOCK_BOOTTIME; on macOS CLOCK_MONOTONIC goes on in a sleep, other than `time.monotonic`. None: neither."""
    name = "CLOCK_MONOTONIC" if sys.platform == "darwin" else "CLOCK_BOOTTIME"
    clock_id: int | None = getattr(time, name, None)
    if clock_id is not None:
        try:
            time.clock_gettime(clock_id)
        except OSError:
            return None  # an old kernel, or a sandbox that has none
    return clock_id


def resolve(host: str, port: int) -> tuple[tuple[str, int], ...]:
    """(address, port) pairs in the order of the system's preference, families alternating (RFC 8305 section 4)."""
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    by_family: dict[int, list[tuple[str, int]]] = {}
    for family, _, _, _, address in infos:
        by_family.setdefault(family, []).append((str(address[0]), int(address[1])))
    longest = max(map(len, by_family.values()), default=0)
    columns = [found[i] for i in range(longest) for found in by_family.values() if i < len(found)]
    return tuple(dict.fromkeys(columns))


def too_late(network: object, host: str, port: int, seconds: float) -> str | ConnectFailed:
    """Why nothing is connected after so many seconds."""
    why = f"no connection within {seconds:g} s"
    return network.failed(host, port, why) if isinstance(network, SystemNetwork) else why


SYSTEM: Final[Network] = SystemNetwork()
"""The real network."""
