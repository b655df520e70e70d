"""What the caller sends: texts, pings and the Close frame, and what is refused before a byte is written."""

from __future__ import annotations

import pytest

from coinex_proto.errors import UsageError
from tests.coinex_proto.harness.websocket_server import close_frame, frame, new, opened, sent_frames, switching

GOOD = frame(0x1, b"good")


def test_closing_twice_or_after_the_end_sends_nothing_more() -> None:
    ws = opened()
    ws.close()
    ws.data_to_send()
    ws.close(4000)
    ws.send_ping()
    assert ws.data_to_send() == b""


def test_closing_before_the_upgrade_is_answered_ignores_the_answer() -> None:
    ws = new()
    ws.start()
    answer = switching(ws.data_to_send())
    ws.close()
    assert ws.receive_data(answer + GOOD) == []
    assert ws.receive_eof() == []
    assert ws.data_to_send() == b""


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 70_000])
def test_a_close_code_that_may_not_be_sent_is_refused_and_the_connection_stays(code: int) -> None:
    ws = opened()
    with pytest.raises(UsageError, match=f"close code {code}"):
        ws.close(code)
    assert ws.is_open
    assert ws.data_to_send() == b""


def test_a_close_text_of_more_than_123_bytes_is_refused() -> None:
    ws = opened()
    with pytest.raises(UsageError, match="123 bytes"):
        ws.close(1000, "€" * 42)
    ws.close(1000, "€" * 41)
    assert len(ws.data_to_send()) == 6 + 125


@pytest.mark.parametrize("masked_by", ["wsproto", "the caller"])
@pytest.mark.parametrize("size", [0, 1, 3, 4, 125, 126, 65_535, 65_536])
def test_a_text_is_sent_as_one_masked_frame(size: int, masked_by: str) -> None:
    ws = opened(random_bytes=None if masked_by == "wsproto" else lambda n: b"\x01\xff\x80\x0a"[:n])
    text = "€x"[: size % 2 + 1] * (size // 2)
    ws.send_text(text)
    ws.send_text(text.encode())
    assert sent_frames(ws.data_to_send()) == [(0x81, text.encode())] * 2


def test_w17_every_text_gets_fresh_mask_bytes() -> None:
    asked: list[int] = []

    def random_bytes(count: int) -> bytes:
        asked.append(count)
        return bytes([len(asked)]) * count

    ws = opened(random_bytes=random_bytes)
    ws.send_text("a")
    ws.send_text("a")
    assert ws.data_to_send() == b"\x81\x81\x02\x02\x02\x02\x63\x81\x81\x03\x03\x03\x03\x62"
    assert asked == [16, 4, 4]


def test_w17_masks_of_wsproto_are_fresh_too() -> None:
    ws = opened()
    for _ in range(50):
        ws.send_text("a")
    data = ws.data_to_send()
    assert len({data[at + 2 : at + 6] for at in range(0, len(data), 7)}) > 40


@pytest.mark.parametrize("text", ["\ud800", b"\xff", b"\xed\xa0\x80", 7, None, ["x"]])
def test_w16_what_is_not_text_is_refused_before_a_byte_is_written(text: str) -> None:
    for random_bytes in (None, bytes):
        ws = opened(random_bytes=random_bytes)
        with pytest.raises(UsageError):
            ws.send_text(text)
        assert ws.data_to_send() == b""


def test_a_text_that_cannot_leave_is_refused() -> None:
    closed = opened()
    closed.receive_data(close_frame(1000))
    for ws in (new(), closed):
        ws.data_to_send()
        with pytest.raises(UsageError, match="not open"):
            ws.send_text("order")
        assert ws.data_to_send() == b""


def test_a_websocket_is_started_once() -> None:
    ws = opened()
    with pytest.raises(UsageError):
        ws.start()
