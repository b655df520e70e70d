"""TCP streams under trio, on real loopback sockets."""

from __future__ import annotations

import os
import socket
import struct
from contextlib import suppress

import pytest
import trio
from trio.testing import check_half_closeable_stream

from coinex_driver.network_errors import describe
from coinex_trio._io.trio_streams import TcpStream


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
