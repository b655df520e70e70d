"""What a session does when topics are refused or not acknowledged, how it keeps size and pace, and after a reconnect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from attrs import frozen

from coinex_proto import (
    Closed,
    Command,
    Config,
    Lost,
    Ready,
    RequestRefused,
    RequestTimedOut,
    Session,
    Subscribed,
    SubscribeFailed,
    Topic,
    Unsubscribed,
)
from tests.coinex_proto.harness.sessions import RETRYING, asked, connected, ladder, price, reconnected, run_to, trades
from tests.coinex_proto.harness.tiny import Do, Ladder, LadderUpdate, Price, Tiny, Trade
from tests.coinex_proto.harness.wire import Wire, sources


def watch(*markets: str) -> dict[str, object]:
    return {"do": "watch", "markets": list(markets)}


def refuse(wire: Wire, bad: str, now: float) -> list[object]:
    """Answer every request, with a no where the bad market is in it; what came out."""
    events: list[object] = []
    while requests := wire.sent():
        for request in requests:
            answer = {"error": "no", "of": "watch"} if bad in request["markets"] else {"ok": "watch"}
            events += wire.say(now, answer)
    return events


# Refusals -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["A", "C", "E"])
def test_s13_one_bad_market_spoils_only_itself(bad: str) -> None:
    markets = ("A", "B", "C", "D", "E")
    session, wire = asked(*map(Price, markets))
    events = refuse(wire, bad, 1.0)
    failed = [event for event in events if isinstance(event, SubscribeFailed)]
    assert [event.topic for event in failed] == [Price(bad)]
    good = {event.topic for event in events if isinstance(event, Subscribed)}
    assert good == {Price(market) for market in markets if market != bad}
    assert {status.topic: status.state for status in session.topics()}[Price(bad)] == "refused"


def test_a_final_refusal_is_not_asked_again_until_somebody_wants_it_anew() -> None:
    session, wire = asked(Price("A"))
    wire.sent()
    (failed,) = wire.say(1.0, {"error": "no", "of": "watch"})
    assert isinstance(failed, SubscribeFailed)
    assert isinstance(failed.error, RequestRefused)
    wire = reconnected(session, 2.0)
    assert wire.sent() == []
    session.subscribe(Price("A"), now=70.0)
    assert wire.sent() == [watch("A")]


def signed_in(session: Session, now: float) -> Wire:
    """A new connection of a venue that wants a login, ready."""
    wire = connected(session, now)
    wire.say(now, {"hello": f"n{now}"})
    wire.say(now, {"ok": "login"})
    assert Ready() in wire.say(now, {"ok": "greet"})
    return wire


@pytest.mark.parametrize("markets", [("A",), ("A", "B", "C")])
def test_s7_topics_refused_for_a_forgotten_sign_in_are_asked_for_on_the_next_connection(
    markets: tuple[str, ...],
) -> None:
    session = Session(Tiny(password="pw"), sources(), RETRYING)
    session.subscribe(*map(Price, markets), now=0.0)
    wire = signed_in(session, 0.0)
    assert wire.sent()[-1] == watch(*markets)
    (closed,) = wire.say(5.0, {"error": "who", "of": "watch"})
    assert isinstance(closed, Closed)
    session.disconnected(5.0)
    wire = signed_in(session, 70.0)
    assert wire.sent()[-1] == watch(*markets)
    assert wire.say(75.0, {"ok": "watch"})[0] == Subscribed(topic=Price("A"))


def test_s7_topics_refused_for_the_sign_in_twice_in_a_row_are_refused_for_good() -> None:
    session = Session(Tiny(password="pw"), sources(), RETRYING)
    session.subscribe(Price("A"), Price("B"), now=0.0)
    signed_in(session, 0.0).say(5.0, {"error": "who", "of": "watch"})
    session.disconnected(5.0)
    wire = signed_in(session, 70.0)
    wire.sent()
    events = wire.say(75.0, {"error": "who", "of": "watch"})
    assert [event.topic for event in events if isinstance(event, SubscribeFailed)] == [Price("A"), Price("B")]
    session.disconnected(75.0)
    assert [request.get("do") for request in signed_in(session, 150.0).sent()].count("watch") == 0


def test_s17_a_refusal_that_passes_is_asked_again_at_a_slower_pace_each_time() -> None:
    _, wire = asked(Price("A"))
    wire.sent()
    now, pauses = 1.0, []
    for _ in range(6):
        (failed,) = wire.say(now, {"error": "busy", "of": "watch"})
        assert isinstance(failed, SubscribeFailed)
        refused_at = now
        while (due := wire.client.next_deadline()) is not None and not (sent := wire.sent()):
            now = due
            wire.client.handle_timeout(now)
            wire.say(now, {"ok": "ping"})
        assert sent[-1] == watch("A")
        pauses.append(now - refused_at)
    assert pauses == [1.0, 1.0, 2.0, 4.0, 8.0, 16.0]


def test_an_acknowledgement_starts_the_pauses_anew() -> None:
    config = Config(retry_first=True, silent_after=5.0)
    _, wire = asked(Price("A"), config=config)
    now = 1.0
    for pause in (1.0, 1.0, 2.0):
        wire.say(now, {"error": "busy", "of": "watch"})
        now += pause
        run_to(wire, now)
    wire.say(now, {"ok": "watch"}, price("A"))
    run_to(wire, now + 5.0)
    wire.say(now + 5.0, {"ok": "leave"}, {"error": "busy", "of": "watch"})
    wire.sent()
    run_to(wire, now + 6.0)
    assert wire.sent() == [watch("A")]


def test_a_refused_topic_that_nobody_wants_any_more_is_forgotten() -> None:
    session, wire = asked(Price("A"), Price("B"))
    wire.sent()
    session.unsubscribe(Price("A"), Price("B"), now=0.5)
    assert wire.say(1.0, {"error": "no", "of": "watch"}) == []
    assert (wire.sent(), session.topics()) == ([], ())


def test_a_topic_given_up_while_it_waits_to_be_asked_again_is_forgotten() -> None:
    session, wire = asked(Price("A"))
    wire.sent()
    wire.say(1.0, {"error": "busy", "of": "watch"})
    session.unsubscribe(Price("A"), now=1.5)
    assert run_to(wire, 10.0) == []
    assert wire.sent() == []


def test_s10_s11_a_topic_without_acknowledgement_is_asked_for_again_and_a_late_one_counts_once() -> None:
    session, wire = asked(Trade("A"))
    assert wire.sent() == [{"do": "watch trades A"}]
    (failed,) = run_to(wire, 10.0)
    assert isinstance(failed, SubscribeFailed)
    assert isinstance(failed.error, RequestTimedOut)
    assert run_to(wire, 11.0) == []
    assert wire.sent() == []  # the late answer still has its place
    assert wire.say(12.0, {"ok": "watch trades A"}) == [Subscribed(topic=Trade("A"))]
    assert wire.sent() == [{"do": "watch trades A"}]
    assert wire.say(13.0, {"ok": "watch trades A"}) == []
    wire.say(14.0, trades("A", 1))
    assert session.trusted(Trade("A"))


def test_a_live_book_whose_request_fails_is_lost_before_it_is_asked_for_again() -> None:
    session, wire = asked(Ladder("A"))
    wire.say(1.0, {"push": ladder("A", {"1": 2})})
    assert session.trusted(Ladder("A"))
    wire.sent()
    lost, failed = wire.say(2.0, {"error": "busy"})
    assert isinstance(lost, Lost)
    assert isinstance(failed, SubscribeFailed)
    assert not session.book(Ladder("A")).trusted
    run_to(wire, 3.0)
    assert wire.sent() == [{"do": "ladder", "market": "A"}]
    assert not session.book(Ladder("A")).trusted


def test_an_unreadable_acknowledgement_is_asked_again() -> None:
    _, wire = asked(Ladder("A"))
    wire.sent()
    _, failed = wire.say(1.0, {"ladder": {"market": "A"}})
    assert isinstance(failed, SubscribeFailed)
    run_to(wire, 2.0)
    assert wire.sent() == [{"do": "ladder", "market": "A"}]


def test_an_acknowledgement_that_is_the_snapshot_makes_a_book_live() -> None:
    session, wire = asked(Ladder("A"))
    events = wire.say(1.0, {"ladder": ladder("A", {"1": 2})})
    assert [type(event).__name__ for event in events] == ["LadderUpdate", "BookChanged", "Subscribed"]
    assert isinstance(events[0], LadderUpdate)
    assert session.trusted(Ladder("A"))


# Size and pace --------------------------------------------------------------------------------------------------------


def test_requests_are_split_below_the_largest_frame() -> None:
    _, wire = asked(*(Price(f"M{number}") for number in range(40)), config=Config(max_request_bytes=120))
    texts = wire.sent_texts()
    while True:
        wire.say(0.0, {"ok": "watch"})
        more = wire.sent_texts()
        if not more:
            break
        texts += more
    assert max(map(len, texts)) <= 120
    assert sum(text.count("M") for text in texts) == 40


def test_a_single_topic_that_is_too_large_is_sent_all_the_same() -> None:
    _, wire = asked(Price("M" * 200), config=Config(max_request_bytes=50))
    assert len(wire.sent()) == 1


def test_s18_topic_requests_keep_their_pace_in_every_window() -> None:
    _, wire = asked(*(Trade(f"M{number}") for number in range(35)), config=Config(requests_per_second=10.0))
    times = [0.0] * len(wire.sent())
    assert len(times) == 10
    while (due := wire.client.next_deadline()) is not None and due < 5.0:
        wire.client.handle_timeout(due)
        times += [due] * len(wire.sent())
    assert len(times) == 35
    assert all(later - earlier >= 1.0 for earlier, later in zip(times, times[10:], strict=False))


# Reconnects -----------------------------------------------------------------------------------------------------------


def test_s24_after_a_reconnect_each_wish_is_asked_for_once_with_all_changes_since() -> None:
    session, wire = asked(Price("A"), Price("B"), Trade("A"))
    wire.say(1.0, {"ok": "watch"}, {"ok": "watch trades A"})
    session.disconnected(2.0)
    session.unsubscribe(Price("B"), now=3.0)
    session.subscribe(Price("C"), Trade("A"), now=3.0)
    session.subscribe(Price("D"), now=3.0)
    session.unsubscribe(Price("D"), now=3.0)
    assert session.next_deadline() is None
    session.next_step(10.0)
    session.connected(10.0)
    wire = Wire(session).open(10.0)
    assert wire.sent() == [watch("A", "C"), {"do": "watch trades A"}]


def test_a_request_that_was_under_way_when_the_line_broke_is_asked_anew_without_an_event() -> None:
    session, wire = asked(Price("A"))
    wire.sent()
    session.disconnected(1.0)
    assert [type(event).__name__ for event in wire.events()] == ["Closed", "Retrying"]
    session.next_step(10.0)
    session.connected(10.0)
    assert Wire(session).open(10.0).sent() == [watch("A")]


def test_s28_a_refusal_in_the_same_read_as_the_close_is_handled_first() -> None:
    _, wire = asked(Price("A"), Price("B"))
    wire.sent()
    wire.client.receive_data(wire.peer.text({"error": "busy", "of": "watch"}) + wire.peer.close(), 1.0)
    assert [type(event).__name__ for event in wire.events()] == ["SubscribeFailed", "SubscribeFailed", "Closed"]


@frozen(kw_only=True)
class Once(Do):
    """The venue refuses it while the topic is on."""

    is_once: ClassVar[bool] = True


class Strict(Tiny):
    def _requests(self, verb: str, topics: Sequence[Topic[Any]]) -> Sequence[tuple[Command[Any], Sequence[Topic[Any]]]]:
        kind = Once if verb == "watch" else Do
        return [(kind(verb=f"{verb} trades {topic.key[1]}"), (topic,)) for topic in topics]


def test_s10_what_may_be_on_although_nobody_said_so_is_ended_before_it_is_asked_for_again() -> None:
    _session, wire = asked(Trade("A"), venue=Strict())
    assert wire.sent() == [{"do": "watch trades A"}]
    (failed,) = run_to(wire, 11.0)
    assert isinstance(failed, SubscribeFailed)
    assert wire.sent() == [{"do": "leave trades A"}]
    assert wire.say(12.0, {"error": "off", "of": "leave trades A"}) == []
    run_to(wire, 25.0)
    assert wire.sent() == [{"do": "watch trades A"}]
    assert wire.say(26.0, {"ok": "watch trades A"}) == [Subscribed(topic=Trade("A"))]


def test_what_may_be_on_and_nobody_wants_any_more_is_ended() -> None:
    session, wire = asked(Trade("A"), venue=Strict())
    wire.sent()
    run_to(wire, 10.0)
    session.unsubscribe(Trade("A"), now=10.1)
    assert wire.sent() == [{"do": "leave trades A"}]
    assert wire.say(11.0, {"ok": "leave trades A"}) == [Unsubscribed(topic=Trade("A"))]
    assert session.topics() == ()


def test_what_was_refused_outright_is_not_on() -> None:
    _session, wire = asked(Trade("A"), venue=Strict())
    wire.sent()
    wire.say(1.0, {"error": "busy", "of": "watch trades A"})
    run_to(wire, 10.0)
    assert wire.sent() == [{"do": "watch trades A"}]


def test_a_new_connection_has_nothing_on() -> None:
    session, wire = asked(Trade("A"), venue=Strict())
    wire.sent()
    run_to(wire, 10.0)
    wire = reconnected(session, 10.1)
    assert wire.sent() == [{"do": "watch trades A"}]
