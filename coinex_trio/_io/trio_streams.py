"""TCP and TLS streams of trio, opened within somebody else's time-out.

trio has its own happy eyeballs behind `open_tcp_stream(name)`, but resolves in threads that count against the limit it
shares with the user's program, one more for each attempt that is given up. Here a client has one such thread at most.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Sequence
from operator import index
from typing import final

import trio

from coinex_driver.limits import READ_SIZE, STAGGER
from coinex_driver.network_errors import describe
from coinex_driver.proxy_tunnel import PEEK_SIZE, Tunnel

Resolve = Callable[[str, int], Sequence[tuple[str, int]]]


@final
class TcpStream(trio.abc.HalfCloseableStream):
    """A TCP stream of trio that waits first and reads then.

    trio's own reads first, in vain whenever a message comes alone: an exception and a system call, 4 of the 20 us that
    trio takes for such a message.
    """

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """What has come, at most so many bytes; empty at the end."""
        size = READ_SIZE if max_bytes is None else index(max_bytes)
        if size < 1:
            raise ValueError(f"max_bytes={max_bytes}: must be at least 1")
        while True:
            fileno = self._stream.socket.fileno()
            if fileno < 0:
                raise trio.ClosedResourceError("this stream was closed")
            await trio.lowlevel.wait_readable(fileno)
            if self._stream.socket.fileno() != fileno:
                continue  # closed between the waking and now: the number may be somebody else's already
            try:
                return os.read(fileno, size)
            except BlockingIOError:
                continue
            except OSError as error:
                raise trio.BrokenResourceError(f"socket connection broken: {error}") from error

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """As trio's own, and so are all others."""
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """There is room."""
        await self._stream.wait_send_all_might_not_block()

    async def peek_some(self, max_bytes: int) -> bytes:
        """What has come, left where it is; empty at the end. Raises `OSError`."""
        return await self._stream.socket.recv(max_bytes, socket.MSG_PEEK)

    async def send_eof(self) -> None:
        """Nothing more will be sent."""
        await self._stream.send_eof()

    async def aclose(self) -> None:
        """Closed at once."""
        await self._stream.aclose()


async def open_tcp(host: str, port: int, resolver: trio.CapacityLimiter, resolve: Resolve) -> TcpStream:
    """The first of the host's addresses that answers. Raises `OSError` when none does."""
    # An abandoned thread keeps its place in `resolver` until it ends: the next attempt waits for it instead of adding one.
    addresses = await trio.to_thread.run_sync(resolve, host, port, abandon_on_cancel=True, limiter=resolver)
    failures: list[OSError] = []
    winner: list[trio.SocketStream] = []

    @trio.lowlevel.enable_ki_protection
    async def attempt(address: tuple[str, int], failed: trio.Event) -> None:
        try:
            stream = await _connected(*address)
        except OSError as error:
            failures.append(error)
            failed.set()
        else:
            winner.append(stream)
            nursery.cancel_scope.cancel()

    try:
        async with trio.open_nursery() as nursery:
            for address in addresses:
                failed = trio.Event()
                nursery.start_soon(attempt, address, failed)
                with trio.move_on_after(STAGGER):
                    await failed.wait()
    except BaseException:
        for stream in winner:
            stream.socket.close()
        raise
    for late in winner[1:]:
        late.socket.close()
    if winner:
        return TcpStream(winner[0])
    if not failures:
        raise OSError("the name has no address")
    raise failures[-1]


async def _connected(host: str, port: int) -> trio.SocketStream:
    # trio.open_tcp_stream connects in a task of its own, which Ctrl-C would cut: it comes out of its nursery in a group.
    made = trio.socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        await made.connect((host, port))
    except BaseException:
        made.close()
        raise
    return trio.SocketStream(made)


async def go_through(stream: TcpStream, tunnel: Tunnel) -> None:
    """Talks to a proxy until the stream leads to the venue. Raises `ProxyError`, and has closed the stream then.

    Its answer is looked at before it is taken, so that what comes behind it stays in the kernel, for TLS or WebSocket.
    """
    try:
        await stream.send_all(tunnel.unsent)
        while not tunnel.is_open:
            await stream.receive_some(tunnel.receive(await stream.peek_some(PEEK_SIZE)))
    except (OSError, trio.BrokenResourceError) as error:
        why = describe(error)
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
    else:
        return
    await trio.aclose_forcefully(stream)
    raise tunnel.failed(why)  # out here it has no context, whose frames hold the login


async def start_tls(stream: TcpStream, host: str, context: ssl.SSLContext) -> trio.SSLStream[TcpStream]:
    """TLS on an open stream, certificate and name checked as the context says, before one byte of the application.

    `https_compatible`: many servers end without close_notify, and a WebSocket has its own Close.
    """
    secure = trio.SSLStream(stream, context, server_hostname=host, https_compatible=True)
    try:
        await secure.do_handshake()
    except BaseException:
        await trio.aclose_forcefully(secure)
        raise
    return secure


async def half_close(stream: trio.abc.Stream) -> None:
    """Tells the peer that nothing more will come, where the stream can say so; reading goes on.

    Under TLS only TCP is half-closed: trio cannot send a close_notify and go on reading.
    """
    below = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
    if isinstance(below, trio.abc.HalfCloseableStream):
        await below.send_eof()
