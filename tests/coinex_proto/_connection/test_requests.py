"""The requests of one connection by themselves: what is sent, who is told what, and when there is something to do.

As a user meets them, over a whole connection: `test_connection_requests.py`.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any

import pytest
from attrs import frozen

from coinex_proto import (
    Answer,
    Command,
    Config,
    Event,
    Failed,
    NotReady,
    OutcomeUnknown,
    Outgoing,
    Refusal,
    Replied,
    RequestId,
    RequestRefused,
    Statistics,
    Unrecognised,
    UsageError,
)
from coinex_proto._connection.agenda import Agenda, Item
from coinex_proto._connection.heartbeat import Heartbeat
from coinex_proto._connection.pending import MAX_REQUESTS, Purpose
from coinex_proto._connection.requests import (
    MAX_SENT_NOW,
    UNNAMED_REFUSAL_WAIT,
    PartAnswered,
    RequestIds,
    Requests,
)
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

    def __init__(
        self,
        venue: Tiny = Tiny(password="pw", clock=Time()),  # noqa: B008  (frozen)
        config: Config = Config(),  # noqa: B008
    ) -> None:
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
        self.heartbeat, self.agenda = Heartbeat(config), Agenda()
        self.heartbeat.start(0.0)
        self.queue: deque[Event] = deque()
        self.requests = Requests(
            venue,
            sources(),
            config,
            ids=RequestIds(),
            clock=self.clock,
            stats=self.stats,
            socket=socket,
            heartbeat=self.heartbeat,
            events=self.queue,
            agenda=self.agenda,
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


def test_what_is_sent_puts_the_next_ping_off() -> None:
    room = Room()
    room.heartbeat.proved(6.0)
    assert room.heartbeat.due() == 20.0
    room.requests.submit(Do(verb="a"), 5.0, is_topic_request=False)
    assert room.heartbeat.due() == 25.0


def test_in_doubt_a_request_that_may_wait_is_taken_and_leaves_when_it_is_released() -> None:
    room = Room()
    room.heartbeat.doubted(1.0)
    assert room.requests.submit(Do(verb="a"), 1.0, is_topic_request=False) == 1
    assert (room.sent(), room.requests.is_idle) == ([], False)
    room.heartbeat.answered(1.0, 2.0)
    room.agenda.add(Item.SEND_QUEUE)  # as the connection does then
    room.requests.release(2.0)
    assert room.sent() == ["a"]


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
    assert (room.requests.is_idle, room.requests.next_expiry()) == (False, 20.0)
    room.requests.expire(19.9)
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


# Answers in parts -----------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Both(Command[Any]):
    """Asks for two topics; each is answered by itself."""

    def parse(self, body: bytes) -> Any:
        return json.loads(body)


class InParts(Tiny):
    def encode(self, command: Command[Any], request_id: RequestId) -> Outgoing:
        if isinstance(command, Both):
            return Outgoing(text=b'{"do":"both"}', keys=("both",), parts={"x": ("price", "x"), "y": ("price", "y")})
        return super().encode(command, request_id)


NO = Refusal(code=7, message="no")


class Parted(Room):
    """A request of two parts, under way."""

    def __init__(self, *, is_topic_request: bool) -> None:
        super().__init__(InParts())
        self.requests.submit(Both(), 0.0, is_topic_request=is_topic_request)

    def part(self, part: str | None, refusal: Refusal | None = None, *, may_be_stray: bool = False) -> list[str]:
        answer = Answer(keys=("both",), body=b"1", part=part, refusal=refusal, may_be_stray=may_be_stray)
        pending = self.requests.match(answer, b"payload", 1.0, beside_update=False)
        if pending is not None:
            self.requests.finish(pending, answer, b"payload", 1.0, beside_update=False)
        return self.told()

    def told(self) -> list[str]:
        found = []
        for event in self.queue:
            inner = event.outcome if isinstance(event, PartAnswered) else event
            name = type(inner).__name__
            found.append(f"{event.key[1]}: {name}" if isinstance(event, PartAnswered) else name)
        self.queue.clear()
        return found


def test_a_session_hears_of_each_part_and_at_the_end_of_the_rest() -> None:
    room = Parted(is_topic_request=True)
    assert room.part("x") == ["x: Replied"]
    assert not room.requests.is_idle
    assert room.part("y", NO) == ["y: Failed", "Replied"]
    assert room.requests.is_idle


def test_who_waits_for_one_outcome_hears_when_all_parts_have_come_and_of_the_first_refusal() -> None:
    room = Parted(is_topic_request=False)
    assert room.part("x") == []
    assert room.part("y") == ["Replied"]
    room = Parted(is_topic_request=False)
    assert room.part("x", NO) == []
    assert room.part("y") == ["Failed"]
    assert room.requests.is_idle


def test_an_answer_without_a_part_is_of_all_that_are_left() -> None:
    room = Parted(is_topic_request=True)
    assert room.part(None) == ["Replied"]
    assert room.requests.is_idle


def test_a_part_that_does_not_wait_is_a_stray_answer_and_changes_nothing() -> None:
    room = Parted(is_topic_request=True)
    room.part("x")
    assert room.part("x") == ["Unrecognised"]
    assert room.part("z", may_be_stray=True) == []
    assert room.stats.stray_answers == 1
    assert room.part("y") == ["y: Replied", "Replied"]


def test_a_refusal_without_a_part_waits_a_second_for_the_others_and_is_then_of_all_that_are_left() -> None:
    room = Parted(is_topic_request=True)
    assert room.part(None, NO) == []
    assert room.requests.next_expiry() == 1.0 + UNNAMED_REFUSAL_WAIT
    assert room.requests.expire(2.0) == []
    assert room.told() == ["Failed"]
    assert (room.requests.is_idle, room.stats.timeouts) == (True, 0)


def test_a_refusal_without_a_part_is_of_the_only_one_that_is_left() -> None:
    room = Parted(is_topic_request=True)
    room.part("x")
    assert room.part(None, NO) == ["Failed"]
    assert room.requests.is_idle


def test_after_as_many_refusals_without_a_part_as_parts_nothing_is_left() -> None:
    room = Parted(is_topic_request=True)
    assert room.part("unknown name", NO) == []
    assert room.part(None, NO) == ["Failed"]


def test_parts_that_come_after_the_time_out_are_told_and_the_end_is_not_told_again() -> None:
    room = Parted(is_topic_request=True)
    room.requests.expire(10.0)
    assert (room.told(), room.stats.timeouts) == (["Failed"], 1)
    assert room.part("x") == ["x: Replied"]
    assert room.part("y") == ["y: Replied"]
    assert room.requests.is_idle


def test_a_late_answer_to_all_parts_is_told_to_the_session() -> None:
    room = Parted(is_topic_request=True)
    room.requests.expire(10.0)
    room.told()
    assert room.part(None) == ["Replied"]


# Refusals -------------------------------------------------------------------------------------------------------------


def refuse(room: Room, key: object, refusal: Refusal, *, beside_update: bool = False) -> list[type[Event]]:
    answer = Answer(keys=(key,), refusal=refusal)
    pending = room.requests.match(answer, b"payload", 1.0, beside_update=beside_update)
    if pending is not None:
        room.requests.finish(pending, answer, b"payload", 1.0, beside_update=beside_update)
    return room.events()


def test_a_refused_request_fails_with_the_venues_word() -> None:
    room = Room()
    room.requests.submit(Do(verb="a"), 0.0, is_topic_request=False)
    answer = Answer(keys=("a",), refusal=NO)
    pending = room.requests.match(answer, b"payload", 1.0, beside_update=False)
    assert pending is not None
    room.requests.finish(pending, answer, b"payload", 1.0, beside_update=False)
    (event,) = room.queue
    assert isinstance(event, Failed)
    assert isinstance(event.error, RequestRefused)
    assert (event.request_id, event.error.code) == (1, 7)


def test_a_refusal_that_asks_for_a_pause_holds_the_bucket_so_long() -> None:
    room = Room()
    room.requests.submit(Do(verb="get"), 0.0, is_topic_request=False)
    assert refuse(room, "get", Refusal(code="limit", pause=3.0)) == [Failed]
    room.requests.submit(Do(verb="get"), 1.0, is_topic_request=False)
    assert room.requests.next_send_at() == pytest.approx(4.0 + 1 / 5.0)  # the bucket is empty then, and fills again
    room.requests.release(4.1)
    assert room.sent() == ["get"]
    room.requests.release(4.3)
    assert room.sent() == ["get"]


def test_a_refusal_that_asks_for_no_pause_leaves_the_bucket_as_it_is() -> None:
    room = Room()
    room.requests.submit(Do(verb="get"), 0.0, is_topic_request=False)
    refuse(room, "get", NO)
    room.requests.submit(Do(verb="get"), 1.0, is_topic_request=False)
    assert room.sent() == ["get", "get"]


def test_a_pause_of_less_than_a_second_is_kept_too() -> None:
    room = Room()
    room.requests.submit(Do(verb="get"), 0.0, is_topic_request=False)
    refuse(room, "get", Refusal(code="limit", pause=0.5))
    room.requests.submit(Do(verb="get"), 1.0, is_topic_request=False)
    assert room.requests.next_send_at() == pytest.approx(1.5 + 1 / 5.0)


def test_a_late_refusal_of_an_order_is_said_and_ends_nothing() -> None:
    room = Room()
    room.requests.submit(Place(name="x"), 0.0, is_topic_request=False)
    room.requests.expire(10.0)
    room.events()
    assert refuse(room, ("order", "x"), NO) == [Unrecognised]
    room.requests.submit(Place(name="y"), 0.0, is_topic_request=False)
    room.requests.expire(10.0)
    room.events()
    assert refuse(room, ("order", "y"), NO, beside_update=True) == []


def test_a_late_answer_to_an_order_that_cannot_be_read_is_said() -> None:
    room = Room()
    room.requests.submit(Place(name="x"), 0.0, is_topic_request=False)
    room.requests.expire(10.0)
    room.events()
    assert room.hear(("order", "x"), 7) is None
    assert room.events() == [Unrecognised]


def test_an_order_whose_answer_cannot_be_read_is_of_unknown_outcome() -> None:
    room = Room()
    room.requests.submit(Place(name="x"), 0.0, is_topic_request=False)
    room.hear(("order", "x"), 7)
    failed = room.queue[-1]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, OutcomeUnknown)


def test_the_answer_to_a_late_topic_request_is_the_sessions_and_its_refusal_is_nobodys() -> None:
    for refusal, expected in ((None, Purpose.CALLER), (NO, None)):
        room = Room()
        room.requests.submit(Do(verb="a"), 0.0, is_topic_request=True)
        room.requests.expire(10.0)
        found = room.requests.match(Answer(keys=("a",), refusal=refusal), b"", 11.0, beside_update=False)
        assert (None if found is None else found.purpose) is expected


def test_an_answer_to_what_had_begun_before_it_is_no_stray_once_and_a_refusal_is() -> None:
    room = Room()
    request_id = room.requests.submit(Do(verb="a", is_optional=True), 0.0, is_topic_request=False)
    room.requests.confirm_started(request_id)
    room.events()
    assert refuse(room, "a", NO) == [Unrecognised]
    assert (room.hear("a"), room.events()) == (None, [])
    assert (room.hear("a"), room.events()) == (None, [Unrecognised])


def test_a_stray_that_the_venue_may_send_is_dropped_without_a_word() -> None:
    room = Room()
    answer = Answer(keys=("a",), may_be_stray=True)
    assert room.requests.match(answer, b"", 0.0, beside_update=False) is None
    assert (room.events(), room.stats.stray_answers) == ([], 0)


def test_commands_that_the_server_asks_for_leave_up_to_so_many_a_second() -> None:
    room = Room()
    for _ in range(MAX_SENT_NOW + 1):
        room.requests.send_now(Do(verb="pong"), b"ping", 5.0)
    assert room.sent() == ["pong"] * MAX_SENT_NOW
    assert (room.events(), room.stats.unrecognised) == ([Unrecognised], 1)
    room.requests.send_now(Do(verb="pong"), b"ping", 6.0)
    assert room.sent() == ["pong"]


def test_the_limit_of_requests_that_wait_is_for_callers_alone() -> None:
    room = Room()
    for _ in range(MAX_REQUESTS + 1):
        room.requests.submit(Do(verb="a"), 0.0, is_topic_request=True)
    assert room.requests.submit(Do(verb="b"), 0.0, is_topic_request=False) == MAX_REQUESTS + 2


def test_an_opening_has_its_own_time_and_an_answer_that_need_not_come_a_quarter_of_it() -> None:
    for purpose, is_optional, expected in (
        (Purpose.OPENING, False, 10.0), (Purpose.OPENING, True, 2.5), (Purpose.OPENING_CLOCK, False, 10.0),
        (Purpose.PING, False, 30.0),
    ):  # fmt: skip
        room = Room(config=Config(request_timeout=30.0, login_timeout=10.0))
        room.requests.send_own(Do(verb="a", is_optional=is_optional), 0.0, purpose)
        assert room.requests.next_expiry() == expected


def test_a_request_that_never_left_is_not_of_unknown_outcome_at_the_end() -> None:
    room = Room()
    for _ in range(3):
        room.requests.submit(Do(verb="get"), 0.0, is_topic_request=False)
    room.requests.submit(Place(name="x"), 0.0, is_topic_request=False)
    room.requests.lose(CloseReason(code=1006, text="gone"))
    errors = {event.request_id: type(event.error) for event in room.queue if isinstance(event, Failed)}
    assert errors[RequestId(4)] is OutcomeUnknown
    assert errors[RequestId(3)] is RequestRefused
    room.queue.clear()
    room.requests.lose(CloseReason(code=1006, text="gone"))
    assert room.events() == []
