"""What holds for every stream of bytes: the fast lane changes nothing, nor do cuts, and nothing raises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
from wsproto.events import Pong as PongFrame

from coinex_proto._wire import websocket
from coinex_proto._wire.framing import Frame, peek
from coinex_proto._wire.websocket import (
    PONGS_IN_ORDER,
    Broken,
    Ended,
    PeerClosed,
    Pong,
    Received,
    Refused,
    Upgraded,
    WebSocket,
)
from tests.coinex_proto.harness.websocket_server import (
    BINARY,
    CONTINUATION,
    LIMIT,
    PING,
    PONG,
    TEXT,
    close_frame,
    frame,
    new,
    opened,
    sent_frames,
    switching,
)

# Byte streams -----------------------------------------------------------------------------------------------------------

TEXTS = st.one_of(st.text(max_size=20).map(str.encode), st.sampled_from([b"{}", b"x" * 126, "€".encode() * 60]))
PAYLOADS = st.one_of(TEXTS, st.binary(max_size=130), st.builds(bytes, st.just(66_000)))
CONTROLS = st.one_of(
    st.builds(frame, st.sampled_from([PING, PONG]), st.binary(max_size=125)),
    st.just(frame(PING)),
)
WHOLE = st.one_of(st.builds(frame, st.just(TEXT), TEXTS), st.builds(frame, st.just(BINARY), PAYLOADS))


@st.composite
def fragmented(draw: st.DrawFn) -> bytes:
    """A message in fragments, cut anywhere (in the middle of a character too), with control frames between them."""
    opcode = draw(st.sampled_from([TEXT, BINARY]))
    payload = draw(TEXTS if opcode == TEXT else PAYLOADS)
    cuts = sorted(draw(st.lists(st.integers(0, len(payload)), max_size=3)))
    pieces = [payload[start:stop] for start, stop in pairwise([0, *cuts, len(payload)])]
    opcodes = [opcode] + [CONTINUATION] * (len(pieces) - 1)
    stream = b""
    for index, (kind, piece) in enumerate(zip(opcodes, pieces, strict=True)):
        stream += frame(kind, piece, fin=index == len(pieces) - 1) + draw(st.just(b"") | CONTROLS)
    return stream


FLOODS = st.just(frame(PING, b"?") * (PONGS_IN_ORDER + 1))
"""More pings than are answered one by one."""
CLOSES = st.builds(close_frame, st.integers(990, 5010), st.text(max_size=8).map(str.encode))

WRONG = st.one_of(
    st.builds(frame, st.integers(0, 15), st.binary(max_size=130), fin=st.booleans(), rsv=st.integers(0, 7)),
    st.builds(frame, st.just(TEXT), st.binary(max_size=8), fin=st.booleans()),
    st.builds(frame, st.sampled_from([TEXT, BINARY, PING]), st.binary(max_size=8), length=st.binary(min_size=1)),
    st.builds(
        frame,
        st.sampled_from([TEXT, BINARY]),
        st.just(b"abcde"),
        length=st.sampled_from([b"\x7e\x00\x05", b"\x7f" + (5).to_bytes(8), b"\x7f\x80" + bytes(6) + b"\x05"]),
    ),
    st.binary(max_size=12),
)

STREAMS = st.builds(
    lambda pieces, missing: b"".join(pieces)[: -missing or None],
    st.lists(st.one_of(WHOLE, WHOLE, fragmented(), CONTROLS, CLOSES, WRONG), max_size=8),
    st.one_of(st.just(0), st.integers(0, 12)),
)


def pieces_of(stream: bytes, cuts: Sequence[int]) -> Iterator[bytes]:
    """The stream, cut at these places (modulo its length)."""
    places = sorted({cut % (len(stream) + 1) for cut in cuts})
    for start, stop in pairwise([0, *places, len(stream)]):
        yield stream[start:stop]


CUTS: st.SearchStrategy[list[int]] = st.one_of(
    st.just([]), st.lists(st.integers(0, 1 << 20), max_size=6), st.just(list(range(400)))
)


def run(ws: WebSocket, stream: bytes, cuts: Sequence[int]) -> tuple[list[Received], list[tuple[int, bytes]]]:
    """Everything that comes out, to the end of the stream, and everything sent."""
    events: list[Received] = []
    for piece in pieces_of(stream, cuts):
        events += ws.receive_data(piece)
    events += ws.receive_eof()
    return events, sent_frames(ws.data_to_send())


# wsproto alone ----------------------------------------------------------------------------------------------------------


class WsprotoAlone:
    """The same reports by wsproto without anything in front of it, event by event."""

    def __init__(self) -> None:
        self.connection = Connection(ConnectionType.CLIENT)
        self.events: list[Received] = []
        self.sent = b""
        self.message = b""
        self.is_pong_due = False
        self.is_over = False

    def send_ping(self) -> None:
        self.is_pong_due = True
        self.sent += self.connection.send(Ping())

    def close(self) -> None:
        self.sent += self.connection.send(CloseConnection(code=1000, reason=""))

    def receive(self, data: bytes) -> None:
        if self.is_over or self.connection.state is ConnectionState.CLOSED:
            return
        self.connection.receive_data(data)
        for event in self.connection.events():
            is_open = self.connection.state is ConnectionState.OPEN
            match event:
                case TextMessage() | BytesMessage():
                    self.message += event.data.encode() if isinstance(event.data, str) else event.data
                    if event.message_finished:
                        if is_open:
                            self.events.append(self.message)
                        self.message = b""
                case Ping() if is_open:
                    self.sent += self.connection.send(event.response())
                case PongFrame() if self.is_pong_due:
                    self.is_pong_due = False
                    self.events.append(Pong(payload=bytes(event.payload)))
                case CloseConnection():
                    self.receive_close(event)

    def receive_close(self, event: CloseConnection) -> None:
        match self.connection.state:
            case ConnectionState.REMOTE_CLOSING:
                self.sent += self.connection.send(event.response())
                self.events.append(PeerClosed(int(event.code), event.reason or ""))
            case ConnectionState.CLOSED:
                self.events.append(PeerClosed(int(event.code), event.reason or ""))
            case state:
                why = "a text is not UTF-8" if event.code == 1007 else str(event.reason)
                if state is ConnectionState.OPEN:
                    self.sent += self.connection.send(CloseConnection(code=event.code, reason=why))
                self.events.append(Broken(int(event.code), why))
                self.is_over = True

    def end(self) -> None:
        if not self.is_over:
            self.events.append(Ended())


HAS_1014 = (1014).to_bytes(2)
"""Where we differ from wsproto on purpose."""


@given(STREAMS.filter(lambda stream: HAS_1014 not in stream), CUTS, CUTS, st.sampled_from(["", "ping", "close"]))
@example(frame(TEXT, b"\xff" + bytes(50))[:-1], [], [], "")
@example(frame(TEXT, b"a", fin=False) + frame(BINARY, b"b"), [], [3], "ping")
@example(frame(PING, b"x") + close_frame(1001) + frame(PING), [], [], "close")
def test_the_fast_lane_and_wsproto_alone_give_the_same_events_and_send_the_same(
    stream: bytes, cuts: list[int], other_cuts: list[int], before: str
) -> None:
    ws = opened(limit=2**63 - 1)
    alone = WsprotoAlone()
    if before == "ping":
        ws.send_ping()
        alone.send_ping()
    elif before == "close":
        ws.close()
        alone.close()
    for piece in pieces_of(stream, other_cuts):
        alone.receive(piece)
    alone.end()
    assert run(ws, stream, cuts) == (alone.events, sent_frames(alone.sent))


@given(st.lists(WHOLE, min_size=1, max_size=30), CUTS)
def test_a_stream_of_whole_messages_never_reaches_wsproto(frames: list[bytes], cuts: list[int]) -> None:
    ws = opened()
    handed: list[bytes] = []
    feed = ws._feed

    def spy(data: bytes, received: list[Received]) -> None:
        handed.append(data)
        feed(data, received)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ws, "_feed", spy)
        for piece in pieces_of(b"".join(frames), cuts):
            ws.receive_data(piece)
    assert not handed


# Laws -------------------------------------------------------------------------------------------------------------------

HEADERS = st.sampled_from([b"", b"Server: x\r\n", b"X: " + b"x" * 17_000 + b"\r\n", b"Sec-WebSocket-Protocol: x\r\n"])
ANSWERS = st.one_of(
    st.builds(lambda interim, more: (interim, more), st.integers(0, 10), HEADERS),
    st.sampled_from(
        [
            b"HTTP/1.1 403 x\r\nContent-Length: 3\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            b"HTTP/1.0 502 x\r\n\r\n",
            b"",
        ]
    ),
    st.binary(max_size=40),
    st.binary(max_size=60).map(lambda junk: b"HTTP/1.1 " + junk),
)


def answer_to(request: bytes, answer: bytes | tuple[int, bytes]) -> bytes:
    if isinstance(answer, bytes):
        return answer
    interim, more = answer
    right = switching(request)
    return b"HTTP/1.1 103 x\r\n\r\n" * interim + right[:-2] + more + right[-2:]


@given(ANSWERS, STREAMS, CUTS)
def test_law_1_however_the_bytes_are_cut_the_same_comes_out(
    answer: bytes | tuple[int, bytes], stream: bytes, cuts: list[int]
) -> None:
    outcomes = []
    for places in ([], cuts):
        ws = new(limit=70_000)
        ws.start()
        outcomes.append(run(ws, answer_to(ws.data_to_send(), answer) + stream, places))
    assert outcomes[0] == outcomes[1]


@given(STREAMS, CUTS, st.lists(st.booleans(), min_size=8, max_size=8))
def test_law_2_however_often_the_output_is_taken_the_same_bytes_come_out(
    stream: bytes, cuts: list[int], drains: list[bool]
) -> None:
    sent = []
    for drained in ([False] * 8, drains):
        ws = opened()
        output = b""
        for index, piece in enumerate(pieces_of(stream, cuts)):
            ws.receive_data(piece)
            if ws.is_open and index < 4:
                ws.send_text(str(index))
            output += ws.data_to_send() if drained[index % 8] else b""
        sent.append(sent_frames(output + ws.data_to_send()))
    assert sent[0] == sent[1]


ENDS = (Refused, PeerClosed, Broken, Ended)


@given(
    st.lists(st.one_of(STREAMS, st.sampled_from(["ping", "close", "eof", "give up", "take"]), FLOODS), max_size=8),
    st.booleans(),
)
def test_law_3_no_bytes_at_any_moment_make_a_method_raise_and_one_end_is_final(
    script: list[bytes | str], is_open: bool
) -> None:
    ws = opened() if is_open else new()
    if not is_open:
        ws.start()
    events: list[Received] = []
    for step in script:
        match step:
            case "ping":
                ws.send_ping()
            case "close":
                ws.close()
            case "eof":
                events += ws.receive_eof()
            case "give up":
                events += ws.give_up()
            case "take":
                ws.data_to_send()
            case _:
                assert isinstance(step, bytes)
                events += ws.receive_data(step)
    ws.data_to_send()
    ends = [type(event) for event in events if isinstance(event, ENDS)]
    assert ends in ([], *([end] for end in ENDS), [PeerClosed, Ended])
    assert not ends or type(events[-1]) is ends[-1]
    assert not (ends and ws.is_open)
    assert Upgraded() not in events


@given(st.lists(st.integers(0, 60), min_size=1, max_size=6), st.integers(1, 100), CUTS)
def test_w5_w6_a_message_passes_exactly_when_its_fragments_together_are_within_the_limit(
    sizes: list[int], limit: int, cuts: list[int]
) -> None:
    fragments = [
        frame(BINARY if index == 0 else CONTINUATION, bytes(size), fin=index == len(sizes) - 1)
        for index, size in enumerate(sizes)
    ]
    first, *_ = run(opened(limit=limit), b"".join(fragments), cuts)[0]
    if sum(sizes) <= limit:
        assert first == bytes(sum(sizes))
    else:
        assert isinstance(first, Broken)
        assert first.code == 1009


@given(st.text(max_size=300), st.binary(min_size=4, max_size=4))
def test_a_text_masked_here_is_what_wsproto_reads_as_a_server(text: str, mask: bytes) -> None:
    ws = opened(random_bytes=lambda _: mask)
    ws.send_text(text)
    server = Connection(ConnectionType.SERVER)
    server.receive_data(ws.data_to_send())
    assert list(server.events()) == [TextMessage(data=text, frame_finished=True, message_finished=True)]


@pytest.mark.parametrize("read", [1, 1448])
def test_a_large_frame_in_small_reads_costs_one_copy_a_byte_and_not_one_a_read(read: int) -> None:
    size = LIMIT if read == 1 else 40 * LIMIT
    ws = opened(limit=size)
    stream = frame(BINARY, bytes(size))
    peeked: list[int] = []

    def spy(data: bytes, at: int) -> Frame | int:
        peeked.append(at)
        return peek(data, at)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(websocket, "peek", spy)
        received = [event for at in range(0, len(stream), read) for event in ws.receive_data(stream[at : at + read])]
    assert received == [bytes(size)]
    assert len(peeked) <= 4
