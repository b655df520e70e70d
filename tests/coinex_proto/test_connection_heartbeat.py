"""The line of a connection: pings, proofs, late timers, long times."""

from __future__ import annotations

import math

from coinex_proto import (
    Closed,
    Connection,
    Event,
    Failed,
    Phase,
)
from tests.coinex_proto.harness.connections import (
    closed,
    connection_of,
    ready,
    run_to,
    send,
    serve,
)
from tests.coinex_proto.harness.scripts import frame, text
from tests.coinex_proto.harness.tiny import Do, Time, Tiny
from tests.coinex_proto.harness.wire import sources

# The line -------------------------------------------------------------------------------------------------------------


def test_a_ping_goes_out_after_the_last_text_whatever_comes_in() -> None:
    wire = ready()
    wire.say(15.0, {"price": "1", "market": "A"})
    assert wire.client.next_deadline() == 20.0
    serve(wire, 20.0)
    assert wire.sent() == [{"do": "ping"}]


def test_n13_a_dead_line_is_noticed() -> None:
    wire = ready()
    wire.say(5.0, {"price": "1", "market": "A"})
    assert serve(wire, 20.0) == []
    assert wire.client.next_deadline() == 28.0
    assert "the line is dead" in closed(serve(wire, 28.0)).reason.text
    assert connection_of(wire).last_proof_at == 5.0


def test_a_goodbye_is_waited_for_only_while_the_peer_has_let_no_time_out_pass() -> None:
    dead, gone = ready(), ready()
    serve(dead, 20.0)
    serve(dead, 28.0)
    gone.client.receive_data(gone.peer.close(), 1.0)
    assert isinstance(dead.client, Connection)
    assert isinstance(gone.client, Connection)
    assert (dead.client.wants_close, dead.client.is_deaf) == (True, True)
    assert (gone.client.wants_close, gone.client.is_deaf) == (True, False)


def test_s30_there_is_no_goodbye_to_wait_for_before_the_upgrade() -> None:
    left, refused = Connection(Tiny(), sources()), Connection(Tiny(), sources())
    left.start(0.0)
    left.close(1.0)
    refused.start(0.0)
    refused.receive_data(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", 1.0)
    assert (left.wants_close, left.is_deaf) == (refused.wants_close, refused.is_deaf) == (True, True)


def test_n13_a_line_on_which_we_talk_all_the_time_is_noticed_too() -> None:
    wire = ready()
    for second in range(1, 20):
        send(wire, Do(verb=f"do {second}"), float(second))
    run_to(wire, 20.0)
    assert wire.sent()[-1] == {"do": "ping"}
    assert closed(run_to(wire, 28.0)).reason.code == 1006


def test_n14_bytes_alone_are_not_life() -> None:
    wire = ready()
    serve(wire, 20.0)
    data = text({"price": "1" * 40, "market": "A"})
    for second in range(8):
        wire.client.receive_data(data[second : second + 1], 20.0 + second)
    assert isinstance(closed(serve(wire, 28.0)), Closed)


def test_any_whole_message_answers_a_ping() -> None:
    wire = ready()
    serve(wire, 20.0)
    wire.say(27.0, {"price": "1", "market": "A"})
    assert wire.client.next_deadline() == 30.0  # the ping itself, as a request; then 40.0
    assert serve(wire, 30.0) == []
    assert wire.client.next_deadline() == 40.0


def test_n15_data_is_life_where_a_pong_never_comes() -> None:
    wire = ready(Tiny(ping=None))
    for second in range(1, 200):
        assert serve(wire, float(second)) == []
        wire.say(float(second), {"price": "1", "market": "A"})
    wire.sent()
    assert wire.peer.pings == 9
    assert connection_of(wire).phase is Phase.READY


def deaf(*, pongs: bool) -> tuple[list[Event], float]:
    """What comes of a peer that sends and answers no request, and when it is given up; at most for two minutes."""
    wire = ready(Tiny(ping=None))
    events: list[Event] = []
    for second in range(1, 120):
        if second in (1, 2, 3):
            send(wire, Do(verb=f"do {second}"), float(second))
        events += serve(wire, float(second))
        if connection_of(wire).phase is not Phase.READY:
            return events, float(second)
        wire.say(float(second), {"price": "1", "market": "A"})
        wire.sent()
        if pongs:
            wire.client.receive_data(frame(b"", 0x8A), float(second))
    return events, math.inf


def test_n15_a_peer_that_answers_neither_two_requests_nor_two_pings_is_deaf_whatever_it_sends() -> None:
    events, at = deaf(pongs=False)
    assert "two pings were not answered" in closed(events).reason.text
    assert at == 40.0  # the second request times out at 12, the second ping leaves at 32


def test_n15_a_peer_that_answers_pings_is_kept_although_it_answers_no_request() -> None:
    assert deaf(pongs=True)[1] == math.inf


def test_s29_a_pong_does_not_stand_for_the_venues_own_ping() -> None:
    wire = ready()
    serve(wire, 20.0)
    wire.client.receive_data(frame(b"", 0x8A), 21.0)
    assert isinstance(closed(serve(wire, 28.0)), Closed)


def test_a_venue_without_ping_gets_websocket_pings() -> None:
    wire = ready(Tiny(ping=None))
    serve(wire, 20.0)
    wire.sent()
    assert wire.peer.pings == 1
    wire.client.receive_data(frame(b"", 0x8A), 20.5)
    assert connection_of(wire).stats.ping_round_trip == 0.5
    assert wire.client.next_deadline() == 40.0


def test_the_round_trip_of_a_ping_is_measured() -> None:
    wire = ready()
    serve(wire, 20.0)
    wire.say(20.25, {"ok": "ping"})
    assert (connection_of(wire).stats.ping_round_trip, connection_of(wire).stats.pings) == (0.25, 1)


def test_the_venues_clock_is_asked_with_a_ping_every_five_minutes() -> None:
    wire = ready(Tiny(clock=Time()))
    asked = []
    for second in range(20, 680, 20):
        serve(wire, float(second))
        asked += [second for sent in wire.sent() if sent == {"do": "time"}]
        wire.say(float(second), {"ok": "ping"}, {"ok": "time", "result": 1_700_000_000_100})
    assert asked == [20, 320, 620]
    assert connection_of(wire).clock.is_known


def test_a_user_who_asks_for_the_time_teaches_the_clock() -> None:
    wire = ready(Tiny(clock=Time()))
    send(wire, Time())
    wire.say(0.0, {"ok": "time", "result": 1_700_000_060_000})
    assert connection_of(wire).clock.offset_ns == 60_000_500_000


def test_n16_a_timer_that_is_served_late_lets_the_driver_read_first() -> None:
    wire = ready()
    serve(wire, 20.0)
    assert serve(wire, 35.0) == []
    assert wire.client.next_deadline() == 35.5
    wire.say(35.1, {"ok": "ping"})
    assert serve(wire, 35.5) == []
    assert connection_of(wire).phase is Phase.READY


def test_n16_a_timer_is_put_off_once_only() -> None:
    wire = ready()
    serve(wire, 20.0)
    assert serve(wire, 35.0) == []
    assert serve(wire, 35.4) == []
    assert isinstance(closed(serve(wire, 40.0)), Closed)


def test_n26_an_hour_of_sleep_brings_no_burst() -> None:
    wire = ready()
    send(wire, Do(verb="a"))
    wire.sent()
    assert serve(wire, 3600.0) == []
    assert wire.sent() == []
    assert [type(event) for event in serve(wire, 3600.5)] == [Failed]
    assert wire.sent() == [{"do": "ping"}]
    assert wire.client.next_deadline() == 3608.5


def test_s22_two_days_go_by_with_a_ping_every_interval() -> None:
    wire = ready()
    now, pings = 0.0, 0
    while now < 48 * 3600:
        due = wire.client.next_deadline()
        assert due is not None
        assert due > now
        now = due
        assert serve(wire, now) == []
        for text_ in wire.sent():
            pings += 1
            assert text_ == {"do": "ping"}
            wire.say(now + 0.125, {"ok": "ping"})
    assert pings == 48 * 3600 / 20


def test_time_never_goes_back() -> None:
    wire = ready()
    wire.say(50.0, {"price": "1", "market": "A"})
    wire.say(3.0, {"price": "1", "market": "A"})
    assert connection_of(wire).last_proof_at == 50.0
