"""What a hostile server may cost us, counted so that it does not depend on the machine: calls, and bytes at the peak.

A call of a function takes about 0.1 us, so that a million of them are what a MiB may take. Seconds and resident memory:
`python -m tests.coinex_proto.hostile`.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from coinex_proto import Closed, Config, Session, Unrecognised, coinex
from coinex_proto._wire import websocket
from coinex_proto.decoding import check_count, decode_again
from coinex_proto.errors import PayloadError
from tests.coinex_proto.harness.websocket_server import (
    BINARY,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    frame,
    sent_frames,
)
from tests.coinex_proto.harness.wire import drain
from tests.coinex_proto.hostile import (
    BTC,
    FLOODS,
    MESSAGES,
    MIB,
    READ,
    depth,
    distinct_trades,
    flood,
    opened,
    reads,
    states,
    whole_book,
)
from tests.memory import traced

CALLS_PER_MIB = 1_000_000
GROWTH = 16 * MIB


def calls_in(work: Callable[[], object]) -> int:
    """How many functions are called, those in C included."""
    count = 0

    def profile(where: FrameType, what: str, argument: object) -> None:
        nonlocal count
        count += what in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def taken_in(session: Session, pieces: list[bytes]) -> None:
    for piece in pieces:
        session.receive_data(piece, 1.0)
        session.data_to_send()
        list(drain(session))


TOLD_APART = ("bare markets", "levels", "numbers in an unknown push", "notices of CoinFLEX")
"""Of the cases just below the limit, those that cost most in their way."""


@pytest.mark.parametrize(
    "name", [name for name in MESSAGES if "just below" not in name or name.partition(": ")[2] in TOLD_APART]
)
def test_d1_what_a_message_costs_is_bounded_by_what_it_inflates_to(name: str) -> None:
    made = MESSAGES[name]()
    session, pieces, size = made()
    _, peak = traced(lambda: taken_in(session, pieces))
    assert peak < 3 * size + GROWTH
    session, pieces, size = made()
    assert calls_in(lambda: taken_in(session, pieces)) < CALLS_PER_MIB * size // MIB + 5000


@pytest.mark.parametrize("name", FLOODS)
def test_w7_w9_what_a_flood_costs_is_bounded_by_its_bytes(name: str) -> None:
    session, pieces, _ = FLOODS[name]()()
    assert calls_in(lambda: taken_in(session, pieces[:1])) < 6 * CALLS_PER_MIB * READ // MIB


@pytest.mark.parametrize("opcode", [PING, PONG])
def test_w9_1_mib_of_control_frames_is_carried_on_through(opcode: int) -> None:
    session, pieces, _ = flood(frame(opcode))()
    taken_in(session, pieces)
    assert not session.wants_close


def test_w9_a_million_frames_without_a_byte_of_a_message_end_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    assert websocket.MAX_IDLE_FRAMES == 1_000_000
    monkeypatch.setattr(websocket, "MAX_IDLE_FRAMES", 1000)
    session = opened(coinex.spot())
    taken_in(session, [frame(PING) * 600, frame(TEXT, b'{"method":"x"}')])
    taken_in(session, [frame(TEXT, fin=False) + frame(CONTINUATION, fin=False) * 300 + frame(PONG) * 300])
    taken_in(session, [frame(PING) * 399])
    assert not session.wants_close
    session.receive_data(frame(PING), 1.0)
    (end,) = (event for event in drain(session) if isinstance(event, Closed))
    assert (end.reason.code, end.reason.text) == (
        1008,
        "1000 frames in a row without a byte of a message: they prove nothing",
    )
    (_, (close, payload)) = sent_frames(session.data_to_send())[-2:]
    assert (close, int.from_bytes(payload[:2])) == (0x88, 1008)


def test_n19_100_000_pings_while_the_server_does_not_read_are_answered_by_the_newest() -> None:
    session = opened(coinex.spot())
    for number in range(0, 100_000, 1000):
        pings = b"".join(frame(PING, b"%d" % each) for each in range(number, number + 1000))
        session.receive_data(pings, 1.0)
    pongs = [payload for first, payload in sent_frames(session.data_to_send()) if first == 0x8A]
    assert pongs == [b"%d" % number for number in (*range(16), 99_999)]
    session.receive_data(frame(PING, b"still there?"), 2.0)
    assert sent_frames(session.data_to_send()) == [(0x8A, b"still there?")]
    assert not session.wants_close


def test_w6_one_byte_fragments_over_the_limit_end_with_1009() -> None:
    session = opened(coinex.spot(), config=Config(retry_first=True, max_message_bytes=20_000))
    flood_of = frame(TEXT, fin=False) + frame(CONTINUATION, b"x", fin=False) * 20_001
    for piece in reads(flood_of):
        session.receive_data(piece, 1.0)
    (end,) = (event for event in drain(session) if isinstance(event, Closed))
    assert end.reason.code == 1009
    assert sent_frames(session.data_to_send())[-1][1][:2] == (1009).to_bytes(2)


# Entries --------------------------------------------------------------------------------------------------------------


def test_d1_a_message_of_too_many_values_is_told_once_and_the_connection_goes_on() -> None:
    session = opened(coinex.spot(), coinex.Ticker())
    session.receive_data(frame(BINARY, gzip.compress(states(16 * MIB - 10))), 1.0)
    (told,) = (event for event in drain(session) if isinstance(event, Unrecognised))
    assert told.why.endswith("values in one message; the limit is 100000 (max_message_values)")
    session.receive_data(frame(TEXT, states(100, b'{"market":"BTCUSDT","last":"1"}')), 1.0)
    assert not [event for event in drain(session) if isinstance(event, Unrecognised)]
    assert not session.wants_close


def test_d1_a_book_that_may_have_missed_a_message_of_too_many_values_is_not_trusted() -> None:
    session = opened(coinex.spot(), BTC)
    session.receive_data(frame(TEXT, b'{"id":1,"code":0,"message":"OK"}') + frame(TEXT, whole_book(20)), 1.0)
    assert session.trusted(BTC)
    session.receive_data(frame(TEXT, b"[" + b"[]," * MIB + b"[]]"), 1.0)
    assert not session.trusted(BTC)


@pytest.mark.parametrize("count", [10_000, 9_000])
def test_d1_whole_books_of_10_000_levels_a_side_and_10_000_trades_are_read(count: int) -> None:
    session = opened(coinex.spot(), BTC, coinex.Trades("BTCUSDT"))
    session.receive_data(frame(TEXT, b'{"id":1,"code":0,"message":"OK"}') + frame(TEXT, whole_book(count)), 1.0)
    assert session.trusted(BTC)
    session.receive_data(frame(TEXT, distinct_trades(count)), 1.0)
    (trades,) = (event for event in drain(session) if isinstance(event, coinex.TradesUpdate))
    assert len(trades.deal_list) == count


def test_an_empty_difference_is_proved_by_the_checksum_that_is_known() -> None:
    session = opened(coinex.spot(), BTC)
    session.receive_data(frame(TEXT, b'{"id":1,"code":0,"message":"OK"}') + frame(TEXT, whole_book(20)), 1.0)
    view = session.book(BTC)
    bids, asks = view.bids, view.asks
    (checksum,) = {update.depth.checksum for update in drain(session) if isinstance(update, coinex.DepthUpdate)} or {0}
    session.receive_data(frame(TEXT, depth([], [], is_full=False, checksum=checksum ^ 1)), 2.0)
    assert not session.trusted(BTC)
    session.receive_data(frame(TEXT, whole_book(20)), 3.0)
    assert session.trusted(BTC)
    assert (view.bids, view.asks) == (bids, asks)


@pytest.mark.parametrize(
    ("text", "values"), [(b"{}", 3), (b"[]", 1), (b"[1,2]", 2), (b'{"a":1,"b":[]}', 5), (b'"a,b"', 1), (b"5", 0)]
)
def test_values_are_counted_by_what_begins_or_parts_them(text: bytes, values: int) -> None:
    check_count(text, values)
    check_count(text, None)
    if values:
        with pytest.raises(PayloadError, match=f"{values} values in one message; the limit is {values - 1} "):
            check_count(text, values - 1)


def test_what_is_not_as_documented_is_read_again_unless_it_is_denser_than_anything_real() -> None:
    assert len(decode_again(b"[" + b"1," * 3000 + b"1]")) == 3001
    assert len(decode_again(b"[" + b'"12345678",' * 9000 + b"1]")) == 9001
    with pytest.raises(PayloadError, match="10001 values in 20003 bytes that are not as documented"):
        decode_again(b"[" + b"1," * 10_000 + b"1]")


def test_d1_the_cost_grows_as_the_message_does() -> None:
    def cost(count: int) -> int:
        session = opened(coinex.spot(), coinex.Trades("BTCUSDT"))
        payload: Any = frame(TEXT, distinct_trades(count))
        return calls_in(lambda: session.receive_data(payload, 1.0))

    assert cost(10_000) < 4 * cost(5_000)
