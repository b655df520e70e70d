"""One WebSocket, the client's half, without I/O: bytes in, whole messages and what became of the connection out.

wsproto is the one authority on what is wrong, and on Close frames, and only this module knows it. What it leaves to its
user is done here: the answer is fed to it head by head and its size bounded, announced lengths are checked before a
payload comes, its failures are kept apart from the peer's Close, and nothing reaches it once the connection is over. What
is right is cut in front of it, since a frame costs 10 us there: whole messages (`framing.cut_messages`), pings, pongs and
fragments. Nothing that a peer sends makes a method raise, and no result depends on how the bytes were cut. Must not know
time, JSON, compression or any venue. Source: RFC 6455.
"""

from __future__ import annotations

import base64
from codecs import IncrementalDecoder, getincrementaldecoder
from collections.abc import Callable, Sequence
from enum import Enum, auto
from functools import partial
from typing import Final

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.events import Pong as PongFrame
from wsproto.utilities import ProtocolError

from coinex_proto._wire.framing import (
    BINARY,
    CONTROL,
    FIN,
    TEXT,
    Frame,
    check_close,
    cut_messages,
    encoded,
    peek,
    text_frame,
)
from coinex_proto._wire.handshake import (
    Heads,
    accept_of,
    accepting,
    fault_of_interim,
    key_of,
    status_of,
    upgrade_request,
)
from coinex_proto._wire.received import Broken, Ended, PeerClosed, Pong, Received, Refused, Upgraded
from coinex_proto.errors import UsageError, quoted
from coinex_proto.speedups import speed

__all__ = ["Broken", "Ended", "PeerClosed", "Pong", "Received", "Refused", "Upgraded", "WebSocket"]

MAX_INTERIM: Final = 8
"""Responses 100 to 199 that may come before the 101."""
MAX_REFUSAL_BODY: Final = 4096
MAX_REFUSAL_WIRE: Final = 16 * 1024
"""Bytes of a refusal's body as sent, chunk headers included."""
PONGS_IN_ORDER: Final = 16
"""So many pings are answered one by one until the output is taken; of those after, only the latest (RFC 6455, 5.5.3)."""

MAX_IDLE_FRAMES: Final = 1_000_000
"""Pings, unasked pongs and empty fragments in a row, without a byte of a message between them; more prove nothing any more."""

NOT_UTF8: Final = 1007
NO_TEXT: Final = "a text is not UTF-8"
POLICY: Final = 1008
TOO_BIG: Final = 1009
BAD_GATEWAY: Final = 1014
"""Registered after RFC 6455 and sent by gateways; wsproto calls it a protocol error, we take it as the Close it is."""
_CLOSE_FRAME: Final = 0x88
_PING_FRAME: Final = 0x89
_PONG_FRAME: Final = 0x8A
_BETWEEN_MESSAGES: Final = frozenset({_PING_FRAME, _PONG_FRAME, TEXT, BINARY})
_WITHIN_MESSAGE: Final = frozenset({_PING_FRAME, _PONG_FRAME, 0, FIN})
"""First bytes of what is cut here: control frames, and the fragments that may come there."""
_MAX_SMALL: Final = 125
"""Bytes of a payload whose length stands in the second byte."""
_START_OF_MESSAGE: Final = bytes((BINARY, 0))
"""Lets wsproto know that there is one, where a frame within it is wrong."""
_BAD_GATEWAY_BYTES: Final = BAD_GATEWAY.to_bytes(2)
_STAND_IN_BYTES: Final = (3014).to_bytes(2)
"""What wsproto gets to see in place of 1014: a code that it accepts."""


_utf8_decoder: Final = getincrementaldecoder("utf-8")
_cut: Final = cut_messages if speed is None else speed.cut_messages


class _Phase(Enum):
    NEW = auto()
    UPGRADING = auto()
    REFUSING = auto()
    """A refusal's head is in; its body is read, to be reported with it."""
    OPEN = auto()
    CLOSING = auto()
    """Our Close was queued first; messages are dropped until the peer's Close."""
    CLOSED = auto()
    """The peer's Close has come and ours was queued: only EOF is still of interest."""
    OVER = auto()


_BEFORE_101 = frozenset({_Phase.NEW, _Phase.UPGRADING})
_FRAMES = (_Phase.OPEN, _Phase.CLOSING)  # no set: hashing a member of an Enum is Python code


class WebSocket:
    """The client's half of one connection, used once.

    Inputs: `start`, `receive_data`, `receive_eof`, `give_up`, `send_text`, `send_ping`, `close`. Output: what the
    inputs return, and `data_to_send`. The stream ends with one of `Refused`, `PeerClosed` (then `Ended` at EOF),
    `Broken` or `Ended`; whatever comes later is ignored.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        tls: bool,
        target: str,
        headers: Sequence[tuple[str, str]] = (),
        max_message_bytes: int,
        random_bytes: Callable[[int], bytes] | None = None,
    ) -> None:
        """`UsageError` for what cannot be a request. `random_bytes` masks texts quickly; None: wsproto's own, 10 us."""
        if max_message_bytes < 1:
            raise UsageError(f"max_message_bytes={max_message_bytes}: must be at least 1")
        self.is_open = False
        """Upgraded, and no Close in either direction."""
        self.bytes_in = 0
        self.bytes_out = 0
        """Counted when taken by `data_to_send`."""
        self._request = upgrade_request(host=host, port=port, tls=tls, target=target, headers=headers)
        self._limit = max_message_bytes
        self._random_bytes = random_bytes
        self._ws = WSConnection(ConnectionType.CLIENT)
        self._phase = _Phase.NEW
        self.out: list[bytes] = []
        """Frames queued for `data_to_send`; to be read only. Empty: there is nothing to send."""
        self._pongs_waiting = 0
        self._late_pong: bytes | None = None
        self._pong_payload = b""
        self._is_pong_due = False
        # The answer to the upgrade.
        self._heads = Heads()
        self._accepts: tuple[bytes, bytes] | None = None
        """The answer to our key, and to the one that wsproto has made itself and takes no other for: the same random bytes are
        to give the same connection."""
        self._interim = 0
        self._status: int | None = None
        self._headers: tuple[tuple[str, str], ...] = ()
        self._body = bytearray()
        self._body_wire = 0
        # Frames.
        self._tail = bytearray()
        """An incomplete frame; nothing can be done before it has `_needed` bytes."""
        self._needed = 0
        self._message: bytearray | None = None
        """Fragments of the message in progress."""
        self._text: IncrementalDecoder | None = None
        """Checks the text of that message, fragment by fragment; None: it is binary."""
        self._ahead: IncrementalDecoder | None = None
        """Checks the text of a frame that has not come whole; None: it has none."""
        self._idle = 0
        """Frames without a byte of a message since the last message."""
        self.ending: Callable[[list[Received]], None] | None = None
        """What the last bytes do to the connection: take in what came before them, then call `receive_end`. To be read only;
        None, nearly always: nothing."""
        self._is_wrong = False
        """A frame has come that nothing can mend: wsproto gets everything and says what is wrong."""

    # A checkpoint of a recording ------------------------------------------------------------------------------------------

    @property
    def is_between_messages(self) -> bool:
        """Open, with nothing queued and no message in progress: what `position` needs."""
        return self.is_open and not self.out and self._message is None and not self._is_wrong and not self._is_pong_due

    def position(self) -> tuple[object, ...]:
        """What `resumed` needs to go on from here, while `is_between_messages`. Without the request, which may hold a key."""
        assert self.is_between_messages
        return self._limit, self._random_bytes, self.bytes_in, self.bytes_out, bytes(self._tail), self._needed

    @classmethod
    def resumed(
        cls,
        limit: int,
        random_bytes: Callable[[int], bytes] | None,
        bytes_in: int,
        bytes_out: int,
        tail: bytes,
        needed: int,
    ) -> WebSocket:
        """An open socket at the position of another one."""
        made = cls(host="replay", port=80, tls=False, target="/", max_message_bytes=limit)
        made.start()
        made._ws.receive_data(accepting(made.data_to_send()))
        list(made._ws.events())
        made._enter(_Phase.OPEN)
        made._random_bytes = random_bytes
        made.bytes_in, made.bytes_out, made._needed = bytes_in, bytes_out, needed
        made._tail += tail
        return made

    # Out -------------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Queue the upgrade request."""
        if self._phase is not _Phase.NEW:
            raise UsageError("a WebSocket is started once")
        self._phase = _Phase.UPGRADING
        request = Request(
            host=self._request.host, target=self._request.target, extra_headers=list(self._request.headers)
        )
        data = self._ws.send(request)
        if self._random_bytes is not None:
            theirs, ours = key_of(data), base64.b64encode(self._random_bytes(16))
            data = data.replace(theirs, ours, 1)
            self._accepts = accept_of(ours), accept_of(theirs)
        self.out.append(data)

    def data_to_send(self) -> bytes:
        """Everything queued since the last call."""
        out = self.out
        self._flush_late_pong()
        data = b"".join(out)
        out.clear()
        self._pongs_waiting = 0
        self.bytes_out += len(data)
        return data

    def send_text(self, text: str | bytes) -> None:
        """Queue one whole text message; `bytes` are UTF-8 already. `UsageError`: not open, or not text."""
        payload = encoded(text)
        if not self.is_open:
            raise UsageError("the WebSocket is not open: nothing was sent")
        if self._random_bytes is None:
            self.out.append(self._ws.send(TextMessage(data=payload.decode())))
        else:
            self.out.append(text_frame(payload, self._random_bytes(4)))

    def send_ping(self, payload: bytes = b"") -> None:
        """Queue a ping; the next pong is its answer, or with a payload the next one that echoes it. Nothing when not open."""
        if self.is_open:
            self._is_pong_due = True
            self._pong_payload = payload
            self.out.append(self._ws.send(Ping(payload=payload)))

    def close(self, code: int = 1000, text: str = "") -> None:
        """Queue a Close frame, and drop the messages that still come. Before the upgrade: just ignore the rest.

        Nothing when a Close has come or gone already. `UsageError` for a code that may not be sent, or more than 123
        bytes of text.
        """
        check_close(code, text)
        if self.is_open:
            self._send_close(CloseConnection(code=code, reason=text))
            self._enter(_Phase.CLOSING)
        elif self._phase in _BEFORE_101 or self._phase is _Phase.REFUSING:
            self._enter(_Phase.OVER)

    def _send_close(self, event: CloseConnection) -> None:
        self._flush_late_pong()
        self.out.append(self._ws.send(event))

    def _send_pong(self, payload: bytes) -> None:
        if self._pongs_waiting < PONGS_IN_ORDER:
            self._pongs_waiting += 1
            self.out.append(self._ws.send(PongFrame(payload=payload)))
        else:
            self._late_pong = payload

    def _flush_late_pong(self) -> None:
        if self._late_pong is not None:
            self.out.append(self._ws.send(PongFrame(payload=self._late_pong)))
            self._late_pong = None

    def _enter(self, phase: _Phase) -> None:
        self._phase = phase
        self.is_open = phase is _Phase.OPEN

    # In --------------------------------------------------------------------------------------------------------------

    @property
    def is_refusing(self) -> bool:
        """The server has refused and its body is still coming: bound the time, then `give_up`."""
        return self._phase is _Phase.REFUSING

    def receive_data(self, data: bytes | bytearray | memoryview) -> list[Received]:
        """What these bytes complete, in order."""
        received = self.receive_part(data)
        return received + self.receive_end() if self.ending is not None else received

    def receive_part(self, data: bytes | bytearray | memoryview) -> list[Received]:
        """As `receive_data`, but for an error or a Close behind what came: that is `ending`, and waits for `receive_end`.

        So whoever takes in what came first can still answer it.
        """
        if type(data) is not bytes:
            data = bytes(data)
        self.bytes_in += len(data)
        received: list[Received] = []
        if self.is_open:
            self._receive_frames(data, received)
            return received
        if not data:
            return received
        match self._phase:
            case _Phase.CLOSING:
                self._receive_frames(data, received)
                return [came for came in received if type(came) is not bytes]
            case _Phase.NEW | _Phase.UPGRADING:
                return self._receive_heads(data)
            case _Phase.REFUSING:
                return self._receive_body(data)
            case _:
                return received

    def receive_end(self) -> list[Received]:
        """What ends the connection, where something is `ending` it."""
        received: list[Received] = []
        ending, self.ending = self.ending, None
        if ending is not None and self._phase in _FRAMES:
            ending(received)
        return received

    def receive_eof(self) -> list[Received]:
        """What the end of the bytes makes of it: a refusal, or `Ended`."""
        phase = self._phase
        if self.is_refusing:
            return self._report_refusal()
        if phase in _BEFORE_101:
            return self._refuse("the server closed the connection before it answered the upgrade request")
        self._enter(_Phase.OVER)
        return [Ended()] if phase in _FRAMES or phase is _Phase.CLOSED else []

    def give_up(self) -> list[Received]:
        """The refusal with what there is of it, when the caller's time for the upgrade is over; else nothing."""
        if self.is_refusing:
            return self._report_refusal()
        if self._phase in _BEFORE_101:
            return self._refuse("the server did not answer the upgrade request in time")
        return []

    # The answer to the upgrade ---------------------------------------------------------------------------------------

    def _receive_heads(self, data: bytes) -> list[Received]:
        self._heads.add(data)
        while (head := self._heads.next()) is not None:
            if received := self._receive_head(head):
                return received
            if self.is_refusing:
                return self._receive_body(self._heads.rest())
        fault = self._heads.fault
        return [] if fault is None else self._refuse(fault)

    def _receive_head(self, head: bytes) -> list[Received]:
        """What one whole response head brings; nothing for an interim one or the start of a refusal."""
        status = status_of(head)
        is_interim = status is not None and status < 200
        fault = fault_of_interim(head) if is_interim else None
        if self._accepts is not None:
            head = head.replace(*self._accepts, 1)
        try:
            self._ws.receive_data(head)
        except Exception as error:  # noqa: BLE001 - wsproto: ProtocolError, UnicodeDecodeError, ValueError, IndexError
            fault = fault or _handshake_fault(error)
        events = list(self._ws.events())
        if fault is not None:
            self._status = status
            return self._refuse(fault)
        if events and type(events[0]) is AcceptConnection:
            self._enter(_Phase.OPEN)
            received: list[Received] = [Upgraded()]
            self._receive_frames(self._heads.rest(), received)
            return received
        if is_interim:
            self._interim += 1
            return self._refuse("too many interim responses") if self._interim > MAX_INTERIM else []
        self._enter(_Phase.REFUSING)
        self._status = status
        return self._read_refusal(events)

    def _receive_body(self, data: bytes) -> list[Received]:
        piece = data[: MAX_REFUSAL_WIRE - self._body_wire]
        if not piece:
            return []
        self._body_wire += len(piece)
        is_over = self._body_wire == MAX_REFUSAL_WIRE
        try:
            self._ws.receive_data(piece)
        except ProtocolError:
            is_over = True
        received = self._read_refusal(list(self._ws.events()))
        return received or (self._report_refusal() if is_over else [])

    def _read_refusal(self, events: Sequence[Event]) -> list[Received]:
        """Head and body of a refusal; it is reported when the body is whole, or as long as we read."""
        is_over = False
        for event in events:
            if type(event) is RejectConnection:
                self._headers = tuple(
                    (name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers
                )
            elif type(event) is RejectData:
                self._body += event.data
                is_over = is_over or event.body_finished
        return self._report_refusal() if is_over or len(self._body) >= MAX_REFUSAL_BODY else []

    def _report_refusal(self) -> list[Received]:
        return self._refuse(f"the server answered the upgrade request with status {self._status}")

    def _refuse(self, why: str) -> list[Received]:
        self._enter(_Phase.OVER)
        return [Refused(self._status, self._headers, bytes(self._body[:MAX_REFUSAL_BODY]), why)]

    # Frames ----------------------------------------------------------------------------------------------------------

    def _receive_frames(self, data: bytes, received: list[Received]) -> None:
        tail = self._tail
        if tail:
            if len(tail) + len(data) < self._needed:
                tail += data
                self._look_ahead(data, received)
                return
            data = b"".join((tail, data))
            tail.clear()
        if self._is_wrong:
            self._feed(data, received)
            return
        at = 0
        end = len(data)
        while at < end and self._phase in _FRAMES and self.ending is None:
            start = at
            if self._message is None and (at := _cut(data, at, self._limit, received.append)) > start:
                self._idle = 0
            if at < end:
                at = self._receive_small(data, at, received)
            if at == start:
                at = self._receive_other(data, at, received)

    def _receive_small(self, data: bytes, at: int, received: list[Received]) -> int:
        """The small pings, pongs and fragments from `at` on; the position of the first byte that was not taken."""
        end = len(data)
        while end - at >= 2:
            first, size = data[at], data[at + 1]
            stop = at + 2 + size
            expected = _BETWEEN_MESSAGES if self._message is None else _WITHIN_MESSAGE
            if size > _MAX_SMALL or stop > end or first not in expected:
                break
            self._take(first, data[at + 2 : stop], received)
            at = stop
            if self.ending is not None or self._phase is _Phase.OVER:
                break
        return at

    def _receive_other(self, data: bytes, at: int, received: list[Received]) -> int:
        """The frame at `at`, which the fast lanes did not take: taken, kept, or what ends the connection. The position behind it."""
        frame = peek(data, at)
        if isinstance(frame, int):
            return self._keep(data, at, frame)
        is_data = not frame.first & CONTROL
        is_start = bool(frame.first & ~FIN)
        self._is_wrong = frame.is_wrong or (is_data and is_start is (self._message is not None))
        if self._is_wrong:
            self._end(partial(self._feed, data[at:]), received)
            return len(data)
        if is_data and self._is_too_big(frame.length, received):
            return len(data)
        if frame.end > len(data):
            self._keep(data, at, frame.end - at)
            self._begin_look_ahead(frame, received)
            return len(data)
        if frame.first == _CLOSE_FRAME:
            self._end(partial(self._feed, data[at : frame.end]), received)
        else:
            self._take(frame.first, data[frame.end - frame.length : frame.end], received)
        return frame.end

    def _keep(self, data: bytes, at: int, needed: int) -> int:
        self._tail += memoryview(data)[at:]
        self._needed = needed
        self._ahead = None
        return len(data)

    def _is_too_big(self, size: int, received: list[Received]) -> bool:
        size += 0 if self._message is None else len(self._message)
        if size <= self._limit:
            return False
        self._break(TOO_BIG, f"a message of {size} bytes or more; the limit is {self._limit}", received)
        return True

    def _take(self, first: int, payload: bytes, received: list[Received]) -> None:
        """A whole frame that is in its place: a ping, a pong, or a fragment, which may be the only one of its message."""
        if first == _PING_FRAME:
            if self.is_open:
                self._send_pong(payload)
            self._count_idle(received)
        elif first == _PONG_FRAME:
            if self._is_pong_due:
                self._is_pong_due = bool(self._pong_payload) and payload != self._pong_payload
                received.append(Pong(payload=payload))
            self._count_idle(received)
        elif not self._is_too_big(len(payload), received):
            self._gather(first, payload, received)

    def _count_idle(self, received: list[Received]) -> None:
        self._idle += 1
        if self._idle > MAX_IDLE_FRAMES:
            why = f"{MAX_IDLE_FRAMES} frames in a row without a byte of a message: they prove nothing"
            self._break(POLICY, why, received)

    def _gather(self, first: int, payload: bytes, received: list[Received]) -> None:
        if first & ~FIN:
            self._message = bytearray()
            self._text = _utf8_decoder() if first & ~FIN == TEXT else None
        message, text = self._message, self._text
        assert message is not None, "a continuation is in its place"
        if text is not None and not _goes_on(text, payload, is_last=bool(first & FIN)):
            self._break(NOT_UTF8, NO_TEXT, received)
            return
        message += payload
        if first & FIN:
            received.append(bytes(message))
            self._message = None
            self._idle = 0
        elif not payload:
            self._count_idle(received)

    def _begin_look_ahead(self, frame: Frame, received: list[Received]) -> None:
        """A text is judged as it comes, also within a frame that has not come whole."""
        if frame.first & ~FIN == TEXT:
            self._ahead = _utf8_decoder()
        elif not frame.first & ~FIN and self._text is not None:
            self._ahead = _utf8_decoder()
            self._ahead.setstate(self._text.getstate())
        self._look_ahead(bytes(memoryview(self._tail)[self._needed - frame.length :]), received)

    def _look_ahead(self, piece: bytes, received: list[Received]) -> None:
        if self._ahead is not None and not _goes_on(self._ahead, piece, is_last=False):
            self._break(NOT_UTF8, NO_TEXT, received)

    def _feed(self, data: bytes, received: list[Received]) -> None:
        """Let wsproto judge these bytes: a whole Close frame, or everything from a wrong frame on."""
        is_bad_gateway = not self._is_wrong and data[2:4] == _BAD_GATEWAY_BYTES
        if self._message is not None:
            self._ws.receive_data(_START_OF_MESSAGE)
            self._message = None
        self._ws.receive_data(data[:2] + _STAND_IN_BYTES + data[4:] if is_bad_gateway else data)
        for event in self._ws.events():
            if type(event) is CloseConnection:
                self._receive_close(event, BAD_GATEWAY if is_bad_gateway else event.code, received)

    def _receive_close(self, event: CloseConnection, code: int, received: list[Received]) -> None:
        """The peer's Close frame, or wsproto's verdict on what the peer sent: only the state tells which."""
        state = self._ws.state
        if state is ConnectionState.OPEN or state is ConnectionState.LOCAL_CLOSING:
            self._break_now(int(code), NO_TEXT if code == NOT_UTF8 else str(event.reason), received)
            return
        if state is ConnectionState.REMOTE_CLOSING:
            self._late_pong = None  # nothing but our Close may follow the peer's (RFC 6455, 5.5.2)
            self._send_close(CloseConnection(code=code, reason=event.reason))
        self._enter(_Phase.CLOSED)
        received.append(PeerClosed(int(code), event.reason or ""))

    def _end(self, ending: Callable[[list[Received]], None], received: list[Received]) -> None:
        """At once, unless something came before it that may be answered first."""
        if received and self.is_open:
            self.ending = ending
        else:
            ending(received)

    def _break(self, code: int, why: str, received: list[Received]) -> None:
        self._end(partial(self._break_now, code, why), received)

    def _break_now(self, code: int, why: str, received: list[Received]) -> None:
        if self.is_open:
            self._send_close(CloseConnection(code=code, reason=why))
        self._enter(_Phase.OVER)
        received.append(Broken(code, why))


def _goes_on(text: IncrementalDecoder, piece: bytes, *, is_last: bool) -> bool:
    """Whether this piece continues a UTF-8 text, which need not end there unless it `is_last`."""
    try:
        text.decode(piece, is_last)
    except UnicodeDecodeError:
        return False
    return True


def _handshake_fault(error: Exception) -> str:
    if isinstance(error, ProtocolError):
        return f"the answer to the upgrade request is not valid: {quoted(str(error))}"
    return "the answer to the upgrade request has a header that cannot be read"
