"""The requests of one connection by themselves: what is sent, who is told what, and when there is something to do.

As a user meets them, over a whole connection: `test_connection_requests.py`.
"""

from __future__ import annotations

import json
from collections import deque

import pytest

from coinex_proto import (
    Answer,
    Config,
    Event,
    Failed,
    NotReady,
    Replied,
    RequestId,
    Statistics,
    Unrecognised,
    UsageError,
)
from coinex_proto._connection.agenda import Agenda
from coinex_proto._connection.heartbeat import Heartbeat
from coinex_proto._connection.pending import Purpose
from coinex_proto._connection.requests import RequestIds, Requests
from coinex_proto._connection.timeline import Timeline
from coinex_proto._connection.venue_clock import Clock
from coinex_proto._wire.websocket import WebSocket
from coinex_proto.events import CloseReason
from tests.coinex_proto.harness.connections import connection_of, ready, send, serve
from tests.coinex_proto.harness.tiny import Do, LadderUpdate, OrderUpdate, Place, Time, Tiny, Whole
from tests.coinex_proto.harness.wire import Peer, sources

LADDER = {"market": "A", "whole": True, "levels": [["1", "2"]], "total": "2"}


class Room:
    """Calls with an open socket, and the server at its other end."""

    def __init__(self, venue: Tiny = Tiny(password="pw", clock=Time())) -> None:  # noqa: B008  (frozen)
        socket = WebSocket(
            host="tiny.test",
            port=443,
            tls=True,
            target="/",
            headers=(),
            max_message_bytes=1000,
            random_bytes=sources().random_bytes,
        )
        socket.start()
        self.peer = Peer()
        self.peer.receive(socket.data_to_send())
        socket.receive_data(self.peer.accept())
        self.socket, self.clock, self.stats = socket, Clock(), Statistics()
        self.queue: deque[Event] = deque()
        self.requests = Requests(
            venue,
            sources(),
            Config(),
            ids=RequestIds(),
            clock=self.clock,
            stats=self.stats,
            socket=socket,
            heartbeat=Heartbeat(Config()),
            events=self.queue,
            agenda=Agenda(),
            timeline=Timeline(int),
        )

    def sent(self) -> list[str]:
        return [json.loads(text)["do"] for text in self.peer.receive(self.socket.data_to_send())]

    def events(self) -> list[type[Event]]:
        kinds = [type(event) for event in self.queue]
        self.queue.clear()
        return kinds

    def hear(self, key: object, result: object = None, *, beside_update: bool = False) -> Purpose | None:
        answer, payload = Answer(keys=(key,), body=json.dumps(result).encode()), b"payload"
        pending = self.requests.match(answer, payload, 1.0, beside_update=beside_update)
        if pending is not None and pending.purpose is Purpose.CALLER:
            self.requests.finish(pending, answer, payload, 1.0, beside_update=beside_update)
        return None if pending is None else pending.purpose


def test_a_call_goes_out_and_its_answer_ends_it() -> None:
    room = Room()
    assert room.requests.is_idle
    assert room.requests.submit(Do(verb="a"), 0.0, is_topic_request=False) == 1
    assert (room.sent(), room.requests.is_idle, room.requests.next_expiry()) == (["a"], False, 10.0)
    assert room.hear("a", 7) is Purpose.CALLER
    assert list(room.queue) == [Replied(request_id=RequestId(1), command=Do(verb="a"), result=7)]
    assert room.requests.is_idle


def test_a_refused_call_takes_no_id_and_sends_nothing() -> None:
    room = Room()
    for name in "ab":
        room.requests.submit(Place(name=name), 0.0, is_topic_request=False)
    with pytest.raises(NotReady):
        room.requests.submit(Place(name="c"), 0.0, is_topic_request=False)
    assert room.sent() == ["place", "place"]
    assert room.requests.submit(Do(verb="a"), 0.0, is_topic_request=False) == 3
    for _ in range(1021):
        room.requests.submit(Do(verb="a"), 0.0, is_topic_request=False)
    with pytest.raises(UsageError, match="1024"):
        room.requests.submit(Do(verb="a"), 0.0, is_topic_request=False)


def test_what_waits_to_leave_leaves_when_it_is_released() -> None:
    room = Room()
    for number in range(3):
        room.requests.submit(Do(verb=f"get{number}"), 0.0, is_topic_request=False)
    assert room.sent() == ["get0", "get1"]
    assert room.requests.next_send_at() == pytest.approx(0.2)
    room.requests.release(0.1)
    assert room.sent() == []
    room.requests.release(0.2)
    assert (room.sent(), room.requests.next_send_at()) == (["get2"], None)


def test_an_own_request_is_outside_all_limits_and_ends_without_an_event() -> None:
    room = Room()
    for number in range(3):
        room.requests.send_own(Do(verb=f"get{number}"), 0.0, Purpose.PING)
    assert room.sent() == ["get0", "get1", "get2"]
    assert room.hear("get0") is Purpose.PING
    assert room.requests.expire(10.0) == []
    assert (room.events(), room.requests.is_idle) == ([], True)


def test_the_opening_goes_on_without_an_answer_that_need_not_come() -> None:
    room = Room()
    room.requests.send_own(Do(verb="greet", is_optional=True), 0.0, Purpose.OPENING)
    assert room.requests.next_expiry() == 2.5
    (passed_over,) = room.requests.expire(2.5)
    assert passed_over.purpose is Purpose.OPENING
    assert room.events() == []


def test_for_a_caller_an_answer_that_need_not_come_is_success_once_it_came_true_or_its_time_is_up() -> None:
    room = Room()
    first = room.requests.submit(Do(verb="a", is_optional=True), 0.0, is_topic_request=False)
    room.requests.submit(Do(verb="b", is_optional=True), 0.0, is_topic_request=False)
    needs_answer = room.requests.submit(Do(verb="c"), 5.0, is_topic_request=False)
    assert [room.requests.confirm_started(each) for each in (first, first, needs_answer)] == [False, False, False]
    assert room.events() == [Replied]
    assert room.requests.expire(10.0) == []
    assert room.events() == [Replied]


def test_a_late_answer_finds_the_place_of_a_request_that_timed_out_and_then_nobody() -> None:
    room = Room()
    room.requests.submit(Do(verb="a"), 0.0, is_topic_request=False)
    room.requests.expire(10.0)
    assert (room.events(), room.stats.timeouts) == ([Failed], 1)
    assert room.hear("a") is None
    assert (room.events(), room.stats.stray_answers) == ([], 0)
    assert room.hear("a") is None
    assert (room.events(), room.stats.stray_answers) == ([Unrecognised], 1)
    assert room.hear("a", beside_update=True) is None
    assert room.events() == []


def test_the_place_of_a_request_that_timed_out_is_given_up_in_the_end() -> None:
    room = Room()
    room.requests.submit(Do(verb="a"), 0.0, is_topic_request=False)
    room.requests.expire(10.0)
    assert not room.requests.is_idle
    room.requests.expire(20.0)
    assert (room.events(), room.requests.is_idle) == ([Failed], True)


def test_however_late_an_answer_to_a_request_that_timed_out_is_no_stray_and_the_next_one_is() -> None:
    room = Room()
    room.requests.submit(Do(verb="a"), 0.0, is_topic_request=False)
    room.requests.send_own(Do(verb="greet"), 0.0, Purpose.PING)
    room.requests.expire(10.0)
    room.requests.expire(20.0)
    room.events()
    assert (room.hear("a"), room.hear("greet")) == (None, None)
    assert (room.events(), room.stats.stray_answers, room.stats.unrecognised) == ([], 0, 0)
    assert room.hear("a") is None
    assert (room.events(), room.stats.stray_answers) == ([Unrecognised], 1)


def test_an_answer_of_the_venues_clock_sets_ours_whoever_asked_and_one_that_is_no_time_does_not() -> None:
    room = Room()
    known = []
    for answer in ("noon", 1_700_000_000_000):
        room.requests.send_own(Time(), 0.0, Purpose.CLOCK)
        room.hear("time", answer)
        known.append(room.clock.is_known)
    assert (known, room.events()) == ([False, True], [])
    room.requests.submit(Time(), 0.0, is_topic_request=False)
    room.hear("time", 1_700_000_001_000)
    assert room.clock.offset_ns == pytest.approx(10**9, abs=10**6)  # the venue tells whole milliseconds
    assert room.events() == [Replied]


def test_a_result_that_is_an_update_is_delivered_as_one_unless_it_stood_beside_the_answer() -> None:
    room = Room()
    for beside_update, expected in ((False, [LadderUpdate, Replied]), (True, [Replied])):
        room.requests.submit(Whole(market="A"), 0.0, is_topic_request=False)
        room.hear(("ladder", "A"), LADDER, beside_update=beside_update)
        assert room.events() == expected


def test_an_answer_that_cannot_be_read_is_reported_and_fails() -> None:
    room = Room()
    room.requests.submit(Do(verb="a"), 0.0, is_topic_request=False)
    room.hear("a", "unreadable")
    assert room.events() == [Unrecognised, Failed]


def test_the_end_tells_every_caller_and_no_topic_request() -> None:
    room = Room()
    for verb, is_topic_request in (("a", False), ("b", True), ("a", False), ("b", True)):
        room.requests.submit(Do(verb=verb), 0.0, is_topic_request=is_topic_request)
    room.requests.send_own(Do(verb="ping"), 0.0, Purpose.PING)
    room.requests.lose(CloseReason(code=1006, text="gone"))
    assert [event.request_id for event in room.queue if isinstance(event, Failed)] == [1, 3]
    assert (len(room.queue), room.requests.is_idle) == (2, True)


def test_nothing_leaves_any_more_once_the_connection_closes_and_no_timer_is_set_for_it() -> None:
    wire = ready()
    for number in range(3):
        send(wire, Do(verb=f"get{number}"))
    assert wire.client.next_deadline() == pytest.approx(0.2)
    wire.sent()
    connection_of(wire).close(0.1)
    assert wire.client.next_deadline() == pytest.approx(2.1)
    assert serve(wire, 0.2) == []
    assert wire.sent() == []


def test_a_late_answer_to_an_order_tells_of_it_but_not_while_it_may_be_anothers() -> None:
    room = Room()
    told = {"name": "x", "state": "live"}
    room.requests.submit(Place(name="x"), 0.0, is_topic_request=False)
    room.requests.expire(10.0)
    assert room.events() == [Failed]
    assert room.hear(("order", "x"), told) is None
    assert room.events() == [OrderUpdate]
    room.requests.submit(Place(name="x"), 10.0, is_topic_request=False)
    room.requests.expire(20.0)
    room.requests.submit(Place(name="x"), 20.0, is_topic_request=False)
    assert room.events() == [Failed]
    assert room.hear(("order", "x"), told) is None
    assert room.events() == []
