"""Cutting frames out of bytes, looking at headers, building what a client sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto._wire.framing import (
    Frame,
    check_close,
    check_own_close,
    cut_messages,
    encoded,
    is_utf8,
    peek,
    text_frame,
)
from coinex_proto.errors import UsageError
from tests.coinex_proto.harness.websocket_server import (
    BINARY,
    CLOSE,
    CONTINUATION,
    LIMIT,
    PING,
    TEXT,
    frame,
    sent_frames,
)

GOOD = frame(TEXT, b"good")


def cut(data: bytes, at: int = 0) -> tuple[list[object], int]:
    """The messages from there on, and where the lane stopped."""
    messages: list[object] = []
    return messages, cut_messages(data, at, LIMIT, messages.append)


@pytest.mark.parametrize("size", [2, 125, 126, 65_535, 65_536])
def test_whole_messages_are_cut_from_any_position_to_the_end(size: int) -> None:
    data = b"??" + frame(BINARY, bytes(size)) + GOOD
    assert cut(data, 2) == ([bytes(size), b"good"], len(data))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(frame(PING, b"abcd"), id="control"),
        pytest.param(frame(TEXT, b"abcd", fin=False), id="fragment"),
        pytest.param(frame(CONTINUATION, b"abcd"), id="continuation"),
        pytest.param(frame(BINARY, b"abcd", rsv=4), id="RSV bit"),
        pytest.param(frame(BINARY, b"maskabcd", length=b"\x84"), id="masked"),
        pytest.param(frame(BINARY, b"maskabcd", length=b"\xff" + bytes(8)), id="masked, eight bytes of length"),
        pytest.param(frame(TEXT, b"\xff\xff\xff\xff"), id="not UTF-8"),
        pytest.param(frame(BINARY, b"abcd", length=b"\x7e\x00\x04"), id="length not minimal in two bytes"),
        pytest.param(frame(BINARY, b"abcd", length=b"\x7f" + (4).to_bytes(8)), id="length not minimal in eight bytes"),
        pytest.param(frame(BINARY, length=b"\x7f" + (LIMIT + 1).to_bytes(8)), id="over the limit"),
        pytest.param(
            frame(BINARY, bytes(65_536), length=b"\x7f" + (2**56 + 65_536).to_bytes(8)), id="far over the limit"
        ),
        pytest.param(frame(BINARY, b"abcd")[:-1], id="payload not whole"),
        pytest.param(frame(BINARY, bytes(126))[:4], id="no payload yet"),
        pytest.param(frame(BINARY, bytes(126))[:3], id="length not whole"),
        pytest.param(frame(BINARY, bytes(65_536))[:9], id="eight bytes of length not whole"),
    ],
)
def test_the_lane_stops_in_front_of_everything_else(other: bytes) -> None:
    assert cut(GOOD + other + GOOD[: 0 if len(other) < 10 else None]) == ([b"good"], len(GOOD))


@pytest.mark.parametrize(
    ("data", "needed"),
    [(b"", 2), (b"\x81", 2), (b"\x81\x7e", 4), (b"\x81\x7e\x01", 4), (b"\x82\x7f", 10), (b"\x82\x7f" + bytes(7), 10)],
)
def test_a_header_that_is_not_whole_says_how_many_bytes_it_needs(data: bytes, needed: int) -> None:
    assert peek(b"??" + data, 2) == needed


@pytest.mark.parametrize("opcode", [TEXT, BINARY, CONTINUATION, PING, CLOSE])
@pytest.mark.parametrize("size", [0, 125])
def test_a_header_says_where_its_frame_ends(opcode: int, size: int) -> None:
    data = frame(opcode, bytes(size))
    assert peek(b"?" + data, 1) == Frame(0x80 | opcode, size, 1 + len(data), is_wrong=False)


@pytest.mark.parametrize("opcode", [TEXT, BINARY, CONTINUATION])
def test_a_fragment_of_a_message_has_a_header_like_any_other(opcode: int) -> None:
    assert peek(frame(opcode, b"abcd", fin=False), 0) == Frame(opcode, 4, 6, is_wrong=False)


@pytest.mark.parametrize("size", [126, 65_535, 65_536, 2**63 - 1])
def test_a_long_length_is_read_from_the_header_alone(size: int) -> None:
    length = b"\x7e" + size.to_bytes(2) if size < 2**16 else b"\x7f" + size.to_bytes(8)
    assert peek(frame(BINARY, length=length), 0) == Frame(0x82, size, 1 + len(length) + size, is_wrong=False)


@pytest.mark.parametrize(
    "first", [first for first in range(256) if first not in (0, 1, 2, 128, 129, 130, 136, 137, 138)]
)
def test_w1_a_first_byte_that_no_server_may_send_is_wrong_whatever_follows(first: int) -> None:
    header = peek(bytes([first, 0]), 0)
    assert isinstance(header, Frame)
    assert header.is_wrong


@pytest.mark.parametrize(
    "data",
    [
        b"\x81\x80",
        b"\x81\xff",
        b"\x88\x7e",
        b"\x89\x7f",
        b"\x82\x7e\x00\x7d",
        b"\x82\x7f" + (65_535).to_bytes(8),
        b"\x82\x7f" + (2**63).to_bytes(8),
    ],
)
def test_w1_w3_w4_a_mask_a_long_control_frame_or_an_odd_length_is_wrong(data: bytes) -> None:
    header = peek(data, 0)
    assert isinstance(header, Frame)
    assert header.is_wrong


@given(st.binary(max_size=400), st.binary(min_size=4, max_size=4))
def test_a_text_frame_unmasks_to_its_payload(payload: bytes, mask: bytes) -> None:
    assert sent_frames(text_frame(payload, mask)) == [(0x81, payload)]
    assert mask in text_frame(payload, mask)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_a_text_frame_says_its_length_in_the_shortest_way(size: int) -> None:
    made = text_frame(bytes(size), b"mask")
    assert len(made) == (2 if size < 126 else 4 if size < 65_536 else 10) + len(b"mask") + size
    assert sent_frames(made) == [(0x81, bytes(size))]


@pytest.mark.parametrize("text", ["", "a", "€", b"", b"a", "€".encode()])
def test_text_is_encoded_once(text: str | bytes) -> None:
    assert encoded(text) == (text.encode() if isinstance(text, str) else text)


@pytest.mark.parametrize("text", ["\udfff", b"\xe2\x82", 5, None, bytearray(b"x")])
def test_w16_what_is_not_text_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="a text message must be"):
        encoded(text)


def test_bytes_are_text_when_they_are_utf8() -> None:
    assert is_utf8("a€😀".encode())
    assert not is_utf8(b"\xed\xa0\x80")


@pytest.mark.parametrize(
    ("code", "is_fine"),
    [
        *((code, True) for code in (1000, 1003, 1007, 1014, 3000, 4999)),
        *((code, False) for code in (999, 1004, 1005, 1006, 1015, 2999, 5000)),
    ],
)
def test_only_codes_that_a_client_may_send_pass(code: int, is_fine: bool) -> None:
    if is_fine:
        check_close(code, "x" * 123)
        return
    with pytest.raises(UsageError, match=f"close code {code}"):
        check_close(code, "")


def test_the_text_of_a_close_fits_into_a_control_frame() -> None:
    with pytest.raises(UsageError, match="at most 123 bytes"):
        check_close(1000, "x" * 124)


@pytest.mark.parametrize("code", [1000, 3000, 4999])
def test_a_program_says_goodbye_with_a_code_of_its_own_or_as_usual(code: int) -> None:
    check_own_close(code, "x" * 121 + "é")


@pytest.mark.parametrize("code", [999, 1001, 2999, 5000])
def test_a_program_cannot_say_goodbye_with_a_code_that_means_something_else(code: int) -> None:
    with pytest.raises(UsageError, match=f"close code {code}"):
        check_own_close(code, "")


@pytest.mark.parametrize("text", ["x" * 124, "é" * 62, "two\nlines", "\udfff"])
def test_what_a_goodbye_says_is_short_and_printable(text: str) -> None:
    with pytest.raises(UsageError, match="printable"):
        check_own_close(1000, text)
