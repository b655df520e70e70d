"""The server half of one HTTP connection."""

from __future__ import annotations

import pytest

from coinex_proto.simulator.hosting.http_server import MAX_BODY_BYTES, BadHttp, HttpResponse, HttpServer

POST = b"POST /a?b=1 HTTP/1.1\r\nHost: x\r\nX-Thing: One\r\nContent-Length: 3\r\n\r\nabc"


@pytest.mark.parametrize("cuts", [(), (1,), (20, 40), tuple(range(1, len(POST)))])
def test_a_request_comes_out_whole_however_it_is_cut(cuts: tuple[int, ...]) -> None:
    server = HttpServer()
    for start, end in zip((0, *cuts), (*cuts, len(POST)), strict=True):
        assert server.next_request() is None
        server.receive_data(POST[start:end])
    request = server.next_request()
    assert request is not None
    assert (request.method, request.target, request.body, request.header("x-thing")) == (
        "POST",
        "/a?b=1",
        b"abc",
        "One",
    )
    assert request.header("absent") == ""
    assert not request.wants_websocket


def test_the_next_request_comes_after_the_answer_to_the_last() -> None:
    server = HttpServer()
    server.receive_data(POST * 2)
    assert server.next_request() is not None
    assert server.next_request() is None
    answer = server.respond(HttpResponse(status=429, body=b"slow", headers=(("X-A", "b"),)))
    assert answer.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
    assert answer.endswith(b"\r\n\r\nslow")
    assert b"X-A: b" in answer
    assert server.next_request() is not None


def test_a_client_that_says_close_is_over_after_the_answer() -> None:
    server = HttpServer()
    server.receive_data(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert server.next_request() is not None
    assert not server.is_over
    server.respond(HttpResponse())
    assert server.is_over


def test_a_head_request_gets_no_body() -> None:
    server = HttpServer()
    server.receive_data(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
    server.next_request()
    answer = server.respond(HttpResponse(body=b"hidden"))
    assert answer.endswith(b"\r\n\r\n")
    assert b"content-length: 6" in answer.lower()


@pytest.mark.parametrize("data", [b"\x00\x01\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"SSH-2.0-x\r\n\r\n"])
def test_what_is_no_http_gets_a_400(data: bytes) -> None:
    server = HttpServer()
    server.receive_data(data)
    with pytest.raises(BadHttp) as error:
        server.next_request()
    assert error.value.answer.startswith(b"HTTP/1.1 400 ")


def test_a_body_that_is_too_large_gets_a_413() -> None:
    server = HttpServer()
    server.receive_data(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n" + bytes(MAX_BODY_BYTES + 1))
    with pytest.raises(BadHttp) as error:
        server.next_request()
    assert error.value.answer.startswith(b"HTTP/1.1 413 ")


def test_a_body_that_is_announced_too_large_is_refused_before_it_comes() -> None:
    server = HttpServer()
    server.receive_data(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 999999999999\r\n\r\n")
    with pytest.raises(BadHttp) as error:
        server.next_request()
    assert error.value.answer.startswith(b"HTTP/1.1 413 ")


def test_a_client_that_waits_for_leave_to_send_its_body_gets_it_once() -> None:
    server = HttpServer()
    head, body = POST[:-3].replace(b"Host: x", b"Host: x\r\nExpect: 100-continue"), POST[-3:]
    assert server.interim() == b""
    server.receive_data(head)
    assert server.next_request() is None
    assert server.interim() == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert server.interim() == b""
    server.receive_data(body)
    request = server.next_request()
    assert request is not None
    assert request.body == b"abc"
    assert server.interim() == b""


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("http://x/v2/time?a=b", "/v2/time?a=b"),
        ("HTTPS://x:8080/", "/"),
        ("http://x", "/"),
        ("/v2/time?next=http://y/z", "/v2/time?next=http://y/z"),
        ("gopher://x/y", "gopher://x/y"),
        ("*", "*"),
    ],
)
def test_a_target_with_scheme_and_host_is_read_for_its_path(target: str, expected: str) -> None:
    server = HttpServer()
    server.receive_data(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    request = server.next_request()
    assert request is not None
    assert request.target == expected


def test_answers_carry_the_date_of_the_servers_clock() -> None:
    server = HttpServer(lambda: 1_700_000_000.9)
    server.receive_data(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    server.next_request()
    assert b"date: Tue, 14 Nov 2023 22:13:20 GMT\r\n" in server.respond(HttpResponse()).lower().replace(
        b"tue, 14 nov 2023 22:13:20 gmt", b"Tue, 14 Nov 2023 22:13:20 GMT"
    )


def test_a_tunnel_is_refused() -> None:
    server = HttpServer()
    server.receive_data(b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n")
    with pytest.raises(BadHttp) as error:
        server.next_request()
    assert error.value.answer.startswith(b"HTTP/1.1 405 ")


def test_ten_thousand_headers_get_a_431() -> None:
    server = HttpServer()
    server.receive_data(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 10_000 + b"\r\n")
    with pytest.raises(BadHttp) as error:
        server.next_request()
    assert error.value.answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large")


def test_an_upgrade_hands_over_what_came_after_it() -> None:
    server = HttpServer()
    server.receive_data(b"GET /v2 HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n\x81\x80more")
    request = server.next_request()
    assert request is not None
    assert request.wants_websocket
    headers, target, trailing = server.upgrade()
    assert (target, trailing) == (b"/v2", b"\x81\x80more")
    assert (b"upgrade", b"WebSocket") in headers


def test_a_refused_upgrade_leaves_the_connection_to_http() -> None:
    server = HttpServer()
    upgrade = b"GET /v2 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    server.receive_data(upgrade)
    server.next_request()
    assert server.respond(HttpResponse(status=503)).startswith(b"HTTP/1.1 503 ")
    server.receive_data(upgrade)
    assert server.next_request() is not None
