"""The server half of one WebSocket."""

from __future__ import annotations

import pytest
from wsproto.frame_protocol import FrameDecoder

from coinex_proto.simulator.hosting.websocket_server import (
    RemoteProtocolError,
    WebSocketServer,
    binary_frame,
    text_frame,
)

HEADERS = (
    (b"host", b"x"),
    (b"upgrade", b"websocket"),
    (b"connection", b"Upgrade"),
    (b"sec-websocket-version", b"13"),
    (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536])
@pytest.mark.parametrize(("make", "opcode"), [(binary_frame, 2), (text_frame, 1)])
def test_frames_of_every_length_read_back(size: int, make: object, opcode: int) -> None:
    decoder = FrameDecoder(client=True)
    decoder.receive_bytes(make(b"x" * size))  # type: ignore[operator]
    frame = decoder.process_buffer()
    assert frame is not None
    assert (frame.opcode, frame.message_finished, len(frame.payload)) == (opcode, True, size)


def server(*, answers_close: bool = True, limit: int = 1000) -> WebSocketServer:
    made = WebSocketServer(HEADERS, b"/", answers_close=answers_close, max_request_bytes=limit)
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in made.accept()  # RFC 6455, section 1.3
    return made


def masked(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """A client's frame with a mask of zeros."""
    assert len(payload) < 126
    return bytes((opcode | (0x80 if fin else 0), 0x80 | len(payload))) + bytes(4) + payload


def test_messages_come_out_whole_however_they_are_cut() -> None:
    stream = masked(1, b"one") + masked(1, b"tw", fin=False) + masked(9, b"p") + masked(0, b"o") + masked(2, b"three")
    whole, _ = server().receive_data(stream)
    one, drop = server(), []
    for byte in stream:
        messages, _ = one.receive_data(bytes([byte]))
        drop += messages
    assert whole == drop == ["one", "two", b"three"]


def test_pings_are_answered_in_order_unless_switched_off() -> None:
    made = server()
    _, answer = made.receive_data(masked(9, b"a") + masked(9, b"b"))
    assert answer == b"\x8a\x01a\x8a\x01b"
    made.answers_pings = False
    assert made.receive_data(masked(9, b"c")) == ([], b"")


@pytest.mark.parametrize(("answers", "expected"), [(True, b"\x88\x02\x03\xe8"), (False, b"")])
def test_a_close_frame_is_answered_or_not_and_ends_reading(answers: bool, expected: bytes) -> None:
    made = server(answers_close=answers)
    assert made.receive_data(masked(8, b"\x03\xe8") + masked(1, b"late")) == ([], expected)
    assert made.is_over
    assert made.receive_data(masked(1, b"later")) == ([], b"")


def test_a_message_over_the_limit_ends_reading() -> None:
    made = server(limit=10)
    assert made.receive_data(masked(1, b"x" * 10)) == (["x" * 10], b"")
    assert made.receive_data(masked(1, b"x" * 11)) == ([], b"")
    assert made.is_over


def test_a_frame_against_the_rules_ends_reading_after_the_good_ones() -> None:
    made = server()
    messages, _ = made.receive_data(masked(1, b"good") + b"\xf1\x80" + bytes(4))
    assert messages == ["good"]
    assert made.is_over


@pytest.mark.parametrize("missing", ["sec-websocket-key", "sec-websocket-version", "connection"])
def test_a_request_that_is_no_upgrade_is_refused(missing: str) -> None:
    headers = [(name, value) for name, value in HEADERS if name.decode() != missing]
    with pytest.raises(RemoteProtocolError):
        WebSocketServer(headers, b"/", answers_close=True, max_request_bytes=10)
