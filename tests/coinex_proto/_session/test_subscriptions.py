"""The table of wanted topics."""

from __future__ import annotations

from typing import Any

from coinex_proto import RequestRefused, Topic
from coinex_proto._session.subscriptions import MAX_ROUTES, Subscription, Subscriptions, Wire, topics_of
from tests.coinex_proto.tiny import Price, Trade


def subscription(topic: Topic[Any], *holders: str) -> Subscription:
    return Subscription(topic, topic.key, False, None, None, set(holders))


def table(*subscriptions: Subscription) -> Subscriptions:
    found = Subscriptions()
    for each in subscriptions:
        found.add(each)
    return found


def test_an_update_goes_to_its_market_and_to_all_markets() -> None:
    single, all_, other = subscription(Price("A"), "x"), subscription(Price(), "x"), subscription(Trade("A"), "x")
    subscriptions = table(single, all_, other)
    assert subscriptions.route(("price", "A")) == (single, all_)
    assert subscriptions.route(("price", "B")) == (all_,)
    assert subscriptions.route(("price", None)) == (all_,)
    assert subscriptions.route(("trade", "B")) == ()


def test_a_wish_that_nobody_holds_gets_nothing() -> None:
    single = subscription(Price("A"), "x")
    subscriptions = table(single)
    assert subscriptions.route(("price", "A")) == (single,)
    single.holders.clear()
    subscriptions.holders_changed()
    assert subscriptions.route(("price", "A")) == ()
    assert subscriptions.wanted() == []
    assert list(subscriptions) == [single]


def test_added_and_removed_wishes_change_the_way() -> None:
    single = subscription(Price("A"), "x")
    subscriptions = table()
    assert subscriptions.route(("price", "A")) == ()
    subscriptions.add(single)
    assert subscriptions.route(("price", "A")) == (single,)
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
    all_.wire = Wire.ENDING
    assert subscriptions.cover(single) is all_
    all_.holders.add("x")
    all_.refused = RequestRefused(1, "no")
    assert subscriptions.cover(single) is None


def test_what_was_touched_is_taken_once_in_order() -> None:
    one, two = subscription(Price("A"), "x"), subscription(Price("B"), "x")
    subscriptions = table(one, two)
    before = bool(subscriptions.touched)
    subscriptions.touch((two, one, two))
    assert (before, bool(subscriptions.touched)) == (False, True)
    assert subscriptions.take_touched() == [two, one]
    assert subscriptions.take_touched() == []


def test_the_state_of_a_wish_in_words() -> None:
    it = subscription(Price("A"), "x")
    assert it.state() == "wanted"
    it.is_requested = True
    assert it.state() == "asked"
    it.wire = Wire.ON
    assert it.state() == "acknowledged"
    it.unproved_why = "no whole"
    assert it.status().why == "no whole"
    it.lost_since, it.lost_why = 1.0, "silent"
    assert (it.state(), it.status().why) == ("lost", "silent")
    it.is_live = True
    assert it.state() == "live"
    it.is_live = False
    it.refused = RequestRefused(1, "no")
    assert (it.state(), it.status().why) == ("refused", "request refused (code 1): 'no'")
    assert topics_of((it,)) == (Price("A"),)
