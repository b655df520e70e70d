"""What is wanted of each topic, and the way from an update to its topics."""

from __future__ import annotations

from typing import Any

from coinex_proto import RequestRefused, Topic
from coinex_proto._session.subscription_states import Cause, Proof, State
from coinex_proto._session.subscriptions import MAX_ROUTES, Subscription, Subscriptions, requested_topics_of, topics_of
from tests.coinex_proto.harness.tiny import Ladder, Price, Trade


def subscription(topic: Topic[Any], *holders: str) -> Subscription:
    found = Subscription(topic)
    for holder in holders:
        found.want(topic, holder)
    return found


def table(*subscriptions: Subscription) -> Subscriptions:
    found = Subscriptions()
    for each in subscriptions:
        found.add(each)
    return found


def acknowledged(topic: Topic[Any], *holders: str) -> Subscription:
    found = subscription(topic, *holders)
    found.requested()
    found.acknowledged()
    return found


# The way of an update -------------------------------------------------------------------------------------------------


def test_an_update_goes_to_its_market_and_to_all_markets() -> None:
    single, all_, other = subscription(Price("A"), "x"), subscription(Price(), "x"), subscription(Trade("A"), "x")
    subscriptions = table(single, all_, other)
    assert subscriptions.route(("price", "A")) == (single.verification, all_.verification)
    assert subscriptions.route(("price", "B")) == (all_.verification,)
    assert subscriptions.route(("price", None)) == (all_.verification,)
    assert subscriptions.route(("trade", "B")) == ()


def test_a_subscription_that_nobody_holds_gets_nothing() -> None:
    single = subscription(Price("A"), "x")
    subscriptions = table(single)
    assert subscriptions.route(("price", "A")) == (single.verification,)
    assert single.let_go("x")
    subscriptions.holders_changed()
    assert subscriptions.route(("price", "A")) == ()
    assert subscriptions.wanted() == []
    assert list(subscriptions) == [single]


def test_added_and_removed_subscriptions_change_the_way() -> None:
    single = subscription(Price("A"), "x")
    subscriptions = table()
    assert subscriptions.route(("price", "A")) == ()
    subscriptions.add(single)
    assert subscriptions.route(("price", "A")) == (single.verification,)
    subscriptions.remove(single)
    assert subscriptions.route(("price", "A")) == ()
    assert subscriptions.get(("price", "A")) is None


def test_a_peer_that_invents_markets_does_not_fill_the_memory() -> None:
    subscriptions = table(subscription(Price(), "x"))
    for number in range(MAX_ROUTES + 10):
        subscriptions.route(("price", f"M{number}"))
    assert len(subscriptions.routes) <= MAX_ROUTES


def test_all_markets_cover_their_single_ones() -> None:
    single, all_, other = subscription(Price("A"), "x"), subscription(Price(), "x"), subscription(Trade("A"), "x")
    subscriptions = table(single, all_, other)
    assert subscriptions.cover(single) is all_
    assert subscriptions.cover(all_) is None
    assert subscriptions.cover(other) is None
    assert subscriptions.covered(all_) == [single]
    assert subscriptions.covered(single) == []


def test_all_markets_cover_until_the_venue_has_ended_them_and_not_when_refused() -> None:
    single, all_ = subscription(Price("A"), "x"), subscription(Price())
    subscriptions = table(single, all_)
    assert subscriptions.cover(single) is None
    all_.requested()
    all_.acknowledged()
    all_.end_requested()
    assert subscriptions.cover(single) is all_
    all_.move(Cause.ENDED)
    all_.want(Price(), "x")
    all_.requested()
    all_.refused(RequestRefused(1, "no"))
    assert subscriptions.cover(single) is None


# One record -----------------------------------------------------------------------------------------------------------


def test_the_last_holder_is_known_by_its_leaving() -> None:
    it = subscription(Price("A"), "x", "y")
    assert [it.let_go("x"), it.let_go("x"), it.let_go("y"), it.let_go("y")] == [False, False, True, False]


def test_other_parameters_at_a_venue_that_was_asked_must_be_confirmed() -> None:
    it = acknowledged(Ladder("A", 1), "x")
    it.let_go("x")
    it.end_requested()
    it.want(Ladder("A", 2), "x")
    assert (it.topic, it.requested_topic, it.must_confirm) == (Ladder("A", 2), Ladder("A", 1), True)
    it.move(Cause.ENDED)
    it.requested()
    assert it.must_confirm
    it.acknowledged()
    assert (it.state, it.must_confirm, it.requested_topic) == (State.ON, False, Ladder("A", 2))


def test_what_was_asked_for_once_only_need_not_be_confirmed() -> None:
    it = subscription(Ladder("A"), "x")
    assert not it.must_confirm
    it.requested()
    assert not it.must_confirm


def test_a_topic_that_may_be_asked_for_again_waits_no_more() -> None:
    it = subscription(Price("A"), "x")
    it.requested()
    it.delayed(Cause.DELAYED, 5.0)
    assert (it.state, it.retry_at) == (State.WAITING, 5.0)
    it.retried()
    assert (it.state, it.retry_at) == (State.OFF, None)


def test_an_acknowledgement_forgets_what_was_in_vain_before() -> None:
    it = subscription(Price("A"), "x")
    it.requested()
    it.delayed(Cause.DELAYED, 5.0)
    it.retried()
    it.requested()
    it.set_back_by_sign_in()
    assert (it.failures, it.sign_in_refusals) == (1, 1)
    it.requested()
    it.acknowledged()
    assert (it.failures, it.sign_in_refusals, it.retry_at) == (0, 0, None)


def test_the_venue_knows_a_topic_by_the_parameters_that_it_was_asked_for_with() -> None:
    it, unasked = acknowledged(Ladder("A", 1), "x"), subscription(Price("A"), "x")
    it.let_go("x")
    it.want(Ladder("A", 2), "x")
    assert requested_topics_of((it, unasked)) == (Ladder("A", 1), Price("A"))
    assert topics_of((it, unasked)) == (Ladder("A", 2), Price("A"))


def test_an_outdated_acknowledgement_confirms_nothing() -> None:
    it = subscription(Ladder("A", 1), "x")
    it.requested()
    it.let_go("x")
    it.want(Ladder("A", 2), "x")
    it.acknowledged()
    assert (it.state, it.must_confirm) == (State.EXPIRED, True)


def test_a_refusal_ends_when_somebody_wants_it_anew() -> None:
    it = subscription(Price("A"), "x")
    it.requested()
    it.refused(RequestRefused(1, "no"))
    it.disconnected()
    assert (it.state, it.status(float).state) == (State.REFUSED, "refused")
    it.want(Price("A"), "y")
    assert (it.state, it.refusal) == (State.OFF, None)


def test_what_may_be_on_is_ended_first_and_asked_for_again_while_it_is_wanted() -> None:
    for holders, expected in ((("x",), State.RENEWING), ((), State.ENDING)):
        it = subscription(Price("A"), *holders)
        it.requested()
        it.delayed(Cause.DOUBTED, 5.0)
        assert (it.state, it.retry_at, it.failures) == (State.UNCERTAIN, 5.0, 1)
        it.end_requested()
        assert (it.state, it.retry_at) == (expected, None)


def test_the_end_of_a_connection_resets_all_but_the_holders() -> None:
    it = subscription(Price("A"), "x")
    it.requested()
    it.delayed(Cause.DELAYED, 5.0)
    it.disconnected()
    assert (it.state, it.failures, it.retry_at, it.holders) == (State.OFF, 0, None, {"x"})


def test_the_state_of_a_subscription_in_words() -> None:
    it = subscription(Price("A"), "x")
    known = it.verification
    assert it.status(float).state == "wanted"
    known.proof = Proof.EXPECTED
    assert it.status(float).state == "asked"
    it.requested()
    it.acknowledged()
    assert it.status(float).state == "acknowledged"
    known.unproved_why = "no whole"
    assert it.status(float).why == "no whole"
    known.lost_since, known.lost_why = 1.0, "silent"
    assert (it.status(float).state, it.status(float).why) == ("lost", "silent")
    known.proof = Proof.LIVE
    assert it.status(float).state == "live"
    known.proof = Proof.UNEXPECTED
    it.move(Cause.DISCONNECTED)
    it.requested()
    it.refused(RequestRefused(1, "no"))
    assert (it.status(float).state, it.status(float).why) == ("refused", "request refused (code 1): 'no'")
    assert topics_of((it,)) == (Price("A"),)
