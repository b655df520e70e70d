"""The one list of what must be looked at again."""

from __future__ import annotations

from coinex_proto._connection.agenda import Agenda, Item


def test_what_is_due_at_once_is_taken_once_with_its_subjects_in_order() -> None:
    agenda = Agenda()
    agenda.add(Item.SUBSCRIPTION, "b", "a")
    agenda.add(Item.SUBSCRIPTION, "b", "c")
    assert Item.SUBSCRIPTION in agenda.at_once
    assert agenda.take_subjects(Item.SUBSCRIPTION) == ("b", "a", "c")
    assert agenda.take_subjects(Item.SUBSCRIPTION) == ()
    assert not agenda.at_once


def test_an_item_without_subjects_is_due_or_not() -> None:
    agenda = Agenda()
    assert not agenda.take(Item.STARTED)
    agenda.add(Item.STARTED)
    agenda.add(Item.STARTED)
    assert (agenda.take(Item.STARTED), agenda.take(Item.STARTED)) == (True, False)


def test_the_earliest_time_of_an_item_counts() -> None:
    agenda = Agenda()
    for at in (5.0, 3.0, 4.0):
        agenda.add_at(Item.VERIFY, at)
    agenda.add_at(Item.RETRY, 2.0)
    times = agenda.time_of(Item.VERIFY), agenda.next_at
    assert times == (3.0, 2.0)
    assert not agenda.take_due(Item.RETRY, 1.9)
    assert agenda.take_due(Item.RETRY, 2.0)
    assert not agenda.take_due(Item.RETRY, 9.0)
    assert agenda.next_at == 3.0


def test_a_cancelled_item_has_no_time_any_more() -> None:
    agenda = Agenda()
    agenda.add_at(Item.VERIFY, 3.0)
    agenda.cancel(Item.VERIFY)
    agenda.cancel(Item.VERIFY)
    assert (agenda.time_of(Item.VERIFY), agenda.next_at) == (None, None)
    agenda.add_at(Item.VERIFY, 7.0)
    assert agenda.next_at == 7.0
