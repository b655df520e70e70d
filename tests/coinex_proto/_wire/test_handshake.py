"""What may be asked for, and how the heads of an answer are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto._wire.handshake import (
    MAX_HEAD_BYTES,
    MAX_NAME,
    Heads,
    accepting,
    fault_of_interim,
    status_of,
    upgrade_request,
)
from coinex_proto._wire.websocket import Upgraded
from coinex_proto.errors import UsageError
from tests.coinex_proto.harness.websocket_server import new


def host_header(host: str, port: int = 443, *, tls: bool = True) -> str:
    return upgrade_request(host=host, port=port, tls=tls, target="/", headers=()).host


@pytest.mark.parametrize(
    ("host", "port", "tls", "expected"),
    [
        ("socket.coinex.com", 443, True, "socket.coinex.com"),
        ("socket.coinex.com", 80, False, "socket.coinex.com"),
        ("socket.coinex.com", 80, True, "socket.coinex.com:80"),
        ("127.0.0.1", 8080, False, "127.0.0.1:8080"),
        ("::1", 8080, False, "[::1]:8080"),
        ("2001:db8::1", 443, True, "[2001:db8::1]"),
        ("xn--bcher-kva.example", 443, True, "xn--bcher-kva.example"),
        ("my_service", 443, True, "my_service"),
        ("a" * 63 + ".example.", 443, True, "a" * 63 + ".example."),
    ],
)
def test_the_host_header_has_the_port_when_it_is_not_the_usual_one(
    host: str, port: int, tls: bool, expected: str
) -> None:
    assert host_header(host, port, tls=tls) == expected


@pytest.mark.parametrize(
    "host",
    [
        "",
        "a b",
        "a\r\nX: y",
        "a\n",
        "bücher.example",
        "user@host",
        "host:443",
        "[::1]",
        "wss://host",
        "a..b",
        ".a",
        "a" * 64,
        "a." * 127 + "aaa",
        "host/path",
        "::1%eth0",
        "a\x00b",
        "a" * 63 + ":80",
    ],
)
def test_h19_a_host_that_cannot_be_one_is_refused_at_construction(host: str) -> None:
    with pytest.raises(UsageError, match=r"^host "):
        host_header(host)


def test_h19_a_host_of_the_greatest_length_passes() -> None:
    host = "a." * 125 + "aaa"
    assert len(host) == MAX_NAME
    assert host_header(host) == host
    with pytest.raises(UsageError, match=r"^host "):
        host_header("a" + host)


def test_a_socket_takes_the_answer_that_is_made_for_its_request() -> None:
    ws = new()
    ws.start()
    assert ws.receive_data(accepting(ws.data_to_send())) == [Upgraded()]


def test_h19_a_last_label_that_does_not_fit_with_its_port_is_refused_at_construction() -> None:
    with pytest.raises(UsageError, match="last label is too long"):
        host_header("a" * 63, 8080)


@pytest.mark.parametrize("port", [0, -1, 65_536, 99_999, True, 443.0, "443", None])
def test_h19_a_port_that_cannot_be_one_is_refused_at_construction(port: int) -> None:
    with pytest.raises(UsageError, match=r"^port "):
        host_header("a", port)


@pytest.mark.parametrize(
    "target", ["", "v2", "*", "/a b", "/a\r\nX: y", "/a\n", "/ü", "/a#fragment", "/\x7f", "http://a/"]
)
def test_h19_a_target_that_cannot_be_sent_is_refused_without_being_quoted(target: str) -> None:
    with pytest.raises(UsageError) as caught:
        upgrade_request(host="a", port=443, tls=True, target=target, headers=())
    assert len(target) < 2 or target not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        *("Host", "upgrade", "CONNECTION", "Sec-WebSocket-Key", "sec-websocket-extensions", "Sec-WebSocket-Protocol"),
        *("Content-Length", "Transfer-Encoding", "Expect", "", "a b", "a:", "a\r\nb", "ü", "a\n"),
    ],
)
def test_h20_a_header_name_that_is_reserved_or_no_token_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"^header "):
        upgrade_request(host="a", port=443, tls=True, target="/", headers=[(name, "x")])


@pytest.mark.parametrize("value", ["", "s3cret\r\nX: y", "s3cret\n", " s3cret", "s3cret ", "s3crét", "s3cret\x00"])
def test_h20_a_header_value_that_would_end_its_line_is_refused_without_being_quoted(value: str) -> None:
    with pytest.raises(UsageError, match="header X-Key") as caught:
        upgrade_request(host="a", port=443, tls=True, target="/", headers=[("X-Key", value)])
    assert "s3cr" not in str(caught.value)


def test_headers_are_sent_as_they_were_given() -> None:
    request = upgrade_request(
        host="a", port=443, tls=True, target="/v2?key=1", headers=[("User-Agent", "a b/1"), ("X", "y")]
    )
    assert request.headers == ((b"User-Agent", b"a b/1"), (b"X", b"y"))
    assert request.target == "/v2?key=1"
    assert "key" not in repr(request)  # X1
    assert "User" not in repr(request)


@given(st.text(max_size=80), st.integers(-5, 70_000), st.text(max_size=20), st.text(max_size=10), st.text(max_size=10))
def test_h19_h20_any_text_is_either_refused_or_fit_for_a_request_line(
    host: str, port: int, target: str, name: str, value: str
) -> None:
    try:
        request = upgrade_request(host=host, port=port, tls=True, target="/" + target, headers=[(name, value)])
    except UsageError:
        return
    for text in (request.host, request.target, name, value):
        assert text.isascii()
        assert text.isprintable()


ONE = b"HTTP/1.1 103 Early Hints\r\nLink: </longer-than-the-head-that-follows.js>; rel=preload\r\n\r\n"
TWO = b"HTTP/1.1 101 Switching\nUpgrade: websocket\n\n"


def cut(answer: bytes, size: int) -> tuple[list[bytes], bytes | None, str | None]:
    """The heads, what follows, and the fault when the answer comes so many bytes at a time."""
    heads = Heads()
    taken: list[bytes] = []
    for at in range(0, len(answer), size):
        heads.add(answer[at : at + size])
        while len(taken) < 2 and (head := heads.next()) is not None:
            taken.append(head)
    if len(taken) == 2:
        return taken, heads.rest(), None
    return taken, None, heads.fault


@pytest.mark.parametrize("size", [1, 2, 3, len(ONE) - 1, 1000])
def test_an_answer_is_cut_into_its_heads_and_the_rest(size: int) -> None:
    assert cut(ONE + TWO + b"\x81\x00", size) == ([ONE, TWO], b"\x81\x00", None)


@pytest.mark.parametrize("size", [1, 7, 1000, 1 << 20])
@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\n"])
def test_h14_a_head_of_16_kib_passes_and_one_of_a_byte_more_does_not_however_it_is_cut(size: int, end: bytes) -> None:
    start = b"HTTP/1.1 403 Forbidden\r\nX: "
    longest = start + b"x" * (MAX_HEAD_BYTES - len(start) - len(end)) + end
    assert len(longest) == MAX_HEAD_BYTES
    assert cut(longest, size)[0] == [longest]
    longer = start + b"x" * (MAX_HEAD_BYTES - len(start) - len(end) + 1) + end
    assert cut(longer, size) == ([], None, "the response head is longer than 16384 bytes")
    assert cut(start + bytes(20_000), size) == ([], None, "the response head is longer than 16384 bytes")


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize(
    ("junk", "fault"),
    [
        (b"SSH-2.0-OpenSSH_9.9\r\n", "the server does not speak HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "the server speaks TLS here: use wss"),
        (b"\x81\x02{}", "the server does not speak HTTP"),
        (b"\r\nHTTP/1.1 101 x\r\n\r\n", "the server does not speak HTTP"),
        (b"HTTQ", "the server does not speak HTTP"),
    ],
)
def test_h16_what_is_not_http_is_known_at_its_first_odd_byte(junk: bytes, fault: str, size: int) -> None:
    assert cut(junk, size) == ([], None, fault)


@pytest.mark.parametrize(
    ("head", "status"),
    [(TWO, 101), (b"HTTP/1.0 502\r\n\r\n", 502), (b"HTTP/1.1 1011 x\r\n\r\n", None), (b"HTTP/x\r\n\r\n", None)],
)
def test_the_status_is_read_from_the_first_line(head: bytes, status: int | None) -> None:
    assert status_of(head) == status


@pytest.mark.parametrize("version", [b"1.0", b"2.0", b"1.2"])
def test_h8_another_http_version_is_a_fault(version: bytes) -> None:
    fault = fault_of_interim(TWO.replace(b"1.1", version))
    assert fault
    assert version.decode() in fault


def test_h6_two_accept_headers_are_a_fault_and_one_is_not() -> None:
    line = b"Sec-WebSocket-Accept: x\n"
    assert fault_of_interim(TWO[:-1] + line + b"\n") is None
    assert fault_of_interim(TWO[:-1] + line + line.upper() + b"\n") is not None
