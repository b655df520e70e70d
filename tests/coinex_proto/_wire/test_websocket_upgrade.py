"""The upgrade: the request, every way to answer it, and what is reported."""

from __future__ import annotations

import base64
import re

import pytest

from coinex_proto._wire.websocket import MAX_REFUSAL_BODY, MAX_REFUSAL_WIRE, Received, Refused, Upgraded, WebSocket
from coinex_proto.errors import UsageError
from tests.coinex_proto.harness.websocket_server import fed, frame, new, switching

CUTS = pytest.mark.parametrize("read", [1 << 20, 1])
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"


def started() -> tuple[WebSocket, bytes]:
    """A WebSocket that waits for its answer, and its request."""
    ws = new()
    ws.start()
    return ws, ws.data_to_send()


def refused(received: list[Received]) -> Refused:
    [only] = received
    assert isinstance(only, Refused)
    return only


def test_w14_the_request_asks_for_a_websocket_and_offers_no_extension() -> None:
    ws = WebSocket(
        host="::1",
        port=8080,
        tls=False,
        target="/v2/spot?x=1",
        headers=[("User-Agent", "me/1")],
        max_message_bytes=1,
    )
    assert ws.data_to_send() == b""
    ws.start()
    first, *lines = ws.data_to_send().decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines if line)
    assert first == "GET /v2/spot?x=1 HTTP/1.1"
    assert len(base64.b64decode(headers.pop("Sec-WebSocket-Key"))) == 16
    assert headers == {
        "Host": "[::1]:8080",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "User-Agent": "me/1",
    }


def test_w17_every_request_has_a_fresh_key() -> None:
    keys = {key for _ in range(5) for key in re.findall(rb"Key: (\S+)", started()[1])}
    assert len(keys) == 5


@pytest.mark.parametrize(
    "wrong", [{"host": "a b"}, {"port": 0}, {"target": "x"}, {"headers": [("Host", "x")]}, {"max_message_bytes": 0}]
)
def test_h19_h20_what_cannot_be_asked_is_refused_at_construction(wrong: dict[str, object]) -> None:
    right: dict[str, object] = {"host": "a", "port": 443, "tls": True, "target": "/", "max_message_bytes": 1}
    with pytest.raises(UsageError):
        WebSocket(**(right | wrong))  # type: ignore[arg-type]


@CUTS
@pytest.mark.parametrize(
    "more",
    [(), (b"Server: x",), (b"Content-Length: 5",), (b"Transfer-Encoding: chunked",), (b"X: \xff\xfe",), (b"X:",)],
    ids=["plain", "other header", "h18 content length", "h18 chunked", "h12 8-bit value", "empty value"],
)
def test_h18_a_101_opens_and_frames_follow_at_once(more: tuple[bytes, ...], read: int) -> None:
    ws, request = started()
    assert fed(ws, switching(request, *more) + frame(1, b"{}"), read) == [Upgraded(), b"{}"]
    assert ws.is_open


@CUTS
def test_h9_interim_responses_before_the_101_are_skipped(read: int) -> None:
    ws, request = started()
    assert fed(ws, INTERIM * 4 + switching(request), read) == [Upgraded()]


@CUTS
def test_h9_more_than_eight_interim_responses_are_refused(read: int) -> None:
    ws, request = started()
    assert "interim" in refused(fed(ws, INTERIM * 4 + INTERIM + switching(request), read)).why


@CUTS
def test_h9_an_interim_response_before_a_refusal_does_not_count_as_one(read: int) -> None:
    ws, _ = started()
    answer = refused(fed(ws, INTERIM + b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", read))
    assert (answer.status, answer.body) == (404, b"no")
    assert answer.headers == (("content-length", "2"),)


def without(request: bytes, header: bytes) -> bytes:
    """The right answer without this header."""
    return re.sub(rb"(?m)^" + header + rb":.*\r\n", b"", switching(request))


@CUTS
@pytest.mark.parametrize(
    "case",
    [
        *("h6 no accept", "h6 wrong accept", "h6 right and wrong", "h6 wrong and right", "h6 twice right"),
        *("h7 no upgrade", "h7 no connection", "h7 other upgrade", "h7 connection close", "h8 1.0", "h8 2.0"),
        *("h10 extension", "h10 empty extension", "h10 protocol", "h11 window bits", "h11 bare", "h12 connection"),
        *("h11 out of range", "h11 twice"),
        *("h12 extensions", "h12 protocol", "h13 nul", "h13 no colon", "h13 space before colon", "h8 status 1011"),
    ],
)
def test_h6_h7_h8_h10_h11_h12_h13_an_answer_that_is_not_the_right_101_is_refused(case: str, read: int) -> None:
    ws, request = started()
    right = switching(request)
    wrong_accept = b"Sec-WebSocket-Accept: " + base64.b64encode(bytes(20))
    answer = {
        "h6 no accept": without(request, b"Sec-WebSocket-Accept"),
        "h6 wrong accept": without(request, b"Sec-WebSocket-Accept")[:-2] + wrong_accept + b"\r\n\r\n",
        "h6 right and wrong": switching(request, wrong_accept),
        "h6 wrong and right": right.replace(b"Sec-", wrong_accept + b"\r\nSec-", 1),
        "h6 twice right": right.replace(b"Sec-", re.findall(rb"Sec.*\r\n", right)[0] + b"Sec-", 1),
        "h7 no upgrade": without(request, b"Upgrade"),
        "h7 no connection": without(request, b"Connection"),
        "h7 other upgrade": right.replace(b"websocket", b"h2c"),
        "h7 connection close": right.replace(b"Connection: Upgrade", b"Connection: close"),
        "h8 1.0": right.replace(b"HTTP/1.1", b"HTTP/1.0"),
        "h8 2.0": right.replace(b"HTTP/1.1", b"HTTP/2.0"),
        "h10 extension": switching(request, b"Sec-WebSocket-Extensions: permessage-deflate"),
        "h10 empty extension": switching(request, b"Sec-WebSocket-Extensions:"),
        "h10 protocol": switching(request, b"Sec-WebSocket-Protocol: chat"),
        "h11 window bits": switching(
            request, b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=x"
        ),
        "h11 bare": switching(request, b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits"),
        "h11 out of range": switching(
            request, b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=99"
        ),
        "h11 twice": switching(
            request,
            b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9; server_max_window_bits=10",
        ),
        "h12 connection": right.replace(b"Connection: Upgrade", b"Connection: Upgr\xffade"),
        "h12 extensions": switching(request, b"Sec-WebSocket-Extensions: \xff"),
        "h12 protocol": switching(request, b"Sec-WebSocket-Protocol: \xff"),
        "h13 nul": switching(request, b"X: a\x00b"),
        "h13 no colon": switching(request, b"nonsense"),
        "h13 space before colon": switching(request, b"X : y"),
        "h8 status 1011": right.replace(b" 101 ", b" 1011 "),
    }[case]
    assert answer != right
    result = refused(fed(ws, answer + frame(1, b"{}"), read))
    assert result.status == (None if case == "h8 status 1011" else 101)
    assert result.why
    assert not ws.is_open
    assert ws.receive_data(frame(1, b"{}")) == []
    assert ws.receive_eof() == []
    assert ws.data_to_send() == b""


@CUTS
def test_h13_folded_headers_and_bare_line_feeds_do_no_harm(read: int) -> None:
    ws, request = started()
    assert fed(ws, switching(request, b"X: a", b" b").replace(b"\r\n", b"\n"), read) == [Upgraded()]


@CUTS
@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 407, 426, 429, 500, 503])
def test_h1_h5_a_refusal_is_reported_with_status_headers_and_body(status: int, read: int) -> None:
    ws, _ = started()
    head = b"HTTP/1.1 %d Whatever\r\nRetry-After: 5\r\nLocation: https://evil/\r\nContent-Length: 4\r\n\r\n" % status
    assert fed(ws, head + b"text" + b"junk", read) == [
        Refused(
            status,
            (("retry-after", "5"), ("location", "https://evil/"), ("content-length", "4")),
            b"text",
            f"the server answered the upgrade request with status {status}",
        )
    ]
    assert not ws.is_refusing


@CUTS
@pytest.mark.parametrize("head", [b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 400 x\r\nContent-Length: 0\r\n\r\n"])
def test_h1_a_refusal_without_a_body_is_reported_with_its_head(head: bytes, read: int) -> None:
    ws, _ = started()
    assert refused(fed(ws, head, read)).body == b""


@CUTS
def test_h1_a_chunked_body_is_reported_without_its_chunk_headers(read: int) -> None:
    ws, _ = started()
    answer = b"HTTP/1.1 403 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nnot\r\n4;x=y\r\nhere\r\n0\r\n\r\n"
    assert refused(fed(ws, answer, read)).body == b"nothere"


@CUTS
def test_h1_a_body_whose_framing_breaks_is_reported_as_far_as_it_could_be_read(read: int) -> None:
    ws, _ = started()
    answer = b"HTTP/1.1 403 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nnot\r\nxyz\r\n"
    assert refused(fed(ws, answer, read)).body == b"not"


@CUTS
def test_h8_a_refusal_by_an_old_proxy_keeps_its_status(read: int) -> None:
    ws, _ = started()
    assert refused(fed(ws, b"HTTP/1.0 502 Bad Gateway\r\nContent-Length: 1\r\n\r\nx", read)).status == 502


@CUTS
def test_h15_of_an_endless_body_4_kib_are_kept(read: int) -> None:
    ws, _ = started()
    assert refused(fed(ws, b"HTTP/1.1 403 x\r\n\r\n" + b"y" * 10_000, read)).body == b"y" * MAX_REFUSAL_BODY


@CUTS
def test_h15_a_body_that_is_all_chunk_headers_is_given_up_after_16_kib(read: int) -> None:
    ws, _ = started()
    answer = b"HTTP/1.1 403 x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1;aaaaaaaaaaaaaaaa\r\nz\r\n" * 2000
    assert len(refused(fed(ws, answer, read)).body) in range(MAX_REFUSAL_WIRE // 24, MAX_REFUSAL_WIRE // 20)


@pytest.mark.parametrize("end", ["eof", "time"])
def test_h15_a_body_that_does_not_end_is_reported_as_far_as_it_has_come(end: str) -> None:
    ws, _ = started()
    assert ws.receive_data(b"HTTP/1.1 403 x\r\nContent-Length: 9\r\n\r\npart") == []
    assert ws.is_refusing
    answer = refused(ws.receive_eof() if end == "eof" else ws.give_up())
    assert (answer.status, answer.body) == (403, b"part")
    assert ws.receive_eof() == ws.give_up() == ws.receive_data(b"more") == []


@pytest.mark.parametrize("came", [b"", b"HTTP/1.1 1", INTERIM])
def test_n8_n10_n11_no_whole_answer_before_the_end_or_in_time_is_a_refusal_without_status(came: bytes) -> None:
    for end in (WebSocket.receive_eof, WebSocket.give_up):
        ws, _ = started()
        assert ws.receive_data(came) == []
        answer = refused(end(ws))
        assert (answer.status, answer.headers, answer.body) == (None, (), b"")
        assert ws.receive_data(came) == []


def test_giving_up_an_open_connection_does_nothing() -> None:
    ws, request = started()
    ws.receive_data(switching(request))
    assert ws.give_up() == []
    assert ws.is_open


@pytest.mark.parametrize("read", [1, 1000, 1 << 20])
def test_h14_a_head_over_16_kib_is_refused_the_same_however_it_is_cut(read: int) -> None:
    ws, request = started()
    answer = switching(request, b"X: " + b"x" * 30_000)
    assert fed(ws, answer, read) == [Refused(None, (), b"", "the response head is longer than 16384 bytes")]


@CUTS
@pytest.mark.parametrize("junk", [b"SSH-2.0-x\r\n", b"\x15\x03\x01\x00\x02\x02\x46", frame(1, b"{}"), b"\x00" * 50])
def test_h16_junk_instead_of_an_answer_is_refused_at_once(junk: bytes, read: int) -> None:
    ws, _ = started()
    assert refused(fed(ws, junk, read)).status is None


@CUTS
def test_a_server_that_speaks_before_the_request_is_refused(read: int) -> None:
    assert refused(fed(new(), b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n", read)).why
    assert refused(fed(new(), b"220 smtp\r\n", read)).why


def test_d21_what_the_peer_wrote_comes_escaped_and_cut() -> None:
    ws, request = started()
    why = refused(ws.receive_data(switching(request, b"Sec-WebSocket-Extensions: \x1b[2J" + b"x" * 5000))).why
    assert why.isprintable()
    assert len(why) < 300
