"""A stream below the blocking HTTP library whose peer answers before it has the request."""

from __future__ import annotations

import math
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import trustme

from coinex_driver.http.wire import httpcore2
from coinex_trio._http.streams import LARGEST_EARLY, LONGEST_WAIT, Backend, Patience, Stream, _secured
from coinex_trio.network import SystemNetwork
from tests.processes import HANGS_AFTER


class Peer:
    """A transport without room, whose peer has something to say; and the network that it is on."""

    def __init__(self, said: bytes | None, *, has_ended: bool = False) -> None:
        self.said = said
        self.has_ended = has_ended
        self.taken = b""
        self.room = 3
        self.waits = 0

    def now(self) -> float:
        return float(self.waits)

    def wait(self, watched: Sequence[Any], until: float) -> Sequence[Any]:
        self.waits += 1
        assert self.waits < 10, "it waits for what is there"
        assert not self.said, "what is there to read would end the wait at once"
        self.room = 1000
        return watched

    def send(self, data: bytes) -> int:
        size = min(self.room, len(data))
        self.room -= size
        self.taken += bytes(data[:size])
        return size

    def receive(self, size: int) -> bytes | None:
        data, self.said = self.said, None
        return data or (b"" if self.has_ended else None)

    def close(self) -> None: ...


def stream(peer: Any) -> Stream:
    patience = Patience(peer)
    patience.stops_by = lambda: math.inf
    return Stream(patience, peer)


def test_what_comes_while_a_request_is_written_is_kept_and_the_request_goes_on() -> None:
    peer = Peer(b"HTTP/1.1 100 Continue\r\n\r\n")
    made = stream(peer)
    made.write(b"request", 5.0)
    assert peer.taken == b"request"
    assert peer.waits == 1
    assert (made.read(9), made.read(1000)) == (b"HTTP/1.1 ", b"100 Continue\r\n\r\n")


def test_a_server_that_ends_before_it_took_the_request_ends_the_writing_and_its_answer_is_read() -> None:
    made = stream(Peer(None, has_ended=True))
    with pytest.raises(httpcore2.WriteError, match="ended the connection before"):
        made.write(b"request", 5.0)
    assert made.read(100, 5.0) == b""


def test_a_server_that_answers_for_ever_and_takes_nothing_is_left() -> None:
    made = stream(Peer(b"x" * LARGEST_EARLY))
    with pytest.raises(httpcore2.WriteError, match="does not take the request"):
        made.write(b"request", 5.0)


# Waiting --------------------------------------------------------------------------------------------------------------


class Clock:
    """A network whose time is a number: a wait takes all of its time, unless something is ready."""

    def __init__(self) -> None:
        self.time = 100.0
        self.waits: list[tuple[tuple[Any, ...], float]] = []
        self.is_ready = False

    def now(self) -> float:
        return self.time

    def wait(self, watched: Sequence[Any], until: float) -> Sequence[Any]:
        self.waits.append((tuple(watched), until - self.time))
        assert len(self.waits) < 10_000, "it waits for ever"
        if not self.is_ready:
            self.time = max(self.time, until)
        return ()


class Connecting:
    """A transport that is connected after so many looks, or never, or fails."""

    def __init__(self, looks: float, error: OSError | None = None, wakes_in: float = math.inf) -> None:
        self.looks, self.error, self.wakes_in = looks, error, wakes_in
        self.is_closed = False

    def progress(self, now: float) -> bool:
        self.looks -= 1
        if self.error is not None and self.looks < 0:
            raise self.error
        return self.looks < 0

    def wakes_at(self) -> float:
        return CLOCK.time + self.wakes_in

    def receive(self, size: int) -> bytes | None:
        return None

    def send(self, data: bytes) -> int:
        return 0

    def close(self) -> None:
        self.is_closed = True


CLOCK = Clock()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setitem(globals(), "CLOCK", made)
    return made


def backend(clock: Clock, transport: Connecting, until: float | None = None) -> Backend:
    patience = Patience(clock)  # type: ignore[arg-type]
    patience.until = until
    return Backend(patience, lambda host, port: transport)  # type: ignore[arg-type, return-value]


def test_a_connection_that_opens_at_once_waits_for_nothing(clock: Clock) -> None:
    transport = Connecting(0)
    assert isinstance(backend(clock, transport).connect_tcp("h", 1, 5.0), Stream)
    assert (clock.waits, transport.is_closed) == ([], False)


def test_a_connection_is_waited_for_in_short_waits_until_it_is_open(clock: Clock) -> None:
    transport = Connecting(3)
    backend(clock, transport).connect_tcp("h", 1, 5.0)
    assert [watched for watched, _ in clock.waits] == [((transport, False),)] * 3
    assert [seconds for _, seconds in clock.waits] == pytest.approx([LONGEST_WAIT] * 3)


def test_a_connection_that_wants_to_be_woken_earlier_is(clock: Clock) -> None:
    backend(clock, Connecting(2, wakes_in=0.01)).connect_tcp("h", 1, 5.0)
    assert [seconds for _, seconds in clock.waits] == pytest.approx([0.01, 0.01])


@pytest.mark.parametrize(
    ("timeout", "until", "seconds"), [(5.0, None, 5.0), (5.0, 102.0, 2.0), (1.0, 102.0, 1.0), (None, 102.0, 2.0)]
)
def test_a_connection_that_does_not_open_is_given_up_at_the_earliest_end(
    clock: Clock, timeout: float | None, until: float | None, seconds: float
) -> None:
    transport = Connecting(math.inf)
    with pytest.raises(httpcore2.ConnectTimeout, match="no connection in time"):
        backend(clock, transport, until).connect_tcp("h", 1, timeout)
    assert clock.time == pytest.approx(100.0 + seconds)
    assert transport.is_closed


def test_a_client_that_stops_meanwhile_gives_its_connection_up(clock: Clock) -> None:
    transport = Connecting(math.inf)
    made = backend(clock, transport)
    made._patience.stops_by = lambda: 101.0 if clock.time >= 100.45 else math.inf
    with pytest.raises(httpcore2.ConnectTimeout):
        made.connect_tcp("h", 1, 60.0)
    assert clock.time == pytest.approx(101.0)


def test_without_time_nothing_is_even_dialled(clock: Clock) -> None:
    patience = Patience(clock)  # type: ignore[arg-type]
    patience.until = 100.0

    def dial(host: str, port: int) -> Any:
        raise AssertionError("it has no time")

    with pytest.raises(httpcore2.ConnectTimeout, match="no time was left"):
        Backend(patience, dial).connect_tcp("h", 1, 5.0)


def test_a_refused_connection_is_closed_and_says_why(clock: Clock) -> None:
    transport = Connecting(1, ConnectionRefusedError(111, "x"))
    with pytest.raises(httpcore2.ConnectError, match="Connection refused"):
        backend(clock, transport).connect_tcp("h", 1, 5.0)
    assert transport.is_closed


@pytest.mark.parametrize("use", [lambda made: made.read(10, 2.0), lambda made: made.write(b"x", 2.0)])
def test_a_silent_peer_is_given_up_in_time(clock: Clock, use: Any) -> None:
    made = backend(clock, Connecting(0)).connect_tcp("h", 1, 5.0)
    with pytest.raises((httpcore2.ReadTimeout, httpcore2.WriteTimeout)):
        use(made)
    assert clock.time == pytest.approx(102.0)
    assert max(seconds for _, seconds in clock.waits) <= LONGEST_WAIT + 1e-9


def test_a_pause_is_a_little_while_at_most(clock: Clock) -> None:
    patience = Patience(clock)  # type: ignore[arg-type]
    patience.pause(200.0)
    patience.pause(clock.time + LONGEST_WAIT / 2)
    assert [watched for watched, _ in clock.waits] == [(), ()]
    assert [seconds for _, seconds in clock.waits] == pytest.approx([LONGEST_WAIT, LONGEST_WAIT / 2])


def test_signals_are_let_in_while_it_waits_and_then_alone(clock: Clock) -> None:
    let_in: list[str] = []

    class Held:
        @contextmanager
        def let_in(self) -> Iterator[None]:
            let_in.append("in")
            yield
            let_in.append("out")

    patience = Patience(clock)  # type: ignore[arg-type]
    patience.held = Held()  # type: ignore[assignment]
    patience.pause(101.0)
    assert (let_in, len(clock.waits)) == (["in", "out"], 1)


# TLS ------------------------------------------------------------------------------------------------------------------

AUTHORITY = trustme.CA()


class Server:
    """The other half of TLS, in memory; `below` is what the client's half reads and writes."""

    def __init__(self, *, answers: bool = True) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        AUTHORITY.issue_cert("exchange.example").configure_cert(context)
        self.arrived, self.leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.arrived, self.leaving, server_side=True)
        self.answers = answers
        self.alerts: list[str] = []
        self.received = b""
        self.is_closed = self.is_open = False
        self.raises: Exception | None = None

    def turn(self) -> None:
        try:
            if not self.is_open:
                self.tls.do_handshake()
                self.is_open = True
            while True:
                self.received += self.tls.read(1000)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self.alerts.append(str(error.reason))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self.raises is not None:
            raise self.raises
        self.arrived.write(bytes(buffer))
        self.turn()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self.raises is not None:
            raise self.raises
        return self.leaving.read(max_bytes) if self.leaving.pending else b""

    def close(self) -> None:
        self.is_closed = True

    def get_extra_info(self, info: str) -> Any:
        return f"below: {info}"


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


def test_tls_goes_over_any_stream_in_both_directions_to_its_end() -> None:
    server = Server()
    made = _secured(server, trusting(), "exchange.example", 5.0)
    made.write(b"request" * 10_000, 5.0)
    assert server.received == b"request" * 10_000
    server.tls.write(b"answer")
    assert made.read(100, 5.0) == b"answer"
    assert made.get_extra_info("ssl_object").version().startswith("TLS")
    assert made.get_extra_info("is_readable") == "below: is_readable"
    with suppress(ssl.SSLWantReadError):
        server.tls.unwrap()
    assert made.read(100, 5.0) == b""
    made.close()
    assert server.is_closed


def test_an_end_without_the_word_for_it_is_an_end() -> None:
    made = _secured(Server(), trusting(), "exchange.example", 5.0)
    assert made.read(100, 5.0) == b""


def test_a_certificate_of_nobody_ends_the_connection_and_the_server_is_told_why() -> None:
    server = Server()
    with pytest.raises(httpcore2.ConnectError, match="TLS: "):
        _secured(server, ssl.create_default_context(), "exchange.example", 5.0)
    assert server.is_closed
    assert any("UNKNOWN_CA" in alert for alert in server.alerts)


def test_another_hosts_certificate_is_refused() -> None:
    server = Server()
    with pytest.raises(httpcore2.ConnectError, match="TLS: "):
        _secured(server, trusting(), "other.example", 5.0)
    assert server.is_closed


@pytest.mark.parametrize(
    ("below", "above"),
    [
        (httpcore2.ReadTimeout("x"), httpcore2.ConnectTimeout),
        (httpcore2.WriteTimeout("x"), httpcore2.ConnectTimeout),
        (httpcore2.ReadError("x"), httpcore2.ConnectError),
        (httpcore2.WriteError("x"), httpcore2.ConnectError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_what_goes_wrong_while_tls_begins_is_a_connection_that_was_not_made(
    below: Exception, above: type[BaseException]
) -> None:
    server = Server()
    server.raises = below
    with pytest.raises(above):
        _secured(server, trusting(), "exchange.example", 5.0)
    assert server.is_closed


def test_what_is_no_tls_in_the_middle_is_an_error() -> None:
    server = Server()
    made = _secured(server, trusting(), "exchange.example", 5.0)
    made.write(b"x", 5.0)
    while server.leaving.pending:
        made._arrived.write(server.leaving.read())  # type: ignore[attr-defined]
    server.leaving.write(b"HTTP/1.1 400 Bad Request" * 10)
    with pytest.raises(httpcore2.ReadError, match="TLS: "):
        made.read(100, 5.0)


def test_tls_within_tls_that_cannot_begin_ends_both() -> None:
    server = Server()
    made = _secured(server, trusting(), "exchange.example", 5.0)
    server.raises = httpcore2.ReadError("gone")
    with pytest.raises(httpcore2.ConnectError, match="gone"):
        made.start_tls(trusting(), "exchange.example", 5.0)
    assert server.is_closed


def test_of_a_stream_that_is_no_socket_nothing_else_is_known(clock: Clock) -> None:
    made = backend(clock, Connecting(0)).connect_tcp("h", 1, 5.0)
    assert made.get_extra_info("is_readable") is None
    assert made.get_extra_info("ssl_object") is None


def test_an_idle_connection_of_the_system_on_which_something_comes_is_of_no_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        network = SystemNetwork()
        host, port = listener.getsockname()
        way = Backend(Patience(network), lambda host, port: network.dial(host, port, None))
        made = way.connect_tcp(host, port, HANGS_AFTER)
        there, _ = listener.accept()
        assert made.get_extra_info("is_readable") is False
        assert made.get_extra_info("socket") is None
        there.close()
        assert made.read(1, HANGS_AFTER) == b""
        assert made.get_extra_info("is_readable") is True
        made.close()
