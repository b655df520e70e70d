"""Sockets under asyncio: names in one thread, the first address that answers, a proxy's tunnel, TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import trustme

from coinex_asyncio._io import sockets as module
from coinex_asyncio._io.sockets import Resolver, go_through, open_tcp, transport_on
from coinex_driver.proxy_tunnel import Proxy, Tunnel
from coinex_proto import ProxyError
from tests.ports import refusing_port
from tests.processes import HANGS_AFTER


def run(main: Callable[[], Awaitable[None]]) -> None:
    """In real time, with a guard."""

    async def guarded() -> None:
        async with asyncio.timeout(HANGS_AFTER):
            await main()

    asyncio.run(guarded())


@contextmanager
def listening() -> Iterator[tuple[socket.socket, tuple[str, int]]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(HANGS_AFTER)
        yield listener, listener.getsockname()


def test_the_first_address_that_answers_is_taken_and_no_other_is_left_open() -> None:
    async def main() -> None:
        dead = refusing_port()
        with listening() as (_, alive):
            for addresses in ([alive], [("127.0.0.1", dead), alive], [alive, ("127.0.0.1", dead)]):
                opened = await open_tcp(addresses)
                assert opened.getpeername() == alive
                assert opened.getblocking() is False
                opened.close()

    run(main)


def test_one_that_answers_too_late_is_closed_and_one_that_fails_too_late_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        ours, theirs = socket.socketpair()
        late, other = socket.socketpair()
        began: list[str] = []

        async def connected(host: str, port: int) -> socket.socket:
            began.append(host)
            if host == "quick":
                return ours
            try:
                await asyncio.sleep(HANGS_AFTER)
            except asyncio.CancelledError:
                if host == "failing":
                    raise OSError("too late") from None
            return late

        monkeypatch.setattr(module, "_connected", connected)
        monkeypatch.setattr(module, "STAGGER", 0.01)
        assert await open_tcp([("late", 1), ("failing", 1), ("quick", 1)]) is ours
        await asyncio.sleep(0)
        assert began == ["late", "failing", "quick"]
        assert late.fileno() == -1
        for one in (ours, theirs, other):
            one.close()

    run(main)


def test_where_none_answers_the_last_failure_is_raised() -> None:
    async def main() -> None:
        dead = ("127.0.0.1", refusing_port())
        for addresses in ([dead], [dead] * 3):
            with pytest.raises(ConnectionRefusedError):
                await open_tcp(addresses)
        with pytest.raises(OSError, match="the name has no address"):
            await open_tcp([])

    run(main)


def test_a_name_is_resolved_in_a_thread_and_its_error_is_raised() -> None:
    async def main() -> None:
        resolver = Resolver()
        here = threading.current_thread()

        def answer(host: str, port: int) -> list[tuple[str, int]]:
            assert threading.current_thread() is not here
            assert threading.current_thread().daemon, "one that hangs would keep the program from ending"
            return [(host, port)]

        def failing(host: str, port: int) -> list[tuple[str, int]]:
            raise socket.gaierror(-2, "no such name")

        assert await resolver.resolve(answer, "h", 7) == [("h", 7)]
        with pytest.raises(socket.gaierror):
            await resolver.resolve(failing, "h", 7)
        assert await resolver.resolve(answer, "h", 8) == [("h", 8)]

    run(main)


def test_a_lookup_that_was_given_up_keeps_its_place_until_it_ends() -> None:
    async def main() -> None:
        loop, resolver, go_on = asyncio.get_running_loop(), Resolver(), threading.Event()
        running: list[str] = []
        begun = asyncio.Event()

        def slow(host: str, port: int) -> list[tuple[str, int]]:
            running.append(host)
            loop.call_soon_threadsafe(begun.set)
            assert go_on.wait(HANGS_AFTER)
            return []

        first = asyncio.ensure_future(resolver.resolve(slow, "first", 1))
        await begun.wait()
        first.cancel()
        second = asyncio.ensure_future(resolver.resolve(slow, "second", 1))
        await asyncio.sleep(0.01)
        assert (running, second.done()) == (["first"], False)
        go_on.set()
        assert list(await second) == []
        assert running == ["first", "second"]

    run(main)


def proxy_says(answer: bytes, behind: bytes = b"") -> tuple[ProxyError | None, bytes, bytes]:
    """What comes of a tunnel, what the proxy got, and what is left to read for the venue's client."""
    outcome: list[ProxyError | None] = []
    got: list[bytes] = []
    left: list[bytes] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.settimeout(HANGS_AFTER)
        tunnel = Tunnel(Proxy("http://user:word@proxy:1"), "exchange.example", 443)
        going = asyncio.ensure_future(go_through(ours, tunnel))
        got.append(await loop.run_in_executor(None, theirs.recv, 1000))
        for piece in (answer[:20], answer[20:] + behind):
            with suppress(BrokenPipeError):  # it has seen enough
                theirs.sendall(piece)
            await asyncio.sleep(0.01)
        if not answer:
            theirs.close()
        (found,) = await asyncio.gather(going, return_exceptions=True)
        theirs.close()
        if isinstance(found, ProxyError):
            outcome.append(found)
            assert ours.fileno() == -1, "it is closed"
            assert found.__context__ is None
        else:
            assert found is None
            outcome.append(None)
            left.append(ours.recv(1000) if behind else b"")
            ours.close()

    run(main)
    return outcome[0], got[0], left[0] if left else b""


def test_a_tunnel_leaves_what_comes_behind_the_answer_for_the_venues_client() -> None:
    error, got, left = proxy_says(b"HTTP/1.1 200 Connection established\r\n\r\n", b"hello")
    assert (error, left) == (None, b"hello")
    assert got.startswith(b"CONNECT exchange.example:443 HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "the login was not accepted"),
        (b"SSH-2.0 and more than twenty bytes", "it did not answer in HTTP"),
        (b"", "it ended the connection before its answer"),
    ],
)
def test_a_proxy_that_refuses_is_an_error_and_the_socket_is_closed(answer: bytes, why: str) -> None:
    error, _, _ = proxy_says(answer)
    assert error is not None
    assert why in str(error)


def test_a_tunnel_that_is_cancelled_closes_its_socket() -> None:
    async def main() -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        going = asyncio.ensure_future(go_through(ours, Tunnel(Proxy("http://proxy:1"), "h", 1)))
        await asyncio.sleep(0.01)
        going.cancel()
        await asyncio.wait((going,))
        assert going.cancelled()
        assert ours.fileno() == -1
        theirs.close()

    run(main)


class Seen(asyncio.Protocol):
    """Keeps what came."""

    def __init__(self) -> None:
        self.data = b""
        self.came = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.data += data
        self.came.set()


@pytest.mark.parametrize("is_trusted", [True, False])
def test_tls_is_done_before_the_transport_is_given_and_a_stranger_is_refused(is_trusted: bool) -> None:
    authority = trustme.CA()
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server_context)
    context = ssl.create_default_context()
    if is_trusted:
        authority.configure_trust(context)

    async def main() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"hello")
            await reader.read()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_context)
        async with server:
            opened = await open_tcp([server.sockets[0].getsockname()])
            protocol = Seen()
            if not is_trusted:
                with pytest.raises(ssl.SSLCertVerificationError):
                    await transport_on(opened, protocol, "localhost", context)
                return
            transport = await transport_on(opened, protocol, "localhost", context)
            await protocol.came.wait()
            assert protocol.data == b"hello"
            assert transport.get_extra_info("ssl_object") is not None
            transport.close()

    run(main)


def test_without_tls_the_protocol_is_on_the_socket_itself() -> None:
    async def main() -> None:
        ours, theirs = socket.socketpair()
        protocol = Seen()
        transport = await transport_on(ours, protocol, "h", None)
        theirs.sendall(b"hello")
        await protocol.came.wait()
        assert protocol.data == b"hello"
        transport.abort()
        theirs.close()

    run(main)
