"""One accepted connection: HTTP, the change to WebSocket, and its end."""

from __future__ import annotations

import pytest

from coinex_proto.simulator.hosting.connection import ServerConnection, SocketService
from coinex_proto.simulator.hosting.http_server import HttpRequest, HttpResponse

UPGRADE = (
    b"GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
HELLO = b"\x81\x85\x00\x00\x00\x00hello"


class Echo:
    """Sends back what it gets."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection
        self.is_closed = False

    def message(self, message: str | bytes) -> None:
        assert isinstance(message, str)
        if message == "leave":
            self.connection.end("rst")
        self.connection.send_binary(message.encode())

    def closed(self) -> None:
        self.is_closed = True


class EchoVenue:
    """A venue without markets."""

    answers_pings = True
    answers_close = False
    max_request_bytes = 100

    def __init__(self) -> None:
        self.now = 0.0
        self.output = 0
        self.ends = 0
        self.wakes: list[float] = []

    def advance(self, now: float) -> None:
        self.now = max(self.now, now)

    def answer(self, connection: ServerConnection, request: HttpRequest) -> HttpResponse | None:
        return HttpResponse(body=request.target.encode())

    def open_socket(self, connection: ServerConnection, request: HttpRequest) -> SocketService | HttpResponse:
        return Echo(connection) if request.target == "/echo" else HttpResponse(status=404)

    def wake_at(self, at: float) -> None:
        self.wakes.append(at)

    def has_output(self, connection: ServerConnection) -> None:
        self.output += 1

    def ended(self, connection: ServerConnection) -> None:
        self.ends += 1


def opened() -> tuple[EchoVenue, ServerConnection]:
    venue = EchoVenue()
    connection = ServerConnection(venue, 1, 0.0)
    connection.receive_data(UPGRADE, 0.0)
    assert connection.data_to_send().startswith(b"HTTP/1.1 101 ")
    return venue, connection


@pytest.mark.parametrize("cut", [1, 50, len(UPGRADE) - 1, len(UPGRADE), len(UPGRADE) + 3])
def test_a_message_behind_the_upgrade_is_not_lost_wherever_it_is_cut(cut: int) -> None:
    connection = ServerConnection(EchoVenue(), 1, 0.0)
    for part in ((UPGRADE + HELLO)[:cut], (UPGRADE + HELLO)[cut:]):
        connection.receive_data(part, 0.0)
    assert connection.data_to_send().endswith(b"\x82\x05hello")
    assert connection.frames_sent == 1


def test_http_and_a_refused_upgrade_share_one_connection() -> None:
    connection = ServerConnection(EchoVenue(), 1, 0.0)
    connection.receive_data(b"GET /one HTTP/1.1\r\nHost: x\r\n\r\n", 0.0)
    assert connection.data_to_send().endswith(b"/one")
    connection.receive_data(UPGRADE.replace(b"/echo", b"/other"), 0.0)
    assert connection.data_to_send().startswith(b"HTTP/1.1 404 ")
    connection.receive_data(UPGRADE, 0.0)
    assert connection.data_to_send().startswith(b"HTTP/1.1 101 ")


def test_an_upgrade_against_the_rules_is_a_bad_request() -> None:
    connection = ServerConnection(EchoVenue(), 1, 0.0)
    connection.receive_data(UPGRADE.replace(b"Sec-WebSocket-Key", b"X-Key"), 0.0)
    assert connection.data_to_send().startswith(b"HTTP/1.1 400 ")
    assert connection.service is None


def test_http_that_says_close_ends_after_its_answer() -> None:
    connection = ServerConnection(venue := EchoVenue(), 1, 0.0)
    connection.receive_data(b"GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 0.0)
    assert connection.data_to_send().endswith(b"/x")
    assert (connection.wants_close, venue.ends) == ("fin", 1)


def test_a_service_may_end_the_connection_while_it_handles_a_message() -> None:
    _, connection = opened()
    connection.receive_data(b"\x81\x85\x00\x00\x00\x00leave" + HELLO, 0.0)
    assert (connection.data_to_send(), connection.wants_close) == (b"", "rst")
    assert isinstance(connection.service, Echo)
    assert connection.service.is_closed


def test_a_reset_throws_away_what_was_queued_and_a_fin_does_not() -> None:
    for how, left in (("rst", b""), ("fin", b"\x82\x01x")):
        venue, connection = opened()
        connection.send_binary(b"x")
        connection.end(how)  # type: ignore[arg-type]
        connection.end("fin")
        connection.send_binary(b"y")
        connection.receive_data(HELLO, 0.0)
        assert (connection.wants_close, connection.data_to_send(), venue.ends) == (how, left, 1)


def test_a_break_off_sends_its_last_bytes() -> None:
    _, connection = opened()
    connection.break_off(b"\x82\x7ehalf", "rst")
    assert (connection.data_to_send(), connection.wants_close) == (b"\x82\x7ehalf", "rst")


def _ending(connection: ServerConnection) -> str | None:
    return connection.wants_close


def test_an_idle_client_is_cut_when_its_time_is_up() -> None:
    _, connection = opened()
    connection.receive_data(HELLO, 30.0)
    assert connection.next_at(60.0) == 90.0
    connection.handle_time(89.9, 60.0)
    assert connection.wants_close is None
    connection.handle_time(90.0, 60.0)
    assert connection.next_at(60.0) == 90.0
    assert connection.data_to_send() == b"\x82\x05hello"
    assert _ending(connection) == "fin"


def test_a_stalled_connection_reads_and_writes_later_and_does_not_count_as_idle() -> None:
    venue, connection = opened()
    connection.stall(100.0)
    venue.now = 1.0
    connection.receive_data(HELLO, 1.0)
    connection.send_binary(b"push")
    assert connection.data_to_send() == b""
    connection.handle_time(99.0, 60.0)
    assert connection.wants_close is None
    venue.now = 100.0
    connection.handle_time(100.0, 60.0)
    assert connection.data_to_send() == b"\x82\x04push\x82\x05hello"
    assert venue.wakes


def test_a_silent_connection_neither_reads_nor_writes_nor_ends() -> None:
    _, connection = opened()
    connection.go_silent()
    connection.receive_data(HELLO, 1.0)
    connection.send_binary(b"x")
    connection.handle_time(1000.0, 60.0)
    assert (connection.data_to_send(), connection.wants_close, connection.next_at(60.0)) == (b"", None, float("inf"))
    connection.receive_eof()
    assert connection.data_to_send() == b""


def test_a_client_that_was_heard_is_not_idle_before_its_bytes_are_read() -> None:
    _, connection = opened()
    connection.note_arrival(59.0)
    connection.handle_time(62.0, 60.0)
    assert _ending(connection) is None
    connection.handle_time(119.0, 60.0)
    assert _ending(connection) == "fin"


def test_what_a_frozen_connection_hears_is_heard_when_it_thaws() -> None:
    _, connection = opened()
    connection.stall(10.0)
    connection.note_arrival(9.0)
    assert connection.last_received_at == 0.0
