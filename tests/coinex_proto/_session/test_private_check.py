"""Private topics are proved by private requests, and a sign-in that is forgotten is found out."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve

from coinex_proto import Command, Config, Event, Failed, Lost, Replied, RequestId, Session, Statistics, Topic
from coinex_proto._connection.agenda import Agenda, Item
from coinex_proto._connection.timeline import Timeline
from coinex_proto._session.private_check import REPEAT_AFTER, PrivateCheck
from coinex_proto._session.subscriptions import Subscription, Subscriptions
from coinex_proto._session.trust import Trust
from coinex_proto.orders.tracker import Orders
from tests.coinex_proto.harness.beds import OPENING, Bed, of
from tests.coinex_proto.harness.connections import PRIVATE, PUBLIC, connection_of, signed_in
from tests.coinex_proto.harness.sessions import RETRYING, connected
from tests.coinex_proto.harness.tiny import Do, Own, Price, Tiny
from tests.coinex_proto.harness.wire import Wire, sources


def quiet_for(bed: Bed, seconds: float, answers: dict[str, object]) -> tuple[list[str], list[Event]]:
    """So long nothing comes but answers to what is asked."""
    end, asked, events = bed.now + seconds, list[str](), list[Event]()
    while (due := bed.session.next_deadline()) is not None and due <= end and not bed.session.wants_close:
        bed.now = max(bed.now, due)
        bed.session.handle_timeout(bed.now)
        for verb in bed.verbs():
            asked.append(verb)
            if verb in answers:
                events += bed.say(answers[verb])
        events += bed.wire.events()
    return asked, events


def test_a_private_topic_is_proved_by_a_private_request_once_an_interval_while_nothing_private_comes() -> None:
    bed = Bed(counts_sleep=True)
    asked, _ = quiet_for(bed, 185.0, {"ping": {"ok": "ping"}, "who": {"ok": "who"}})
    assert asked.count("who") == bed.session.stats.private_checks == 3
    assert bed.session.trusted(Own())


def test_the_check_may_be_switched_off_and_needs_a_private_topic() -> None:
    off = Bed(counts_sleep=True, config=evolve(RETRYING, private_check_interval=None))
    public = Bed(counts_sleep=True)
    public.session.unsubscribe(Own(), now=public.now)
    for bed in (off, public):
        asked, _ = quiet_for(bed, 185.0, {"ping": {"ok": "ping"}, "who": {"ok": "who"}})
        assert "who" not in asked


def test_a_check_that_is_refused_twice_ends_the_connection_and_says_since_when_nothing_private_was_proved() -> None:
    bed = Bed(counts_sleep=True)
    signed_in = bed.now
    asked, events = quiet_for(bed, 100.0, {"ping": {"ok": "ping"}, "who": {"error": "no", "of": "who"}})
    assert asked.count("who") == 2
    assert bed.session.wants_close
    assert not bed.session.trusted(Own())
    (lost,) = of(events, Lost)
    assert lost.since == signed_in
    assert "not proved any more" in lost.why


def test_a_sign_in_that_is_forgotten_in_so_many_words_ends_it_at_once() -> None:
    bed = Bed(counts_sleep=True)
    asked, events = quiet_for(bed, 100.0, {"ping": {"ok": "ping"}, "who": {"error": "who", "of": "who"}})
    assert asked.count("who") == 1
    assert "forgotten" in of(events, Lost)[0].why


def test_one_that_is_not_answered_is_asked_again_and_then_given_up() -> None:
    bed = Bed(counts_sleep=True)
    asked, events = quiet_for(bed, 120.0, {"ping": {"ok": "ping"}})
    assert asked.count("who") == 2
    assert of(events, Lost)


def test_a_venue_that_never_takes_the_check_is_not_left_again_and_again() -> None:
    session = Session(Tiny(password="pw"), sources(), RETRYING)
    session.subscribe(Own(), now=0.0)
    now, ended = 0.0, 0
    for _ in range(4):
        wire = connected(session, now) if now == 0.0 else reconnected(session, now)
        wire.say(now, *OPENING[:1])
        for answer in OPENING[1:]:
            wire.say(now, answer)
        end = now + 100.0
        while (due := session.next_deadline()) is not None and due <= end and not session.wants_close:
            now = max(now, due)
            session.handle_timeout(now)
            for each in wire.sent():
                answer_ = {"error": "no", "of": "who"} if each["do"] == "who" else {"ok": each["do"]}
                wire.say(now, answer_)
        if not session.wants_close:
            break
        ended += 1
        session.disconnected(now, "")
        now += 60.0
    assert ended == 2


def reconnected(session: Session, now: float) -> Wire:
    session.next_step(now)
    session.connected(now)
    return Wire(session).open(now)


# Alone ----------------------------------------------------------------------------------------------------------------


class Alone:
    """The checks of a session with one private topic, live since 0.0, and a connection for them."""

    def __init__(self, venue: Tiny = PRIVATE, interval: float | None = 60.0) -> None:
        self.config = Config(private_check_interval=interval)
        self.stats, self.agenda, self.subscriptions = Statistics(), Agenda(), Subscriptions()
        self.trust = Trust(
            self.subscriptions, self.config, self.stats, deque(), self.agenda, Timeline(int), Orders()
        )  # fmt: skip
        for topic in (Own(), Price("A")):
            subscription = Subscription(topic)
            subscription.want(topic, "x")
            self.subscriptions.add(subscription)
            self.trust.expect(subscription)
        self.own = self.subscriptions.by_key[Own().key].verification
        self.trust.mark_live([self.own], 0.0)
        self.check = PrivateCheck(venue, self.config, self.subscriptions, self.stats, self.agenda)
        self.wire = signed_in()
        self.check.connection_ready(0.0)

    def due(self) -> float | None:
        return self.agenda.time_of(Item.PRIVATE_CHECK)

    def asked(self, now: float) -> int:
        self.check.handle_timeout(connection_of(self.wire), now)
        return len(self.wire.sent())

    def answer(self, now: float, said: object) -> list[bool]:
        events = [event for event in self.wire.say(now, said) if isinstance(event, (Replied, Failed))]
        return [self.check.answered(event, connection_of(self.wire), now) for event in events]


OK, NO = {"ok": "who"}, {"error": "no", "of": "who"}


def test_a_check_is_due_an_interval_after_the_sign_in_and_after_each_that_passed() -> None:
    alone = Alone()
    assert alone.due() == 60.0
    assert alone.asked(59.9) == 0
    assert alone.asked(60.0) == 1
    assert (alone.due(), alone.stats.private_checks) == (None, 1)
    assert alone.answer(61.0, OK) == [True]
    assert alone.due() == 121.0
    assert alone.check.last_proof_at() == 61.0


def test_a_private_update_is_proof_and_a_public_one_is_not() -> None:
    alone = Alone()
    alone.own.last_update_at = 50.0
    alone.subscriptions.by_key[Price("A").key].verification.last_update_at = 59.0
    assert alone.check.last_proof_at() == 50.0
    assert alone.asked(60.0) == 0
    assert alone.due() == 110.0
    assert alone.asked(110.0) == 1


def test_without_a_live_private_topic_nothing_is_asked_and_it_is_looked_at_again_after_an_interval() -> None:
    alone = Alone()
    alone.trust.lose([alone.own], 1.0, "gone")
    assert alone.asked(60.0) == 0
    assert alone.due() == 120.0


@pytest.mark.parametrize(
    ("venue", "interval"), [(PUBLIC, 60.0), (PRIVATE, None)], ids=["no credentials", "switched off"]
)
def test_without_credentials_or_an_interval_no_check_is_due(venue: Tiny, interval: float | None) -> None:
    assert Alone(venue, interval).due() is None


def test_a_failed_check_is_made_again_soon_and_the_second_one_gives_the_connection_up() -> None:
    alone = Alone()
    alone.asked(60.0)
    assert alone.answer(61.0, NO) == [True]
    assert alone.due() == 61.0 + REPEAT_AFTER
    alone.own.last_update_at = 61.5
    assert alone.asked(61.0 + REPEAT_AFTER) == 1, "an update of before does not take the place of the check"
    before = alone.wire.client.wants_close
    alone.answer(64.0, NO)
    assert (before, alone.wire.client.wants_close) == (False, True)


def test_a_check_that_passes_makes_up_for_one_that_failed() -> None:
    alone = Alone()
    alone.asked(60.0)
    alone.answer(61.0, NO)
    alone.asked(63.0)
    alone.answer(64.0, OK)
    alone.asked(124.0)
    alone.answer(125.0, NO)
    assert not alone.wire.client.wants_close
    assert alone.due() == 125.0 + REPEAT_AFTER


def fail_both(alone: Alone, now: float) -> None:
    alone.wire = signed_in()
    alone.check.connection_ready(now)
    for at in (now + 60.0, now + 60.0 + REPEAT_AFTER):
        alone.asked(at)
        alone.answer(at, NO)
    alone.check.connection_lost()


def test_after_two_connections_in_vain_no_more_checks_are_made_unless_one_had_passed() -> None:
    alone = Alone()
    fail_both(alone, 0.0)
    alone.check.connection_ready(1000.0)
    assert alone.due() == 1060.0
    fail_both(alone, 1000.0)
    alone.check.connection_ready(2000.0)
    assert alone.due() is None
    alone = Alone()
    fail_both(alone, 0.0)
    alone.wire = signed_in()
    alone.check.connection_ready(1000.0)
    alone.asked(1060.0)
    alone.answer(1060.0, OK)
    for at in (1120.0, 1122.0):
        alone.asked(at)
        alone.answer(at, NO)
    alone.check.connection_lost()
    fail_both(alone, 2000.0)
    alone.check.connection_ready(3000.0)
    assert alone.due() == 3060.0


def test_when_the_connection_is_gone_its_checks_are_answered_no_more() -> None:
    alone = Alone()
    alone.asked(60.0)
    alone.check.connection_lost()
    assert alone.answer(61.0, OK) == [False]
    alone.check.connection_ready(100.0)
    alone.check.connection_lost()
    assert alone.due() is None


def test_an_answer_to_something_else_is_none_to_a_check() -> None:
    alone = Alone()
    event = Replied(request_id=RequestId(99), command=Do(verb="a"), result=None)
    assert alone.check.answered(event, connection_of(alone.wire), 1.0) is False


class TwoChecks(Tiny):
    def private_check(self, topics: Sequence[Topic[Any]]) -> Sequence[Command[Any]]:
        return (Do(verb="who"), Do(verb="what"))


def test_of_several_checks_each_must_pass() -> None:
    alone = Alone(TwoChecks(password="pw"))
    assert alone.asked(60.0) == 2
    alone.answer(61.0, OK)
    assert (alone.due(), alone.check.last_proof_at()) == (None, 0.0)
    alone.answer(62.0, {"ok": "what"})
    assert (alone.due(), alone.check.last_proof_at()) == (122.0, 62.0)


def test_what_is_answered_to_a_check_after_it_has_failed_is_no_users_business() -> None:
    alone = Alone(TwoChecks(password="pw"))
    alone.asked(60.0)
    assert alone.answer(61.0, NO) == [True]
    assert alone.answer(61.0, {"ok": "what"}) == [True]
    assert (alone.due(), alone.check.last_proof_at()) == (61.0 + REPEAT_AFTER, 0.0)
    alone.check.connection_lost()
    event = Replied(request_id=RequestId(2), command=Do(verb="what"), result=None)
    assert alone.check.answered(event, connection_of(alone.wire), 62.0) is False


def test_the_answer_to_a_check_that_timed_out_is_not_handed_to_the_user() -> None:
    bed = Bed(counts_sleep=True)
    asked, _ = quiet_for(bed, 75.0, {"ping": {"ok": "ping"}})
    assert asked.count("who") == 1
    assert bed.say({"ok": "who"}) == []


def test_a_check_that_is_under_way_at_the_end_of_the_connection_is_no_users_business() -> None:
    bed = Bed(counts_sleep=True)
    while "who" not in bed.verbs():
        due = bed.session.next_deadline()
        assert due is not None
        bed.now = max(bed.now, due)
        bed.session.handle_timeout(bed.now)
        bed.say({"ok": "ping"})
    bed.session.disconnected(bed.now, "reset")
    assert not of(bed.wire.events(), Failed)


def test_a_dialect_without_checks_is_asked_for_none() -> None:
    class Plain:
        has_credentials = True

    alone = Alone()
    check = PrivateCheck(Plain(), alone.config, alone.subscriptions, alone.stats, alone.agenda)  # type: ignore[arg-type]
    check.connection_ready(0.0)
    check.handle_timeout(connection_of(alone.wire), 60.0)
    assert (alone.wire.sent(), alone.due()) == ([], 120.0)
