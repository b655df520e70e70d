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
from tests.coinex_proto.harness.connections import (
    closed,
    connection_of,
    only_failure,
    ready,
    run_to,
    send,
    serve,
    signed_in,
)
from tests.coinex_proto.harness.tiny import Do, LadderUpdate, OrderUpdate, Place, PriceUpdate, Tiny, Whole
from tests.coinex_proto.harness.wire import Wire, sources

# Requests -------------------------------------------------------------------------------------------------------------


def test_an_answer_finds_its_request_by_key() -> None:
    wire = ready()
    first, second = send(wire, Do(verb="a")), send(wire, Do(verb="b"))
    assert wire.say(1.0, {"ok": "b", "result": 2}, {"ok": "a", "result": 1}) == [
        Replied(request_id=second, command=Do(verb="b"), result=2),
        Replied(request_id=first, command=Do(verb="a"), result=1),
    ]


def test_oldest_is_whoever_waits_longest() -> None:
    wire = ready()
    first, second = send(wire, Do(verb="a")), send(wire, Do(verb="b"))
    events = wire.say(1.0, {"error": "no"}, {"error": "no"})
    assert [event.request_id for event in events if isinstance(event, Failed)] == [first, second]


def test_requests_that_share_a_key_go_one_at_a_time() -> None:
    wire = ready()
    first, second = send(wire, Do(verb="a", reply="same")), send(wire, Do(verb="b", reply="same"))
    third = send(wire, Do(verb="c"))
    assert wire.sent() == [{"do": "a"}, {"do": "c"}]
    assert wire.say(1.0, {"ok": "same"}) == [Replied(request_id=first, command=Do(verb="a", reply="same"), result=None)]
    assert wire.sent() == [{"do": "b"}]
    assert [type(event) for event in wire.say(2.0, {"ok": "c"}, {"ok": "same"})] == [Replied, Replied]
    assert (second, third) == (2, 3)


def test_s9_an_answer_to_nobody_is_reported() -> None:
    (event,) = ready().say(1.0, {"ok": "a"})
    assert isinstance(event, Unrecognised)


def test_s8_a_second_answer_is_reported_and_does_nothing() -> None:
    wire = ready()
    send(wire, Do(verb="a"))
    assert [type(event) for event in wire.say(1.0, {"ok": "a"}, {"ok": "a"})] == [Replied, Unrecognised]
    assert connection_of(wire).stats.stray_answers == 1


def test_s10_a_request_without_answer_times_out() -> None:
    wire = ready()
    request_id = send(wire, Do(verb="a"), 1.0)
    assert wire.client.next_deadline() == 11.0
    failed = only_failure(serve(wire, 11.0))
    assert failed.request_id == request_id
    assert isinstance(failed.error, RequestTimedOut)
    assert connection_of(wire).phase is Phase.READY


def test_a_late_answer_is_not_taken_for_the_next_requests() -> None:
    wire = ready()
    send(wire, Do(verb="a"), 1.0)
    serve(wire, 11.0)
    second = send(wire, Do(verb="a"), 11.0)
    wire.sent()
    assert wire.say(12.0, {"ok": "a", "result": "late"}) == []
    assert wire.sent() == [{"do": "a"}]
    assert wire.say(13.0, {"ok": "a", "result": "own"}) == [
        Replied(request_id=second, command=Do(verb="a"), result="own")
    ]


def test_the_place_of_a_timed_out_request_is_kept_for_one_more_timeout() -> None:
    wire = ready()
    send(wire, Do(verb="a"), 1.0)
    serve(wire, 11.0)
    send(wire, Do(verb="a"), 11.0)
    wire.sent()
    assert wire.client.next_deadline() == 20.0
    serve(wire, 20.0)
    wire.say(20.5, {"ok": "ping"})
    assert wire.sent() == [{"do": "ping"}]
    assert serve(wire, 21.0) == []
    assert wire.sent() == [{"do": "a"}]


def test_what_has_begun_is_not_waited_for_where_a_reply_is_optional() -> None:
    wire = ready()
    optional = Do(verb="a", is_optional=True)
    first, second = send(wire, optional), send(wire, Do(verb="b"))
    assert isinstance(wire.client, Connection)
    for request_id in (first, second, first):
        wire.client.confirm_started(request_id, 1.0)
    assert wire.events() == [Replied(request_id=first, command=optional, result=None, was_answered=False)]


def test_an_optional_reply_that_does_not_come_is_success() -> None:
    wire = ready()
    command = Do(verb="a", is_optional=True)
    request_id = send(wire, command, 1.0)
    assert serve(wire, 11.0) == [Replied(request_id=request_id, command=command, result=None, was_answered=False)]


@pytest.mark.parametrize(("code", "is_retryable"), [("no", False), ("busy", True)])
def test_s17_a_refusal_says_whether_to_try_again(code: str, is_retryable: bool) -> None:
    wire = ready()
    send(wire, Do(verb="a"))
    error = only_failure(wire.say(1.0, {"error": code, "message": "m"})).error
    assert isinstance(error, RequestRefused)
    assert (error.code, error.message, error.retryable) == (code, "m", is_retryable)


def test_an_internal_error_leaves_the_outcome_of_an_order_open() -> None:
    wire = signed_in()
    send(wire, Place(name="x"))
    assert isinstance(only_failure(wire.say(1.0, {"error": "internal"})).error, OutcomeUnknown)
    send(wire, Do(verb="a"))
    assert isinstance(only_failure(wire.say(1.0, {"error": "internal"})).error, RequestRefused)


def test_s7_a_forgotten_login_ends_the_connection_and_what_is_behind_it_is_not_read() -> None:
    wire = signed_in()
    send(wire, Do(verb="a"))
    send(wire, Do(verb="b"))
    events = wire.say(1.0, {"many": [{"error": "who", "of": "a"}, {"price": "1", "market": "A"}]}, {"ok": "b"})
    assert [type(event) for event in events] == [Failed, Failed, Closed]
    assert "forgotten the sign-in" in closed(events).reason.text


def test_an_answer_beside_an_update_is_no_stray_and_comes_once() -> None:
    wire = signed_in()
    live = {"order": {"name": "x", "state": "live"}}
    update = OrderUpdate(name="x", state="live")
    assert wire.say(1.0, live) == [update]
    request_id = send(wire, Place(name="x"), 1.0)
    assert wire.say(2.0, live) == [update, Replied(request_id=request_id, command=Place(name="x"), result=update)]


def test_a_result_that_is_an_update_is_delivered_as_one_too() -> None:
    wire = ready()
    request_id = send(wire, Whole(market="A"))
    body = {"market": "A", "whole": True, "levels": [["1", "2"]], "total": "2"}
    update, reply = wire.say(3.0, {"ladder": body})
    assert update == LadderUpdate(market="A", whole=True, levels=(("1", "2"),), total="2")
    assert reply == Replied(request_id=request_id, command=Whole(market="A"), result=update)
    assert isinstance(update, LadderUpdate)
    assert update.received_at == 3.0
    assert b"ladder" in update.raw


def test_every_update_is_stamped_even_as_a_result() -> None:
    wire = signed_in()
    send(wire, Place(name="x"))
    events = wire.say(2.0, {"order": {"name": "x", "state": "live"}})
    update, reply = events
    assert isinstance(update, OrderUpdate)
    assert isinstance(reply, Replied)
    assert update.received_at == reply.result.received_at == 2.0
    assert update.raw == reply.result.raw == b'{"order": {"name": "x", "state": "live"}}'


def test_an_unreadable_result_is_reported_and_fails() -> None:
    wire = ready()
    send(wire, Do(verb="a"))
    unrecognised, failed = wire.say(1.0, {"ok": "a", "result": "unreadable"})
    assert isinstance(unrecognised, Unrecognised)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, PayloadError)


def test_an_unreadable_answer_leaves_the_outcome_of_an_order_open() -> None:
    wire = signed_in()
    send(wire, Place(name="x"))
    unrecognised, failed = wire.say(1.0, {"placed": "x", "result": 7})
    assert isinstance(unrecognised, Unrecognised)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, OutcomeUnknown)


def test_s25_what_was_sent_is_unknown_and_what_was_not_never_left_when_the_line_breaks() -> None:
    wire = ready()
    sent, waits = send(wire, Do(verb="a")), send(wire, Do(verb="a"))
    connection_of(wire).receive_eof(1.0)
    first, second, end = wire.events()
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
    wire = Wire(first).open(0.0)
    assert send(wire, Do(verb="a")) == 1
    first.receive_eof(1.0)
    with pytest.raises(NotReady):
        send(wire, Do(verb="a"), 1.0)
    second = Connection(Tiny(), sources(), request_ids=ids)
    second.start(2.0)
    assert send(Wire(second).open(2.0), Do(verb="a"), 2.0) == 2


def test_s27_at_most_1024_requests_wait() -> None:
    wire = ready()
    for _ in range(1024):
        send(wire, Do(verb="a"))
    with pytest.raises(UsageError, match="1024"):
        send(wire, Do(verb="b"))
    assert wire.sent() == [{"do": "a"}]
    wire.say(1.0, {"ok": "a"})
    assert send(wire, Do(verb="b"), 1.0) == 1025


def test_waiting_topic_requests_do_not_keep_a_caller_from_sending() -> None:
    wire = ready()
    for _ in range(1100):
        connection_of(wire).submit(Do(verb="a"), 0.0, is_topic_request=True)
    assert send(wire, Do(verb="b")) == 1101


def test_a_private_command_without_credentials_is_refused_at_once() -> None:
    wire = ready()
    with pytest.raises(UsageError, match="Authentication required"):
        send(wire, Place(name="x"))
    assert wire.sent() == []


# Limits ---------------------------------------------------------------------------------------------------------------


def test_a_query_waits_for_its_bucket_and_its_time_starts_when_it_leaves() -> None:
    wire = ready()
    for number in range(3):
        send(wire, Do(verb=f"get{number}"))
    assert wire.sent() == [{"do": "get0"}, {"do": "get1"}]
    assert wire.client.next_deadline() == pytest.approx(0.2)
    serve(wire, 0.2)
    assert wire.sent() == [{"do": "get2"}]
    wire.say(0.3, {"ok": "get0"}, {"ok": "get1"})
    assert wire.client.next_deadline() == pytest.approx(10.2)


def test_nothing_overtakes_within_a_bucket() -> None:
    wire = ready()
    for number in range(4):
        send(wire, Do(verb=f"get{number}"))
    wire.sent()
    assert run_to(wire, 0.3) == []
    assert wire.sent() == [{"do": "get2"}]
    assert run_to(wire, 0.5) == []
    assert wire.sent() == [{"do": "get3"}]


def test_a_command_that_trades_is_refused_when_its_bucket_is_empty_and_nothing_has_changed() -> None:
    wire = signed_in()
    assert [send(wire, Place(name=name)) for name in "xy"] == [3, 4]
    wire.sent()
    before = wire.client.next_deadline()
    with pytest.raises(NotReady, match=r"0\.20 s") as caught:
        send(wire, Place(name="z"))
    assert caught.value.retry_after == pytest.approx(0.2)
    assert (wire.sent(), wire.events(), wire.client.next_deadline()) == ([], [], before)
    assert send(wire, Place(name="z"), 0.2) == 5
    assert wire.sent() == [{"do": "place", "name": "z"}]


def test_s17_a_bucket_that_the_venue_closes_is_closed_for_as_long_as_it_says() -> None:
    wire = ready()
    send(wire, Do(verb="get0"))
    send(wire, Do(verb="other"))
    wire.say(1.0, {"error": "limit", "of": "get0"}, {"error": "limit", "of": "other"})
    wire.sent()
    send(wire, Do(verb="get1"), 1.0)
    send(wire, Do(verb="do"), 1.0)
    assert wire.sent() == [{"do": "do"}]
    assert run_to(wire, 4.0) == []
    assert wire.sent() == []
    run_to(wire, 4.3)
    assert wire.sent() == [{"do": "get1"}]


def test_pings_and_the_opening_are_outside_all_limits() -> None:
    venue = Tiny(ping=Do(verb="get ping"), limits={"query": Rate(0.001, 1.0), "trade": Rate(1.0, 1.0)})
    wire = ready(venue)
    send(wire, Do(verb="get"))
    wire.say(0.0, {"ok": "get"})
    wire.sent()
    serve(wire, 20.0)
    assert wire.sent() == [{"do": "get ping"}]


# The time of a call ---------------------------------------------------------------------------------------------------


def test_a_call_moves_the_time_on_and_what_comes_with_an_older_one_is_no_older() -> None:
    wire = ready()
    send(wire, Do(verb="a"), 5.0)
    (update,) = wire.say(3.0, {"price": "1", "market": "A"})
    assert isinstance(update, PriceUpdate)
    assert update.received_at == 5.0
    send(wire, Do(verb="b"), 2.0)
    assert [due.deadline for due in connection_of(wire)._requests.pending] == [15.0, 15.0]


def test_a_call_that_is_refused_moves_no_time() -> None:
    wire = ready()
    with pytest.raises(UsageError):
        send(wire, Place(name="x"), 9.0)
    (update,) = wire.say(3.0, {"price": "1", "market": "A"})
    assert isinstance(update, PriceUpdate)
    assert update.received_at == 3.0
