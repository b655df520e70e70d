"""Several connections in one thread: who takes a turn, and what is waited for in between.

On the system's network what is waited for stays registered (epoll, kqueue), and only a connection whose socket or whose time
has come takes a turn: a message costs the same beside a thousand idle sockets. Any other network is asked to `wait` for all
of them each time. Must not know trio, venues, or what users call.
"""

from __future__ import annotations

import heapq
import math
import os
import select
import selectors
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self

from attrs import define

from coinex_trio._io.blocking_io import THIS_THREAD, BlockingIO
from coinex_trio._io.blocking_lines import BlockingLines
from coinex_trio._io.sockets import SocketTransport, Waker
from coinex_trio.network import LONGEST_POLL, Network, SystemNetwork

SLEPT: Final = 0.5
"""Seconds by which wall clock and network must part before each session looks at them; sessions judge by 2 seconds."""


def step_all(ios: Sequence[BlockingIO | BlockingLines], network: Network, until: float) -> bool:
    """Waits for the first that has something to do, at most until then, and lets those take a turn; True: something had come.

    Where nothing came everybody takes one: the machine may have slept.
    """
    if len(ios) == 1:
        return ios[0].step(until)
    watched: list[tuple[Any, bool]] = []
    for io in ios:
        watched += io.watched()
        until = min(until, io.wakes_at())
    came = network.wait(watched, until)
    for io in ios:
        io.take_in(came)
    now = network.now()
    for io in ios:
        if not came or io.is_readable or not io.is_open or io.wakes_at() <= now:
            io.turn()
    return bool(came)


class Turns:
    """The connections of one `run`; used in `with`, by one thread."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._ios: Sequence[BlockingIO] = ()
        is_ours = isinstance(network, SystemNetwork) and type(network).wait is SystemNetwork.wait
        self._kept = Registrations(network) if is_ours else None
        self._touched: list[BlockingIO] = []

    def __enter__(self) -> Self:
        THIS_THREAD.touched = self._touched
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        THIS_THREAD.touched = None
        if self._kept is not None:
            self._kept.close()

    def drive(self, ios: Sequence[BlockingIO]) -> None:
        """These take turns from now on, and no others."""
        self._ios = ios
        if self._kept is not None:
            self._kept.keep(ios)

    def step(self, until: float) -> bool:
        """One wait and the turns after it. False: it may be that others are to be driven now, since one of them has ended
        or somebody used a client from outside its own turn.
        """
        if self._kept is None:
            step_all(self._ios, self._network, until)
            return False
        has_ended = self._kept.step(until)
        is_known = not has_ended
        for io in self._touched:
            is_known &= self._kept.make_due(io)
        self._touched.clear()
        return is_known


@define(eq=False)
class Entry:
    """What is registered of one connection."""

    io: BlockingIO
    transport: SocketTransport | None = None
    filenos: tuple[int, ...] = ()
    is_lasting: bool = False
    """Open and with nothing to send: one socket, of which input is waited for, until it is closed."""
    scheduled: float = math.inf
    """The earliest of its times in the heap that still counts."""


class Registrations:
    """What is waited for, and when somebody has to take a turn without it."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._selector = selectors.DefaultSelector()
        self._waker = Waker()
        self._selector.register(self._waker.fileno, selectors.EVENT_READ)
        self._entries: dict[BlockingIO, Entry] = {}
        self._due: dict[Entry, bool] = {}
        """Take a turn at once."""
        self._times: list[tuple[float, int, Entry]] = []
        """A heap, with times that count no more in it."""
        self._number = 0
        self._ahead = self._wall_ahead()
        self._process = os.getpid()

    def close(self) -> None:
        """Nothing is waited for any more. Touches nothing that a forked child shares with its parent."""
        self._selector.close()
        for entry in self._entries.values():
            self._release(entry)
        self._waker.close()

    def keep(self, ios: Sequence[BlockingIO]) -> None:
        """These and no others."""
        wanted = set(ios)
        for io in [io for io in self._entries if io not in wanted]:
            entry = self._entries.pop(io)
            self._unregister(entry)
            self._release(entry)
            self._due.pop(entry, None)
            entry.scheduled = -math.inf  # fits no time of it in the heap
        for io in ios:
            if io not in self._entries:
                if io.waker is not None:
                    io.waker.close()
                io.waker = self._waker
                entry = self._entries[io] = Entry(io)
                self._settle(entry)

    def _release(self, entry: Entry) -> None:
        if entry.transport is not None:
            entry.transport.before_close = None
        entry.io.waker = None

    def make_due(self, io: BlockingIO) -> bool:
        """It takes a turn at once; False: it is none of these."""
        entry = self._entries.get(io)
        if entry is not None:
            self._due.setdefault(entry, False)
        return entry is not None

    def step(self, until: float) -> bool:
        """One wait, and a turn for each that has something to do; True: one of them has ended."""
        if self._due:
            seconds = 0.0
        else:
            if self._times:
                until = min(until, self._times[0][0])
            seconds = min(until - self._network.now(), LONGEST_POLL)
        turns, self._due = self._due, {}
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                self._waker.drain()
                turns |= {entry: False for io, entry in self._entries.items() if io.is_stop_asked}
            else:
                turns[key.data] = True
        self._add_late(turns)
        has_ended = False
        for entry, is_readable in turns.items():
            if not entry.is_lasting:
                self._unregister(entry)  # connecting closes sockets
            entry.io.is_readable = is_readable
            entry.io.turn()
            self._settle(entry)
            has_ended |= entry.io.is_over
        return has_ended

    def _add_late(self, turns: dict[Entry, bool]) -> None:
        now = self._network.now()
        while self._times and self._times[0][0] <= now:
            at, _, entry = heapq.heappop(self._times)
            if at == entry.scheduled:
                entry.scheduled = math.inf
                due_at = entry.io.wakes_at()
                if due_at <= now:
                    turns.setdefault(entry, False)
                else:
                    self._schedule(entry, due_at)
        ahead = self._wall_ahead()
        if abs(ahead - self._ahead) > SLEPT:
            self._ahead = ahead
            for entry in self._entries.values():
                turns.setdefault(entry, False)

    def _wall_ahead(self) -> float:
        return self._network.sources.wall_time_ns() / 1e9 - self._network.now()

    def _settle(self, entry: Entry) -> None:
        """After a turn: registered is what lets it go on, and its time is in the heap."""
        io = entry.io
        is_lasting = io.is_open and not io.wants_write
        if io.transport is not entry.transport or not is_lasting or not entry.is_lasting:
            self._register(entry, is_lasting)
        due_at = io.wakes_at()
        if due_at == -math.inf:
            self._due.setdefault(entry, False)
        elif due_at < entry.scheduled:
            self._schedule(entry, due_at)

    def _schedule(self, entry: Entry, at: float) -> None:
        entry.scheduled = at
        if at == math.inf:
            return
        if len(self._times) > 4 * len(self._entries) + 64:
            self._times = [item for item in self._times if item[0] == item[2].scheduled]
            heapq.heapify(self._times)
        self._number += 1
        heapq.heappush(self._times, (at, self._number, entry))

    def _register(self, entry: Entry, is_lasting: bool) -> None:
        self._unregister(entry)
        transport = entry.io.transport
        if transport is None:
            return
        assert isinstance(transport, SocketTransport), "a network of its own waits by itself"
        wanted = tuple(transport.interest(entry.io.wants_write))
        for fileno, mask in wanted:
            events = selectors.EVENT_READ if mask & select.POLLIN else 0
            events |= selectors.EVENT_WRITE if mask & select.POLLOUT else 0
            self._selector.register(fileno, events, entry)
        entry.transport, entry.filenos, entry.is_lasting = transport, tuple(fileno for fileno, _ in wanted), is_lasting
        transport.before_close = lambda: self._unregister(entry)

    def _unregister(self, entry: Entry) -> None:
        """Before the socket is closed: the kernel would go on to report one that a forked child still has open."""
        if os.getpid() != self._process:
            return  # the child of a fork shares what is registered with its parent
        for fileno in entry.filenos:
            self._selector.unregister(fileno)
        if entry.transport is not None:
            entry.transport.before_close = None
        entry.transport, entry.filenos, entry.is_lasting = None, (), False
