"""Hosts a local exchange on loopback: one thread, one selector, real TCP.

The exchange itself does no I/O; this file moves its bytes and wakes it in time. Whatever other threads want of the exchange
runs in this one thread, between two reads, so that nothing in it needs a lock.
"""

from __future__ import annotations

import logging
import math
import selectors
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Final, Literal, Protocol, TypeVar, final

from coinex_proto.errors import SdkError
from coinex_trio._local.tls import Authority, Channel
from coinex_trio.network import LONGEST_POLL, SYSTEM, Network

T = TypeVar("T")

LOG: Final = logging.getLogger("coinex_trio.exchange")
READ_SIZE: Final = 65536
MAX_UNREAD: Final = 64 * 2**20
"""Bytes that may wait for a client that does not read; then its connection is reset."""
RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER on, 0 s: closing sends RST."""
LATE: Final = 0.1
"""Seconds that the exchange may be behind before its random traders are left out: it must go on reading, whatever the machine's load."""
LONGEST_TURN: Final = 0.05
"""Seconds that what is due may take at a time: then it reads again."""
TOLD_EVERY: Final = 5.0
"""Seconds between two warnings that it is behind."""
LISTEN: Final = "listen"
WAKE: Final = "wake"


class ServerConnection(Protocol):
    """One accepted connection of a server half."""

    unsent: int
    """Bytes that the client does not take; the host says so."""

    @property
    def wants_close(self) -> Literal["fin", "rst"] | None: ...

    @property
    def room(self) -> float:
        """Bytes that it takes now."""
        ...

    def note_arrival(self, now: float) -> None: ...

    def receive_data(self, data: bytes, now: float) -> None: ...

    def receive_eof(self) -> None: ...

    def data_to_send(self) -> bytes: ...


C_co = TypeVar("C_co", bound=ServerConnection, covariant=True)


class Server(Protocol[C_co]):
    """A server half of any venue, without I/O."""

    def accept(self, now: float) -> C_co: ...

    def take_ready(self) -> tuple[C_co, ...]: ...

    def next_deadline(self) -> float | None: ...

    def relieve(self, now: float) -> None: ...

    def advance(self, now: float) -> None: ...

    def advance_to_output(self, until: float) -> float: ...


class HostFailed(SdkError):
    """The local exchange's thread has ended by an error; the cause says which."""


@final
class LoopbackHost:
    """The thread. `start()` binds and returns when clients may connect; `stop()` closes every socket."""

    def __init__(
        self,
        make_server: Callable[[float], Server[ServerConnection]],
        address: str,
        port: int,
        *,
        speaks_tls: bool = False,
    ) -> None:
        """`make_server` gets the Unix time at which the exchange begins."""
        self._address = address
        self._shift = time.time() - time.monotonic()
        self.server = make_server(self.now())
        self._listener = socket.create_server((address, port), family=_family(address), backlog=256)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        try:
            self._authority = Authority(address) if speaks_tls else None
        except BaseException:
            self._listener.close()
            raise
        self._waker, self._wakes = socket.socketpair()
        self._wakes.setblocking(False)
        self._waker.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._links: dict[ServerConnection, _Link] = {}
        self._work: deque[Callable[[], None]] = deque()
        self._reached = self.now()
        """The time that the exchange has reached: now, but for when it is behind."""
        self._behind = 0.0
        """Seconds: the most since that was told last."""
        self._told_at = -math.inf
        self._is_stopping = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"local-exchange:{self.port}", daemon=True)

    def now(self) -> float:
        """The exchange's clock: Unix seconds that never go back."""
        return time.monotonic() + self._shift

    def skip(self, seconds: float) -> None:
        """Sets the exchange's clock ahead; everything due in between happens at once."""
        self.call(lambda: self._skip(seconds))

    def start(self) -> None:
        """Clients may connect when this returns."""
        self._selector.register(self._listener, selectors.EVENT_READ, LISTEN)
        self._selector.register(self._wakes, selectors.EVENT_READ, WAKE)
        self._thread.start()

    def stop(self) -> None:
        """Closes everything and ends the thread. May be called twice."""
        if self._thread.is_alive():
            self._is_stopping = True
            self._wake()
            self._thread.join()
        self._waker.close()
        if self._authority is not None:
            self._authority.close()

    def url(self, scheme: str) -> str:
        """`ws://host:port` or `http://host:port`, with an s where it speaks TLS."""
        host = f"[{self._address}]" if ":" in self._address else self._address
        return f"{scheme}{'' if self._authority is None else 's'}://{host}:{self.port}"

    @property
    def ca_file(self) -> Path | None:
        """The certificate that clients have to trust; None without TLS."""
        return None if self._authority is None else self._authority.ca_file

    @property
    def network(self) -> Network:
        """Clients reach it over real sockets."""
        return SYSTEM

    def wait_until_ended(self, seconds: float) -> None:
        """Returns after so long; raises `HostFailed` when the exchange ends before."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and self._thread.is_alive():
            # Again and again: a signal that comes just before a lock begins to wait does not end that wait.
            self._thread.join(min(left, LONGEST_POLL))
        if not self._thread.is_alive():
            raise HostFailed("the local exchange is not running (any more)") from self._failure

    def call(self, work: Callable[[], T]) -> T:
        """Runs this in the exchange's thread and gives what it gives; its exception is the caller's."""
        answer: Future[T] = Future()

        def run() -> None:
            try:
                answer.set_result(work())
            except Exception as error:  # noqa: BLE001 - it belongs to the caller, who gets it
                answer.set_exception(error)

        self._work.append(run)
        self._wake()
        while True:
            try:
                return answer.result(timeout=0.5)
            except TimeoutError:
                if answer.done():
                    raise
                if not self._thread.is_alive():
                    raise HostFailed("the local exchange is not running (any more)") from self._failure

    def _skip(self, seconds: float) -> None:
        self._shift += seconds
        self._reached = self.now()
        self.server.advance(self._reached)

    def _wake(self) -> None:
        try:
            self._waker.send(b"x")
        except (BlockingIOError, OSError):
            pass  # a full pipe wakes as well, and a closed one belongs to a host that has ended

    # In the thread ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._is_stopping:
                self._turn()
        except BaseException as error:
            self._failure = error
            LOG.exception("the local exchange has failed")
        finally:
            for link in self._links.values():
                link.socket.close()
            self._selector.close()
            self._listener.close()
            self._wakes.close()

    def _turn(self) -> None:
        """One wait, then everything that it brought, at one time: what takes long makes nobody look idle meanwhile.

        Requests are answered before anything else happens, at the time that the exchange has reached, and what is due then gets
        so much of the turn: however much there is to do, nobody waits long.
        """
        found, now = self._wait()
        links: list[tuple[_Link, int]] = [(key.data, mask) for key, mask in found if isinstance(key.data, _Link)]
        # First all is read that lay unread, then time passes: who has sent something is not idle, however late it is read.
        arrived = [(link, self._receive(link, now)) for link, mask in links if mask & selectors.EVENT_READ]
        self._relieve(now)
        due = self.server.next_deadline()
        if due is None or due > now:
            self._reached = now
        for key, _ in found:
            if key.data is LISTEN:
                self._accept(self._reached)
            elif key.data is WAKE:
                self._drain_wakes()
        for link, plain in arrived:
            self._take(link, plain, self._reached)
        for link, mask in links:
            if mask & selectors.EVENT_WRITE:
                self._write(link)
        self._send_ready()
        self._pass_time(now)
        while self._work:
            self._work.popleft()()
        self._send_ready()

    def _pass_time(self, now: float) -> None:
        """Lets happen what is due, and sends what comes of it at each time; as much as a turn has room for."""
        while (due := self.server.next_deadline()) is not None and due <= now:
            self.server.advance(due)
            self._reached = max(due, self._reached)
            self._send_ready()
            if self.now() > now + LONGEST_TURN:
                return
        self._reached = now
        self.server.advance(now)

    def _send_ready(self) -> None:
        for connection in self.server.take_ready():
            if (ready := self._links.get(connection)) is not None:
                ready.queue(connection.data_to_send())
                self._write(ready)

    def _wait(self) -> tuple[list[tuple[selectors.SelectorKey, int]], float]:
        """What has come, and a time until which nothing else had: a stop of the process may fall between the two."""
        found = self._selector.select(self._pause())
        while True:
            now = self.now()
            due = self.server.next_deadline()
            if due is None or now - due <= LATE:
                return found, now
            found = self._selector.select(0.0)
            if self.now() - now <= LATE:
                return found, now

    def _relieve(self, now: float) -> None:
        """When it is behind, the exchange is spared what it has missed, and says so."""
        due = self.server.next_deadline()
        if due is not None and now - due > LATE:
            self.server.relieve(now)
            self._behind = max(self._behind, now - due)
        if self._behind and now >= self._told_at + TOLD_EVERY:
            LOG.warning("%.1f s behind: what the random traders would have done meanwhile is left out", self._behind)
            self._told_at, self._behind = now, 0.0

    def _pause(self) -> float | None:
        if self._work:
            return 0.0
        due = self.server.next_deadline()
        return None if due is None else max(0.0, due - self.now())

    def _drain_wakes(self) -> None:
        try:
            while self._wakes.recv(READ_SIZE):
                pass
        except BlockingIOError:
            pass

    def _accept(self, now: float) -> None:
        try:
            accepted, _ = self._listener.accept()
        except OSError:
            return  # the client has gone already
        try:
            connection = self.server.accept(now)
        except BaseException:
            accepted.close()
            raise
        accepted.setblocking(False)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link = self._links[connection] = _Link(accepted, connection, self._channel())
        self._selector.register(accepted, selectors.EVENT_READ, link)

    def _channel(self) -> Channel | None:
        return None if self._authority is None else Channel(self._authority.context)

    def _receive(self, link: _Link, now: float) -> bytes | None:
        """What has come in plain, which may be nothing; None for the end."""
        try:
            data = link.socket.recv(READ_SIZE)
        except BlockingIOError:
            return b""
        except OSError:
            return None
        try:
            plain = link.open(data)
        except ssl.SSLError:
            return None  # it does not trust us, or speaks no TLS
        if plain:
            link.connection.note_arrival(now)
        return plain if data else None

    def _take(self, link: _Link, plain: bytes | None, now: float) -> None:
        if link.is_closed:
            return
        if plain is None:
            link.connection.receive_eof()
            self._close(link)
            return
        if plain:
            link.connection.receive_data(plain, now)
        if link.unsent:
            link.queue(
                link.connection.data_to_send()
            )  # an answer before the end of the connection is not to be cut off
            self._write(link)

    def _write(self, link: _Link) -> None:
        """Sends what the socket takes; then closes, if the exchange has ended the connection."""
        if link.is_closed:
            return
        how = link.connection.wants_close
        if how == "rst" or len(link.unsent) > MAX_UNREAD:
            link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self._close(link)
            return
        try:
            while link.unsent:
                del link.unsent[: link.socket.send(link.unsent)]
        except BlockingIOError:
            pass
        except OSError:
            link.connection.receive_eof()
            self._close(link)
            return
        link.connection.unsent = len(link.unsent)
        if how == "fin" and not link.unsent:
            self._close(link)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if link.unsent else 0)
        if wanted != link.watched:
            link.watched = wanted
            self._selector.modify(link.socket, wanted, link)

    def _close(self, link: _Link) -> None:
        if not link.is_closed:
            link.is_closed = True
            self._selector.unregister(link.socket)
            link.socket.close()
            self._links.pop(link.connection, None)


class _Link:
    """An accepted socket, what waits to be sent on it, and its protocol."""

    __slots__ = ("_channel", "connection", "is_closed", "socket", "unsent", "watched")

    def __init__(self, accepted: socket.socket, connection: ServerConnection, channel: Channel | None) -> None:
        self._channel = channel
        self.socket = accepted
        self.connection = connection
        self.unsent = bytearray()
        self.watched = selectors.EVENT_READ
        self.is_closed = False

    def open(self, data: bytes) -> bytes:
        """The plaintext of what has come. Raises `ssl.SSLError`."""
        if self._channel is None:
            return data
        plain = self._channel.receive(data) if data else b""
        self.unsent += self._channel.seal(b"")
        return plain

    def queue(self, plain: bytes) -> None:
        """Has this sent."""
        self.unsent += plain if self._channel is None else self._channel.seal(plain)


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
