"""TCP and TLS streams of trio, opened within somebody else's time-out.

trio has its own happy eyeballs behind `open_tcp_stream(name)`, but resolves in threads that count against the limit it
shares with the user's program, one more for each attempt that is given up. Here a client has one such thread at most.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from typing import Final

import trio

STAGGER: Final = 0.25
"""Seconds of head start for the address before (RFC 8305 section 5 suggests 0.25)."""

Resolve = Callable[[str, int], Sequence[tuple[str, int]]]


async def open_tcp(host: str, port: int, resolver: trio.CapacityLimiter, resolve: Resolve) -> trio.SocketStream:
    """The first of the host's addresses that answers. Raises `OSError` when none does."""
    # An abandoned thread keeps its place in `resolver` until it ends: the next attempt waits for it instead of adding one.
    addresses = await trio.to_thread.run_sync(resolve, host, port, abandon_on_cancel=True, limiter=resolver)
    failures: list[OSError] = []
    winner: list[trio.SocketStream] = []

    async def attempt(address: tuple[str, int], failed: trio.Event) -> None:
        try:
            stream = await trio.open_tcp_stream(*address)
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
        return winner[0]
    if not failures:
        raise OSError("the name has no address")
    raise failures[-1]


async def start_tls(stream: trio.SocketStream, host: str, context: ssl.SSLContext) -> trio.SSLStream[trio.SocketStream]:
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
