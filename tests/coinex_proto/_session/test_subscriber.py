"""From wishes to requests, by transcripts through a session: what the venue is asked, and what its answers do."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import permutations, product
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto import (
    BookChanged,
    Command,
    Lost,
    Ready,
    Restored,
    Subscribed,
    SubscribeFailed,
    Topic,
    Unsubscribed,
)
from tests.coinex_proto.harness.sessions import asked, ladder, price, run_to
from tests.coinex_proto.harness.tiny import Do, Ladder, Own, Price, PriceUpdate, Tiny


def watch(*markets: str) -> dict[str, object]:
    return {"do": "watch", "markets": list(markets)}


def leave(*markets: str) -> dict[str, object]:
    return {"do": "leave", "markets": list(markets)}


# Asking ---------------------------------------------------------------------------------------------------------------


def test_topics_of_one_kind_are_asked_for_in_one_request() -> None:
    _, wire = asked(Price("A"), Price("B"))
    assert wire.sent() == [watch("A", "B")]
    assert wire.say(1.0, {"ok": "watch"}) == [Subscribed(topic=Price("A")), Subscribed(topic=Price("B"))]


def test_s23_twice_is_once() -> None:
    session, wire = asked(Price("A"))
    session.subscribe(Price("A"), Price("A"), now=0.0)
    session.hold(Price("A"), holder="stream", now=0.0)
    assert wire.sent() == [watch("A")]
    wire.say(1.0, {"ok": "watch"})
    session.unsubscribe(Price("A"), Price("A"), now=2.0)
    assert wire.sent() == []
    session.release("stream", 2.0)
    assert wire.sent() == [leave("A")]
    assert wire.say(3.0, {"ok": "leave"}) == [Unsubscribed(topic=Price("A"))]
    assert session.topics() == ()


def test_s23_what_is_not_wanted_is_left_alone() -> None:
    session, wire = asked(Price("A"))
    wire.sent()
    session.unsubscribe(Price("B"), now=1.0)
    session.release("nobody", 1.0)
    assert (wire.sent(), wire.events()) == ([], [])


def test_s12_a_push_may_come_before_the_acknowledgement() -> None:
    session, wire = asked(Price("A"))
    events = wire.say(1.0, price("A"), {"ok": "watch"})
    assert events == [PriceUpdate(market="A", price="1"), Subscribed(topic=Price("A"))]
    assert session.trusted(Price("A"))


@pytest.mark.parametrize("order", list(permutations(("ack", "1", "2"))), ids=" ".join)
@pytest.mark.parametrize("cuts", list(product((False, True), repeat=2)), ids=str)
def test_s12_pushes_and_the_acknowledgement_may_come_in_any_order_and_in_any_reads(
    order: tuple[str, ...], cuts: tuple[bool, bool]
) -> None:
    session, wire = asked(Price("A"))
    reads: list[list[Any]] = [[]]
    for said, is_cut in zip(order, (False, *cuts), strict=True):
        if is_cut:
            reads.append([])
        reads[-1].append({"ok": "watch"} if said == "ack" else price("A", said))
    events = [event for read in reads for event in wire.say(1.0, *read)]
    assert [event.price for event in events if isinstance(event, PriceUpdate)] == [
        each for each in order if each != "ack"
    ]
    assert events.count(Subscribed(topic=Price("A"))) == 1
    assert len(events) == 3
    assert session.trusted(Price("A"))


HOLDERS = ("user", "stream", "callback")


@given(st.lists(st.tuples(st.sampled_from(HOLDERS), st.booleans(), st.booleans()), max_size=12))
def test_s23_however_holders_come_and_go_the_venue_is_asked_for_what_any_of_them_wants_and_no_more(
    steps: list[tuple[str, bool, bool]],
) -> None:
    """Each step: who, whether it wants the topic from now on, and whether the venue answers then all that it was asked."""
    session, wire = asked()
    wanting: set[str] = set()
    is_on, asked_for = False, 0

    def answered() -> None:
        nonlocal is_on, asked_for
        while said := wire.sent():
            asked_for += len(said)
            for each in said:
                assert each == (leave("A") if is_on else watch("A")), "neither twice, nor what is not on"
                is_on = not is_on
                wire.say(1.0, {"ok": each["do"]})

    for who, wants, is_answered in steps:
        if who == "user":
            (session.subscribe if wants else session.unsubscribe)(Price("A"), now=1.0)
        elif wants:
            session.hold(Price("A"), holder=who, now=1.0)
        else:
            session.release(who, 1.0)
        (wanting.add if wants else wanting.discard)(who)
        if is_answered:
            answered()
            assert is_on is bool(wanting)
    answered()
    assert is_on is bool(wanting)
    assert asked_for <= len(steps)
    assert len(session.topics()) == len(wanting and {"A"})


def test_a_topic_that_needs_no_request_is_acknowledged_at_once() -> None:
    session, wire = asked(Own(), venue=Tiny(password="pw"))
    events = wire.say(0.0, {"hello": "n"}, {"ok": "login"}, {"ok": "greet"})
    assert events == [Ready(), Subscribed(topic=Own())]
    session.unsubscribe(Own(), now=1.0)
    assert wire.events() == [Unsubscribed(topic=Own())]


def test_late_pushes_are_dropped_and_counted() -> None:
    session, wire = asked(Price("A"))
    wire.say(1.0, {"ok": "watch"}, price("A"))
    session.unsubscribe(Price("A"), now=2.0)
    assert wire.say(2.0, price("A"), {"ok": "leave"}, price("A")) == [Unsubscribed(topic=Price("A"))]
    assert session.stats.late_pushes == 2


def test_an_end_that_is_refused_is_an_end_all_the_same() -> None:
    session, wire = asked(Price("A"))
    wire.say(1.0, {"ok": "watch"})
    session.unsubscribe(Price("A"), now=2.0)
    assert wire.say(2.0, {"error": "no", "of": "leave"}) == [Unsubscribed(topic=Price("A"))]
    assert session.topics() == ()


def test_a_topic_given_up_while_it_is_asked_for_is_ended_when_acknowledged() -> None:
    session, wire = asked(Price("A"))
    session.unsubscribe(Price("A"), now=0.5)
    assert wire.sent() == [watch("A")]
    assert wire.say(1.0, {"ok": "watch"}) == []
    assert wire.sent() == [leave("A")]


def test_a_topic_wanted_again_while_it_ends_is_asked_for_again() -> None:
    session, wire = asked(Price("A"))
    wire.say(1.0, {"ok": "watch"})
    session.unsubscribe(Price("A"), now=2.0)
    session.subscribe(Price("A"), now=2.0)
    assert wire.sent() == [watch("A"), leave("A")]
    assert wire.say(3.0, price("A", "late")) == [PriceUpdate(market="A", price="late")]
    assert not session.trusted(Price("A"))
    wire.say(4.0, {"ok": "leave"})
    assert wire.sent() == [watch("A")]
    wire.say(5.0, price("A"))
    assert session.trusted(Price("A"))


def test_a_topic_given_up_and_wanted_again_while_it_is_asked_for_goes_live_in_the_end() -> None:
    session, wire = asked(Price("A"))
    session.unsubscribe(Price("A"), now=0.5)
    session.subscribe(Price("A"), now=0.5)
    wire.sent()
    assert wire.say(1.0, {"ok": "watch"}) == []
    assert wire.sent() == [leave("A")]
    wire.say(2.0, {"ok": "leave"})
    assert wire.sent() == [watch("A")]
    assert wire.say(3.0, {"ok": "watch"}, price("A"))[0] == Subscribed(topic=Price("A"))
    assert session.trusted(Price("A"))


def test_a_book_asked_for_with_other_parameters_is_not_proved_by_the_first_request() -> None:
    session, wire = asked(Ladder("A"))
    session.unsubscribe(Ladder("A"), now=0.5)
    session.subscribe(Ladder("A", step=2), now=0.5)
    wire.sent()
    wire.say(1.0, {"ladder": ladder("A", {"1": 2})})
    assert not session.book(Ladder("A", step=2)).trusted
    assert wire.sent() == [{"do": "leave ladder A"}]


def test_a_book_wanted_with_other_parameters_while_it_ends_is_not_proved_by_what_still_comes_of_the_old_ones() -> None:
    session, wire = asked(Ladder("A"))
    wire.say(1.0, {"ladder": ladder("A", {"1": 2})})
    session.unsubscribe(Ladder("A"), now=2.0)
    session.subscribe(Ladder("A", step=2), now=2.0)
    wire.sent()
    assert wire.say(3.0, {"ok": "leave ladder A"}) == [Unsubscribed(topic=Ladder("A"))]
    assert wire.sent() == [{"do": "ladder", "market": "A"}]
    wire.say(3.5, {"push": ladder("A", {"5": 5})})
    assert not session.trusted(Ladder("A", step=2))
    _, subscribed, changed = wire.say(4.0, {"ladder": ladder("A", {"1": 2})})
    assert subscribed == Subscribed(topic=Ladder("A", step=2))
    assert isinstance(changed, BookChanged)
    assert session.trusted(Ladder("A", step=2))
    wire.say(5.0, {"push": ladder("A", {"3": 3})})
    assert session.book(Ladder("A", step=2)).bids[0] == (Decimal(3), Decimal(3))


# All markets ----------------------------------------------------------------------------------------------------------


def test_single_markets_are_not_asked_for_while_all_are_wanted() -> None:
    session, wire = asked(Price(), Price("A"))
    assert wire.sent() == [watch()]
    assert wire.say(1.0, {"ok": "watch"}) == [Subscribed(topic=Price()), Subscribed(topic=Price("A"))]
    session.subscribe(Price("B"), now=2.0)
    assert (wire.sent(), wire.events()) == ([], [Subscribed(topic=Price("B"))])
    wire.say(3.0, price("A"))
    assert [session.trusted(topic) for topic in (Price(), Price("A"), Price("B"))] == [True, True, False]
    assert [status.state for status in session.topics()] == ["live", "live", "asked"]
    wire.say(4.0, price("B"))
    assert session.trusted(Price("B"))


def test_what_is_asked_for_again_is_a_single_market_that_was_on_before_all_and_not_all() -> None:
    session, wire = asked(Price("A"))
    wire.sent()
    run_to(wire, 10.0)  # nobody has answered, and it need not be: now data has to come
    session.subscribe(Price(), now=10.5)
    wire.say(10.6, {"ok": "ping"}, {"ok": "watch"}, price("B"))
    wire.sent()
    sent = []
    while leave("A") not in sent and (due := session.next_deadline()) is not None and due < 200.0:
        session.handle_timeout(due)
        sent += wire.sent()
        wire.say(due, {"ok": "ping"}, price("B"))
    assert [each for each in sent if each["do"] == "leave"] == [leave("A")]


def test_giving_up_a_single_market_under_all_needs_no_request() -> None:
    session, wire = asked(Price(), Price("A"))
    wire.say(1.0, {"ok": "watch"}, price("A"))
    wire.sent()
    session.unsubscribe(Price("A"), now=2.0)
    assert wire.sent() == []
    assert wire.say(3.0, price("A", "2")) == [PriceUpdate(market="A", price="2")]


def test_single_markets_are_lost_when_all_are_given_up_and_asked_for_again() -> None:
    session, wire = asked(Price(), Price("A"))
    wire.say(1.0, {"ok": "watch"}, price("A"))
    wire.sent()
    session.unsubscribe(Price(), now=2.0)
    assert wire.sent() == [leave()]
    (lost,) = wire.events()
    assert isinstance(lost, Lost)
    assert (lost.topics, lost.since) == ((Price("A"),), 2.0)
    late = wire.say(2.5, price("A", "late"))
    assert late == [PriceUpdate(market="A", price="late")]
    assert not session.trusted(Price("A"))
    assert wire.say(3.0, {"ok": "leave"}) == [Unsubscribed(topic=Price())]
    assert wire.sent() == [watch("A")]
    restored, *_ = wire.say(4.0, price("A", "2"))
    assert restored == Restored(topics=(Price("A"),), since=2.0, until=4.0, why=lost.why)


def test_a_single_market_wanted_while_all_are_being_ended_waits_for_the_end() -> None:
    session, wire = asked(Price())
    wire.say(1.0, {"ok": "watch"})
    wire.sent()
    session.unsubscribe(Price(), now=2.0)
    session.subscribe(Price("A"), now=2.0)
    assert wire.sent() == [leave()]
    wire.say(3.0, {"ok": "leave"})
    assert wire.sent() == [watch("A")]


def test_a_single_market_that_was_on_before_all_is_asked_for_again_after_them() -> None:
    session, wire = asked(Price("A"))
    wire.say(1.0, {"ok": "watch"})
    session.subscribe(Price(), now=2.0)
    assert wire.sent() == [watch("A"), watch()]
    assert wire.say(2.0, {"ok": "watch"}) == [Subscribed(topic=Price())]
    session.unsubscribe(Price(), now=3.0)
    assert wire.sent() == [leave()]
    wire.say(3.0, {"ok": "leave"})
    assert wire.sent() == [watch("A")]


def test_single_markets_are_asked_for_when_all_are_refused() -> None:
    session, wire = asked(Price(), Price("A"))
    wire.sent()
    (failed,) = wire.say(1.0, {"error": "no", "of": "watch"})
    assert isinstance(failed, SubscribeFailed)
    assert failed.topic == Price()
    assert wire.sent() == [watch("A")]
    assert wire.say(2.0, {"ok": "watch"}, price("A"))[0] == Subscribed(topic=Price("A"))
    assert session.trusted(Price("A"))


class Keyed(Tiny):
    """Each request has an answer of its own."""

    def _requests(self, verb: str, topics: Sequence[Topic[Any]]) -> Sequence[tuple[Command[Any], Sequence[Topic[Any]]]]:
        return [
            (evolve(command, reply=f"{verb} {len(of)} {of[0].key[1]}"), of)
            for command, of in super()._requests(verb, topics)
            if isinstance(command, Do)
        ]


def test_a_single_market_whose_answer_is_still_out_when_all_are_ended_is_asked_for_again() -> None:
    session, wire = asked(Price("A"), venue=Keyed())
    session.subscribe(Price(), now=1.0)
    wire.say(1.0, {"ok": "watch 1 None"})
    session.unsubscribe(Price(), now=2.0)
    wire.say(2.0, {"ok": "leave 1 None"})
    assert wire.sent() == [watch("A"), watch(), leave()]
    wire.say(3.0, {"ok": "watch 1 A"}, price("A"))
    assert not session.trusted(Price("A"))
    assert wire.sent() == [leave("A")]
    wire.say(4.0, {"ok": "leave 1 A"})
    assert wire.sent() == [watch("A")]
    wire.say(5.0, {"ok": "watch 1 A"}, price("A"))
    assert session.trusted(Price("A"))


def test_a_topic_is_ended_with_the_parameters_that_the_venue_knows() -> None:
    ended: list[Topic[Any]] = []

    class Noting(Tiny):
        def unsubscribe(self, topics: Sequence[Topic[Any]]) -> Sequence[tuple[Command[Any], Sequence[Topic[Any]]]]:
            ended.extend(topics)
            return super().unsubscribe(topics)

    session, wire = asked(Ladder("A", step=1), venue=Noting())
    wire.sent()
    wire.say(1.0, {"ladder": ladder("A", {"10": 1})})
    session.unsubscribe(Ladder("A", step=1), now=2.0)
    wire.sent()
    ended.clear()
    session.subscribe(Ladder("A", step=5), now=2.0)
    wire.say(2.0, {"ok": "leave ladder A"})
    wire.say(2.0, {"ladder": ladder("A", {"10": 1})})
    session.unsubscribe(Ladder("A", step=5), now=3.0)
    session.subscribe(Ladder("A", step=7), now=3.0)
    assert ended == [Ladder("A", step=5)]
