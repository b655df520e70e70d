"""The transport of the blocking client, on real loopback sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import pytest

from coinex_trio import SYSTEM
from coinex_trio._io.sockets import Lookup, SocketTransport, Waker, _Quiet
from coinex_trio.network import SystemNetwork
from tests.ports import refusing_port
from tests.processes import HANGS_AFTER


def connected(transport: SocketTransport) -> SocketTransport:
    until = SYSTEM.now() + HANGS_AFTER
    while not transport.progress(SYSTEM.now()):
        assert SYSTEM.now() < until
        SYSTEM.wait([(transport, False)], min(until, transport.wakes_at()))
    return transport


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def pair(listener: socket.socket) -> Iterator[tuple[SocketTransport, socket.socket]]:
    transport = connected(SocketTransport([listener.getsockname()], "localhost", None))
    peer, _ = listener.accept()
    with closing(transport), peer:
        yield transport, peer


Pair = tuple[SocketTransport, socket.socket]


def test_what_is_not_there_is_none_and_the_end_is_empty(pair: Pair) -> None:
    transport, peer = pair
    assert transport.receive(100) is None
    peer.sendall(b"hello")
    assert SYSTEM.wait([(transport, False)], SYSTEM.now() + HANGS_AFTER) == [transport]
    assert transport.receive(100) == b"hello"
    peer.shutdown(socket.SHUT_WR)
    SYSTEM.wait([(transport, False)], SYSTEM.now() + HANGS_AFTER)
    assert transport.receive(100) == b""


def test_after_a_shutdown_reading_goes_on(pair: Pair) -> None:
    transport, peer = pair
    transport.shutdown()
    assert peer.recv(100) == b""
    peer.sendall(b"late")
    SYSTEM.wait([(transport, False)], SYSTEM.now() + HANGS_AFTER)
    assert transport.receive(100) == b"late"


def test_a_full_buffer_takes_nothing_and_is_waited_for(pair: Pair) -> None:
    transport, peer = pair
    while transport.send(bytes(1_000_000)):
        pass
    assert SYSTEM.wait([(transport, True)], SYSTEM.now()) == []
    peer.settimeout(HANGS_AFTER)
    for _ in range(200):
        peer.recv(1_000_000)
        if SYSTEM.wait([(transport, True)], SYSTEM.now()):
            break
    assert transport.send(b"more") == 4


def test_a_reset_is_an_error_and_a_shutdown_behind_it_is_none(pair: Pair) -> None:
    transport, peer = pair
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    peer.close()
    SYSTEM.wait([(transport, False)], SYSTEM.now() + HANGS_AFTER)
    with pytest.raises(ConnectionResetError):
        transport.receive(100)
    transport.shutdown()


def test_no_delay_is_set(pair: Pair) -> None:
    (fileno, _) = next(iter(pair[0].interest(False)))
    with socket.socket(fileno=socket.dup(fileno)) as same:
        assert same.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_every_failure_of_every_address_is_named_once() -> None:
    dead = [("127.0.0.1", refusing_port()), ("127.0.0.1", refusing_port()), ("not an address", 1)]
    with pytest.raises(OSError, match=r"^Connection refused; name resolution: [^;]+$"):
        connected(SocketTransport(dead, "localhost", None))


def test_closing_while_connecting_leaves_no_socket(listener: socket.socket) -> None:
    transport = SocketTransport([listener.getsockname()], "localhost", None)
    transport.progress(0.0)
    transport.close()
    transport.close()


def test_waiting_ends_in_time_and_never_early() -> None:
    until = SYSTEM.now() + 0.02
    began = time.monotonic()
    assert SYSTEM.wait([], until) == []
    assert time.monotonic() - began >= 0.0199


def test_a_socket_that_two_threads_close_at_once_is_closed_once() -> None:
    ours = _Quiet()
    ours.close()
    _Quiet.close(ours)  # the second one was on its way here when the first one came through
    assert ours.fileno() == -1


def test_a_waker_ends_waiting_however_often_it_is_called() -> None:
    waker = Waker()
    for _ in range(100_000):
        waker.wake()
    watched = [(waker, False)]
    assert SYSTEM.wait(watched, SYSTEM.now() + HANGS_AFTER) == [waker]  # type: ignore[arg-type]
    while SYSTEM.wait(watched, SYSTEM.now()):  # type: ignore[arg-type]
        waker.drain()
    waker.drain()
    waker.close()
    waker.wake()


def looked_up(answer: Callable[[], Sequence[tuple[str, int]]]) -> Lookup:
    lookup = Lookup(lambda host, port: answer(), "a name", 1)
    lookup.start(lambda: None)
    return lookup


def test_a_name_is_resolved_beside_and_connected_to_then(listener: socket.socket) -> None:
    may_answer = threading.Event()

    def answer() -> Sequence[tuple[str, int]]:
        may_answer.wait(HANGS_AFTER)
        return [listener.getsockname()]

    transport = SocketTransport(looked_up(answer), "localhost", None)
    assert not transport.progress(SYSTEM.now())
    assert SYSTEM.wait([(transport, False)], SYSTEM.now()) == []
    may_answer.set()
    assert SYSTEM.wait([(transport, False)], SYSTEM.now() + HANGS_AFTER) == [transport]
    connected(transport).close()


@pytest.mark.parametrize(
    ("error", "said"),
    [(socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "not known"), (ValueError("odd"), "odd")],
)
def test_a_name_without_an_address_is_an_error_of_connecting(error: Exception, said: str) -> None:
    def answer() -> Sequence[tuple[str, int]]:
        raise error

    lookup = looked_up(answer)
    transport = SocketTransport(lookup, "localhost", None)
    SYSTEM.wait([(transport, False)], SYSTEM.now() + HANGS_AFTER)
    with pytest.raises(OSError, match=said):
        transport.progress(SYSTEM.now())
    transport.close()


def test_a_resolver_that_hangs_is_asked_once_however_many_connect() -> None:
    may_answer, asked = threading.Event(), []

    class Names(SystemNetwork):
        def resolve(self, host: str, port: int) -> tuple[tuple[str, int], ...]:
            asked.append(host)
            may_answer.wait(HANGS_AFTER)
            return ()

    network = Names()
    transports = [network.dial("venue.test", 1, None) for _ in range(5)]
    assert not any(transport.progress(network.now()) for transport in transports)
    may_answer.set()
    for transport in transports:
        network.wait([(transport, False)], network.now() + HANGS_AFTER)
        with pytest.raises(OSError, match="no address"):
            transport.progress(network.now())
        transport.close()
    assert asked == ["venue.test"]


def test_a_closed_one_says_nothing_of_a_number_that_may_be_another_sockets(pair: Pair) -> None:
    transport, _ = pair
    waker = Waker()
    assert transport.input_beside(waker) is not None
    transport.close()
    assert transport.input_beside(waker) is None
    waker.close()


def test_what_tells_of_a_name_is_closed_when_the_last_that_waited_for_it_has_gone() -> None:
    may_answer = threading.Event()

    def answer() -> Sequence[tuple[str, int]]:
        may_answer.wait(HANGS_AFTER)
        return [("127.0.0.1", 1)]

    lookup = looked_up(answer)
    lookup.join()
    first, second = (SocketTransport(lookup, "localhost", None) for _ in range(2))
    may_answer.set()
    SYSTEM.wait([(first, False)], SYSTEM.now() + HANGS_AFTER)
    first.close()
    assert lookup.waker._receiver.fileno() == lookup.waker.fileno
    second.close()
    until = time.monotonic() + HANGS_AFTER
    while lookup.waker._receiver.fileno() != -1:  # its own thread may be on the way to do that
        assert time.monotonic() < until
        time.sleep(0.001)


def test_an_address_needs_no_thread(monkeypatch: pytest.MonkeyPatch, listener: socket.socket) -> None:
    monkeypatch.setattr(threading.Thread, "start", None)
    host, port = listener.getsockname()
    connected(SYSTEM.dial(host, port, None)).close()  # type: ignore[arg-type]


def test_no_thread_to_be_had_is_an_error_of_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(OSError, match="can't start new thread"):
        SYSTEM.dial("venue.test", 1, None).progress(SYSTEM.now())
