"""A TCP or TLS socket that never waits: the transport of the blocking client.

Connecting is a small race (RFC 8305): the next address starts when the one before has failed or after 0.25 s, the first
that answers wins. Must not know WebSockets or sessions.
"""

from __future__ import annotations

import errno
import math
import os
import select
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address
from typing import Any, Final, cast

from coinex_driver.limits import STAGGER
from coinex_driver.network_errors import describe
from coinex_driver.proxy_tunnel import PEEK_SIZE, Tunnel

IN_PROGRESS: Final = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)


class SocketTransport:
    """Fits `Transport`: connects over several addresses, goes through a tunnel, speaks TLS when given a context."""

    def __init__(
        self,
        addresses: Iterable[tuple[str, int]] | Lookup,
        host: str,
        ssl_context: ssl.SSLContext | None,
        tunnel: Tunnel | None = None,
    ) -> None:
        """The addresses are those of the proxy where there is a tunnel, the host is the venue's always."""
        self._lookup = addresses if isinstance(addresses, Lookup) else None
        self._addresses = deque(() if isinstance(addresses, Lookup) else addresses)
        self._host = host
        self._ssl_context = ssl_context
        self._tunnel = tunnel
        self._racing: list[_Quiet] = []
        self._next_start = -math.inf
        self._failures: list[str] = []
        self._socket: socket.socket | None = None
        self._is_open = False
        self._is_closed = False
        self._connect_mask = select.POLLIN
        self._send_mask = select.POLLOUT
        self.input: select.poll | None = None
        """While it is open: waits for input of this transport alone, or for the waker beside it."""
        self._waker: Waker | None = None
        self.before_close: Callable[[], None] | None = None
        """Whoever has its socket registered takes it out there: a closed one cannot be taken out."""

    # Connecting -------------------------------------------------------------------------------------------------------

    def progress(self, now: float) -> bool:
        """Goes on with TCP, tunnel and TLS; True when the stream is open.

        Raises `OSError` when every address has failed, or `ProxyError` when there is a tunnel.
        """
        if self._socket is None:
            self._race(now)
        if self._socket is not None and not self._is_open and self._is_through(self._socket):
            self._shake_hands(self._secured(self._socket))
        return self._is_open

    def wakes_at(self) -> float:
        """When the next address starts, if there is one."""
        return self._next_start if self._addresses and self._socket is None else math.inf

    def _race(self, now: float) -> None:
        if self._lookup is not None and not self._take_addresses(self._lookup):
            return
        self._look_at_racers()
        while self._socket is None and self._addresses and (not self._racing or now >= self._next_start):
            self._next_start = now + STAGGER
            self._start(self._addresses.popleft())
        if self._socket is None and not self._racing:
            why = "; ".join(dict.fromkeys(self._failures)) or "the name has no address"
            raise OSError(why) if self._tunnel is None else self._tunnel.failed(why)

    def _take_addresses(self, lookup: Lookup) -> bool:
        if not lookup.is_done:
            return False
        self._leave_lookup()
        if lookup.error is None:
            self._addresses.extend(lookup.addresses)
        elif self._tunnel is None:
            raise lookup.error
        else:
            self._failures.append(describe(lookup.error))
        return True

    def _start(self, address: tuple[str, int]) -> None:
        try:
            family, kind, protocol, _, target = socket.getaddrinfo(
                *address, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
            )[0]
            racer = _Quiet(family, kind, protocol)
        except OSError as error:
            self._failures.append(describe(error))
            return
        try:
            racer.setblocking(False)
            racer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            code = racer.connect_ex(target)
            if code not in IN_PROGRESS:
                raise OSError(code, os.strerror(code))
        except OSError as error:
            racer.close()
            self._failures.append(describe(error))
        else:
            self._racing.append(racer)

    def _look_at_racers(self) -> None:
        if not self._racing:
            return
        poll = select.poll()
        for racer in self._racing:
            poll.register(racer.fileno(), select.POLLOUT)
        ready = {fileno for fileno, _ in poll.poll(0)}
        for racer in [racer for racer in self._racing if racer.fileno() in ready]:
            code = racer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code == 0:
                self._win(racer)
                return
            self._racing.remove(racer)
            racer.close()
            self._failures.append(os.strerror(code))

    def _leave_lookup(self) -> None:
        if self._lookup is not None:
            self._lookup.leave()
        self._lookup = None

    def _win(self, winner: _Quiet) -> None:
        self._socket = winner
        winner.disarm()
        self._racing.remove(winner)
        self._drop_racers()

    def _is_through(self, winner: socket.socket) -> bool:
        """Talks to the proxy, where there is one, until the stream leads to the venue.

        Its answer is looked at before it is taken, so that what comes behind it stays in the kernel, for TLS or WebSocket.
        """
        tunnel = self._tunnel
        if tunnel is None:
            return True
        try:
            while tunnel.unsent:
                tunnel.unsent = tunnel.unsent[winner.send(tunnel.unsent) :]
            while not tunnel.is_open:
                winner.recv(tunnel.receive(winner.recv(PEEK_SIZE, socket.MSG_PEEK)))
        except BlockingIOError:
            self._connect_mask = select.POLLOUT if tunnel.unsent else select.POLLIN
            return False
        except OSError as error:
            raise tunnel.failed(describe(error)) from error
        return True

    def _secured(self, winner: socket.socket) -> socket.socket:
        if self._ssl_context is not None and not isinstance(winner, ssl.SSLSocket):
            winner = self._socket = self._ssl_context.wrap_socket(
                winner, server_hostname=self._host, do_handshake_on_connect=False
            )
        return winner

    def _shake_hands(self, winner: socket.socket) -> None:
        if isinstance(winner, ssl.SSLSocket):
            try:
                winner.do_handshake()
            except ssl.SSLWantReadError:
                self._connect_mask = select.POLLIN
                return
            except ssl.SSLWantWriteError:
                self._connect_mask = select.POLLOUT
                return
        self._is_open = True
        self.input = select.poll()
        self.input.register(winner.fileno(), select.POLLIN)

    def _drop_racers(self) -> None:
        for racer in self._racing:
            racer.close()
        self._racing.clear()

    # Open -------------------------------------------------------------------------------------------------------------

    def interest(self, wants_write: bool) -> Iterable[tuple[int, int]]:
        """For `select.poll`: what lets this transport go on."""
        if self._lookup is not None:
            return self._lookup.waker.interest(wants_write)
        if self._socket is None:
            return [(racer.fileno(), select.POLLOUT) for racer in self._racing]
        if not self._is_open:
            return ((self._socket.fileno(), self._connect_mask),)
        return ((self._socket.fileno(), select.POLLIN | (self._send_mask if wants_write else 0)),)

    def input_beside(self, waker: Waker) -> select.poll | None:
        """As `input`, for one who may be woken; None while it is not open."""
        if self._waker is not waker and self.input is not None:
            if self._waker is not None:
                self.input.unregister(self._waker.fileno)
            self._waker = waker
            self.input.register(waker.fileno, select.POLLIN)
        return self.input

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """How many bytes the kernel took; 0 when its buffer is full."""
        assert self._socket is not None
        try:
            taken = self._socket.send(data)
        except ssl.SSLWantReadError:
            self._send_mask = select.POLLIN
            return 0
        except (BlockingIOError, ssl.SSLWantWriteError):
            taken = 0
        self._send_mask = select.POLLOUT
        return taken

    def receive(self, size: int) -> bytes | None:
        """What is there; None: nothing now; empty: the stream has ended."""
        assert self._socket is not None
        try:
            return self._socket.recv(size)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None

    def shutdown(self) -> None:
        """Half-closes TCP. TLS gets no close_notify: a Close frame has said it all, and the peer may be gone."""
        if self._socket is not None:
            try:
                socket.socket.shutdown(self._socket, socket.SHUT_WR)
            except OSError as error:
                if error.errno not in (errno.ENOTCONN, errno.EPIPE, errno.ECONNRESET):
                    raise

    def close(self) -> None:
        """Closes every socket of it."""
        if self._is_closed:
            return
        self._is_closed = True
        if self.before_close is not None:
            self.before_close()
        self.input = None
        self._leave_lookup()
        self._drop_racers()
        if self._socket is not None:
            self._socket.close()


class _Quiet(socket.socket):
    """Closes itself without a warning when its owner is dropped unclosed: a client complains itself, and an interrupt may leave a
    socket before anybody owns it.

    Only until it is closed, or has another owner: Python drops a Ctrl-C that reaches it within `__del__`.
    """

    __slots__ = ()

    def disarm(self) -> None:
        """From now on it is a socket like any other."""
        cast(Any, self).__class__ = socket.socket

    def close(self) -> None:
        socket.socket.close(self)
        _Quiet.disarm(self)  # two threads may come here at once, and it is none of this class any more for the second

    def __del__(self) -> None:
        socket.socket.close(self)


class Lookup:
    """The addresses of a name, found in a thread of its own: nothing else could bound or end the waiting for them."""

    def __init__(self, resolve: Callable[[str, int], Sequence[tuple[str, int]]], host: str, port: int) -> None:
        self.addresses: Sequence[tuple[str, int]] = ()
        self.error: OSError | None = None
        """Why there are none."""
        self.is_done: bool = False
        self.waker: Waker = Waker()
        """Readable when it is done, and stays so."""
        self.process: Final = os.getpid()
        """Whose thread it is: in a forked child nobody goes on with it."""
        self._resolve = resolve
        self._host = host
        self._port = port
        self._waiting = 1
        """How many transports, the one that it is made for included."""
        self._has_woken = False
        """Before that the waker stays open: the number of a closed socket may be another's already."""

    def join(self) -> None:
        """One more transport waits for it."""
        self._waiting += 1

    def leave(self) -> None:
        """One less; the last one that it was done for closes its waker."""
        self._waiting -= 1
        self._close_unused()

    def _close_unused(self) -> None:
        # In two threads: whichever looks last sees both.
        if self._has_woken and not self._waiting:
            self.waker.close()

    def start(self, done: Callable[[], object]) -> None:
        """`done` is called when it has ended, in whatever thread. An address that needs no asking is there at once."""

        def run() -> None:
            try:
                self.addresses = self._resolve(self._host, self._port)
            except OSError as error:
                self.error = error
            except Exception as error:  # noqa: BLE001  (of a resolver of the user's; raised where it is waited for)
                self.error = OSError(f"name resolution: {error!r}")
            self.is_done = True
            done()
            self.waker.wake()
            self._has_woken = True
            self._close_unused()

        if _is_address(self._host):
            run()
            return
        try:
            threading.Thread(target=run, name=f"resolving {self._host}", daemon=True).start()
        except RuntimeError as error:
            self.error, self.is_done = OSError(f"name resolution: {error}"), True
            done()
            self._has_woken = True


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


class Waker:
    """Ends a wait: from another thread, or from a signal handler in the middle of it (Python goes on with the poll else).

    Whoever makes it closes it.
    """

    def __init__(self) -> None:
        self._sender, self._receiver = socket.socketpair()
        for one in (self._sender, self._receiver):
            one.setblocking(False)
            cast(Any, one).__class__ = _Quiet
        self.fileno: Final = self._receiver.fileno()
        """Readable when somebody has woken."""

    def interest(self, wants_write: bool) -> Iterable[tuple[int, int]]:
        """For `select.poll`."""
        return ((self.fileno, select.POLLIN),)

    def wake(self) -> None:
        """The other thread goes on at once, or does not begin to wait."""
        try:
            self._sender.send(b"!")
        except OSError as error:
            # Full: it has been woken often enough. Closed: it waits no more.
            if error.errno not in (errno.EAGAIN, errno.EBADF):
                raise

    def drain(self) -> None:
        """Called by who was woken."""
        try:
            self._receiver.recv(4096)
        except BlockingIOError:
            return

    def close(self) -> None:
        """Nobody will be woken any more."""
        self._sender.close()
        self._receiver.close()
