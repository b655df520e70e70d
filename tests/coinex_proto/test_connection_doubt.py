"""A connection in doubt, one that is probed, one that has forgotten its sign-in, and what is noted of it for a recording."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence

import pytest
from wsproto.events import Ping, TextMessage

from coinex_proto import Closed, Connection, Inbound, NotReady, Ready, UsageError, coinex
from coinex_proto.dialect import Interrupted, Mended
from tests.coinex_proto.harness.connections import connection_of, ready, send, serve, signed_in, started
from tests.coinex_proto.harness.scripts import frame, text
from tests.coinex_proto.harness.tiny import Do, Place, PriceUpdate, Time, Tiny, wire
from tests.coinex_proto.harness.wire import Wire, sources

PRICE = {"price": "1", "market": "A"}
SOCKET_PINGS = Tiny(ping=None)
QUOTE = (
    '{"method":"bbo.update","data":{"market":"A","updated_at":1700000000000,"best_bid_price":"1",'
    '"best_bid_size":"1","best_ask_price":"2","best_ask_size":"1"},"id":null}'
)


def verbs(wire: Wire) -> list[str]:
    return [each["do"] for each in wire.sent()]


def pong(wire: Wire, ping: Ping, now: float) -> None:
    wire.client.receive_data(wire.peer.send(ping.response()), now)


def pinged(wire: Wire) -> Ping:
    """The ping that the peer has just been sent."""
    wire.sent_texts()
    ping = wire.peer.pinged
    assert ping is not None
    return ping


# In doubt -------------------------------------------------------------------------------------------------------------


def test_a_doubt_sends_a_ping_at_once_and_holds_every_request_until_it_is_answered() -> None:
    wire = ready()
    connection = connection_of(wire)
    connection.doubt(100.0, clock_was_set=False)
    assert verbs(wire) == ["ping"]
    assert connection.is_doubted
    with pytest.raises(NotReady, match="may have slept"):
        send(wire, Do(verb="a"), 100.0)
    connection.submit(Do(verb="get"), 100.0, is_topic_request=True)
    wire.say(101.0, PRICE)
    assert (connection.is_doubted, verbs(wire), connection.last_proof_at) == (True, [], 0.0)
    wire.say(102.0, {"ok": "ping"})
    assert (connection.is_doubted, verbs(wire), connection.last_proof_at) == (False, ["get"], 102.0)


def test_what_waits_for_its_bucket_does_not_leave_in_doubt_either() -> None:
    wire = ready()
    connection = connection_of(wire)
    for number in range(3):
        connection.submit(Do(verb="get", reply=str(number)), 1.0, is_topic_request=False)
    assert verbs(wire) == ["get", "get"]
    connection.doubt(1.1, clock_was_set=False)
    serve(wire, 5.0)
    assert verbs(wire) == ["ping"]
    wire.say(6.0, {"ok": "ping"})
    assert verbs(wire) == ["get"]


def test_a_doubt_does_not_ask_for_the_clock_again_unless_it_was_set() -> None:
    wire = ready(Tiny(clock=Time()))
    connection = connection_of(wire)
    serve(wire, 20.0)
    assert sorted(verbs(wire)) == ["ping", "time"]
    wire.say(20.0, {"ok": "ping"}, {"ok": "time", "result": 1})
    connection.doubt(50.0, clock_was_set=False)
    assert verbs(wire) == ["ping"]
    connection.doubt(60.0, clock_was_set=True)
    assert sorted(verbs(wire)) == ["ping", "time"]


def test_a_clock_that_was_set_is_asked_about_with_the_next_ping() -> None:
    wire = ready(Tiny(clock=Time()))
    serve(wire, 20.0)
    wire.sent()
    wire.say(20.0, {"ok": "ping"}, {"ok": "time", "result": 1})
    connection_of(wire).clock_was_set()
    serve(wire, 40.0)
    assert sorted(verbs(wire)) == ["ping", "time"]


def test_a_sign_in_under_way_is_doubted_too_and_the_ping_leaves_when_it_is_over() -> None:
    wire = started(Tiny(password="pw")).open(0.0)
    wire.say(0.0, {"hello": "n"})
    wire.sent()
    connection_of(wire).doubt(5.0, clock_was_set=False)
    assert verbs(wire) == []
    assert wire.say(5.0, {"ok": "login"}, {"ok": "greet"}) == [Ready()]
    assert verbs(wire) == ["greet", "ping"]


def test_there_is_nothing_to_doubt_before_the_start_and_after_the_goodbye() -> None:
    new = Connection(Tiny(), sources())
    new.doubt(1.0, clock_was_set=True)
    assert not new.is_doubted
    wire = ready()
    connection_of(wire).close(1.0)
    wire.sent()
    connection_of(wire).doubt(2.0, clock_was_set=False)
    assert (connection_of(wire).is_doubted, wire.sent()) == (False, [])


def test_with_websocket_pings_only_the_pong_to_the_ping_after_the_doubt_ends_it() -> None:
    wire = ready(SOCKET_PINGS)
    connection = connection_of(wire)
    serve(wire, 20.0)
    before = pinged(wire)
    connection.doubt(100.0, clock_was_set=False)
    after = pinged(wire)
    pong(wire, before, 101.0)
    assert connection.is_doubted
    connection.submit(Do(verb="get"), 101.0, is_topic_request=True)
    pong(wire, after, 103.0)
    assert (connection.is_doubted, connection.stats.ping_round_trip) == (False, 3.0)
    assert verbs(wire) == ["get"]


# Probes ---------------------------------------------------------------------------------------------------------------


def test_a_probe_is_answered_by_its_own_pong_only() -> None:
    wire = ready(SOCKET_PINGS)
    connection = connection_of(wire)
    serve(wire, 20.0)
    before = pinged(wire)
    connection.probe(21.0)
    own = pinged(wire)
    pong(wire, before, 22.0)
    assert connection.heartbeat.fresh_at < 21.0
    pong(wire, own, 23.0)
    assert connection.heartbeat.fresh_at == 21.0


def test_without_a_probe_or_a_doubt_any_pong_will_do() -> None:
    wire = ready(SOCKET_PINGS)
    serve(wire, 20.0)
    wire.sent_texts()
    wire.client.receive_data(wire.peer.send(Ping(payload=b"x").response()), 21.5)
    assert (connection_of(wire).last_proof_at, connection_of(wire).stats.ping_round_trip) == (21.5, 1.5)
    pong(wire, Ping(payload=b""), 25.0)
    assert connection_of(wire).stats.ping_round_trip == 1.5, "that pong answered nothing"


def test_a_connection_that_is_not_ready_is_not_probed() -> None:
    wire = started(Tiny(password="pw")).open(0.0)
    connection_of(wire).probe(1.0)
    assert wire.sent() == []


# A sign-in that is lost -----------------------------------------------------------------------------------------------


def test_a_connection_whose_sign_in_is_lost_says_goodbye_and_ends_with_the_reason() -> None:
    wire = signed_in()
    connection = connection_of(wire)
    request_id = send(wire, Place(name="x"), 1.0)
    connection.sign_in_lost(2.0, "who are you?")
    *outcomes, closed = wire.events()
    assert isinstance(closed, Closed)
    assert "who are you?" in closed.reason.text
    assert [getattr(event, "request_id", None) for event in outcomes] == [request_id]
    wire.sent_texts()
    assert wire.peer.closed is not None
    assert wire.peer.closed.code == 1001
    connection.sign_in_lost(3.0, "again")
    assert wire.events() == []


def test_a_sign_in_cannot_be_lost_before_there_was_one() -> None:
    connection = Connection(Tiny(password="pw"), sources())
    connection.sign_in_lost(1.0, "who are you?")
    assert connection.next_event() is None


# What a recording and a session see -----------------------------------------------------------------------------------


def test_between_messages_is_where_nothing_is_half_said() -> None:
    wire = ready()
    connection = connection_of(wire)
    found = [connection.is_between_messages]
    for piece in (frame(b'{"price":"1",', 0x01), frame(b'"market":"A"}', 0x80)):
        connection.receive_data(piece, 1.0)
        found.append(connection.is_between_messages)
    assert found == [True, False, True]


def test_a_recording_gets_each_compressed_message_and_what_it_holds_and_no_plain_one() -> None:
    wire = ready()
    noted: list[bytes] = []
    connection_of(wire).on_inflated = noted.append
    plain = b'{"price":"1","market":"A"}'
    member = gzip.compress(plain)
    wire.client.receive_data(wire.peer.binary(member) + frame(plain), 1.0)
    assert noted == [member, plain]


def test_requests_that_have_not_ended_are_counted() -> None:
    wire = ready()
    assert connection_of(wire).pending == 0
    send(wire, Do(verb="a"), 1.0)
    assert connection_of(wire).pending == 1


class Between(Tiny):
    """A peer that interrupts, and a venue with a field that could not be read."""

    def decode(self, payload: bytes) -> Sequence[Inbound]:
        if payload == b"!":
            return (Interrupted(concerns=(("price", "A"),), why="the relay is gone"),)
        if payload == b"?":
            return Mended((PriceUpdate(market="A", price="1"),), left_out=2)
        return super().decode(payload)


def test_an_interruption_is_handed_on_in_its_place() -> None:
    wire = ready(Between())
    wire.client.receive_data(text(PRICE) + frame(b"!") + text(PRICE), 1.0)
    assert [type(event) for event in wire.events()] == [PriceUpdate, Interrupted, PriceUpdate]


def test_fields_that_could_not_be_read_are_counted_and_the_update_is_dated_like_any_other() -> None:
    wire = ready(Between())
    wire.client.receive_data(frame(b"?"), 7.0)
    (update,) = wire.events()
    assert isinstance(update, PriceUpdate)
    assert (update.raw, update.received_at) == (b"?", 7.0)
    assert connection_of(wire).stats.unreadable_fields == 2


def test_end_of_data_before_the_start_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(UsageError, match="start"):
        Connection(Tiny(), sources()).receive_eof(0.0)


def test_plain_pushes_and_what_stands_between_them_come_in_order_and_are_counted() -> None:
    """With the extension many are taken in at once; it must make no difference."""
    wire = Wire(Connection(coinex.spot(), sources()))
    connection = connection_of(wire)
    connection.start(0.0)
    wire.open(0.0)
    wire.events()
    request_id = connection.send(coinex.Ping(), 1.0)
    answer = json.dumps({"id": request_id, "code": 0, "message": "OK", "data": {"result": "pong"}})
    said = [QUOTE.replace("A", "B"), QUOTE, answer, QUOTE.replace("A", "C")]
    before = connection.stats.messages
    data = b"".join(wire.peer.send(TextMessage(data=each)) for each in said)
    connection.receive_data(data, 5.0)
    found = [getattr(event, "market", None) for event in wire.events()]
    assert found == ["B", "A", None, "C"]
    assert (connection.stats.messages - before, connection.last_proof_at) == (4, 5.0)


def test_a_replay_says_what_was_in_a_compressed_message_also_where_the_extension_could_tell() -> None:
    recorded = QUOTE.replace("A", "B").encode()
    wire = Wire(Connection(coinex.spot(), sources(), inflate=lambda payload, most: recorded))
    connection_of(wire).start(0.0)
    wire.open(0.0)
    wire.events()
    wire.client.receive_data(wire.peer.binary(gzip.compress(QUOTE.encode())), 1.0)
    assert [getattr(event, "market", None) for event in wire.events()] == ["B"]


def test_an_answer_that_is_awaited_by_its_data_is_given_up_for_it() -> None:
    """What the data says has begun need not be acknowledged: the session is asked after each push then."""
    wire_ = ready()
    connection = connection_of(wire_)
    request_id = connection.submit(Do(verb="watch", is_optional=True), 1.0, is_topic_request=True)
    data = wire(PRICE)
    pauses = 0
    for _ in connection.receive_each(frame(data), 2.0):
        pauses += 1
        connection.confirm_started(request_id, 2.0)
    assert pauses == 1
    assert [type(event).__name__ for event in wire_.events()] == ["PriceUpdate", "Replied"]
    assert connection.pending == 0
