"""Transcripts of the frame half: what goes in, what comes out, in order."""

from __future__ import annotations

import pytest

from coinex_proto._wire import websocket
from coinex_proto._wire.websocket import Broken, Ended, PeerClosed, Pong, Received, Upgraded, WebSocket
from tests.coinex_proto.harness.websocket_server import (
    BINARY,
    CLOSE,
    CONTINUATION,
    LIMIT,
    PING,
    PONG,
    TEXT,
    close_frame,
    fed,
    frame,
    new,
    opened,
    sent_frames,
    switching,
)
from tests.memory import traced

GOOD = frame(TEXT, b"good")


def close_sent(ws: WebSocket) -> int:
    """The code of the one frame in the output, which is a Close."""
    [(first, payload)] = sent_frames(ws.data_to_send())
    assert first == 0x88
    return int.from_bytes(payload[:2])


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, LIMIT])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("read", [1 << 20, 1000])
def test_a_whole_message_comes_out_as_its_payload(opcode: int, size: int, read: int) -> None:
    payload = b"x" * size
    ws = opened()
    assert fed(ws, frame(opcode, payload) + GOOD, read) == [payload, b"good"]
    assert ws.data_to_send() == b""


def test_a_message_is_plain_bytes_whatever_buffer_it_came_in() -> None:
    ws = opened()
    for buffer in (bytes(GOOD), bytearray(GOOD), memoryview(GOOD)):
        [message] = ws.receive_data(buffer)
        assert type(message) is bytes
        assert message == b"good"


def test_a_buffer_may_be_reused_by_its_owner_after_the_call() -> None:
    ws = opened()
    buffer = bytearray(frame(TEXT, b"first"))
    received = ws.receive_data(memoryview(buffer)[:4]) + ws.receive_data(memoryview(buffer)[4:])
    buffer[:] = bytes(len(buffer))
    assert received == [b"first"]


def test_bytes_are_counted_in_both_directions() -> None:
    ws = new()
    ws.start()
    request = ws.data_to_send()
    answer = switching(request)
    ws.receive_data(answer)
    ws.receive_data(GOOD)
    assert (ws.bytes_in, ws.bytes_out) == (len(answer) + len(GOOD), len(request))


def test_a_fragmented_message_is_put_together_around_control_frames() -> None:
    ws = opened()
    assert ws.receive_data(frame(TEXT, "€".encode()[:1], fin=False)) == []
    assert ws.receive_data(frame(PING, b"p") + frame(CONTINUATION, "€".encode()[1:], fin=False)) == []
    assert ws.receive_data(frame(CONTINUATION, b"!") + GOOD) == ["€!".encode(), b"good"]
    assert sent_frames(ws.data_to_send()) == [(0x8A, b"p")]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(frame(TEXT, b"x", rsv=4), id="w1 RSV1"),
        pytest.param(frame(BINARY, b"x", rsv=1), id="w1 RSV3"),
        pytest.param(frame(0x3, b"x"), id="w1 reserved data opcode"),
        pytest.param(frame(0xB), id="w1 reserved control opcode"),
        pytest.param(frame(TEXT, b"mask\x00", length=b"\x81"), id="w1 masked"),
        pytest.param(frame(CONTINUATION, b"x"), id="w2 continuation of nothing"),
        pytest.param(frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"), id="w2 message inside a message"),
        pytest.param(frame(TEXT, b"x", fin=False) + frame(BINARY, b"y", fin=False), id="w2 start inside a message"),
        pytest.param(frame(PING, fin=False), id="w3 fragmented ping"),
        pytest.param(frame(PING, bytes(126)), id="w3 long ping"),
        pytest.param(frame(CLOSE, b"\x03\xe8" + bytes(130)), id="w3 long close"),
        pytest.param(frame(BINARY, bytes(125), length=b"\x7e\x00\x7d"), id="w4 125 in two bytes"),
        pytest.param(frame(TEXT, bytes(5), length=b"\x7f" + (5).to_bytes(8)), id="w4 5 in eight bytes"),
        pytest.param(frame(BINARY, length=b"\x7f" + (65_535).to_bytes(8)), id="w4 65535 in eight bytes"),
        pytest.param(frame(BINARY, length=b"\x7f\x80" + bytes(7)), id="w4 top bit"),
        pytest.param(frame(CLOSE, b"\x03"), id="w12 close of one byte"),
        pytest.param(close_frame(999), id="w12 close code below 1000"),
        pytest.param(close_frame(1004), id="w12 reserved close code"),
        pytest.param(close_frame(1005), id="w12 local close code"),
        pytest.param(close_frame(1006), id="w12 local close code 1006"),
        pytest.param(close_frame(1015), id="w12 local close code 1015"),
        pytest.param(close_frame(2999), id="w12 unassigned close code"),
        pytest.param(close_frame(5000), id="w12 close code above 4999"),
    ],
)
@pytest.mark.parametrize("read", [1 << 20, 1])
def test_w1_w2_w3_w4_w12_w15_a_protocol_error_ends_with_1002_after_the_good_messages(wrong: bytes, read: int) -> None:
    ws = opened()
    *good, broken = fed(ws, GOOD + wrong + GOOD, read)
    assert good == [b"good"]
    assert isinstance(broken, Broken)
    assert broken.code == 1002
    assert broken.why
    assert not ws.is_open
    assert close_sent(ws) == 1002
    assert ws.receive_data(GOOD + frame(PING)) == []
    assert ws.receive_eof() == []
    assert ws.data_to_send() == b""


@pytest.mark.parametrize("before", [b"", frame(TEXT, b"x", fin=False)], ids=["continuation", "start"])
def test_w2_a_frame_out_of_place_is_1002_even_when_it_announces_too_much(before: bytes) -> None:
    ws = opened(limit=10)
    opcode = TEXT if before else CONTINUATION
    [broken] = ws.receive_data(before + frame(opcode, b"x", length=b"\x7e\xff\xff"))
    assert isinstance(broken, Broken)
    assert broken.code == 1002


def test_w1_the_rest_of_a_wrong_header_is_not_taken_for_a_message() -> None:
    ws = opened()
    assert ws.receive_data(b"\x91\x7e") == []
    [broken] = ws.receive_data(frame(BINARY, b"ab"))
    assert isinstance(broken, Broken)
    assert broken.code == 1002


@pytest.mark.parametrize(
    "payload",
    [b"\x80", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"ok\xff", b"\xf8\x88\x80\x80\x80"],
    ids=["lone continuation", "overlong", "surrogate", "above 10ffff", "cut short", "ff", "five bytes"],
)
@pytest.mark.parametrize("read", [1 << 20, 1])
def test_w8_a_text_that_is_not_utf8_ends_with_1007(payload: bytes, read: int) -> None:
    for frames in (frame(TEXT, payload), frame(TEXT, payload, fin=False) + frame(CONTINUATION)):
        ws = opened()
        assert fed(ws, GOOD + frames + GOOD, read) == [b"good", Broken(1007, "a text is not UTF-8")]
        assert close_sent(ws) == 1007


def test_w8_a_bad_fragment_is_refused_before_the_message_is_whole() -> None:
    ws = opened()
    assert ws.receive_data(frame(TEXT, b"\xff", fin=False)) == [Broken(1007, "a text is not UTF-8")]


def test_w12_a_close_reason_that_is_not_utf8_ends_with_1007() -> None:
    ws = opened()
    assert ws.receive_data(close_frame(1000, b"\xff")) == [Broken(1007, "a text is not UTF-8")]


@pytest.mark.parametrize("read", [1 << 20, 7])
@pytest.mark.parametrize("before", [b"", frame(TEXT, b"\xe2\x82", fin=False)], ids=["text", "continuation"])
def test_w8_bad_text_is_refused_before_its_frame_is_whole(before: bytes, read: int) -> None:
    opcode = CONTINUATION if before else TEXT
    ws = opened()
    good = "€".encode()[2 if before else 0 :] + "ü".encode() * 100
    assert fed(ws, before + frame(opcode, good + b"\xff" + bytes(50))[:-50], read) == [
        Broken(1007, "a text is not UTF-8")
    ]
    assert close_sent(ws) == 1007


@pytest.mark.parametrize("read", [1 << 20, 7, 1])
def test_w8_a_long_text_may_be_cut_in_the_middle_of_a_letter(read: int) -> None:
    ws = opened()
    payload = "€ü".encode() * 100
    fragments = frame(TEXT, payload[:130], fin=False) + frame(PING) + frame(CONTINUATION, payload[130:])
    assert fed(ws, frame(TEXT, payload) + fragments, read) == [payload, payload]


def test_w8_half_a_letter_at_the_end_of_the_line_is_no_error() -> None:
    ws = opened()
    assert ws.receive_data(frame(TEXT, b"\xe2" + bytes(50))[:3]) == []
    assert ws.receive_eof() == [Ended()]


@pytest.mark.parametrize(
    "header",
    [
        frame(TEXT, length=b"\x7e\x04\x01"),
        frame(BINARY, length=b"\x7f" + (2**63 - 1).to_bytes(8)),
        frame(TEXT, length=b"\x7e\x04\x01", fin=False),
        frame(BINARY, bytes(1000), fin=False) + frame(CONTINUATION, length=b"\x19"),
        frame(TEXT, bytes(1024), fin=False) + frame(PING) + frame(CONTINUATION, fin=False, length=b"\x01"),
    ],
    ids=["1025 of 1024", "2^63-1", "first fragment", "fragments", "one more byte"],
)
@pytest.mark.parametrize("read", [1 << 20, 1])
def test_w5_w6_a_message_over_the_limit_ends_with_1009_before_its_payload_comes(header: bytes, read: int) -> None:
    ws = opened(limit=1024)
    *good, broken = fed(ws, GOOD + header, read)
    assert good == [b"good"]
    assert isinstance(broken, Broken)
    assert broken.code == 1009
    assert broken.why.endswith("the limit is 1024")
    assert sent_frames(ws.data_to_send())[-1][1][:2] == (1009).to_bytes(2)


def test_w5_a_message_of_exactly_the_limit_passes_whole_or_in_fragments() -> None:
    ws = opened(limit=1024)
    fragments = frame(BINARY, bytes(1000), fin=False) + frame(CONTINUATION, bytes(24))
    assert ws.receive_data(frame(BINARY, bytes(1024)) + fragments + fragments) == [bytes(1024)] * 3


def test_w6_one_byte_fragments_up_to_the_limit_cost_no_more_memory_than_three_limits() -> None:
    fragment = frame(CONTINUATION, b"x", fin=False)

    def most() -> int:
        ws = opened(limit=20_000)
        ws.receive_data(frame(BINARY, b"x", fin=False))
        _, found = traced(lambda: any(ws.receive_data(fragment) for _ in range(19_999)))
        [broken] = ws.receive_data(fragment)
        assert isinstance(broken, Broken)
        assert broken.code == 1009
        return found

    assert any(most() < 60_000 for _ in range(3))


def test_w7_empty_fragments_do_not_grow_memory() -> None:
    fragments = frame(CONTINUATION, fin=False) * 500

    def grown() -> int:
        ws = opened()
        ws.receive_data(frame(TEXT, fin=False) + fragments)
        found, _ = traced(lambda: any(ws.receive_data(fragments) for _ in range(20)))
        assert ws.receive_data(frame(CONTINUATION, b"end")) == [b"end"]
        return found

    assert any(grown() < 5_000 for _ in range(3))


IDLE = {
    "pings": (frame(PING), GOOD),
    "pongs": (frame(PONG), GOOD),
    "within a message": (frame(PING, b"x"), frame(TEXT, b"go", fin=False) + frame(CONTINUATION, b"od")),
    "before a binary": (frame(PING), frame(BINARY, bytes(200))),
}


@pytest.mark.parametrize("idle", IDLE)
def test_w7_so_many_frames_that_prove_nothing_end_the_connection_unless_a_message_comes_between(
    idle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "MAX_IDLE_FRAMES", 5)
    nothing, message = IDLE[idle]
    ws = opened()
    for _ in range(3):
        assert not any(isinstance(item, Broken) for item in ws.receive_data(nothing * 5 + message))
    assert ws.receive_data(nothing * 5) == []
    [broken] = ws.receive_data(nothing)
    assert broken == Broken(1008, "5 frames in a row without a byte of a message: they prove nothing")


def test_w7_empty_fragments_prove_nothing_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "MAX_IDLE_FRAMES", 5)
    ws = opened()
    assert ws.receive_data(frame(TEXT, fin=False) + frame(CONTINUATION, fin=False) * 4) == []
    [broken] = ws.receive_data(frame(CONTINUATION, fin=False))
    assert isinstance(broken, Broken)
    assert broken.code == 1008


def test_w9_pings_are_answered_in_order_and_before_what_is_sent_later() -> None:
    ws = opened()
    ws.receive_data(frame(PING, b"1") + GOOD + frame(PING, b"2"))
    ws.send_text("order")
    assert sent_frames(ws.data_to_send()) == [(0x8A, b"1"), (0x8A, b"2"), (0x81, b"order")]


def test_w9_n19_of_a_flood_of_pings_that_could_not_be_answered_in_time_only_the_latest_is() -> None:
    ws = opened()
    for number in range(1000):
        ws.receive_data(frame(PING, b"%d" % number))
    pongs = [payload for _, payload in sent_frames(ws.data_to_send())]
    assert pongs == [b"%d" % number for number in (*range(16), 999)]
    ws.receive_data(frame(PING, b"next") + frame(PING, b"and next"))
    assert sent_frames(ws.data_to_send()) == [(0x8A, b"next"), (0x8A, b"and next")]


def test_w9_a_superseding_pong_goes_out_before_our_close() -> None:
    ws = opened()
    ws.receive_data(frame(PING, b"x") * 20 + frame(PING, b"last"))
    ws.close()
    assert [first for first, _ in sent_frames(ws.data_to_send())] == [0x8A] * 17 + [0x88]


def test_w9_nothing_but_our_close_follows_a_close_behind_a_flood_of_pings() -> None:
    ws = opened()
    assert ws.receive_data(frame(PING, b"x") * 20 + close_frame(1000)) == [PeerClosed(1000, "")]
    assert [first for first, _ in sent_frames(ws.data_to_send())] == [0x8A] * 16 + [0x88]


def test_w10_only_a_pong_that_was_asked_for_is_reported() -> None:
    ws = opened()
    assert ws.receive_data(frame(PONG, b"?")) == []
    ws.send_ping()
    assert sent_frames(ws.data_to_send()) == [(0x89, b"")]
    assert ws.receive_data(GOOD + frame(PONG) + frame(PONG)) == [b"good", Pong()]


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999])
@pytest.mark.parametrize("read", [1 << 20, 1])
def test_w11_a_close_is_reported_and_echoed_with_code_and_reason(code: int, read: int) -> None:
    ws = opened()
    assert fed(ws, close_frame(code, "grund €".encode()), read) == [PeerClosed(code, "grund €")]
    assert not ws.is_open
    assert sent_frames(ws.data_to_send()) == [(0x88, code.to_bytes(2) + "grund €".encode())]
    assert ws.receive_eof() == [Ended()]
    assert ws.receive_eof() == []


def test_w11_a_close_without_a_code_is_1005_and_is_answered_without_one() -> None:
    ws = opened()
    assert ws.receive_data(frame(CLOSE)) == [PeerClosed(1005, "")]
    assert sent_frames(ws.data_to_send()) == [(0x88, b"")]


def test_w12_a_1014_that_comes_after_a_protocol_error_changes_nothing() -> None:
    ws = opened()
    [broken] = fed(ws, frame(TEXT, rsv=1) + close_frame(1014), 2)
    assert isinstance(broken, Broken)


def test_w13_after_the_close_of_the_peer_everything_is_ignored() -> None:
    ws = opened()
    assert ws.receive_data(close_frame(1000) + GOOD + frame(PING) + b"\xff\xff") == [PeerClosed(1000, "")]
    assert ws.receive_data(GOOD + frame(PING)) == []
    assert sent_frames(ws.data_to_send()) == [(0x88, b"\x03\xe8")]


@pytest.mark.parametrize("read", [1 << 20, 1])
def test_w13_after_our_close_messages_and_pings_are_ignored_until_the_peer_has_closed(read: int) -> None:
    ws = opened()
    ws.close(1001, "going")
    assert not ws.is_open
    assert sent_frames(ws.data_to_send()) == [(0x88, (1001).to_bytes(2) + b"going")]
    came = GOOD + frame(PING) + frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"b") + close_frame(1001)
    assert fed(ws, came, read) == [PeerClosed(1001, "")]
    assert ws.data_to_send() == b""
    assert ws.receive_eof() == [Ended()]


def test_w13_a_protocol_error_after_our_close_ends_without_a_second_close() -> None:
    ws = opened()
    ws.close()
    ws.data_to_send()
    [broken] = ws.receive_data(frame(0x7))
    assert isinstance(broken, Broken)
    assert ws.data_to_send() == b""


def test_n10_an_end_without_close_frames_is_not_clean_and_gives_no_part_of_a_message() -> None:
    for came in (b"", GOOD[:3], frame(TEXT, b"part", fin=False), frame(BINARY, b"x")[:1], frame(PING, b"x")[:2]):
        ws = opened()
        assert ws.receive_data(came) == []
        assert ws.receive_eof() == [Ended()]
        assert ws.receive_eof() == []
        assert ws.receive_data(GOOD) == []


def test_n10_an_end_after_our_close_alone_is_not_clean() -> None:
    ws = opened()
    ws.close()
    assert ws.receive_eof() == [Ended()]


def test_h17_messages_close_and_errors_in_the_segment_of_the_101_are_handled_as_if_they_came_later() -> None:
    cases: list[tuple[bytes, list[Received], tuple[int, bytes]]] = [
        (GOOD + frame(PING, b"p"), [b"good"], (0x8A, b"p")),
        (GOOD + close_frame(1001), [b"good", PeerClosed(1001, "")], (0x88, b"\x03\xe9")),
        (frame(TEXT, b"\xff"), [Broken(1007, "a text is not UTF-8")], (0x88, b"\x03\xefa text is not UTF-8")),
    ]
    for frames, expected, answer in cases:
        ws = new()
        ws.start()
        assert ws.receive_data(switching(ws.data_to_send()) + frames) == [Upgraded(), *expected]
        assert sent_frames(ws.data_to_send()) == [answer]
