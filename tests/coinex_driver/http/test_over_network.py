"""HTTP on streams of a driver's own: what goes down, what comes up, and errors by the names that are known above."""

from __future__ import annotations

from typing import Any

import httpcore2
import httpx2
import pytest

from coinex_driver.http.over_network import AsyncNetworkTransport, above, below, translated
from tests.coinex_driver.http.transport import run

SIGNED = httpx2.Request(
    "POST",
    "https://exchange.example:81/v2/order",
    headers={"A": "b"},
    content=b"{}",
    extensions={"target": b"/v2/x?a=%2C"},
)


def test_a_request_goes_down_with_its_target_as_signed() -> None:
    found = below(SIGNED, b"{}", speaks_plainly=False)
    assert (found.method, found.url.scheme, found.url.host, found.url.port) == (
        b"POST",
        b"https",
        b"exchange.example",
        81,
    )
    assert found.url.target == b"/v2/x?a=%2C"
    assert (b"A", b"b") in found.headers
    assert found.extensions["target"] == b"/v2/x?a=%2C"


@pytest.mark.parametrize(
    ("url", "is_plain", "scheme", "port"),
    [
        ("https://exchange.example/", True, b"http", 80),
        ("https://exchange.example:81/", True, b"http", 81),
        ("https://exchange.example/", False, b"https", None),
        ("http://exchange.example/a?b", False, b"http", None),
    ],
)
def test_in_memory_there_is_no_tls_whatever_the_address_says(
    url: str, is_plain: bool, scheme: bytes, port: int | None
) -> None:
    request = httpx2.Request("GET", url)
    found = below(request, b"", speaks_plainly=is_plain)
    assert (found.url.scheme, found.url.port, found.url.target) == (scheme, port, request.url.raw_path)


def test_an_answer_comes_up_with_its_status_headers_and_body() -> None:
    found = above(httpcore2.Response(418, headers=[(b"X", b"y")]), b"body")
    assert (found.status_code, found.headers["x"], found.content) == (418, "y", b"body")


@pytest.mark.parametrize("name", ["ConnectError", "ReadTimeout", "RemoteProtocolError", "WriteError"])
def test_an_error_comes_up_under_its_own_name_with_its_request(name: str) -> None:
    error = translated(getattr(httpcore2, name)("words"), SIGNED)
    assert type(error) is getattr(httpx2, name)
    assert (str(error), error.request) == ("words", SIGNED)


class Stream(httpcore2.AsyncNetworkStream):
    """Answers as the script says, and keeps what was written."""

    def __init__(self, answer: bytes) -> None:
        self.answer, self.written, self.is_closed = answer, b"", False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        said, self.answer = self.answer[:max_bytes], self.answer[max_bytes:]
        return said

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.written += buffer

    async def aclose(self) -> None:
        self.is_closed = True

    def get_extra_info(self, info: str) -> Any:
        return None


class Backend(httpcore2.AsyncNetworkBackend):
    """Gives one stream a connection."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = list(answers)
        self.streams: list[Stream] = []
        self.places: list[tuple[str, int]] = []

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        self.places.append((host, port))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        self.streams.append(Stream(answer))
        return self.streams[-1]


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def test_each_request_has_a_connection_of_its_own_which_is_closed_behind_it() -> None:
    backend = Backend(ANSWER, ANSWER)

    async def main() -> None:
        transport = AsyncNetworkTransport(backend, speaks_plainly=True)
        async with httpx2.AsyncClient(transport=transport, trust_env=False) as pool:
            for _ in range(2):
                assert (await pool.send(SIGNED)).content == b"hi"

    run(main)
    assert backend.places == [("exchange.example", 81)] * 2
    assert [stream.is_closed for stream in backend.streams] == [True, True]
    assert backend.streams[0].written.startswith(b"POST /v2/x?a=%2C HTTP/1.1\r\n")
    assert backend.streams[0].written.endswith(b"\r\n\r\n{}")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpcore2.ConnectError("refused"), httpx2.ConnectError),
        (httpcore2.ConnectTimeout("late"), httpx2.ConnectTimeout),
        (b"SSH-2.0\r\n\r\n", httpx2.RemoteProtocolError),
        (ANSWER[:-1], httpx2.RemoteProtocolError),
    ],
)
def test_what_goes_wrong_below_is_an_error_of_httpx2(answer: bytes | Exception, kind: type[Exception]) -> None:
    backend = Backend(answer)

    async def main() -> None:
        transport = AsyncNetworkTransport(backend, speaks_plainly=True)
        with pytest.raises(kind) as caught:
            await transport.handle_async_request(SIGNED)
        assert isinstance(caught.value, httpx2.TransportError)
        await transport.aclose()

    run(main)
    assert all(stream.is_closed for stream in backend.streams)
