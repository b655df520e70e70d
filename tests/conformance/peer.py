"""A scripted venue on a loopback port, for clients of any driver: it answers by itself, and a test pushes, refuses, drops.

One thread serves all connections. A test looks and acts between two of its turns, so that nothing needs a lock.
"""

from __future__ import annotations

import selectors
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final, TypeVar

from tests.coinex_trio.venue import Venue
from tests.processes import HANGS_AFTER

T = TypeVar("T")

GUARD: Final = HANGS_AFTER
"""Seconds after which a test that hangs is given up; nothing is judged by it."""

RESET: Final = struct.pack("ii", 1, 0)


class Peer:
    """The venue, over all its connections."""

    def __init__(self, port: int = 0) -> None:
        self.venues: list[Venue] = []
        """Every connection there was, oldest first."""
        self.prepare: Callable[[Venue], object] = lambda _: None
        """Called with each new one, before it answers."""
        self._listener = socket.create_server(("127.0.0.1", port))
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._waker, self._wakes = socket.socketpair()
        self._wakes.setblocking(False)
        self._selector.register(self._wakes, selectors.EVENT_READ)
        self._sockets: dict[Venue, socket.socket] = {}
        self._work: deque[Callable[[], None]] = deque()
        self._is_ending = False
        self._turned = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="scripted venue", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Its address, for every dialect of CoinEx."""
        return f"ws://127.0.0.1:{self.port}/"

    def do(self, work: Callable[[Venue], T]) -> T:
        """Does this to the newest connection; what it makes the venue say is on its way when this returns."""
        return self.call(lambda: work(self.venues[-1]))

    def call(self, work: Callable[[], T]) -> T:
        """Does this between two turns of the venue."""
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001  (the test's own)
                done.set_exception(error)

        self._work.append(run)
        self._waker.send(b"!")
        return done.result(GUARD)

    def until(self, is_true: Callable[[], bool]) -> None:
        """Returns when this is true of the venue; looked at after each of its turns."""
        with self._turned:
            assert self._turned.wait_for(is_true, GUARD), "the venue never saw it"

    def close(self) -> None:
        """Resets whatever is open."""
        self._is_ending = True
        self._waker.send(b"!")
        self._thread.join(GUARD)
        self._waker.close()

    def _run(self) -> None:
        while not self._is_ending:
            found = [key.fileobj for key, _ in self._selector.select()]
            with self._turned:
                self._turn(found)
                self._turned.notify_all()
        for connection in (*self._sockets.values(), self._listener, self._wakes):
            connection.close()
        self._selector.close()

    def _turn(self, found: Sequence[object]) -> None:
        for venue, connection in tuple(self._sockets.items()):
            if connection in found:
                self._receive(venue, connection)
        if self._listener in found:
            self._accept()
        if self._wakes in found:
            self._wakes.recv(65536)
        while self._work:
            self._work.popleft()()
        for venue, connection in tuple(self._sockets.items()):
            self._send(venue, connection)

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        venue = Venue()
        self.venues.append(venue)
        self.prepare(venue)
        self._sockets[venue] = connection
        self._selector.register(connection, selectors.EVENT_READ)

    def _receive(self, venue: Venue, connection: socket.socket) -> None:
        try:
            data = connection.recv(65536)
        except OSError:
            self._drop(venue, connection)
            return
        if data:
            venue.receive(data)
        elif venue.answers_close:
            self._drop(venue, connection)
        else:  # a venue that never ends: sending to it shows when the client is gone
            self._selector.unregister(connection)

    def _send(self, venue: Venue, connection: socket.socket) -> None:
        try:
            connection.sendall(venue.out)
        except OSError:
            venue.gone = True
        venue.out.clear()
        if venue.error is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        if venue.error is not None or venue.is_over or venue.gone:
            self._drop(venue, connection)

    def _drop(self, venue: Venue, connection: socket.socket) -> None:
        if self._sockets.pop(venue, None) is not None:
            if connection in self._selector.get_map():
                self._selector.unregister(connection)
            connection.close()
            venue.gone = True


@contextmanager
def scripted(port: int = 0) -> Iterator[Peer]:
    """A venue for one test."""
    peer = Peer(port)
    try:
        yield peer
    finally:
        peer.close()


@contextmanager
def refusing() -> Iterator[int]:
    """A port that is taken, so that nobody else gets it, and where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def free_port() -> int:
    """One where nobody listens now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
