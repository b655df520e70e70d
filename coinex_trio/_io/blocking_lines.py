"""The sockets of one blocking client that may have several: each is a `BlockingIO`, and together they look like one.

Must not know trio, venues, or what users call.
"""

from __future__ import annotations

import math
import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from coinex_driver.client_core import ClientCore
from coinex_proto import Session
from coinex_trio._io.blocking_io import BlockingIO
from coinex_trio._io.sockets import Waker
from coinex_trio.network import Network, SystemNetwork

if TYPE_CHECKING:
    from coinex_proto.lines import Line


def blocking_io(core: ClientCore, network: Network, ssl_context: ssl.SSLContext | None) -> BlockingIO | BlockingLines:
    """For a client: one socket, or as many as it needs."""
    if isinstance(core.session, Session):
        return BlockingIO(core, core.session, network, ssl_context)
    return BlockingLines(core, network, ssl_context)


class BlockingLines:
    """What one blocking client does with its transports."""

    def __init__(self, core: ClientCore, network: Network, ssl_context: ssl.SSLContext | None) -> None:
        self.ssl_context = ssl_context
        self.waker: Waker | None = None
        """As `BlockingIO.waker`, one for all."""
        self._core = core
        self._network = network
        self._ios: dict[Session | Line, BlockingIO] = {}
        core.watch_lines(self._note_change)
        self._note_change()

    def _note_change(self) -> None:
        """In the middle of a step."""
        before, self._ios = self._ios, {}
        self.ssl_context = next((io.ssl_context for io in before.values() if io.ssl_context), self.ssl_context)
        for line in self._core.lines:
            io = before.get(line)
            if io is None:
                io = BlockingIO(self._core, line, self._network, self.ssl_context)
            self._ios[line] = io
            io.make_due()

    @property
    def each(self) -> Sequence[BlockingIO]:
        """The sockets that there are, and those that are to be opened."""
        return tuple(self._ios.values())

    # As of one socket -------------------------------------------------------------------------------------------------

    @property
    def transport(self) -> object | None:
        """One of those that are open; None: there is none."""
        return next((io.transport for io in self._ios.values() if io.transport is not None), None)

    @property
    def is_readable(self) -> bool:
        """Any of them can go on."""
        return any(io.is_readable for io in self._ios.values())

    @property
    def is_open(self) -> bool:
        """All of them are."""
        return all(io.is_open for io in self._ios.values())

    @property
    def is_interrupted(self) -> bool:
        """The session was cut in half."""
        return any(io.is_interrupted for io in self._ios.values())

    @property
    def is_stop_asked(self) -> bool:
        """As `BlockingIO.is_stop_asked`."""
        return self._core.is_stop_asked

    @property
    def is_over(self) -> bool:
        """As `BlockingIO.is_over`."""
        return self._core.is_over

    def wakes_at(self) -> float:
        """As `BlockingIO.wakes_at`."""
        return min((io.wakes_at() for io in self.each), default=-math.inf)

    def transports(self) -> tuple[tuple[Any, bool], ...]:
        """As `BlockingIO.transports`."""
        return tuple(watched for io in self.each for watched in io.transports())

    def watched(self) -> tuple[tuple[Any, bool], ...]:
        """As `BlockingIO.watched`."""
        if not isinstance(self._network, SystemNetwork):
            return self.transports()
        if self.waker is None:
            self.waker = Waker()
        return (*self.transports(), (self.waker, False))

    def take_in(self, came: Sequence[object]) -> None:
        """As `BlockingIO.take_in`."""
        for io in self._ios.values():
            io.is_readable = io.transport is not None and io.transport in came
        if self.waker is not None and self.waker in came:
            self.waker.drain()

    def step(self, until: float) -> bool:
        """As `BlockingIO.step`."""
        came = self._network.wait(self.watched(), min(until, self.wakes_at()))
        self.take_in(came)
        self.turn()
        return bool(came)

    def turn(self) -> None:
        """Each that has something to do takes its turn; all of them where nothing came."""
        is_idle, now = not self.is_readable, self._core.now()
        for io in self.each:
            if is_idle or io.is_readable or not io.is_open or io.wakes_at() <= now:
                io.turn()

    def make_due(self) -> None:
        """As `BlockingIO.make_due`."""
        for io in self.each:
            io.make_due()

    def flush(self) -> None:
        """As `BlockingIO.flush`."""
        for io in self._ios.values():
            io.flush()

    def wake(self) -> None:
        """As `BlockingIO.wake`."""
        if self.waker is not None:
            self.waker.wake()
        for io in tuple(self._ios.values()):
            io.wake()

    def abandon(self) -> None:
        """As `BlockingIO.abandon`."""
        for io in self._ios.values():
            io.abandon()

    def let_go(self) -> None:
        """As `BlockingIO.let_go`."""
        for io in self._ios.values():
            io.let_go()
        if self.waker is not None:
            self.waker.close()

    def end(self) -> None:
        """As `BlockingIO.end`."""
        for io in self.each:
            io.end()
        self.let_go()
