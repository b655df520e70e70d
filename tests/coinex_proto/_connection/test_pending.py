"""The table of requests that wait for an answer."""

from __future__ import annotations

import weakref

import pytest

from coinex_proto import OLDEST, Outgoing, RequestId
from coinex_proto._connection.agenda import Agenda, Item
from coinex_proto._connection.pending import MAX_REQUESTS, Pending, PendingRequests, Purpose, TopicRate
from tests.coinex_proto.harness.tiny import Do


def pending(number: int, *keys: str) -> Pending:
    return Pending(RequestId(number), Do(verb="a"), Outgoing(text=b"{}", keys=keys), Purpose.CALLER)


def table(*requests: Pending, at: float = 0.0, timeout: float = 10.0, agenda: Agenda | None = None) -> PendingRequests:
    found = PendingRequests(agenda or Agenda())
    for each in requests:
        found.sent(each, at, 7, timeout)
    return found


def test_the_first_key_that_somebody_waits_for_decides() -> None:
    one, two = pending(1, "a"), pending(2, "b", "c")
    requests = table(one, two)
    assert requests.match(("x", "c", "a")) is two
    assert requests.match(("b",)) is None
    assert requests.match(("a",)) is one
    assert len(requests) == 0


def test_what_waits_has_no_outcome_yet() -> None:
    one = pending(1, "a")
    table(one, at=3.0)
    assert (one.has_ended, one.failure, one.is_topic_request) == (False, None, False)
    assert (one.sent_at, one.sent_wall_ns, one.deadline) == (3.0, 7, 13.0)


def test_of_those_with_one_key_the_first_is_answered_first() -> None:
    one, two = pending(1, "a"), pending(2, "a")
    requests = table(one, two)
    assert [requests.match(("a",)), requests.match(("a",)), requests.match(("a",))] == [one, two, None]


def test_oldest_is_whoever_was_sent_first() -> None:
    one, two = pending(1, "a"), pending(2)
    requests = table(one, two)
    assert [requests.match((OLDEST,)), requests.match((OLDEST,)), requests.match((OLDEST,))] == [one, two, None]
    assert repr(OLDEST) == "OLDEST"


def test_a_key_is_blocked_until_everybody_with_it_is_answered() -> None:
    one, two = pending(1, "a", "b"), pending(2, "b")
    agenda = Agenda()
    requests = table(one, two, agenda=agenda)
    assert requests.is_blocked(Outgoing(text=b"", keys=("x", "b")))
    assert not requests.is_blocked(Outgoing(text=b"", keys=()))
    freed = agenda.take(Item.SEND_QUEUE)
    assert (freed, requests.match(("a",)), agenda.take(Item.SEND_QUEUE)) == (False, one, True)
    assert requests.is_blocked(Outgoing(text=b"", keys=("b",)))
    requests.match(("b",))
    assert not requests.is_blocked(Outgoing(text=b"", keys=("b",)))


def test_deadlines_come_in_order_and_once() -> None:
    requests = PendingRequests(Agenda())
    late, early, answered = pending(1), pending(2, "x"), pending(3, "a")
    requests.sent(late, 0.0, 7, 30.0)
    requests.sent(early, 1.0, 7, 5.0)
    requests.sent(answered, 0.0, 7, 1.0)
    assert requests.next_deadline() == 1.0
    requests.match(("a",))
    assert requests.next_deadline() == 6.0
    assert requests.expired(5.9) == []
    assert requests.expired(99.0) == [early, late]
    assert requests.expired(99.0) == []
    assert requests.next_deadline() is None
    assert (early.sent_at, early.sent_wall_ns) == (1.0, 7)


def test_one_that_timed_out_keeps_its_place_for_a_late_answer() -> None:
    one = pending(1, "a")
    requests = table(one)
    assert requests.expired(10.0) == [one]
    requests.keep_place(one, 20.0)
    assert requests.next_deadline() == 20.0
    assert requests.is_blocked(one.outgoing)
    assert requests.match(("a",)) is one
    assert one.has_ended
    assert requests.next_deadline() is None


def test_all_are_taken_in_the_order_in_which_they_were_sent() -> None:
    one, two = pending(1, "a"), pending(2, "b")
    requests = table(one, two)
    assert list(requests) == [one, two]
    assert requests.take_all() == [one, two]
    assert (len(requests), requests.next_deadline(), requests.match(("a", OLDEST))) == (0, None, None)


def test_a_pace_may_be_as_fast_as_one_likes() -> None:
    pace = TopicRate(1e300)
    for _ in range(5000):
        pace.take(100.0)
    assert pace.free_at() <= 100.0


def test_what_is_sent_is_not_shown() -> None:
    assert "S3CRET" not in repr(Pending(RequestId(1), Do(verb="a"), Outgoing(text=b"S3CRET", keys=()), Purpose.OPENING))


@pytest.mark.parametrize(("per_second", "count", "window"), [(10.0, 10, 1.0), (0.5, 1, 2.0), (2.5, 2, 0.8)])
def test_a_pace_is_held_in_every_window(per_second: float, count: int, window: float) -> None:
    pace, now, times = TopicRate(per_second), 100.0, []
    for _ in range(count * 3):
        now = max(now, pace.free_at())
        pace.take(now)
        times.append(now)
    assert times[:count] == [100.0] * count
    assert all(b - a >= window - 1e-9 for a, b in zip(times, times[count:], strict=False))


def test_of_requests_that_were_given_up_the_latest_are_known_and_none_after_the_end() -> None:
    requests = PendingRequests(Agenda())
    for number in range(1, MAX_REQUESTS + 2):
        given_up = pending(number, str(number))
        requests.sent(given_up, 0.0, 7, 10.0)
        requests.give_up(given_up)
    assert (len(requests), requests.is_late(("1",))) == (0, False)
    assert (requests.is_late(("nobody's", "2")), requests.is_late(("2",))) == (True, False)
    requests.take_all()
    assert not requests.is_late(("3",))


def test_x3_nothing_keeps_a_request_that_has_been_answered() -> None:
    one = pending(1, "a")
    requests = table(one)
    assert requests.match(("a",)) is one
    gone = weakref.ref(one)
    del one
    assert gone() is None


def test_a_request_that_is_hurried_times_out_earlier_and_never_later() -> None:
    one = pending(1, "a")
    requests = table(one)
    requests.hurry(one, 20.0)
    assert requests.next_deadline() == 10.0
    requests.hurry(one, 3.0)
    assert (requests.next_deadline(), requests.expired(3.0), requests.next_deadline()) == (3.0, [one], None)


@pytest.mark.parametrize(("purpose", "parts"), [(Purpose.CALLER, {"x", "y"}), (Purpose.SERVER, set())])
def test_only_a_callers_request_is_answered_part_by_part(purpose: Purpose, parts: set[str]) -> None:
    outgoing = Outgoing(text=b"{}", keys=("a",), parts={"x": ("t", "x"), "y": ("t", "y")})
    one = Pending(RequestId(1), Do(verb="a"), outgoing, purpose)
    requests = table(one)
    assert one.parts == parts
    assert requests.match(("a",)) is one
    assert len(requests) == bool(parts)


def test_those_that_need_not_be_answered_are_counted() -> None:
    optional = Pending(
        RequestId(1), Do(verb="a"), Outgoing(text=b"", keys=("a",), is_reply_optional=True), Purpose.PING
    )
    requests = table(optional, pending(2, "b"))
    assert requests.optional == 1
    requests.match(("b",))
    assert requests.optional == 1
    requests.match(("a",))
    assert requests.optional == 0
    requests.sent(optional, 0.0, 7, 10.0)
    requests.take_all()
    assert requests.optional == 0


def test_a_request_is_found_by_its_id_while_it_waits() -> None:
    one = pending(1, "a")
    requests = table(one)
    assert (requests.find(RequestId(1)), requests.find(RequestId(2))) == (one, None)
    requests.match(("a",))
    assert requests.find(RequestId(1)) is None
