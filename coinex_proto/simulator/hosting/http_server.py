"""The server half of one HTTP/1.1 connection, without I/O: h11 in its server role, with hand-over to a WebSocket.

Requests come out whole, one at a time; the next comes after the answer to the last, as HTTP demands.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import h11
from attrs import frozen

MAX_BODY_BYTES: Final = 256 * 1024
"""Many times the largest batch; so small that hundreds of senders of long bodies fit into the memory."""

MOST_HEADERS: Final = 200

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_REASONS: Final = {
    200: b"OK",
    400: b"Bad Request",
    401: b"Unauthorized",
    403: b"Forbidden",
    404: b"Not Found",
    405: b"Method Not Allowed",
    413: b"Content Too Large",
    426: b"Upgrade Required",
    429: b"Too Many Requests",
    431: b"Request Header Fields Too Large",
    500: b"Internal Server Error",
    502: b"Bad Gateway",
    503: b"Service Unavailable",
}


@frozen(kw_only=True)
class HttpRequest:
    """One request, with the exact bytes that signatures cover."""

    method: str
    target: str
    """Path and query as sent."""
    headers: tuple[tuple[str, str], ...]
    """Names in lower case."""
    body: bytes = b""
    wants_websocket: bool = False

    def header(self, name: str) -> str:
        """The first value of this name (lower case), or the empty text."""
        return next((value for key, value in self.headers if key == name), "")


@frozen(kw_only=True)
class HttpResponse:
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class BadHttp(Exception):
    """The client breaks HTTP: send `answer`, then close."""

    def __init__(self, answer: bytes) -> None:
        super().__init__("the client does not speak HTTP/1.1")
        self.answer = answer


class HttpServer:
    """Requests and responses of one connection."""

    def __init__(self, unix_time: Callable[[], float] | None = None) -> None:
        """`unix_time`: for the Date of answers, which have none without it."""
        self._unix_time = unix_time
        self._h11 = h11.Connection(h11.SERVER)
        self._head: h11.Request | None = None
        self._body = bytearray()

    def receive_data(self, data: bytes) -> None:
        self._h11.receive_data(data)

    def next_request(self) -> HttpRequest | None:
        """The next whole request, None when more bytes are needed.  Raises BadHttp."""
        try:
            while True:
                event = self._h11.next_event()
                if isinstance(event, h11.Request):
                    self._head = event
                    self._check(event)
                elif isinstance(event, h11.Data):
                    self._body += event.data
                    if len(self._body) > MAX_BODY_BYTES:
                        raise BadHttp(self.respond(HttpResponse(status=413)))
                elif isinstance(event, h11.EndOfMessage):
                    return self._whole()
                else:
                    return None
        except h11.RemoteProtocolError as error:
            raise BadHttp(_bare(error.error_status_hint)) from error

    def interim(self) -> bytes:
        """What a client that sends its body only when it is told to has to be told; empty for all others."""
        if not self._h11.they_are_waiting_for_100_continue:
            return b""
        return self._h11.send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")) or b""

    def _check(self, head: h11.Request) -> None:
        """Refuse what need not be waited for.  Raises BadHttp."""
        if head.method == b"CONNECT":
            raise BadHttp(_bare(405))
        if len(head.headers) > MOST_HEADERS:
            raise BadHttp(self.respond(HttpResponse(status=431)))
        length = dict(head.headers).get(b"content-length", b"0")
        if len(length) > 10 or int(length) > MAX_BODY_BYTES:
            raise BadHttp(self.respond(HttpResponse(status=413)))

    def respond(self, response: HttpResponse) -> bytes:
        """Bytes of the answer to the request that came out last."""
        headers = [
            (b"content-length", str(len(response.body)).encode("ascii")),
            *((name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers),
        ]
        if self._unix_time is not None:
            headers.append((b"date", _date(self._unix_time())))
        head = h11.Response(status_code=response.status, headers=headers, reason=_REASONS.get(response.status, b""))
        out = [self._h11.send(head)]
        if self._head is None or self._head.method != b"HEAD":
            out.append(self._h11.send(h11.Data(data=response.body)))
        out.append(self._h11.send(h11.EndOfMessage()))
        if self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE:
            self._h11.start_next_cycle()
        return b"".join(part for part in out if part)

    @property
    def is_over(self) -> bool:
        """The answer was the last one of this connection."""
        return self._h11.our_state in (h11.MUST_CLOSE, h11.CLOSED, h11.ERROR)

    def upgrade(self) -> tuple[list[tuple[bytes, bytes]], bytes, bytes]:
        """Headers and target of the request to upgrade, and the bytes that came after it."""
        assert self._head is not None
        return list(self._head.headers), self._head.target, self._h11.trailing_data[0]

    def _whole(self) -> HttpRequest:
        assert self._head is not None
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in self._head.headers)
        body = bytes(self._body)
        self._body.clear()
        return HttpRequest(
            method=self._head.method.decode("ascii"),
            target=_origin_form(self._head.target.decode("latin-1")),
            headers=headers,
            body=body,
            wants_websocket=any(name == "upgrade" and value.lower() == "websocket" for name, value in headers),
        )


def _origin_form(target: str) -> str:
    """Path and query of a target that may name scheme and host as well, as requests through proxies do."""
    scheme, mark, rest = target.partition("://")
    if not mark or scheme.lower() not in ("http", "https", "ws", "wss"):
        return target
    _, slash, path = rest.partition("/")
    return f"/{path}" if slash else "/"


def _date(unix_time: float) -> bytes:
    moment = datetime.fromtimestamp(unix_time, UTC)
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day}, {moment.day:02} {month} {moment.year:04} {moment:%H:%M:%S} GMT".encode("ascii")


def _bare(status: int) -> bytes:
    reason = _REASONS.get(status, b"Error")
    return b"HTTP/1.1 %d %s\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % (status, reason)
