"""A book that is replaced by each push, and proved by it."""

from decimal import Decimal as D

import pytest

from coinex_proto.qfex import BboUpdate, Level2Update
from coinex_proto.qfex._mds.book import QfexBook


def push(second: int = 40, **fields: object) -> Level2Update:
    values: dict[str, object] = {"bid": (("99", "1"), ("98", "2")), "ask": (("101", "3"),), **fields}
    return Level2Update(symbol="A-USD", time=f"2025-09-04T09:26:{second}Z", **values)  # type: ignore[arg-type]


def test_a_push_replaces_all_that_was_there_before() -> None:
    book = QfexBook()
    assert book.apply(push()) is None
    assert book.apply(push(41, bid=(("97", "5"),))) is None
    assert tuple(book.levels().bids) == ((D(97), D(5)),)
    assert tuple(book.levels().asks) == ((D(101), D(3)),)
    assert book.levels().updated_at_ms == 1_756_978_001_000
    assert (book.checks_passed, book.checks_failed) == (2, 0)


@pytest.mark.parametrize("level", [("NaN", "1"), ("0", "1"), ("-1", "1"), ("1e5", "1"), ("1", "x"), ("", "1")])
def test_a_level_that_is_no_number_above_zero_empties_the_book(level: tuple[str, str]) -> None:
    book = QfexBook()
    book.apply(push())
    assert book.apply(push(41, bid=(level,))) is not None
    assert (tuple(book.levels().bids), tuple(book.levels().asks)) == ((), ())
    assert book.checks_failed == 1


def test_one_older_push_changes_nothing_and_two_of_them_prove_that_the_clock_went_back() -> None:
    book = QfexBook()
    book.apply(push(40))
    assert book.apply(push(39, bid=())) is None
    assert tuple(book.levels().bids) == ((D(99), D(1)), (D(98), D(2)))
    assert book.apply(push(38)) == "the times of its pushes went back"


def test_nothing_is_known_after_a_reset_and_nothing_is_ever_overdue() -> None:
    book = QfexBook()
    book.apply(push(40))
    book.reset()
    assert book.levels().updated_at_ms is None
    assert book.apply(push(30)) is None
    assert book.due is None


def test_an_update_of_another_channel_is_none_of_its_pushes() -> None:
    assert QfexBook().apply(BboUpdate(symbol="A-USD", time="x", bid=(), ask=())) == "not a level2 push"


def test_the_first_older_push_after_a_newer_one_or_a_reset_is_only_late() -> None:
    book = QfexBook()
    assert book.apply(push(40)) is None
    assert book.apply(push(39)) is None
    assert book.apply(push(41)) is None
    assert book.apply(push(40)) is None
    book.reset()
    assert book.apply(push(20)) is None
    assert book.apply(push(19)) is None
    assert book.checks_failed == 0


def test_a_push_of_the_very_same_time_is_the_newer_book_and_one_without_a_time_too() -> None:
    book = QfexBook()
    for bid in ("99", "98", "97"):
        assert book.apply(push(40, bid=((bid, "1"),))) is None
        assert tuple(book.levels().bids) == ((D(bid), D(1)),)
    timeless = Level2Update(symbol="A-USD", bid=(("96", "1"),), ask=())
    assert book.apply(timeless) is None
    assert (tuple(book.levels().bids), book.levels().updated_at_ms) == (((D(96), D(1)),), None)


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_a_price_of_zero_on_either_side_is_no_book(side: str) -> None:
    book = QfexBook()
    assert book.apply(push(40, **{side: (("0", "1"),)})) == "a level with a price of zero"
    assert (book.checks_passed, book.checks_failed) == (0, 1)
