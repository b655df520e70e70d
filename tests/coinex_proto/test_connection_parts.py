"""Requests with several answers, and commands that the server asks for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto import (
    Answer,
    Command,
    Config,
    Connection,
    Event,
    Failed,
    Inbound,
    Outgoing,
    Phase,
    Refusal,
    Replied,
    RequestId,
    RequestRefused,
    RequestTimedOut,
    SendNow,
    Session,
    Subscribed,
    SubscribeFailed,
    Unrecognised,
    Unsubscribed,
    UsageError,
)
from tests.coinex_proto.harness.sessions import connected, run_to
from tests.coinex_proto.harness.tiny import Do, Price, Tiny, wire
from tests.coinex_proto.harness.wire import Wire, sources

CONFIG = Config(retry_first=True, request_timeout=5.0)


@frozen(kw_only=True)
class Parted(Tiny):
    """Answers each market of a list by itself: `{"ok": "watch", "of": "A"}`; asks back with `{"ask": …}`."""

    def encode(self, command: Command[Any], request_id: RequestId) -> Outgoing:
        if not isinstance(command, Do):
            raise UsageError("not that")
        if command.verb == "echo":
            return Outgoing(text=wire({"do": "echo", **dict(command.rest)}), keys=())
        markets = dict(command.rest).get("markets", ())
        return Outgoing(
            text=wire({"do": command.verb, **dict(command.rest)}),
            keys=(command.verb,),
            parts={market: ("price", market) for market in markets},
        )

    def decode(self, payload: bytes) -> Sequence[Inbound]:
        value = json.loads(payload)
        match value:
            case {"ask": "unsayable"}:
                return (SendNow(command=Command()),)
            case {"ask": "query"}:
                return (SendNow(command=Do(verb="query")),)
            case {"ask": back}:
                return (SendNow(command=Do(verb="echo", rest=(("back", back),))),)
            case {"verb": str(verb), **rest}:
                refusal = Refusal(code="no", message="no such market") if "no" in rest else None
                part = str(rest["of"]) if rest.get("of") else None
                return (Answer(keys=(verb,), body=b"1", part=part, refusal=refusal),)
        return super().decode(payload)


def ok(verb: str, *markets: str) -> list[dict[str, Any]]:
    return [{"verb": verb, "of": market} for market in markets]


def no(verb: str, market: str | None) -> dict[str, Any]:
    return {"verb": verb, "of": market, "no": True}


def asked(*markets: str) -> tuple[Session, Wire]:
    session = Session(Parted(), sources(), CONFIG)
    session.subscribe(*map(Price, markets), now=0.0)
    wire = connected(session)
    wire.events()
    assert [request["markets"] for request in wire.sent()] == [list(markets)]
    return session, wire


def topics(events: Sequence[Event], kind: type[Any]) -> list[Any]:
    return [event.topic for event in events if isinstance(event, kind)]


def test_each_topic_starts_with_its_own_answer() -> None:
    session, wire = asked("A", "B", "C")
    assert wire.say(1.0, *ok("watch", "B")) == [Subscribed(topic=Price("B"))]
    assert [status.state for status in session.topics()] == ["asked", "acknowledged", "asked"]
    assert wire.say(1.0, *ok("watch", "A", "C")) == [Subscribed(topic=Price("A")), Subscribed(topic=Price("C"))]
    assert run_to(wire, 15.0) == []
    assert "watch" not in str(wire.sent())


def test_a_refusal_is_of_its_topic_alone() -> None:
    _, wire = asked("A", "B", "C")
    events = wire.say(1.0, *ok("watch", "A"), no("watch", "B"), *ok("watch", "C"))
    assert topics(events, Subscribed) == [Price("A"), Price("C")]
    (failed,) = [event for event in events if isinstance(event, SubscribeFailed)]
    assert failed.topic == Price("B")
    assert str(failed.error) == "Do refused: 'no such market'"
    assert wire.sent() == []


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("name", [None, "another spelling"])
def test_a_refusal_that_names_none_is_of_the_one_that_is_left(place: int, name: str | None) -> None:
    _, wire = asked("A", "B", "C")
    answers: list[Any] = ok("watch", "A", "C")
    answers.insert(place, no("watch", name))
    events = wire.say(1.0, *answers)
    assert topics(events, Subscribed) == [Price("A"), Price("C")]
    assert topics(events, SubscribeFailed) == [Price("B")]


def test_a_single_refusal_of_all_is_not_waited_out() -> None:
    _, wire = asked("A", "B")
    assert wire.say(1.0, no("watch", None)) == []
    assert run_to(wire, 1.9) == []
    assert run_to(wire, 2.1) == []
    assert [request["markets"] for request in wire.sent()] == [["A"], ["B"]][:1]  # one key: one at a time
    assert topics(wire.say(2.2, no("watch", None)), SubscribeFailed) == [Price("A")]


def test_an_answer_that_names_none_is_of_all_that_are_left() -> None:
    _, wire = asked("A", "B", "C")
    events = wire.say(1.0, *ok("watch", "C"), {"verb": "watch"})
    assert topics(events, Subscribed) == [Price("C"), Price("A"), Price("B")]


def test_what_was_answered_is_not_asked_for_again() -> None:
    _, wire = asked("A", "B", "C")
    wire.say(1.0, *ok("watch", "A", "C"))
    events = run_to(wire, 5.5)
    (failed,) = [event for event in events if isinstance(event, SubscribeFailed)]
    assert (failed.topic, type(failed.error)) == (Price("B"), RequestTimedOut)
    # The late answer settles it.
    assert wire.say(5.6, *ok("watch", "B")) == [Subscribed(topic=Price("B"))]
    wire.sent()
    run_to(wire, 19.0)
    assert "watch" not in str(wire.sent())


def test_twice_and_for_nobody_is_no_answer() -> None:
    session, wire = asked("A", "B")
    events = wire.say(1.0, *ok("watch", "A", "A", "Z"))
    assert [type(event) for event in events] == [Subscribed, Unrecognised, Unrecognised]
    assert session.stats.stray_answers == 2


def test_topics_end_one_by_one_too() -> None:
    session, wire = asked("A", "B")
    wire.say(1.0, *ok("watch", "A", "B"))
    session.unsubscribe(Price("A"), Price("B"), now=2.0)
    assert [request["markets"] for request in wire.sent()] == [["A", "B"]]
    assert wire.say(2.0, *ok("leave", "B")) == [Unsubscribed(topic=Price("B"))]
    assert wire.say(2.0, no("leave", "A")) == [Unsubscribed(topic=Price("A"))]
    assert session.topics() == ()


@given(st.permutations(["A", "B", "C", "D"]), st.sets(st.sampled_from("ABCD")), st.booleans())
def test_in_any_order_each_topic_has_one_outcome(order: list[str], bad: set[str], names: bool) -> None:
    _, wire = asked("A", "B", "C", "D")
    answers = [no("watch", m if names else None) if m in bad else ok("watch", m)[0] for m in order]
    events = wire.say(1.0, *answers)
    for _ in range(9):
        for request in wire.sent():
            assert set(request["markets"]) <= bad
            events += wire.say(1.0, *(no("watch", None) for market in request["markets"]))
    assert sorted(topic.market for topic in topics(events, Subscribed)) == sorted(set(order) - bad)
    assert sorted(topic.market for topic in topics(events, SubscribeFailed)) == sorted(bad)


# A caller's own request -----------------------------------------------------------------------------------------------


def ready() -> Wire:
    connection = Connection(Parted(), sources(), CONFIG)
    connection.start(0.0)
    wire = Wire(connection).open(0.0)
    wire.events()
    return wire


WATCH = Do(verb="watch", rest=(("markets", ["A", "B"]),))


def test_a_caller_hears_once_when_all_have_been_answered() -> None:
    wire = ready()
    number = wire.client.send(WATCH, 0.0)
    assert wire.say(1.0, *ok("watch", "A")) == []
    assert wire.say(1.0, *ok("watch", "B")) == [Replied(request_id=number, command=WATCH, result=1)]


@pytest.mark.parametrize("last", ["A", "B"])
def test_a_caller_hears_of_a_refusal_when_all_have_been_answered(last: str) -> None:
    wire = ready()
    number = wire.client.send(WATCH, 0.0)
    answers = {"A": no("watch", "A"), "B": ok("watch", "B")[0]}
    assert wire.say(1.0, answers["B" if last == "A" else "A"]) == []
    (failed,) = wire.say(1.0, answers[last])
    assert isinstance(failed, Failed)
    assert (failed.request_id, type(failed.error)) == (number, RequestRefused)


def test_a_request_with_parts_ends_once_when_the_line_breaks() -> None:
    wire = ready()
    number = wire.client.send(WATCH, 0.0)
    wire.say(1.0, *ok("watch", "A"))
    assert isinstance(wire.client, Connection)
    wire.client.receive_eof(2.0)
    assert [event.request_id for event in wire.events() if isinstance(event, (Failed, Replied))] == [number]


# Asked by the server --------------------------------------------------------------------------------------------------


def test_what_the_server_asks_for_leaves_at_once_and_is_waited_for_no_more() -> None:
    wire = ready()
    assert wire.say(1.0, {"ask": 7}) == []
    assert wire.sent() == [{"do": "echo", "back": 7}]
    assert isinstance(wire.client, Connection)
    assert wire.client._requests.is_idle


def test_its_own_question_may_have_an_answer_that_is_nobodys_business() -> None:
    wire = ready()
    assert wire.say(1.0, {"ask": "query"}, {"verb": "query"}) == []
    wire.say(2.0, {"ask": "query"})
    assert run_to(wire, 8.0) == []  # unanswered: no harm


def test_a_hostile_server_gets_a_few_answers_a_second_and_is_served_again_later() -> None:
    wire = ready()
    events = wire.say(1.0, *({"ask": number} for number in range(1000)))
    assert [request["back"] for request in wire.sent()] == [0, 1, 2, 3, 4]
    assert len(events) == 995
    assert {event.why for event in events if isinstance(event, Unrecognised)} == {
        "the server asks for more than 5 answers a second: not answered"
    }
    wire.say(2.0, {"ask": "later"})
    assert wire.sent() == [{"do": "echo", "back": "later"}]


def test_what_cannot_be_said_is_no_error_of_the_program() -> None:
    (event,) = ready().say(1.0, {"ask": "unsayable"})
    assert isinstance(event, Unrecognised)
    assert "cannot be answered" in event.why


def test_a_closing_connection_answers_nothing() -> None:
    wire = ready()
    question = wire.peer.text({"ask": 1})
    assert isinstance(wire.client, Connection)
    wire.client.close(1.0)
    wire.sent()
    wire.client.receive_data(question, 1.5)
    assert wire.client.phase is Phase.CLOSING
    assert wire.sent() == []
