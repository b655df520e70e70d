"""A book of whole states and changes that a checksum proves; here the checksum is the number of levels."""

from __future__ import annotations

import pytest
from attrs import frozen

from coinex_proto import BookChange, CheckedBook, Ladder, MustBeTold, PayloadError, Update

WAITING = "waiting for a whole book"


@frozen(kw_only=True)
class Push(Update):
    bids: tuple[tuple[str, str], ...] = ()
    asks: tuple[tuple[str, str], ...] = ()
    count: int = 0
    whole: bool = False


def change_of(update: Update) -> BookChange | None:
    if not isinstance(update, Push):
        return None
    if update.count == 99:
        raise PayloadError("no push")
    return BookChange(bids=update.bids, asks=update.asks, checksum=update.count, is_whole=update.whole, updated_at_ms=5)


def count(bids: Ladder, asks: Ladder) -> int:
    return len(bids.texts) + len(asks.texts)


def book(depth: int | None = None) -> CheckedBook:
    return CheckedBook(change_of, count, depth=depth)


WHOLE = Push(bids=(("1", "1"), ("2", "1")), asks=(("3", "1"),), count=3, whole=True)


def test_a_whole_state_and_its_changes_are_proved_one_by_one() -> None:
    made = book()
    assert made.apply(WHOLE) is None
    assert made.apply(Push(asks=(("4", "1"), ("3", "0")), count=3)) is None
    bids, asks, at = made.levels()
    assert [str(price) for price, _ in bids] == ["2", "1"]
    assert [str(price) for price, _ in asks] == ["4"]
    assert (at, made.checks_passed, made.checks_failed) == (5, 2, 0)


def test_changes_count_for_nothing_before_a_whole_state_and_after_what_does_not_fit() -> None:
    made = book()
    assert made.apply(Push(count=0)) == WAITING
    made.apply(WHOLE)
    assert made.apply(Push(count=7)) == f"the checksum does not fit; {WAITING}"
    assert made.levels() == ((), (), None)
    assert made.apply(Push(count=3)) == f"the checksum does not fit; {WAITING}"
    assert made.apply(WHOLE) is None
    assert (made.checks_passed, made.checks_failed) == (2, 1)


def test_each_side_is_cut_to_its_best() -> None:
    made = book(depth=1)
    assert made.apply(Push(bids=(("1", "1"), ("2", "1")), asks=(("3", "1"), ("4", "1")), count=2, whole=True)) is None
    assert [str(side[0][0]) for side in made.levels()[:2]] == ["2", "3"]


@pytest.mark.parametrize(
    "bad",
    [Push(bids=(("0", "1"),), count=1, whole=True), Push(bids=(("NaN", "1"),), count=1, whole=True), Push(count=99)],
)
def test_what_is_no_book_proves_nothing(bad: Push) -> None:
    made = book()
    assert WAITING in (made.apply(bad) or "")
    assert made.checks_failed == 1
    assert made.levels() == ((), (), None)


def test_a_checksum_may_be_signed() -> None:
    made = CheckedBook(change_of, lambda bids, asks: 2**32 - 1)
    assert made.apply(Push(count=-1, whole=True)) is None


def test_it_is_told_what_could_not_be_read() -> None:
    made = book()
    made.apply(WHOLE)
    assert isinstance(made, MustBeTold)
    made.missed()
    assert made.apply(Push(count=3)) == f"a push could not be read; {WAITING}"
    made.reset()
    assert made.apply(Push(count=3)) == WAITING
    assert made.due is None


def test_updates_of_other_kinds_change_nothing() -> None:
    made = book()
    made.apply(WHOLE)
    assert made.apply(Update()) == "Update is no change of this book"
    assert made.apply(Push(count=3)) is None


def test_removals_of_what_is_not_there_are_counted_over_both_sides() -> None:
    made = book()
    assert made.absent_deletes == 0
    made.apply(WHOLE)
    made.apply(Push(bids=(("9", "0"), ("8", "0")), asks=(("7", "0"),), count=3))
    assert made.absent_deletes == 3
    made.apply(Push(asks=(("7", "0"),), count=3))
    assert made.absent_deletes == 4
