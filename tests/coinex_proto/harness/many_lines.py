"""Several lines of one client against a local exchange, in memory and on virtual time: what a driver does, in few lines."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any

from coinex_proto import Config, Dialect, Event, Open, Sources, Stop, Wait
from coinex_proto.lines import Line, Lines

START = 1_800_000_000.0
CLOSED_BY_US = "closed by us"


def _at_once() -> float:
    return 0.0


class Pipe:
    """One connection of a line: bytes of the server come after a delay."""

    def __init__(self, connection: Any, delay: Callable[[], float]) -> None:
        self.connection = connection
        self.delay = delay
        self.inbox: deque[tuple[float, bytes]] = deque()
        self.is_cut = False


class World:
    """The exchange, the client, and the time of both."""

    def __init__(self, server: Any, dialect: Dialect, config: Config, seed: int = 1) -> None:
        self.server = server
        self.now = START
        random = Random(seed)
        self.lines = Lines(dialect, Sources(lambda: round(self.now * 1e9), random.randbytes), config)
        self.events: list[Event] = []
        self.pipes: dict[Line, Pipe] = {}
        self.retry_at: dict[Line, float] = {}
        self.delays: dict[int, Callable[[], float]] = {}
        """Seconds that a line's bytes take, by its number."""
        self.refuses = False
        """No new connection comes about."""
        self.most_pipes = 0
        self.opened = 0
        self.speaking: Line | None = None
        """The line whose bytes are being taken in."""
        self.broken: set[Line] = set()
        """Lines of which a connection ended that was not closed by the client."""
        self.on_event: Callable[[Event], object] = lambda event: None
        self._lines_of: dict[Any, Line] = {}
        """By the server's half of the connection."""
        self._touched: dict[Line, None] = {}
        """Lines that may have something to send, or another deadline."""
        self._due: dict[Line, float] = {}
        """The deadlines of lines that have a connection."""
        self.lines.changed = self._look_at_all

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Time passes, and everything happens when it is due."""
        end = self.now + seconds
        while not until():
            self._turn()
            due = min(self._next(), end)
            if due >= end and self.now >= end:
                return
            self.now = self.server.advance_to_output(max(due, self.now))
            self._serve()

    def _look_at_all(self) -> None:
        """Any line may have something to send, or another deadline."""
        self._touched.update(dict.fromkeys(self.lines.lines))

    def _turn(self) -> None:
        for line in tuple(self.lines.lines):
            if line not in self.pipes and self.retry_at.get(line, -math.inf) <= self.now:
                self._step(line)
        self._pump()

    def _step(self, line: Line) -> None:
        step = line.next_step(self.now)
        self._drain()
        match step:
            case Stop():
                return
            case Wait(until=until):
                self.retry_at[line] = until
            case Open():
                if self.refuses:
                    line.disconnected(self.now, "refused")
                    self._drain()
                    return
                self.opened += 1
                connection = self.server.accept(self.now)
                self.pipes[line] = Pipe(connection, lambda: self.delays.get(line.number, _at_once)())
                self._lines_of[connection] = line
                self.most_pipes = max(self.most_pipes, len(self.pipes))
                line.connected(self.now)
                self._touched[line] = None
                self._drain()

    def _pump(self) -> None:
        """Bytes of clients, then of the server, until neither has more. As a driver does, it looks again at those lines only
        that it has just told something, and at all of them where `Lines.changed` was called.
        """
        seen: dict[Line, None] = {}
        while True:
            touched, self._touched = self._touched, {}
            seen |= touched
            for line in touched:
                if line in self.pipes:
                    self._send(line)
            self._take_outputs()
            for line, pipe in tuple(self.pipes.items()):
                self._receive(line, pipe)
            if not self._touched:
                break
        for line in seen:
            if line in self.pipes:
                due = line.next_deadline()
                self._due[line] = math.inf if due is None else due

    def _send(self, line: Line) -> None:
        if data := line.data_to_send():
            self.pipes[line].connection.receive_data(data, self.now)
            self._touched[line] = None
        if line.wants_close:
            self.cut(line, CLOSED_BY_US)

    def _receive(self, line: Line, pipe: Pipe) -> None:
        while pipe.inbox and pipe.inbox[0][0] <= self.now:
            self.speaking = line
            line.receive_data(pipe.inbox.popleft()[1], self.now)
            self._touched[line] = None
            self._drain()
            self.speaking = None
        if pipe.is_cut and not pipe.inbox and line in self.pipes:
            self._end(line, "the peer ended the connection")

    def _take_outputs(self) -> None:
        for connection in self.server.take_ready():
            line = self._lines_of.get(connection)
            if line is None:
                continue  # cut before
            pipe = self.pipes[line]
            if data := connection.data_to_send():
                pipe.inbox.append((self.now + pipe.delay(), data))
            pipe.is_cut = connection.wants_close is not None

    def cut(self, line: Line, why: str = "cut") -> None:
        """This line's connection breaks."""
        connection = self.pipes[line].connection
        self._end(line, why)
        if connection.wants_close is None:
            connection.receive_eof()

    def _end(self, line: Line, why: str) -> None:
        del self._lines_of[self.pipes.pop(line).connection]
        self._due.pop(line, None)
        if why != CLOSED_BY_US:
            self.broken.add(line)
        line.disconnected(self.now, why)
        self._touched[line] = None
        self._drain()

    def _serve(self) -> None:
        for line in tuple(self.pipes):
            if self._due.get(line, math.inf) <= self.now:
                line.handle_timeout(self.now)
                self._touched[line] = None
                self._drain()

    def _next(self) -> float:
        times = [self.server.next_deadline() or math.inf]
        times += self._due.values()
        times += [pipe.inbox[0][0] for pipe in self.pipes.values() if pipe.inbox]
        times += [self.retry_at.get(line, self.now) for line in self.lines.lines if line not in self.pipes]
        return min(times)

    def _drain(self) -> None:
        while (event := self.lines.next_event()) is not None:
            self.events.append(event)
            self.on_event(event)
