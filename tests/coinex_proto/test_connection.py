"""One connection to the tiny venue: upgrade, messages and closing, what goes in and what comes out."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from typing import Any

import pytest
from attrs import frozen

from coinex_proto import (
    Closed,
    Config,
    ConnectFailed,
    Connection,
    Failed,
    HandshakeRefused,
    Inbound,
    Phase,
    Ready,
    Unrecognised,
    UsageError,
)
from coinex_proto.dialect import SendNow
from tests.coinex_proto.harness.connections import (
    PRIVATE,
    closed,
    connection_of,
    ready,
    send,
    serve,
    started,
)
from tests.coinex_proto.harness.scripts import frame, text
from tests.coinex_proto.harness.tiny import Do, PriceUpdate, Tiny
from tests.coinex_proto.harness.websocket_server import sent_frames
from tests.coinex_proto.harness.wire import sources

REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\nX-Why: key\r\n\r\nno!!"


# The upgrade ----------------------------------------------------------------------------------------------------------


def test_it_is_started_once() -> None:
    connection = Connection(Tiny(), sources())
    assert (connection.phase, connection.next_deadline(), connection.data_to_send()) == (Phase.NEW, None, b"")
    connection.start(1.0)
    assert connection.phase is Phase.UPGRADING
    with pytest.raises(UsageError):
        connection.start(1.0)


def test_nothing_comes_in_before_the_start() -> None:
    connection = Connection(Tiny(), sources())
    with pytest.raises(UsageError):
        connection.receive_data(b"x", 0.0)
    with pytest.raises(UsageError):
        connection.receive_eof(0.0)
    assert connection.next_event() is None


def test_the_upgrade_has_one_budget_with_opening_the_transport() -> None:
    connection = Connection(Tiny(), sources())
    connection.start(8.0, since=1.0)
    assert connection.next_deadline() == 11.0
    connection.handle_timeout(11.0)
    (event,) = connection.take_events()
    assert isinstance(event, Closed)
    assert isinstance(event.reason.error, ConnectFailed)
    assert "tiny.test:443" in str(event.reason.error)
    assert connection.wants_close


def test_n12_an_answer_that_drips_has_the_same_budget() -> None:
    wire = started()
    wire.sent_texts()
    answer = wire.peer.accept()
    for number in range(19):
        wire.client.receive_data(answer[number : number + 1], number * 0.5)
    assert wire.client.next_deadline() == 10.0
    assert isinstance(closed(serve(wire, 10.0)).reason.error, ConnectFailed)


def test_a_late_101_after_the_opening_timeout_is_ignored() -> None:
    wire = started()
    wire.sent_texts()
    assert [type(event) for event in serve(wire, 10.0)] == [Closed]
    wire.client.receive_data(wire.peer.accept(), 10.1)
    assert wire.events() == []
    assert wire.client.next_deadline() is None


def test_h1_a_refusal_carries_status_headers_and_body() -> None:
    wire = started()
    wire.client.receive_data(REFUSAL, 1.0)
    error = closed(wire.events()).reason.error
    assert isinstance(error, HandshakeRefused)
    assert (error.status, error.headers, error.body) == (
        403,
        (("content-length", "4"), ("x-why", "key")),
        b"no!!",
    )


def test_h15_a_refusals_body_is_waited_for_one_second() -> None:
    wire = started()
    wire.client.receive_data(REFUSAL[:-2], 1.0)
    assert wire.events() == []
    assert wire.client.next_deadline() == 2.0
    error = closed(serve(wire, 2.0)).reason.error
    assert isinstance(error, HandshakeRefused)
    assert error.body == b"no"


def test_the_end_of_data_before_the_101_is_a_failed_connection() -> None:
    wire = started()
    connection_of(wire).receive_eof(1.0)
    assert isinstance(closed(wire.events()).reason.error, HandshakeRefused)
    connection_of(wire).receive_eof(1.0)
    assert wire.events() == []


def test_closing_before_the_101_is_immediate() -> None:
    wire = started()
    connection_of(wire).close(1.0)
    assert closed(wire.events()).reason.text == "closed by us"
    connection_of(wire).close(1.0)
    assert wire.events() == []


def test_closing_before_the_start_is_the_end() -> None:
    connection = Connection(Tiny(), sources())
    connection.close(0.0)
    assert connection.wants_close
    with pytest.raises(UsageError):
        connection.start(0.0)


def test_h17_what_comes_in_the_segment_of_the_101_is_handled_as_if_it_came_later() -> None:
    wire = started()
    wire.sent_texts()
    price = text({"price": "1", "market": "A"})
    wire.client.receive_data(wire.peer.accept() + price + frame(b"\x03\xe8", 0x88), 1.0)
    assert [type(event) for event in wire.events()] == [Ready, PriceUpdate, Closed]


@pytest.mark.parametrize("end", [frame(b"", 0x88), frame(b"x", 0xC1), frame(b"\x07\xd0", 0x88)])
def test_h17_a_close_right_behind_the_101_does_not_upset_the_sign_in(end: bytes) -> None:
    wire = started(Tiny(password="pw"))
    wire.sent_texts()
    wire.client.receive_data(wire.peer.accept() + text({"hello": "n"}) + end, 1.0)
    assert [type(event) for event in wire.events()] == [Closed]


def test_n9_a_reset_says_what_the_transport_said() -> None:
    wire = ready()
    wire.say(1.0, {"price": "1", "market": "A"})
    connection_of(wire).receive_eof(1.0, "connection reset by peer")
    assert str(closed(wire.events()).reason) == "the connection was lost: connection reset by peer (1006)"


# Messages -------------------------------------------------------------------------------------------------------------


def test_compressed_messages_are_inflated_and_plain_ones_pass() -> None:
    wire = ready()
    packer = zlib.compressobj(wbits=31)
    data = packer.compress(b'{"price":"1","market":"A"}') + packer.flush()
    wire.client.receive_data(wire.peer.binary(data), 1.0)
    (event,) = wire.events()
    assert event == PriceUpdate(market="A", price="1")
    assert isinstance(event, PriceUpdate)
    assert (event.raw, event.received_at) == (b'{"price":"1","market":"A"}', 1.0)


def test_a_broken_gzip_is_reported_and_survived() -> None:
    wire = ready()
    wire.client.receive_data(wire.peer.binary(b"\x1f\x8b\x08broken"), 1.0)
    (event,) = wire.events()
    assert isinstance(event, Unrecognised)
    assert connection_of(wire).stats.decode_failures == 1


BAD = frame(b"{")
BAD_GZIP = frame(b"\x1f\x8b\x08broken", 0x82)
GOOD = text({"price": "1", "market": "A"})
ODD = text({"what": "is this"})


@frozen(kw_only=True)
class Torn(Tiny):
    """A venue of whose messages a part may be garbled."""

    def _decode(self, value: dict[str, Any]) -> Sequence[Inbound]:
        if "torn" in value:
            return (Unrecognised(raw=b"", why="torn", concerns=("price", "A")),)
        return super()._decode(value)


@pytest.mark.parametrize("bad", [BAD, BAD_GZIP], ids=["json", "gzip"])
def test_d16_so_many_messages_in_a_row_that_cannot_be_read_end_the_connection(bad: bytes) -> None:
    wire = ready(config=Config(max_unreadable=3))
    wire.client.receive_data(bad * 2, 1.0)
    assert len(wire.events()) == 2
    assert not connection_of(wire).wants_close
    wire.client.receive_data(bad + GOOD, 2.0)
    unread, end = wire.events()
    assert isinstance(unread, Unrecognised)
    assert isinstance(end, Closed)
    assert (end.reason.code, end.reason.text) == (1007, "closed by us: 3 messages in a row could not be read")
    assert connection_of(wire).wants_close
    wire.sent()
    assert wire.peer.closed is not None
    assert wire.peer.closed.code == 1007


@pytest.mark.parametrize("read", [GOOD, ODD, text({"ok": "nobody"}), text({"hello": "again"})])
def test_d16_any_message_that_was_read_ends_the_row(read: bytes) -> None:
    wire = ready(config=Config(max_unreadable=2))
    wire.client.receive_data((BAD + read) * 10 + BAD, 1.0)
    assert not connection_of(wire).wants_close
    wire.client.receive_data(BAD, 2.0)
    assert closed(wire.events()).reason.code == 1007


def test_d16_a_message_that_was_read_in_part_was_read() -> None:
    wire = ready(venue=Torn(), config=Config(max_unreadable=1))
    wire.client.receive_data(text({"many": [{"price": "1", "market": "A"}, {"torn": 1}]}), 1.0)
    wire.client.receive_data(text({"many": [{"torn": 1}, {"price": "1", "market": "A"}]}), 1.0)
    assert connection_of(wire).stats.decode_failures == 2
    assert not connection_of(wire).wants_close
    wire.client.receive_data(text({"many": [{"torn": 1}, {"what": "is this"}]}), 1.0)
    assert closed(wire.events()).reason.code == 1007


def test_d16_a_message_with_many_faults_is_one_message() -> None:
    wire = ready(venue=Torn(), config=Config(max_unreadable=2))
    wire.client.receive_data(text({"many": [{"torn": 1}] * 5}), 1.0)
    assert not connection_of(wire).wants_close
    wire.client.receive_data(text({"many": [{"torn": 1}] * 5}), 1.0)
    events = wire.events()
    assert len(events) == 11
    assert closed(events).reason.code == 1007


def test_d16_without_a_limit_the_connection_stays() -> None:
    wire = ready(config=Config(max_unreadable=None))
    wire.client.receive_data(BAD * 1000, 1.0)
    assert not connection_of(wire).wants_close
    assert connection_of(wire).stats.decode_failures == 1000


def test_d16_it_counts_while_it_signs_in_too() -> None:
    wire = started(PRIVATE, Config(max_unreadable=2)).open(0.0)
    wire.client.receive_data(BAD * 2, 1.0)
    assert closed(wire.events()).reason.code == 1007


def test_d1_a_bomb_ends_the_connection_with_1009() -> None:
    wire = ready(config=Config(max_message_bytes=2000))
    packer = zlib.compressobj(wbits=31)
    data = packer.compress(b" " * 100_000) + packer.flush()
    wire.client.receive_data(wire.peer.binary(data) + text({"price": "1", "market": "A"}), 1.0)
    reason = closed(wire.events()).reason
    assert reason.code == 1009
    wire.sent()
    assert wire.peer.closed is not None
    assert wire.peer.closed.code == 1009


def test_d1_a_close_of_the_peer_behind_a_bomb_does_not_change_the_code() -> None:
    wire = ready(config=Config(max_message_bytes=2000))
    bomb = frame(gzip.compress(b" " * 100_000), 0x82)
    wire.client.receive_data(bomb + frame((1000).to_bytes(2), 0x88), 1.0)
    assert closed(wire.events()).reason.code == 1009
    wire.sent()
    assert wire.peer.closed is not None
    assert wire.peer.closed.code == 1009


@frozen(kw_only=True)
class Asking(Tiny):
    """A venue whose server asks for something by itself."""

    def _decode(self, value: dict[str, Any]) -> Sequence[Inbound]:
        return (SendNow(command=Do(verb="told")),) if "ask" in value else super()._decode(value)


@pytest.mark.parametrize("end", [frame(b"x", 0xC1), frame((1012).to_bytes(2), 0x88)], ids=["error", "close"])
@pytest.mark.parametrize("read", [1 << 20, 1])
def test_w15_what_came_before_the_end_in_the_same_read_is_answered_first(end: bytes, read: int) -> None:
    wire = ready(venue=Asking())
    data = frame(b"1", 0x89) + text({"ask": "time"}) + frame(b"2", 0x89) + end
    for at in range(0, len(data), read):
        wire.client.receive_data(data[at : at + read], 1.0)
    *answers, (close, _) = sent_frames(wire.client.data_to_send())
    assert sorted(first for first, _ in answers) == [0x81, 0x8A, 0x8A]
    assert close == 0x88
    assert closed(wire.events()).reason.code in (1002, 1012)


def test_w11_after_our_close_its_code_is_reported_whatever_the_peer_does() -> None:
    for end in (frame(b"x", 0xC1), b""):
        wire = ready()
        connection_of(wire).close(1.0, code=3001)
        wire.client.receive_data(end, 1.0)
        connection_of(wire).receive_eof(2.0)
        assert closed(wire.events()).reason.code == 3001


def test_w7_10_000_messages_in_a_row_that_nobody_knows_end_the_connection() -> None:
    wire = ready()
    wire.client.receive_data(text({"new": 1}) * 9_999 + GOOD + text({"new": 1}) * 9_999, 1.0)
    assert not connection_of(wire).wants_close
    wire.client.receive_data(text({"new": 1}), 1.0)
    end = closed(wire.events())
    assert (end.reason.code, end.reason.text) == (
        1007,
        "closed by us: nothing was understood of 10000 messages in a row",
    )


@pytest.mark.parametrize("nothing", [b"{}", b"5"])
def test_w7_messages_that_name_nothing_count_as_unreadable(nothing: bytes) -> None:
    wire = ready()
    wire.client.receive_data(frame(nothing) * 1000, 1.0)
    events = wire.events()
    assert len(events) == 101
    assert closed(events).reason.text == "closed by us: 100 messages in a row could not be read"


def test_w15_what_came_before_a_protocol_error_is_delivered() -> None:
    wire = ready()
    price = text({"price": "1", "market": "A"})
    wire.client.receive_data(price + frame(b"x", 0xC1) + price, 1.0)
    update, end = wire.events()
    assert isinstance(update, PriceUpdate)
    assert isinstance(end, Closed)
    assert end.reason.code == 1002


def test_w11_the_peers_close_is_reported_with_code_and_text() -> None:
    wire = ready()
    wire.client.receive_data(wire.peer.close(1012, "back soon"), 1.0)
    assert str(closed(wire.events()).reason) == "closed by the peer: 'back soon' (1012)"


def test_n10_the_end_of_data_without_close_is_abnormal() -> None:
    wire = ready()
    wire.client.receive_data(text({"price": "1", "market": "A"})[:-3], 1.0)
    connection_of(wire).receive_eof(1.0)
    assert [type(event) for event in wire.events()] == [Closed]


# Closing --------------------------------------------------------------------------------------------------------------


def test_closing_waits_for_the_peer() -> None:
    wire = ready()
    connection_of(wire).close(1.0, code=3001, text="bye")
    assert (wire.events(), connection_of(wire).phase) == ([], Phase.CLOSING)
    wire.sent()
    assert wire.peer.closed is not None
    assert (wire.peer.closed.code, wire.peer.closed.reason) == (3001, "bye")
    wire.client.receive_data(wire.peer.send(wire.peer.closed.response()), 1.5)
    assert closed(wire.events()).reason.code == 3001


def test_n23_a_peer_that_does_not_close_is_left_after_the_close_timeout() -> None:
    wire = ready()
    connection_of(wire).close(1.0)
    assert wire.client.next_deadline() == 3.0
    assert "did not answer the close" in closed(serve(wire, 3.0)).reason.text


def test_the_end_of_data_after_our_close_is_a_close_by_us() -> None:
    wire = ready()
    connection_of(wire).close(1.0)
    connection_of(wire).receive_eof(1.0)
    assert str(closed(wire.events()).reason) == "closed by us (1000)"


def test_w13_messages_after_our_close_are_ignored() -> None:
    wire = ready()
    connection_of(wire).close(1.0)
    assert wire.say(1.0, {"price": "1", "market": "A"}) == []


def test_a_request_in_flight_can_still_time_out_while_closing() -> None:
    wire = ready(config=Config(request_timeout=1.0))
    send(wire, Do(verb="a"), 1.0)
    connection_of(wire).close(1.5)
    assert [type(event) for event in serve(wire, 2.0)] == [Failed]
    connection_of(wire).receive_eof(2.5)
    assert [type(event) for event in wire.events()] == [Closed]


@pytest.mark.parametrize("code", [0, 999, 1001, 1005, 2999, 5000])
def test_a_close_code_that_cannot_be_sent_is_refused(code: int) -> None:
    wire = ready()
    with pytest.raises(UsageError, match=str(code)):
        connection_of(wire).close(1.0, code=code)
    assert connection_of(wire).phase is Phase.READY


@pytest.mark.parametrize("words", ["x" * 124, "é" * 62, "a\nb", "\ud800"])
def test_a_close_text_that_cannot_be_sent_is_refused(words: str) -> None:
    wire = ready()
    with pytest.raises(UsageError):
        connection_of(wire).close(1.0, text=words)
    assert connection_of(wire).phase is Phase.READY


def test_what_is_counted() -> None:
    wire = ready()
    stats = connection_of(wire).stats
    before = stats.bytes_in
    data = text({"price": "1", "market": "A"}) + text("junk")
    wire.client.receive_data(data, 1.0)
    assert (stats.messages, stats.bytes_in - before, stats.unrecognised) == (2, len(data), 1)
    assert stats.bytes_out > 100


def test_the_upgrade_is_the_first_proof_of_the_peer() -> None:
    wire = started().open(5.0)
    assert connection_of(wire).last_proof_at == 5.0
    assert wire.client.next_deadline() == 25.0


def test_each_message_that_cannot_be_read_is_counted_once() -> None:
    wire = ready()
    for number in (1, 2):
        wire.client.receive_data(wire.peer.binary(b"\x1f\x8bbroken"), 1.0)
        stats = connection_of(wire).stats
        assert (stats.unrecognised, stats.decode_failures, stats.messages) == (number, number, number)
