"""TCP, a proxy's tunnel and TLS under asyncio, opened within somebody else's time-out.

asyncio has happy eyeballs of its own behind `create_connection(name)`, uvloop has not, and both resolve names in the loop's
default executor, for whose threads `asyncio.run` waits at its end. Here a client has one thread of its own at most.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import final

from coinex_driver.limits import STAGGER
from coinex_driver.network_errors import describe
from coinex_driver.proxy_tunnel import PEEK_SIZE, Tunnel

Addresses = Sequence[tuple[str, int]]
Resolve = Callable[[str, int], Addresses]


@final
class Resolver:
    """One thread of name resolution: one that was given up keeps its place until it ends, and the next waits for it."""

    def __init__(self) -> None:
        self._running: asyncio.Future[Addresses] | None = None

    async def resolve(self, resolve: Resolve, host: str, port: int) -> Addresses:
        """What `resolve` gives or raises, from a thread that nobody waits for at the end of the program."""
        while self._running is not None:
            await asyncio.wait((self._running,))
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Addresses] = loop.create_future()
        self._running = found

        def done(addresses: Addresses | None, error: Exception | None) -> None:
            self._running = None
            if error is None:
                found.set_result(addresses or ())
            else:
                found.set_exception(error)
                found.exception()  # seen, even when nobody waits any more

        def work() -> None:
            outcome: tuple[Addresses | None, Exception | None]
            try:
                outcome = resolve(host, port), None
            except Exception as error:  # noqa: BLE001  (raised by whoever waits)
                outcome = None, error
            with suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(done, *outcome)

        threading.Thread(target=work, name=f"resolve:{host}", daemon=True).start()
        return await asyncio.shield(found)


async def open_tcp(addresses: Addresses) -> socket.socket:
    """A socket to the first of these addresses that answers (RFC 8305). Raises `OSError` when none does."""
    waiting = deque(addresses)
    if len(waiting) == 1:
        return await _connected(*waiting.popleft())
    failures: list[OSError] = []
    racing: set[asyncio.Task[socket.socket]] = set()
    winners: list[socket.socket] = []
    try:
        while not winners and (waiting or racing):
            if waiting:
                racing.add(asyncio.get_running_loop().create_task(_connected(*waiting.popleft())))
            done, racing = await asyncio.wait(
                racing, timeout=STAGGER if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                _take(task, winners, failures)
    finally:
        for task in racing:
            task.cancel()
        if racing:
            with suppress(asyncio.CancelledError):
                await asyncio.wait(racing)
        for task in racing:
            task.add_done_callback(_close_late)
    for late in winners[1:]:
        late.close()
    if winners:
        return winners[0]
    raise failures[-1] if failures else OSError("the name has no address")


def _take(task: asyncio.Task[socket.socket], winners: list[socket.socket], failures: list[OSError]) -> None:
    try:
        winners.append(task.result())
    except OSError as error:
        failures.append(error)


def _close_late(task: asyncio.Task[socket.socket]) -> None:
    if not task.cancelled() and task.exception() is None:
        task.result().close()


async def _connected(address: str, port: int) -> socket.socket:
    family, kind, protocol, _, target = socket.getaddrinfo(
        address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
    )[0]
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setblocking(False)
        await asyncio.get_running_loop().sock_connect(opened, target)
    except BaseException:
        opened.close()
        raise
    return opened


async def go_through(opened: socket.socket, tunnel: Tunnel) -> None:
    """Talks to a proxy until the socket leads to the venue. Raises `ProxyError`, and has closed the socket then.

    Its answer is looked at before it is taken, so that what comes behind it stays in the kernel, for TLS or WebSocket.
    """
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_sendall(opened, tunnel.unsent)
        while not tunnel.is_open:
            await _readable(loop, opened)
            with suppress(BlockingIOError):
                opened.recv(tunnel.receive(opened.recv(PEEK_SIZE, socket.MSG_PEEK)))
    except OSError as error:
        why = describe(error)
    except BaseException:
        opened.close()
        raise
    else:
        return
    opened.close()
    raise tunnel.failed(why)  # out here it has no context, whose frames hold the login


async def _readable(loop: asyncio.AbstractEventLoop, opened: socket.socket) -> None:
    readable: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not readable.done():
            readable.set_result(None)

    loop.add_reader(opened, wake)
    try:
        await readable
    finally:
        loop.remove_reader(opened)


async def transport_on(
    opened: socket.socket, protocol: asyncio.BaseProtocol, host: str, context: ssl.SSLContext | None
) -> asyncio.Transport:
    """The socket as a transport that calls this protocol, TLS done; on failure it is closed. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    try:
        below, _ = await loop.create_connection(
            lambda: protocol if context is None else asyncio.Protocol(), sock=opened
        )
    except BaseException:
        opened.close()
        raise
    if context is None:
        return below
    try:
        secure = await loop.start_tls(below, protocol, context, server_hostname=host)
    except BaseException:
        below.abort()
        raise
    if secure is None:
        raise ConnectionResetError("the peer has ended the connection within the TLS handshake")
    return secure
