"""TCP streams under trio, on real loopback sockets."""

from __future__ import annotations

import os
import socket
import ssl
import struct
from collections.abc import Sequence
from contextlib import suppress

import pytest
import trio
import trustme
from trio.testing import MockClock, check_half_closeable_stream

from coinex_driver.network_errors import describe
from coinex_driver.proxy_tunnel import Proxy, Tunnel
from coinex_proto import ProxyError
from coinex_trio._io import trio_streams
from coinex_trio._io.trio_streams import TcpStream, go_through, half_close, open_tcp, start_tls
from tests.ports import refusing_port


async def pair() -> tuple[TcpStream, TcpStream]:
    ours, theirs = socket.socketpair()
    return _stream(ours), _stream(theirs)


def _stream(end: socket.socket) -> TcpStream:
    end.setblocking(False)
    return TcpStream(trio.SocketStream(trio.socket.from_stdlib_socket(end)))


async def full_pair() -> tuple[TcpStream, TcpStream]:
    """Neither can send before the other reads."""
    ends = socket.socketpair()
    for end in ends:
        end.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                end.send(bytes(65536))
    return _stream(ends[0]), _stream(ends[1])


@pytest.mark.skipif(not __debug__, reason="trio's checks are asserts, which -O takes away together with what they call")
async def test_a_tcp_stream_keeps_all_promises_of_a_stream() -> None:
    await check_half_closeable_stream(pair, full_pair)


async def test_a_reset_is_described_in_the_words_of_the_system() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stream = TcpStream(await trio.open_tcp_stream(*listener.getsockname()))
        peer, _ = listener.accept()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    with pytest.raises(trio.BrokenResourceError) as raised:
        await stream.receive_some()
    assert describe(raised.value) == "Connection reset by peer"
    await stream.aclose()


async def test_the_size_of_a_read_is_the_most_that_comes() -> None:
    ours, theirs = await pair()
    await theirs.send_all(bytes(100_000))
    assert len(await ours.receive_some(7)) == 7
    assert len(await ours.receive_some()) <= 32 * 1024
    for stream in (ours, theirs):
        await stream.aclose()


async def test_a_stream_closed_at_the_moment_it_can_be_read_reads_nobody_elses_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, theirs = socket.socketpair()
    stream = _stream(ours)
    number = ours.fileno()
    others: list[int] = []

    async def wait_readable(fileno: int) -> None:
        await trio.lowlevel.checkpoint()
        assert fileno == number
        await stream.aclose()
        reader, writer = os.pipe()
        os.write(writer, b"somebody else's")
        others.extend((reader, writer))

    monkeypatch.setattr(trio.lowlevel, "wait_readable", wait_readable)
    with pytest.raises(trio.ClosedResourceError):
        await stream.receive_some()
    assert number in others  # the number has changed hands: this test tests something
    assert os.read(others[0], 100) == b"somebody else's"
    for one in others:
        os.close(one)
    theirs.close()


async def test_a_program_without_stdin_may_have_its_socket_there() -> None:
    kept = os.dup(0)
    os.close(0)
    try:
        ours, theirs = await pair()
        assert ours._stream.socket.fileno() == 0
        await theirs.send_all(b"hello")
        assert await ours.receive_some() == b"hello"
        for stream in (ours, theirs):
            await stream.aclose()
    finally:
        os.dup2(kept, 0)
        os.close(kept)


async def test_what_is_looked_at_stays_where_it_is() -> None:
    ours, theirs = await pair()
    await theirs.send_all(b"hello")
    assert await ours.peek_some(100) == b"hello"
    assert await ours.receive_some() == b"hello"
    for stream in (ours, theirs):
        await stream.aclose()


# Opening --------------------------------------------------------------------------------------------------------------


async def opened_tcp(*addresses: tuple[str, int]) -> TcpStream:
    def resolve(host: str, port: int) -> Sequence[tuple[str, int]]:
        return addresses

    return await open_tcp("venue.test", 1, trio.CapacityLimiter(1), resolve)


async def test_n6_the_first_address_that_answers_is_taken_where_others_refuse() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stream = await opened_tcp(("127.0.0.1", refusing_port()), listener.getsockname())
        peer, _ = listener.accept()
        with peer:
            await stream.send_all(b"hello")
            assert peer.recv(100) == b"hello"
        await stream.aclose()


async def test_n6_where_every_address_refuses_the_error_is_the_last_ones() -> None:
    with pytest.raises(ConnectionRefusedError):
        await opened_tcp(("127.0.0.1", refusing_port()), ("127.0.0.1", refusing_port()))


async def test_n5_a_name_without_an_address_is_an_error() -> None:
    with pytest.raises(OSError, match="no address"):
        await opened_tcp()


async def test_of_two_that_answer_at_once_the_second_is_closed(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, trio.SocketStream] = {}

    async def connected(host: str, port: int) -> trio.SocketStream:
        with trio.CancelScope(shield=True):
            await trio.sleep(0.5 if host == "late" else 0.1)
        ours, theirs = socket.socketpair()
        theirs.close()
        ours.setblocking(False)
        made[host] = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
        return made[host]

    monkeypatch.setattr(trio_streams, "_connected", connected)
    stream = await opened_tcp(("late", 1), ("quick", 1))
    assert stream._stream is made["quick"]
    assert made["late"].socket.fileno() == -1
    await stream.aclose()


# TLS ------------------------------------------------------------------------------------------------------------------


async def secured() -> tuple[trio.SSLStream[TcpStream], trio.SSLStream[TcpStream]]:
    """Ours and the server's, which sends no close_notify."""
    authority = trustme.CA()
    served, trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("venue.test").configure_cert(served)
    authority.configure_trust(trusted)
    ours, theirs = await pair()
    server = trio.SSLStream(theirs, served, server_side=True, https_compatible=True)
    made: list[trio.SSLStream[TcpStream]] = []

    async def connect() -> None:
        made.append(await start_tls(ours, "venue.test", trusted))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.do_handshake)
        nursery.start_soon(connect)
    return made[0], server


async def test_x9_a_server_that_ends_without_close_notify_has_just_ended() -> None:
    ours, server = await secured()
    await server.send_all(b"the last")
    await server.transport_stream.aclose()
    assert await ours.receive_some() == b"the last"
    assert await ours.receive_some() == b""
    await trio.aclose_forcefully(ours)


async def test_a_half_closed_stream_reads_on_with_tls_and_without() -> None:
    plain: tuple[trio.abc.Stream, trio.abc.Stream] = await pair()
    for ours, theirs in (plain, await secured()):
        await half_close(ours)
        below = theirs.transport_stream if isinstance(theirs, trio.SSLStream) else theirs
        assert await below.receive_some() == b""
        await theirs.send_all(b"late")
        assert await ours.receive_some() == b"late"
        for stream in (ours, theirs):
            await trio.aclose_forcefully(stream)


# Proxies --------------------------------------------------------------------------------------------------------------


def tunnel() -> Tunnel:
    return Tunnel(Proxy("http://proxy.test:8080"), "venue.test", 443)


async def test_what_comes_behind_a_proxys_answer_is_the_venues() -> None:
    ours, theirs = await pair()
    await theirs.send_all(b"HTTP/1.1 200 OK\r\n\r\nhello")
    await go_through(ours, tunnel())
    assert (await theirs.receive_some()).startswith(b"CONNECT venue.test:443 HTTP/1.1\r\n")
    assert await ours.receive_some() == b"hello"
    for stream in (ours, theirs):
        await stream.aclose()


@pytest.mark.parametrize("answer", [b"HTTP/1.1 403 Forbidden\r\n\r\n", b"", b"SSH-2.0\r\n"])
async def test_a_proxy_that_does_not_let_us_through_is_left(answer: bytes) -> None:
    ours, theirs = await pair()
    if answer:
        await theirs.send_all(answer)
    await theirs.send_eof()
    with pytest.raises(ProxyError, match=r"venue\.test:443 through the proxy proxy\.test:8080"):
        await go_through(ours, tunnel())
    assert ours._stream.socket.fileno() == -1
    await theirs.aclose()
