"""The table of wanted topics."""

from __future__ import annotations

from typing import Any

from coinex_proto import RequestRefused, Topic
from coinex_proto._session.subscriptions import MAX_ROUTES, Wire, Wish, Wishes, topics_of
from tests.coinex_proto.tiny import Price, Trade


def wish(topic: Topic[Any], *holders: str) -> Wish:
    return Wish(topic, topic.key, False, None, None, set(holders))


def table(*wishes: Wish) -> Wishes:
    found = Wishes()
    for each in wishes:
        found.add(each)
    return found


def test_an_update_goes_to_its_market_and_to_all_markets() -> None:
    single, all_, other = wish(Price("A"), "x"), wish(Price(), "x"), wish(Trade("A"), "x")
    wishes = table(single, all_, other)
    assert wishes.route(("price", "A")) == (single, all_)
    assert wishes.route(("price", "B")) == (all_,)
    assert wishes.route(("price", None)) == (all_,)
    assert wishes.route(("trade", "B")) == ()


def test_a_wish_that_nobody_holds_gets_nothing() -> None:
    single = wish(Price("A"), "x")
    wishes = table(single)
    assert wishes.route(("price", "A")) == (single,)
    single.holders.clear()
    wishes.holders_changed()
    assert wishes.route(("price", "A")) == ()
    assert wishes.wanted() == []
    assert list(wishes) == [single]


def test_added_and_removed_wishes_change_the_way() -> None:
    single = wish(Price("A"), "x")
    wishes = table()
    assert wishes.route(("price", "A")) == ()
    wishes.add(single)
    assert wishes.route(("price", "A")) == (single,)
    wishes.remove(single)
    assert wishes.route(("price", "A")) == ()
    assert wishes.get(("price", "A")) is None


def test_a_peer_that_invents_markets_does_not_fill_the_memory() -> None:
    wishes = table(wish(Price(), "x"))
    for number in range(MAX_ROUTES + 10):
        wishes.route(("price", f"M{number}"))
    assert len(wishes.routes) <= MAX_ROUTES


def test_all_markets_cover_their_single_ones() -> None:
    single, all_, other = wish(Price("A"), "x"), wish(Price(), "x"), wish(Trade("A"), "x")
    wishes = table(single, all_, other)
    assert wishes.cover(single) is all_
    assert wishes.cover(all_) is None
    assert wishes.cover(other) is None
    assert wishes.covered(all_) == [single]
    assert wishes.covered(single) == []


def test_all_markets_cover_until_the_venue_has_ended_them_and_not_when_refused() -> None:
    single, all_ = wish(Price("A"), "x"), wish(Price())
    wishes = table(single, all_)
    assert wishes.cover(single) is None
    all_.wire = Wire.ENDING
    assert wishes.cover(single) is all_
    all_.holders.add("x")
    all_.refused = RequestRefused(1, "no")
    assert wishes.cover(single) is None


def test_what_was_touched_is_taken_once_in_order() -> None:
    one, two = wish(Price("A"), "x"), wish(Price("B"), "x")
    wishes = table(one, two)
    before = bool(wishes.touched)
    wishes.touch((two, one, two))
    assert (before, bool(wishes.touched)) == (False, True)
    assert wishes.take_touched() == [two, one]
    assert wishes.take_touched() == []


def test_the_state_of_a_wish_in_words() -> None:
    it = wish(Price("A"), "x")
    assert it.state() == "wanted"
    it.is_asked = True
    assert it.state() == "asked"
    it.wire = Wire.ON
    assert it.state() == "acknowledged"
    it.doubt_why = "no whole"
    assert it.status().why == "no whole"
    it.lost_since, it.lost_why = 1.0, "silent"
    assert (it.state(), it.status().why) == ("lost", "silent")
    it.is_live = True
    assert it.state() == "live"
    it.is_live = False
    it.refused = RequestRefused(1, "no")
    assert (it.state(), it.status().why) == ("refused", "request refused (code 1): 'no'")
    assert topics_of((it,)) == (Price("A"),)
