"""One accepted TCP connection of a server half, without I/O: HTTP first, a WebSocket after an upgrade.

A host feeds received bytes and the end of them, sends `data_to_send()`, and closes the way `wants_close` says.  Time is
the owner's business: its `advance(now)` drives every connection.  What requests and messages mean is the business of the
`Venue` that the connection belongs to.
"""

from __future__ import annotations

import math
from typing import Final, Literal, Protocol

from coinex_proto.simulator.hosting.http_server import BadHttp, HttpRequest, HttpResponse, HttpServer
from coinex_proto.simulator.hosting.link import Link
from coinex_proto.simulator.hosting.websocket_server import RemoteProtocolError, WebSocketServer, binary_frame

MAX_ANSWERS: Final = 16 * 2**20
"""Bytes of answers to requests that were sent at once, without reading any; then the connection is reset."""

Ending = Literal["fin", "rst"]


class SocketService(Protocol):
    """What answers on one WebSocket."""

    def message(self, message: str | bytes) -> None: ...

    def closed(self) -> None: ...


class Venue(Protocol):
    """What a connection needs of the server that it belongs to."""

    now: float
    answers_pings: bool
    answers_close: bool
    max_request_bytes: int

    def advance(self, now: float) -> None: ...

    def answer(self, connection: ServerConnection, request: HttpRequest) -> HttpResponse | None: ...

    def open_socket(self, connection: ServerConnection, request: HttpRequest) -> SocketService | HttpResponse: ...

    def wake_at(self, at: float) -> None: ...

    def has_output(self, connection: ServerConnection) -> None: ...

    def ended(self, connection: ServerConnection) -> None: ...


class ServerConnection:
    """From accept to the end of one connection."""

    def __init__(self, venue: Venue, number: int, now: float) -> None:
        self.number = number
        """1 for the first connection of the server, and so on."""
        self.opened_at: float = now
        self.last_received_at: float = now
        self.ends_at: float = math.inf
        """When it is cut, however lively it is."""
        self.frames_sent: int = 0
        """Data frames on the WebSocket, answers and pushes."""
        self.wants_close: Ending | None = None
        """Flush `data_to_send()`, then close like this (rst: linger 0)."""
        self.room: float = math.inf
        """Bytes that it takes now."""
        self.unsent = 0
        """Bytes that the host holds because the client does not take them; the host says so."""
        self._venue = venue
        self._http: HttpServer | None = HttpServer(lambda: venue.now)
        self._websocket: WebSocketServer | None = None
        self._service: SocketService | None = None
        self._out = bytearray()
        self._is_silent = False
        self._outward: Link | None = None
        self._inward: Link | None = None

    @property
    def service(self) -> SocketService | None:
        """What answers on the WebSocket, once there is one."""
        return self._service

    def receive_data(self, data: bytes, now: float) -> None:
        """Bytes of the client; what was due before they came happens first.  Never raises for what they hold."""
        self._venue.advance(now)
        if not data or self.wants_close is not None or self._is_silent:
            return
        if self._inward is not None:
            self._inward.put(data, now)
            data = self._inward.take(now)
            self._venue.wake_at(self._inward.next_at)
            if not data:
                return
        self.last_received_at = max(self.last_received_at, now)
        self._take(data)

    def note_arrival(self, now: float) -> None:
        """The client was heard until now, whatever is still to be read: it is not idle, however late that is read."""
        if self._inward is None and not self._is_silent:
            self.last_received_at = max(self.last_received_at, now)

    def _take(self, data: bytes) -> None:
        if self._websocket is not None:
            self._receive_frames(self._websocket, data)
        elif self._http is not None:
            self._http.receive_data(data)
            self._serve(self._http)

    def receive_eof(self) -> None:
        """The client will send no more."""
        self.end("fin")

    def data_to_send(self) -> bytes:
        """Bytes for the client; each is handed out once."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def send_frame(self, frame: bytes) -> None:
        """Queue one whole data frame."""
        if self.wants_close is not None:
            return
        self.frames_sent += 1
        if self._outward is not None or self._is_silent:
            self.queue(frame)
        else:
            if not self._out:
                self._venue.has_output(self)
            self._out += frame

    def send_binary(self, payload: bytes) -> None:
        self.send_frame(binary_frame(payload))

    def queue(self, data: bytes) -> None:
        """Queue bytes as they are."""
        if self._is_silent or self.wants_close is not None:
            return
        if self._outward is not None:
            self._outward.put(data, self._venue.now)
            data = self._outward.take(self._venue.now)
            self._venue.wake_at(self._outward.next_at)
        self._out += data
        self._venue.has_output(self)

    def end(self, how: Ending) -> None:
        """Have the host close the connection; what is queued goes out first, unless it is a reset."""
        if self.wants_close is not None:
            return
        self.wants_close = how
        if how == "rst":
            self._out.clear()
        if self._service is not None:
            self._service.closed()
        self._venue.ended(self)
        self._venue.has_output(self)

    def break_off(self, data: bytes, how: Ending) -> None:
        """Send these last bytes, then close even if they are half a frame."""
        self.end(how)
        self._out += data

    def stall(self, until: float) -> None:
        """Freeze: nothing is read or written until then, and nothing is lost."""
        self._links()[0].freeze(until)
        self._links()[1].freeze(until)

    def slow_down(self, bytes_per_second: float, until: float) -> None:
        """Let what goes out drip."""
        self._links()[1].slow_down(bytes_per_second, until)

    def delay(self, seconds: float, until: float) -> None:
        """Let what goes out come later."""
        self._links()[1].delay(seconds, until)

    def next_at(self, idle_limit: float) -> float:
        """When `handle_time` has something to do."""
        if self._is_silent:
            return math.inf
        at = min(self.last_received_at + idle_limit, self.ends_at)
        if self._inward is not None and self._outward is not None:
            at = min(self._inward.next_at, self._outward.next_at, max(at, self._inward.frozen_until))
        return at

    def handle_time(self, now: float, idle_limit: float) -> None:
        """Move what is on its way; cut a client that has sent nothing for so long, without a close frame."""
        if self._inward is not None and self._outward is not None:
            self._move(self._inward, self._outward, now)
        if self._is_silent:
            return
        if now >= self.last_received_at + idle_limit and (self._inward is None or now >= self._inward.frozen_until):
            self.end("fin")
        if now >= self.ends_at:
            self.end("fin")

    def _links(self) -> tuple[Link, Link]:
        if self._inward is None or self._outward is None:
            self._inward, self._outward = Link(), Link()
        return self._inward, self._outward

    def _move(self, inward: Link, outward: Link, now: float) -> None:
        arrived = inward.take(now)
        if arrived:
            self.last_received_at = now
            self._take(arrived)
        data = outward.take(now)
        if data:
            self._out += data
            self._venue.has_output(self)
        if inward.is_clear(now) and outward.is_clear(now):
            self._inward = self._outward = None

    def go_silent(self) -> None:
        """Half-open from now on: nothing more is read or written, and the connection stays."""
        self._is_silent = True
        self._out.clear()

    def _receive_frames(self, websocket: WebSocketServer, data: bytes) -> None:
        websocket.answers_pings = self._venue.answers_pings
        messages, answer = websocket.receive_data(data)
        assert self._service is not None
        for message in messages:
            self._service.message(message)
            if self.wants_close is not None:
                return
        if answer:
            self.queue(answer)
        if websocket.is_over:
            self.end("fin")

    def _serve(self, http: HttpServer) -> None:
        """Answer every whole request that has arrived."""
        try:
            while (request := http.next_request()) is not None and self.wants_close is None:
                if request.wants_websocket and self._upgrade(http, request):
                    return
                if not request.wants_websocket:
                    response = self._venue.answer(self, request)
                    if response is None:
                        return
                    self.queue(http.respond(response))
                if http.is_over:
                    self.end("fin")
                if len(self._out) > MAX_ANSWERS:
                    self.end("rst")
            if interim := http.interim():
                self.queue(interim)
        except BadHttp as error:
            self.queue(error.answer)
            self.end("fin")

    def _upgrade(self, http: HttpServer, request: HttpRequest) -> bool:
        """Change to WebSocket; False when that was refused, which is answered."""
        headers, target, trailing = http.upgrade()
        venue = self._venue
        try:
            websocket = WebSocketServer(
                headers,
                target,
                answers_close=venue.answers_close,
                max_request_bytes=venue.max_request_bytes,
            )
        except RemoteProtocolError:
            self.queue(http.respond(HttpResponse(status=400)))
            return False
        service = venue.open_socket(self, request)
        if isinstance(service, HttpResponse):
            self.queue(http.respond(service))
            return False
        self._service, self._websocket, self._http = service, websocket, None
        self.queue(websocket.accept())
        if trailing:
            self._receive_frames(websocket, trailing)
        return True
