"""A relay's consumer for programs without asyncio: the feed lives in a thread with a loop of its own, and listens on loopback.

The client on the other side is that of its driver, unchanged: what it sees is a WebSocket. Whoever else on this machine knocks does
not know the name that the upgrade must ask for, and is turned away before anything is opened.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from typing import Any, Final, final

from coinex_proto import ConnectFailed, Endpoint, HandshakeRefused
from coinex_relay.connecting import Nats, RelayFailed
from coinex_relay.feed import Memory
from coinex_relay.line import Line
from coinex_relay.subjects import Names
from coinex_trio.network import SYSTEM

MAX_HEAD: Final = 16 * 1024
"""Bytes of an upgrade request, and of what may come before it is answered."""
MAX_UNREAD: Final = 64 * 2**20
"""Bytes that may wait for a program that does not read: as much as nats-server keeps for a client."""
STARTS_WITHIN: Final = 10.0
ENDS_WITHIN: Final = 2.0
GOING_AWAY: Final = 1001


def without_bridge(error: HandshakeRefused) -> ConnectFailed:
    """What the client's attempt failed of: the thread says it in the body of its refusal."""
    return ConnectFailed(error.body.decode("utf-8", "replace") or str(error))


@final
class Bridge:
    """The thread. `start()` returns when a client may connect to `where`; `stop()` ends it."""

    def __init__(self, to: Nats, names: Names) -> None:
        self.to = to
        self.names = names
        self.memory: Memory = Memory()
        self.target: str = f"/{secrets.token_urlsafe(16)}"
        self.ends: set[_End] = set()
        self._port = 0
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._is_listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="coinex-relay", daemon=True)

    @property
    def where(self) -> Endpoint:
        """Where it listens."""
        return Endpoint(host="127.0.0.1", port=self._port, tls=False, target=self.target)

    def start(self) -> None:
        """Raises `RelayFailed`."""
        self._thread.start()
        if not self._is_listening.wait(STARTS_WITHIN) or self._failure is not None:
            raise RelayFailed("the thread of the relay's consumer did not start") from self._failure

    def stop(self) -> None:
        """May be called twice."""
        loop, stop = self._loop, self._stop
        if loop is not None and stop is not None and self._thread.is_alive():
            try:
                loop.call_soon_threadsafe(stop.set)
            except RuntimeError:  # it has just ended
                return
            self._thread.join(ENDS_WITHIN)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001  (raised by whoever starts it)
            self._failure = error
        finally:
            self._is_listening.set()

    async def _serve(self) -> None:
        loop = self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await loop.create_server(lambda: _End(self), "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        self._is_listening.set()
        try:
            await self._stop.wait()
        finally:
            server.close()
            for end in tuple(self.ends):
                end.abort()
            await asyncio.sleep(0.05)  # connections say goodbye


@final
class _End(asyncio.Protocol):
    """One accepted connection."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._transport: Any = None
        self._line: Line | None = None
        self._head = bytearray()
        self._opening: asyncio.Task[None] | None = None
        self._is_open = False

    # From the client --------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        if self._is_open and self._line is not None:
            self._line.receive_data(data)
            return
        self._head += data
        if len(self._head) > MAX_HEAD:
            self._transport.abort()
        elif self._opening is None and b"\r\n" in self._head:
            if not secrets.compare_digest(bytes(self._head.split(b" ", 2)[1]), self._bridge.target.encode()):
                self._answer("404 Not Found", "")
                return
            self._bridge.ends.add(self)
            self._opening = asyncio.get_running_loop().create_task(self._open())

    def eof_received(self) -> None:
        """Called by asyncio: nothing that could come is of use any more."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self.abort()

    # For the client ---------------------------------------------------------------------------------------------------

    async def _open(self) -> None:
        bridge = self._bridge
        line = self._line = Line(bridge.to, bridge.names, bridge.memory, _Sender(self), SYSTEM.now, bridge.target)
        try:
            await line.open()
        except (ConnectFailed, RelayFailed) as error:
            self._answer("503 Service Unavailable", str(error))
            return
        self._is_open = True
        head, self._head = bytes(self._head), bytearray()
        line.receive_data(head)

    def _answer(self, status: str, why: str) -> None:
        body = why.encode()
        self._transport.write(
            f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        self._transport.close()

    def send(self, data: bytes) -> None:
        """Bytes of the feed."""
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > MAX_UNREAD:
            self._transport.abort()

    def end(self, why: str) -> None:
        """The feed has ended: the client hears why."""
        self._bridge.ends.discard(self)
        text = GOING_AWAY.to_bytes(2, "big") + why.encode()[:120].decode("utf-8", "ignore").encode()
        if why:
            self._transport.write(bytes((0x88, len(text))) + text)
        self._transport.close()

    def abort(self) -> None:
        """Ends both sides."""
        self._bridge.ends.discard(self)
        if self._opening is not None:
            self._opening.cancel()
        if self._line is not None:
            self._line.end()
        if self._transport is not None:
            self._transport.abort()


@final
class _Sender:
    """What a line writes to."""

    def __init__(self, end: _End) -> None:
        self._end = end

    def data_received(self, data: bytes) -> None:
        """For the client."""
        self._end.send(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The line has ended."""
        self._end.end("" if exc is None else str(exc))
