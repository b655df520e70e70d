"""A session's commands and orders, its timers, its counters and what a message costs, by transcripts."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from coinex_proto import (
    Config,
    Failed,
    Lost,
    NotReady,
    OrderChanged,
    OrderFact,
    OrderView,
    OutcomeUnknown,
    Ready,
    Replied,
    RequestRefused,
    RequestTimedOut,
    Session,
    UsageError,
    Wait,
)
from tests.coinex_proto.harness.sessions import RETRYING, asked, connected, ladder, price, run_to
from tests.coinex_proto.harness.tiny import Do, Ladder, OrderUpdate, Place, Price, PriceUpdate, Tiny, Trade
from tests.coinex_proto.harness.wire import Wire, sources

OPENING: tuple[dict[str, str], ...] = ({"hello": "n"}, {"ok": "login"}, {"ok": "greet"})
REFUSAL = b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n"


def signed_in(session: Session | None = None) -> tuple[Session, Wire]:
    session = session if session is not None else Session(Tiny(password="pw"), sources(), RETRYING)
    wire = connected(session)
    assert wire.say(0.0, *OPENING)[0] == Ready()
    wire.sent()
    return session, wire


def word(view: OrderView) -> str:
    """The state as plain text: types do not follow what changes behind a view."""
    return view.state


def names(events: list[Any]) -> list[str]:
    return [type(event).__name__ for event in events]


# Commands -------------------------------------------------------------------------------------------------------------


def test_a_command_is_never_held_for_a_later_connection() -> None:
    session = Session(Tiny(), sources(), RETRYING)
    with pytest.raises(NotReady):
        session.send(Do(verb="a"), 0.0)
    with pytest.raises(UsageError, match="Authentication required"):
        session.send(Place(name="x"), 0.0)
    wire = connected(session)
    assert wire.sent() == []
    assert session.send(Do(verb="a"), 0.0) == 1


def test_what_is_no_command_is_refused_by_name() -> None:
    session, wire = asked()
    for line in (Session(Tiny(), sources(), RETRYING), session):
        with pytest.raises(UsageError, match="a command was expected"):
            line.send("order.place", 1.0)  # type: ignore[arg-type]
    assert wire.sent() == []


def test_a_reply_reaches_its_caller() -> None:
    session, wire = asked()
    request_id = session.send(Do(verb="a"), 1.0)
    assert wire.say(2.0, {"ok": "a", "result": 5}) == [Replied(request_id=request_id, command=Do(verb="a"), result=5)]


def test_s25_s26_what_was_in_flight_is_unknown_and_never_sent_again_and_ids_count_on() -> None:
    session, wire = asked()
    request_id = session.send(Do(verb="a"), 1.0)
    session.disconnected(2.0)
    failed, _, _ = wire.events()
    assert isinstance(failed, Failed)
    assert failed.request_id == request_id
    assert isinstance(failed.error, OutcomeUnknown)
    wire = connected(session, 10.0)
    assert wire.sent() == []
    assert wire.say(11.0, {"ok": "a"})[-1] != failed
    assert session.send(Do(verb="a"), 12.0) > request_id


def test_an_order_is_answered_with_its_view() -> None:
    session, wire = signed_in()
    request_id = session.send(Place(name="x"), 1.0)
    (view,) = session.orders.open()
    assert word(view) == "sending"
    changed, reply = wire.say(2.0, {"order": {"name": "x", "state": "live"}})
    assert isinstance(changed, OrderChanged)
    assert changed.order.state == "live"
    assert isinstance(reply, Replied)
    assert (reply.request_id, reply.result) == (request_id, view)
    assert word(view) == "live"


def test_an_order_that_is_refused_says_so() -> None:
    session, wire = signed_in()
    session.send(Place(name="x"), 1.0)
    (view,) = session.orders.open()
    events = wire.say(2.0, {"order": {"name": "x", "state": "refused"}})
    assert (view.state, view.is_final) == ("refused", True)
    failed = events[-1]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, RequestRefused)


def test_an_order_without_answer_is_unknown_and_a_late_word_settles_it() -> None:
    session, wire = signed_in()
    session.send(Place(name="x"), 1.0)
    (view,) = session.orders.open()
    changed, failed = run_to(wire, 11.0)
    assert isinstance(changed, OrderChanged)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, RequestTimedOut)
    assert word(view) == "unknown"
    (late,) = wire.say(12.0, {"order": {"name": "x", "state": "filled"}})
    assert isinstance(late, OrderChanged)
    assert word(view) == "filled"


def test_an_order_in_flight_when_the_line_breaks_is_unknown_and_asked_about_on_the_next() -> None:
    session, wire = signed_in()
    session.send(Place(name="x"), 1.0)
    (view,) = session.orders.open()
    session.disconnected(2.0)
    assert names(wire.events()) == ["OrderChanged", "Failed", "Closed", "Retrying"]
    assert word(view) == "unknown"
    wire = connected(session, 10.0)
    wire.say(10.0, *OPENING)
    assert [sent for sent in wire.sent() if sent["do"] in ("place", "find")] == [{"do": "find", "name": "x"}]
    wire.say(11.0, {"found": {"name": "x", "state": "live"}})
    assert word(view) == "live"


def test_facts_that_came_another_way_are_learnt() -> None:
    session, wire = signed_in()
    session.send(Place(name="x"), 1.0)
    session.apply_facts(*session.dialect.order(OrderUpdate(name="x", state="filled")), now=2.0)
    (changed,) = wire.events()
    assert isinstance(changed, OrderChanged)
    assert isinstance(changed.order, OrderView)
    assert changed.order.state == "filled"


def test_an_order_sent_another_way_is_followed_like_any_other() -> None:
    session, wire = signed_in()
    states = []
    for name in ("told", "refused", "doubted"):
        request_id, view = session.sending(OrderFact(client_order_id=name, state="sending"), 1.0)
        match name:
            case "told":
                session.apply_facts(OrderFact(order_id=7, state="live"), now=2.0, request_id=request_id)
            case "refused":
                session.refused(request_id, "no money", 2.0)
            case _:
                session.outcome_unknown(request_id, "no answer", 2.0)
        states.append((name, view.state, view.why))
    assert states == [("told", "live", ""), ("refused", "refused", "no money"), ("doubted", "unknown", "no answer")]
    assert names(wire.events()) == ["OrderChanged"] * 3


def test_an_order_in_doubt_is_asked_about_until_the_venue_answers() -> None:
    session, wire = signed_in()
    session.send(Place(name="x"), 1.0)
    wire.sent()
    run_to(wire, 11.0)
    assert wire.sent()[-1] == {"do": "find", "name": "x"}
    wire.say(11.5, {"many": [{"error": "busy", "of": "x"}]})
    wire.say(12.0, {"ok": "ping"})
    asked_at: list[float] = []
    while len(asked_at) < 2:
        due = session.next_deadline()
        assert due is not None
        session.handle_timeout(due)
        asked_at += [due for sent in wire.sent() if sent["do"] == "find"]
        wire.say(due, {"ok": "ping"})
    (view,) = session.orders.open()
    wire.say(asked_at[-1], {"found": {"name": "x", "state": "filled"}})
    assert word(view) == "filled"
    run_to(wire, asked_at[-1] + 15.0)
    assert [sent for sent in wire.sent() if sent["do"] == "find"] == []


def test_a_note_of_the_program_comes_in_its_place() -> None:
    session, wire = asked(Price("A"))
    wire.client.receive_data(wire.peer.text(price("A")), 1.0)
    session.note(PriceUpdate(market="mine", price="7"), 1.0)
    assert [event.market for event in wire.events() if isinstance(event, PriceUpdate)] == ["A", "mine"]


def test_a_line_is_proved_for_as_long_as_a_dead_one_may_go_unnoticed() -> None:
    session = Session(Tiny(), sources(), RETRYING)
    assert not session.is_proved(0.0)
    connected(session)
    assert session.is_proved(28.0)
    assert not session.is_proved(28.1)


def test_a_refused_order_leaves_no_trace() -> None:
    session, wire = signed_in()
    for name in "ab":
        session.send(Place(name=name), 1.0)
    with pytest.raises(NotReady):
        session.send(Place(name="c"), 1.0)
    assert [view.client_order_id for view in session.orders.open()] == ["a", "b"]
    assert wire.events() == []


# Time -----------------------------------------------------------------------------------------------------------------


def test_n16_late_timers_of_topics_are_put_off_too() -> None:
    session, wire = asked(Price("A"), config=Config(retry_first=True, silent_after=5.0))
    wire.say(1.0, {"ok": "watch"}, price("A"))
    wire.client.handle_timeout(15.0)
    assert wire.events() == []
    assert session.next_deadline() == 15.5
    wire.say(15.2, price("A"))
    wire.client.handle_timeout(15.5)
    assert wire.events() == []
    assert session.trusted(Price("A"))
    assert names(run_to(wire, 20.2)) == ["Lost"]


def test_n26_after_an_hour_of_sleep_nothing_is_trusted_and_nothing_but_a_ping_leaves_until_it_is_answered() -> None:
    session, wire = asked(Price("A"), Ladder("A"), config=Config(retry_first=True, silent_after=5.0))
    wire.say(1.0, {"ok": "watch"}, price("A"), {"ladder": ladder("A", {"1": 1})})
    wire.sent()
    wire.client.handle_timeout(3600.0)
    (lost,) = wire.events()
    assert isinstance(lost, Lost)
    assert (lost.topics, lost.since) == ((Price("A"), Ladder("A")), 1.0)
    assert [each["do"] for each in wire.sent()] == ["ping"]
    assert not session.trusted(Price("A"))
    assert names(run_to(wire, 3601.0)) == []
    assert wire.sent() == []


@pytest.mark.parametrize("is_answered", [True, False], ids=["second-answered", "never"])
def test_data_that_comes_while_two_pings_stay_unanswered_is_old_and_ends_the_connection(is_answered: bool) -> None:
    session, wire = asked(Price("A"), Ladder("A"))
    wire.say(1.0, {"ok": "watch"}, price("A"), {"ladder": ladder("A", {"1": 1})})
    wire.sent()
    pings: list[float] = []
    seen: list[Any] = []
    for now in range(2, 49):
        wire.client.handle_timeout(float(now))
        pings += [now for request in wire.sent() if request["do"] == "ping"]
        if is_answered and now == 45:
            wire.say(now, {"ok": "ping"}, {"ok": "ping"})
        seen += wire.events()
        if now < 48:
            assert session.trusted(Price("A"), Ladder("A"))
            wire.say(float(now), price("A"))
    assert pings == [20.0, 40.0]
    lost = [(event.topics, event.since, event.why) for event in seen if isinstance(event, Lost)]
    if is_answered:
        assert lost == []
    else:
        why = "two pings were not answered; the data that comes is old (1006)"
        assert lost == [((Price("A"), Ladder("A")), 0.0, why)]


def test_s22_two_days_with_a_forced_reconnect_after_one() -> None:
    session = Session(Tiny(), sources(), Config(retry_first=True, ping_interval=200.0, silent_after=1000.0))
    session.subscribe(Price("A"), now=0.0)
    now, opened, seen = 0.0, 0.0, []
    wire = connected(session)
    while now < 47 * 3600:
        due = session.next_deadline()
        assert due is not None
        assert due > now
        now = due
        session.handle_timeout(now)
        for request in wire.sent():
            wire.client.receive_data(wire.peer.text({"ok": request["do"]}) + wire.peer.text(price("A")), now + 0.1)
        if now - opened >= 24 * 3600:
            session.disconnected(now)
            step = session.next_step(now)
            assert isinstance(step, Wait)
            now = opened = step.until
            wire = connected(session, now)
        seen += names(wire.events())
    assert [seen.count(name) for name in ("Ready", "Lost", "Restored", "Closed")] == [2, 1, 1, 1] or seen.count(
        "Ready"
    ) == 3


# Size -----------------------------------------------------------------------------------------------------------------


def test_what_is_seen_of_a_session_is_counted() -> None:
    session, wire = asked(Price("A"))
    wire.say(1.0, {"ok": "watch"}, price("A"), price("A"))
    assert (session.stats.connects, session.stats.reconnects, session.stats.events) == (1, 0, 4)
    assert session.stats.updates_by_topic == {("price", "A"): 2}
    session.disconnected(2.0)
    connected(session, 9.0)
    assert (session.stats.connects, session.stats.reconnects) == (2, 1)


def test_the_cost_of_a_message_does_not_grow_with_the_number_of_topics() -> None:
    """Counted in calls of Python functions, so that a busy machine changes nothing."""
    assert calls(2000) <= calls(1) + 2


def calls(topics: int) -> int:
    session = Session(Tiny(), sources(), Config(retry_first=True, silent_after=1000.0, max_request_bytes=10**6))
    session.subscribe(*(Price(f"M{number}") for number in range(topics)), *map(Trade, ["A", "B"]), now=0.0)
    wire = connected(session)
    wire.say(0.0, {"ok": "watch"}, *(price(f"M{number}") for number in range(topics)))
    wire.sent()
    data = wire.peer.text(price("M0"))
    count = 0

    def profile(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        session.receive_data(data, 1.0)
        session.next_deadline()
        session.handle_timeout(1.0)
    finally:
        sys.setprofile(None)
    return count
