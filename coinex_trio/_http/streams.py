"""Blocking streams for the HTTP library, on transports on which nothing ever waits: here is the waiting, and its end.

An exchange has one end in time: the library's own time-outs count from the last byte, so that a peer that sends a header
now and then would hold the calling thread for ever. `stop()` of the client that a call belongs to ends it too. Must not
know what is sent.
"""

from __future__ import annotations

import math
import ssl
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, Protocol, final

from coinex_driver.http.wire import httpcore2
from coinex_driver.limits import READ_SIZE
from coinex_driver.network_errors import describe
from coinex_trio._http.signals import HeldSignals
from coinex_trio._io.sockets import SocketTransport
from coinex_trio.network import SYSTEM, Network, Transport

LARGEST_EARLY: Final = 65536
"""Bytes of an answer that may come before the request was taken."""
LONGEST_WAIT: Final = 0.1
"""Seconds between two looks at whether the client was stopped, from another thread or in a signal handler."""

Dial = Callable[[str, int], Transport]


class Patience:
    """How long the exchanges of one blocking HTTP client wait. One thread and one exchange at a time."""

    def __init__(self, network: Network) -> None:
        self.now: Final = network.now
        self.until: float | None = None
        """The end of the exchange under way, on the network's clock."""
        self.stops_by: Callable[[], float] = lambda: math.inf
        """Until when a call may go on since its client is stopping; infinity: it is not."""
        self.held: HeldSignals | None = None
        """While a call is under way: what keeps signal handlers out of the library."""
        self._network = network

    def end_of(self, timeout: float | None) -> float:
        """When a wait must end that may take so long."""
        ends = (self.now() + (math.inf if timeout is None else timeout), self.stops_by())
        return min(*ends, math.inf if self.until is None else self.until)

    def pause(self, until: float) -> None:
        """Waits until then, at most a little while."""
        self._wait(self._network, (), min(until, self.now() + LONGEST_WAIT))

    def wait(self, transport: Transport, until: float, *, wants_write: bool = False) -> None:
        """Waits until the transport can go on, at most until then or a little while."""
        watched = ((transport, wants_write),)
        seconds = min(until - self.now(), LONGEST_WAIT)
        if isinstance(transport, SocketTransport):
            self._wait(SYSTEM, watched, SYSTEM.now() + seconds)  # what the kernel does takes real time on any clock
        else:
            self._wait(self._network, watched, self.now() + seconds)

    def _wait(self, network: Network, watched: Sequence[tuple[Transport, bool]], until: float) -> None:
        if self.held is None:
            network.wait(watched, until)
            return
        with self.held.let_in():
            network.wait(watched, until)


@final
class Backend(httpcore2.NetworkBackend):
    """Connects for the HTTP library."""

    def __init__(self, patience: Patience, dial: Dial) -> None:
        self._patience = patience
        self._dial = dial

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        patience = self._patience
        now = patience.now
        until = patience.end_of(timeout)
        transport = None
        try:
            if now() >= until:
                raise httpcore2.ConnectTimeout("no time was left to connect")
            transport = self._dial(host, port)
            while not transport.progress(now()):
                if now() >= (until := min(until, patience.end_of(timeout))):
                    raise httpcore2.ConnectTimeout("no connection in time")
                patience.wait(transport, min(until, transport.wakes_at()))
        except BaseException as error:
            if transport is not None:
                transport.close()
            if isinstance(error, OSError):
                raise httpcore2.ConnectError(describe(error)) from error
            raise
        return Stream(patience, transport)


@final
class Stream(httpcore2.NetworkStream):
    """A transport, moved on whenever it can go on."""

    def __init__(self, patience: Patience, transport: Transport) -> None:
        self._patience = patience
        self._transport = transport
        self._early = bytearray()
        """What came while a request was still being written."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._early:
            early = bytes(self._early[:max_bytes])
            del self._early[:max_bytes]
            return early
        patience = self._patience
        until = patience.end_of(timeout)
        try:
            while True:
                if patience.now() >= (until := min(until, patience.end_of(timeout))):
                    raise httpcore2.ReadTimeout("no answer in time")
                if (data := self._transport.receive(max_bytes)) is not None:
                    return data
                patience.wait(self._transport, until)
        except OSError as error:
            raise httpcore2.ReadError(describe(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        patience = self._patience
        until = patience.end_of(timeout)
        unsent = memoryview(buffer)
        try:
            while unsent:
                if patience.now() >= (until := min(until, patience.end_of(timeout))):
                    raise httpcore2.WriteTimeout("the request was not taken in time")
                taken = self._transport.send(unsent)
                unsent = unsent[taken:]
                if not taken:
                    self._take_early()
                    patience.wait(self._transport, until, wants_write=True)
        except OSError as error:
            raise httpcore2.WriteError(describe(error)) from error

    def _take_early(self) -> None:
        """What is there to read, which would otherwise end every wait at once; the library reads an answer after an error."""
        data = self._transport.receive(LARGEST_EARLY)
        if data == b"":
            raise httpcore2.WriteError("the server has ended the connection before it took the request")
        self._early += data or b""
        if len(self._early) >= LARGEST_EARLY:
            raise httpcore2.WriteError("the server answers and does not take the request")

    def close(self) -> None:
        self._transport.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _secured(self, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        """Of the socket of the system, "is_readable": an idle connection on which something comes was ended by the server."""
        if info != "is_readable" or not isinstance(self._transport, SocketTransport):
            return None
        waiting = self._transport.input
        return waiting is None or bool(waiting.poll(0))


class _Below(Protocol):
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes: ...
    def write(self, buffer: bytes, timeout: float | None = None) -> None: ...
    def close(self) -> None: ...
    def get_extra_info(self, info: str) -> Any: ...


def _secured(
    below: _Below, context: ssl.SSLContext, host: str | None, timeout: float | None
) -> httpcore2.NetworkStream:
    stream = None
    try:
        stream = _TlsStream(below, context, host)
        stream.shake_hands(timeout)
    except BaseException as error:
        below.close()
        if isinstance(error, ssl.SSLError):
            raise httpcore2.ConnectError(describe(error)) from error
        if isinstance(error, (httpcore2.ReadTimeout, httpcore2.WriteTimeout)):
            raise httpcore2.ConnectTimeout("no TLS in time") from error
        if isinstance(error, (httpcore2.ReadError, httpcore2.WriteError)):
            raise httpcore2.ConnectError(str(error)) from error
        raise
    return stream


@final
class _TlsStream(httpcore2.NetworkStream):
    """TLS over any stream, that of a proxy which speaks TLS itself among them."""

    def __init__(self, below: _Below, context: ssl.SSLContext, host: str | None) -> None:
        self._below = below
        self._arrived = ssl.MemoryBIO()
        self._leaving = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._arrived, self._leaving, server_hostname=host)

    def shake_hands(self, timeout: float | None) -> None:
        self._through(self._tls.do_handshake, timeout)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            data: bytes = self._through(partial(self._tls.read, max_bytes), timeout)
            return data
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""  # HTTP says itself where an answer ends
        except ssl.SSLError as error:
            raise httpcore2.ReadError(describe(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        unsent = memoryview(buffer)
        try:
            while unsent:
                taken = self._through(partial(self._tls.write, unsent), timeout)
                unsent = unsent[taken:]
        except ssl.SSLError as error:
            raise httpcore2.WriteError(describe(error)) from error

    def _through(self, step: Callable[[], Any], timeout: float | None) -> Any:
        """Does a step of TLS, and whatever it needs to be read and written below."""
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                self._flush(timeout)
                self._take_in(timeout)
                continue
            except ssl.SSLError:
                # The alert that tells the peer why; our own error says more than that it was not taken.
                with suppress(httpcore2.NetworkError, httpcore2.TimeoutException):
                    self._flush(timeout)
                raise
            self._flush(timeout)
            return done

    def _flush(self, timeout: float | None) -> None:
        if self._leaving.pending:
            self._below.write(self._leaving.read(), timeout)

    def _take_in(self, timeout: float | None) -> None:
        data = self._below.read(READ_SIZE, timeout)
        if data:
            self._arrived.write(data)
        else:
            self._arrived.write_eof()

    def close(self) -> None:
        self._below.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _secured(self, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        return self._tls if info == "ssl_object" else self._below.get_extra_info(info)
