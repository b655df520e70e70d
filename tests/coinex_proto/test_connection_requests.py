"""Requests of a connection: whose answer it is, refusals, time-outs, limits."""

from __future__ import annotations

import pytest

from coinex_proto import (
    Closed,
    Connection,
    Failed,
    NotReady,
    OutcomeUnknown,
    PayloadError,
    Phase,
    Rate,
    Replied,
    RequestRefused,
    RequestTimedOut,
    Unrecognised,
    UsageError,
)
from coinex_proto._connection.requests import RequestIds
from tests.coinex_proto.line import Line, sources
from tests.coinex_proto.line_connection import (
    closed,
    connection_of,
    only_failure,
    ready,
    run_to,
    send,
    serve,
    signed_in,
)
from tests.coinex_proto.tiny import Do, LadderUpdate, OrderUpdate, Place, Tiny, Whole

# Requests -------------------------------------------------------------------------------------------------------------


def test_an_answer_finds_its_request_by_key() -> None:
    line = ready()
    first, second = send(line, Do(verb="a")), send(line, Do(verb="b"))
    assert line.say(1.0, {"ok": "b", "result": 2}, {"ok": "a", "result": 1}) == [
        Replied(request_id=second, command=Do(verb="b"), result=2),
        Replied(request_id=first, command=Do(verb="a"), result=1),
    ]


def test_oldest_is_whoever_waits_longest() -> None:
    line = ready()
    first, second = send(line, Do(verb="a")), send(line, Do(verb="b"))
    events = line.say(1.0, {"error": "no"}, {"error": "no"})
    assert [event.request_id for event in events if isinstance(event, Failed)] == [first, second]


def test_requests_that_share_a_key_go_one_at_a_time() -> None:
    line = ready()
    first, second = send(line, Do(verb="a", reply="same")), send(line, Do(verb="b", reply="same"))
    third = send(line, Do(verb="c"))
    assert line.sent() == [{"do": "a"}, {"do": "c"}]
    assert line.say(1.0, {"ok": "same"}) == [Replied(request_id=first, command=Do(verb="a", reply="same"), result=None)]
    assert line.sent() == [{"do": "b"}]
    assert [type(event) for event in line.say(2.0, {"ok": "c"}, {"ok": "same"})] == [Replied, Replied]
    assert (second, third) == (2, 3)


def test_an_answer_to_nobody_is_reported() -> None:  # S9
    (event,) = ready().say(1.0, {"ok": "a"})
    assert isinstance(event, Unrecognised)


def test_s8_a_second_answer_is_reported_and_does_nothing() -> None:
    line = ready()
    send(line, Do(verb="a"))
    assert [type(event) for event in line.say(1.0, {"ok": "a"}, {"ok": "a"})] == [Replied, Unrecognised]
    assert connection_of(line).stats.stray_answers == 1


def test_s10_a_request_without_answer_times_out() -> None:
    line = ready()
    request_id = send(line, Do(verb="a"), 1.0)
    assert line.client.next_deadline() == 11.0
    failed = only_failure(serve(line, 11.0))
    assert failed.request_id == request_id
    assert isinstance(failed.error, RequestTimedOut)
    assert connection_of(line).phase is Phase.READY


def test_a_late_answer_is_not_taken_for_the_next_requests() -> None:
    line = ready()
    send(line, Do(verb="a"), 1.0)
    serve(line, 11.0)
    second = send(line, Do(verb="a"), 11.0)
    line.sent()
    assert line.say(12.0, {"ok": "a", "result": "late"}) == []
    assert line.sent() == [{"do": "a"}]
    assert line.say(13.0, {"ok": "a", "result": "own"}) == [
        Replied(request_id=second, command=Do(verb="a"), result="own")
    ]


def test_the_place_of_a_timed_out_request_is_kept_for_one_more_timeout() -> None:
    line = ready()
    send(line, Do(verb="a"), 1.0)
    serve(line, 11.0)
    send(line, Do(verb="a"), 11.0)
    line.sent()
    assert line.client.next_deadline() == 20.0
    serve(line, 20.0)
    line.say(20.5, {"ok": "ping"})
    assert line.sent() == [{"do": "ping"}]
    assert serve(line, 21.0) == []
    assert line.sent() == [{"do": "a"}]


def test_what_has_begun_is_not_waited_for_where_a_reply_is_optional() -> None:
    line = ready()
    optional = Do(verb="a", is_optional=True)
    first, second = send(line, optional), send(line, Do(verb="b"))
    assert isinstance(line.client, Connection)
    for request_id in (first, second, first):
        line.client.confirm_started(request_id, 1.0)
    assert line.events() == [Replied(request_id=first, command=optional, result=None)]


def test_an_optional_reply_that_does_not_come_is_success() -> None:
    line = ready()
    command = Do(verb="a", is_optional=True)
    request_id = send(line, command, 1.0)
    assert serve(line, 11.0) == [Replied(request_id=request_id, command=command, result=None)]


@pytest.mark.parametrize(("code", "is_retryable"), [("no", False), ("busy", True)])
def test_a_refusal_says_whether_to_try_again(code: str, is_retryable: bool) -> None:  # S17
    line = ready()
    send(line, Do(verb="a"))
    error = only_failure(line.say(1.0, {"error": code, "message": "m"})).error
    assert isinstance(error, RequestRefused)
    assert (error.code, error.message, error.retryable) == (code, "m", is_retryable)


def test_an_internal_error_leaves_the_outcome_of_an_order_open() -> None:
    line = signed_in()
    send(line, Place(name="x"))
    assert isinstance(only_failure(line.say(1.0, {"error": "internal"})).error, OutcomeUnknown)
    send(line, Do(verb="a"))
    assert isinstance(only_failure(line.say(1.0, {"error": "internal"})).error, RequestRefused)


def test_s7_a_forgotten_login_ends_the_connection_and_what_is_behind_it_is_not_read() -> None:
    line = signed_in()
    send(line, Do(verb="a"))
    send(line, Do(verb="b"))
    events = line.say(1.0, {"many": [{"error": "who", "of": "a"}, {"price": "1", "market": "A"}]}, {"ok": "b"})
    assert [type(event) for event in events] == [Failed, Failed, Closed]
    assert "forgotten the sign-in" in closed(events).reason.text


def test_an_answer_beside_an_update_is_no_stray_and_comes_once() -> None:
    line = signed_in()
    live = {"order": {"name": "x", "state": "live"}}
    update = OrderUpdate(name="x", state="live")
    assert line.say(1.0, live) == [update]
    request_id = send(line, Place(name="x"), 1.0)
    assert line.say(2.0, live) == [update, Replied(request_id=request_id, command=Place(name="x"), result=update)]


def test_a_result_that_is_an_update_is_delivered_as_one_too() -> None:
    line = ready()
    request_id = send(line, Whole(market="A"))
    body = {"market": "A", "whole": True, "levels": [["1", "2"]], "total": "2"}
    update, reply = line.say(3.0, {"ladder": body})
    assert update == LadderUpdate(market="A", whole=True, levels=(("1", "2"),), total="2")
    assert reply == Replied(request_id=request_id, command=Whole(market="A"), result=update)
    assert isinstance(update, LadderUpdate)
    assert update.received_at == 3.0
    assert b"ladder" in update.raw


def test_every_update_is_stamped_even_as_a_result() -> None:
    line = signed_in()
    send(line, Place(name="x"))
    events = line.say(2.0, {"order": {"name": "x", "state": "live"}})
    update, reply = events
    assert isinstance(update, OrderUpdate)
    assert isinstance(reply, Replied)
    assert update.received_at == reply.result.received_at == 2.0
    assert update.raw == reply.result.raw == b'{"order": {"name": "x", "state": "live"}}'


def test_an_unreadable_result_is_reported_and_fails() -> None:
    line = ready()
    send(line, Do(verb="a"))
    unrecognised, failed = line.say(1.0, {"ok": "a", "result": "unreadable"})
    assert isinstance(unrecognised, Unrecognised)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, PayloadError)


def test_an_unreadable_answer_leaves_the_outcome_of_an_order_open() -> None:
    line = signed_in()
    send(line, Place(name="x"))
    unrecognised, failed = line.say(1.0, {"placed": "x", "result": 7})
    assert isinstance(unrecognised, Unrecognised)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, OutcomeUnknown)


def test_s25_what_was_sent_is_unknown_and_what_was_not_never_left_when_the_line_breaks() -> None:
    line = ready()
    sent, waits = send(line, Do(verb="a")), send(line, Do(verb="a"))
    connection_of(line).receive_eof(1.0)
    first, second, end = line.events()
    assert isinstance(first, Failed)
    assert isinstance(second, Failed)
    assert (first.request_id, type(first.error)) == (sent, OutcomeUnknown)
    assert (second.request_id, type(second.error)) == (waits, RequestRefused)
    assert "never left" in str(second.error)
    assert isinstance(end, Closed)


def test_s26_ids_count_on_and_a_refused_call_takes_none() -> None:
    ids = RequestIds()
    first = Connection(Tiny(), sources(), request_ids=ids)
    first.start(0.0)
    line = Line(first).open(0.0)
    assert send(line, Do(verb="a")) == 1
    first.receive_eof(1.0)
    with pytest.raises(NotReady):
        send(line, Do(verb="a"), 1.0)
    second = Connection(Tiny(), sources(), request_ids=ids)
    second.start(2.0)
    assert send(Line(second).open(2.0), Do(verb="a"), 2.0) == 2


def test_s27_at_most_1024_requests_wait() -> None:
    line = ready()
    for _ in range(1024):
        send(line, Do(verb="a"))
    with pytest.raises(UsageError, match="1024"):
        send(line, Do(verb="b"))
    assert line.sent() == [{"do": "a"}]
    line.say(1.0, {"ok": "a"})
    assert send(line, Do(verb="b"), 1.0) == 1025


def test_waiting_topic_requests_do_not_keep_a_caller_from_sending() -> None:
    line = ready()
    for _ in range(1100):
        connection_of(line).submit(Do(verb="a"), 0.0, is_paced=True)
    assert send(line, Do(verb="b")) == 1101


def test_a_private_command_without_credentials_is_refused_at_once() -> None:
    line = ready()
    with pytest.raises(UsageError, match="Authentication required"):
        send(line, Place(name="x"))
    assert line.sent() == []


# Limits ---------------------------------------------------------------------------------------------------------------


def test_a_query_waits_for_its_bucket_and_its_time_starts_when_it_leaves() -> None:
    line = ready()
    for number in range(3):
        send(line, Do(verb=f"get{number}"))
    assert line.sent() == [{"do": "get0"}, {"do": "get1"}]
    assert line.client.next_deadline() == pytest.approx(0.2)
    serve(line, 0.2)
    assert line.sent() == [{"do": "get2"}]
    line.say(0.3, {"ok": "get0"}, {"ok": "get1"})
    assert line.client.next_deadline() == pytest.approx(10.2)


def test_nothing_overtakes_within_a_bucket() -> None:
    line = ready()
    for number in range(4):
        send(line, Do(verb=f"get{number}"))
    line.sent()
    assert run_to(line, 0.3) == []
    assert line.sent() == [{"do": "get2"}]
    assert run_to(line, 0.5) == []
    assert line.sent() == [{"do": "get3"}]


def test_a_command_that_trades_is_refused_when_its_bucket_is_empty_and_nothing_has_changed() -> None:
    line = signed_in()
    assert [send(line, Place(name=name)) for name in "xy"] == [3, 4]
    line.sent()
    before = line.client.next_deadline()
    with pytest.raises(NotReady, match=r"0\.20 s") as caught:
        send(line, Place(name="z"))
    assert caught.value.retry_after == pytest.approx(0.2)
    assert (line.sent(), line.events(), line.client.next_deadline()) == ([], [], before)
    assert send(line, Place(name="z"), 0.2) == 5
    assert line.sent() == [{"do": "place", "name": "z"}]


def test_s17_a_bucket_that_the_venue_closes_is_closed_for_as_long_as_it_says() -> None:
    line = ready()
    send(line, Do(verb="get0"))
    send(line, Do(verb="other"))
    line.say(1.0, {"error": "limit", "of": "get0"}, {"error": "limit", "of": "other"})
    line.sent()
    send(line, Do(verb="get1"), 1.0)
    send(line, Do(verb="do"), 1.0)
    assert line.sent() == [{"do": "do"}]
    assert run_to(line, 4.0) == []
    assert line.sent() == []
    run_to(line, 4.3)
    assert line.sent() == [{"do": "get1"}]


def test_pings_and_the_opening_are_outside_all_limits() -> None:
    venue = Tiny(ping=Do(verb="get ping"), limits={"query": Rate(0.001, 1.0), "trade": Rate(1.0, 1.0)})
    line = ready(venue)
    send(line, Do(verb="get"))
    line.say(0.0, {"ok": "get"})
    line.sent()
    serve(line, 20.0)
    assert line.sent() == [{"do": "get ping"}]
