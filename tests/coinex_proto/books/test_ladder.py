"""One side of a book: the venue's texts in the order of their numbers."""

import decimal
import pickle
from collections.abc import Callable
from decimal import Decimal
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto.books.ladder import (
    MAX_LEVELS,
    MAX_PRICE_CHARACTERS,
    Ladder,
    LevelTexts,
    PureLadder,
    checksum,
    joined,
    push,
)
from coinex_proto.errors import PayloadError, UsageError


def ladder(*levels: tuple[str, str]) -> Ladder:
    made = Ladder()
    made.change(levels)
    return made


def replaced(*levels: tuple[str, str]) -> Ladder:
    made = Ladder()
    made.replace(levels)
    return made


both_ways = pytest.mark.parametrize("made", [ladder, replaced])


def test_levels_stand_in_the_order_of_their_numbers_not_of_their_texts() -> None:
    assert ladder(("1000", "1"), ("999", "2"), ("1001", "3")).texts == ["999:2", "1000:1", "1001:3"]


def test_a_known_price_gets_the_new_size() -> None:
    assert ladder(("10", "1"), ("11", "1"), ("10", "2.50")).texts == ["10:2.50", "11:1"]


def test_b8_two_texts_of_one_number_are_one_level_with_the_newer_text() -> None:
    assert ladder(("1.0", "1"), ("1.00", "2")).texts == ["1.00:2"]
    assert ladder(("1.0", "1"), ("1.000000000000000000", "2")).texts == ["1.000000000000000000:2"]


@pytest.mark.parametrize("zero", ["0", "0.0", "0.00000000000000000000", "0.", ".0"])
def test_b7_a_size_of_zero_in_any_spelling_removes_the_level(zero: str) -> None:
    assert ladder(("10", "1"), ("11", "1"), ("10", zero)).texts == ["11:1"]


def test_b4_removing_a_level_that_is_not_there_changes_nothing_and_is_counted() -> None:
    side = ladder(("10", "1"), ("9", "0"), ("11", "0.00"))
    assert (side.texts, side.absent) == (["10:1"], 2)
    side.change((("10", "0"), ("10", "0")))
    assert (side.texts, side.absent) == ([], 3)


def test_a_removed_level_can_come_back() -> None:
    assert ladder(("10", "1"), ("10", "0"), ("10", "3")).texts == ["10:3"]


def test_b7_of_two_entries_with_one_price_the_later_one_stays() -> None:
    side = Ladder()
    side.replace((("10", "1"), ("9", "1"), ("10", "2")))
    assert side.texts == ["9:1", "10:2"]


@pytest.mark.parametrize(
    "levels",
    [
        (("12", "1"), ("11", "1"), ("10", "1")),
        (("10", "1"), ("11", "1"), ("12", "1")),
        (("11", "1"), ("12", "1"), ("10", "1")),
        (("12", "1"), ("11", "1"), ("13", "0"), ("10", "1")),
    ],
)
def test_a_whole_side_may_come_in_any_order_and_with_zeros(levels: tuple[tuple[str, str], ...]) -> None:
    side = ladder(("1", "1"))
    side.replace(levels)
    assert side.texts == ["10:1", "11:1", "12:1"]


def test_a_whole_side_may_be_empty() -> None:
    side = ladder(("1", "1"))
    side.replace(())
    assert side.texts == []
    assert side.has_positive_prices


def test_prices_too_long_for_a_double_are_still_ordered_exactly() -> None:
    near = [f"1.{'0' * 18}{digit}" for digit in (3, 1, 2)]
    assert ladder(*((price, "1") for price in near)).texts == [f"1.{'0' * 18}{digit}:1" for digit in (1, 2, 3)]


def test_a_long_price_in_the_middle_of_a_change_does_not_disturb_the_rest() -> None:
    long = "10.50000000000000000001"
    assert ladder(("11", "1"), (long, "2"), ("10.5", "3"), ("11", "0")).texts == ["10.5:3", f"{long}:2"]


def test_clearing_forgets_long_prices_too() -> None:
    side = ladder(("10.50000000000000000001", "2"))
    side.clear()
    side.change((("10.5", "1"),))
    assert side.texts == ["10.5:1"]


def test_16_digits_are_already_distinguished() -> None:
    # 2^53 + 1 is the first whole number that a double does not have.
    assert ladder(("9007199254740993", "1"), ("9007199254740992", "2")).texts == [
        "9007199254740992:2",
        "9007199254740993:1",
    ]


@pytest.mark.parametrize("text", ["", ".", "abc", "1.2.3", "1:2", "--1", "٣x"])
@pytest.mark.parametrize("length", [1, 20])
def test_d12_a_price_that_is_no_number_is_refused(text: str, length: int) -> None:
    # Padded, it takes the exact way.
    padded = text if length == 1 or not text else text + "z" * (length - len(text))
    with pytest.raises(PayloadError, match="no number"):
        ladder(("10", "1"), (padded, "1"))


@pytest.mark.parametrize("text", ["", ".", "0.0.0", "..", "00.0."])
def test_d12_a_size_that_only_looks_like_zero_is_refused(text: str) -> None:
    with pytest.raises(PayloadError, match="no number"):
        ladder(("10", "1"), ("10", text))


HOSTILE = ["NaN", "sNaN", "Infinity", "1_000", "１２", " 1 ", "-1", "+1", "1e5", "1E+400", "0x10", "1\n"]


@both_ways
@pytest.mark.parametrize("text", [*HOSTILE, *(text.strip().zfill(20) for text in ("1_000", "1e5", "NaN"))])
def test_what_float_or_decimal_would_take_for_a_number_is_refused_as_a_price(  # D12
    made: Callable[..., Ladder], text: str
) -> None:
    with pytest.raises(PayloadError, match="number"):
        made(("10.5", "1"), (text, "1.5"))


@both_ways
@pytest.mark.parametrize("text", HOSTILE)
def test_d12_what_is_no_plain_number_removes_no_level_either(made: Callable[..., Ladder], text: str) -> None:
    with pytest.raises(PayloadError, match="number"):
        made(("10.5", "1"), (text, "0"))


@both_ways
@pytest.mark.parametrize("text", [*HOSTILE, "1.2.3", "1:2", "1..2", "-0", "nan", "5 ", "", ".", "\ud800"])
def test_what_float_or_decimal_would_take_for_a_number_is_refused_as_a_size(  # D12
    made: Callable[..., Ladder], text: str
) -> None:
    with pytest.raises(PayloadError, match="number"):
        made(("9", "2.5"), ("10.5", text))


@both_ways
@pytest.mark.parametrize(
    ("price", "size"), [("10", "1"), ("0.5", "0.0001"), ("5.", "1"), (".5", "1."), ("1" * 20, "2" * 30)]
)
def test_plain_decimal_numbers_are_taken_in_any_spelling(made: Callable[..., Ladder], price: str, size: str) -> None:
    assert made((price, size)).texts == [f"{price}:{size}"]


def test_a_caller_who_does_not_trap_invalid_operations_gets_the_same_refusals() -> None:
    with decimal.localcontext(decimal.Context(traps=[])), pytest.raises(PayloadError, match="number"):
        ladder(("1" * 20, "1"), ("x" * 20, "1"))


def test_b7_a_price_of_zero_is_shown() -> None:
    assert ladder(("0.1", "1")).has_positive_prices
    assert not ladder(("0.00", "1"), ("1", "1")).has_positive_prices


twins = pytest.mark.parametrize("twin", [Ladder, PureLadder], ids=["as it is", "in Python"])


@twins
def test_b12_more_levels_than_any_book_has_are_refused(twin: type[Ladder]) -> None:
    side = twin()
    with pytest.raises(PayloadError, match="more than"):
        side.change(tuple((str(price), "1") for price in range(1, MAX_LEVELS + 2)))
    with pytest.raises(PayloadError, match="more than"):
        side.replace((("1", "1"),) * (2 * MAX_LEVELS + 1))


@twins
def test_as_many_levels_as_allowed_are_taken(twin: type[Ladder]) -> None:
    side = twin()
    side.replace(tuple((str(price), "1") for price in range(1, MAX_LEVELS + 1)))
    assert len(side.texts) == MAX_LEVELS


def test_a_price_of_absurd_length_is_refused() -> None:
    with pytest.raises(PayloadError, match="characters"):
        ladder(("1" * (MAX_PRICE_CHARACTERS + 1), "1"))


def test_the_joined_text_starts_with_the_best_of_both_sides() -> None:
    bids = ladder(("999", "2"), ("1000", "1"))
    asks = ladder(("1002", "4"), ("1001", "1.0"))
    assert joined(bids, asks) == b"1000:1:999:2:1001:1.0:1002:4"


prices = st.decimals(min_value="0.000001", max_value="99999999", places=6).map(
    lambda price: format(price, "f")
) | st.integers(1, 30).map(str)
long_prices = st.builds("{}.{:020d}".format, st.integers(1, 5), st.integers(0, 20))
sizes = st.sampled_from(["0", "0.000", "1", "2.50", "0.1"])


@given(changes=st.lists(st.lists(st.tuples(prices | long_prices, sizes), max_size=12), max_size=8))
def test_b4_b8_any_changes_give_what_a_plain_dictionary_gives(changes: list[list[tuple[str, str]]]) -> None:
    side, model = Ladder(), {}
    for change in changes:
        side.change(change)
        for price, size in change:
            if Decimal(size):
                model[Decimal(price)] = f"{price}:{size}"
            else:
                model.pop(Decimal(price), None)
    assert side.texts == [model[price] for price in sorted(model)]


@given(levels=st.lists(st.tuples(prices | long_prices, sizes), max_size=12))
def test_a_whole_side_is_the_same_as_a_change_of_an_empty_one(levels: list[tuple[str, str]]) -> None:
    whole = ladder(("7", "7"))
    whole.replace(levels)
    assert whole.texts == ladder(*levels).texts


# What users read --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_push_changes_both_sides_and_gives_their_checksum(is_whole: bool) -> None:
    bids, asks = Ladder(is_highest_best=True), Ladder(is_highest_best=False)
    push(bids, asks, [("5", "1"), ("4", "1")], [("6", "1"), ("7", "2")], True)
    found = push(bids, asks, [("5", "0"), ("3", "2")], [("6", "9")], is_whole)
    texts = ["3:2", "6:9"] if is_whole else ["4:1", "3:2", "6:9", "7:2"]
    assert joined(bids, asks) == ":".join(texts).encode()
    assert found == checksum(bids, asks) == crc32(joined(bids, asks))


def test_a_push_with_a_price_of_zero_is_refused() -> None:
    for bid, ask in ((("0", "1"), ("6", "1")), (("5", "1"), ("0.0", "1"))):
        bids, asks = Ladder(is_highest_best=True), Ladder(is_highest_best=False)
        with pytest.raises(PayloadError, match="a price of zero"):
            push(bids, asks, [bid], [ask], True)


def test_levels_are_read_as_exact_numbers() -> None:
    levels = LevelTexts(("100.10:0.50", "100.2:1"))
    assert levels[0] == (Decimal("100.10"), Decimal("0.50"))
    assert str(levels[0][0]) == "100.10"
    assert list(levels) == [levels[0], levels[1]]
    assert levels[-1] == (Decimal("100.2"), Decimal(1))
    assert levels[:1] == (levels[0],)
    assert len(levels) == 2
    assert (Decimal("100.1"), Decimal("0.5")) in levels
    with pytest.raises(IndexError):
        levels[2]


def test_levels_equal_other_sequences_of_the_same_numbers() -> None:
    levels = LevelTexts(("1.0:2",))
    assert levels == LevelTexts(("1.0:2",))
    assert levels == LevelTexts(("1.00:2.0",))
    assert levels == ((Decimal(1), Decimal(2)),)
    assert hash(levels) == hash(LevelTexts(("1.00:2.0",)))
    assert levels != LevelTexts(("1.0:3",))
    assert levels != LevelTexts(())
    assert levels != "1.0:2"


@pytest.mark.parametrize("made", [("100.5:2", "100.40:0.35"), b"100.5:2:100.40:0.35"], ids=["texts", "joined"])
def test_the_texts_of_the_venue_can_be_read_as_it_wrote_them(made: tuple[str, ...] | bytes) -> None:
    assert LevelTexts(made).joined() == "100.5:2:100.40:0.35"
    assert LevelTexts(made).pairs() == (("100.5", "2"), ("100.40", "0.35"))
    assert (len(LevelTexts(made)), LevelTexts(made)[0]) == (2, (Decimal("100.5"), Decimal(2)))
    assert LevelTexts(made)[1:] == ((Decimal("100.40"), Decimal("0.35")),)


def test_many_levels_print_short() -> None:
    assert repr(LevelTexts(("1:2", "2:2"))) == "<2 levels: 1:2, 2:2>"
    assert repr(LevelTexts(tuple(f"{price}:1" for price in range(50)))) == "<50 levels: 0:1, 1:1, 2:1, …>"


@pytest.mark.parametrize("price", ["4", "4.00000000000000000001"])
def test_a_side_is_cut_to_its_best_and_goes_on_from_there(price: str) -> None:
    levels = [("1", "1"), ("2", "1"), ("3", "1"), (price, "1")]
    asks, bids = Ladder(), Ladder(is_highest_best=True)
    for side in (asks, bids):
        side.change(levels)
        side.cut(4)
        side.cut(9)
        assert len(side.texts) == 4
        side.cut(2)
    assert (asks.best(), asks.best(1)) == (["1:1", "2:1"], ["1:1"])
    assert (bids.best(), bids.best(1)) == ([f"{price}:1", "3:1"], [f"{price}:1"])
    for side in (asks, bids):
        side.change([("2.5", "7"), ("9", "1"), ("0.5", "1")])
    assert asks.texts == ["0.5:1", "1:1", "2:1", "2.5:7", "9:1"]
    assert bids.texts == ["0.5:1", "2.5:7", "3:1", f"{price}:1", "9:1"]
    assert bids.levels()[0] == (Decimal(9), Decimal(1))


def test_a_side_may_be_cut_to_nothing_but_not_below() -> None:
    made = ladder(("1", "1"), ("2", "1"))
    with pytest.raises(UsageError, match="-1 levels"):
        made.cut(-1)
    made.cut(0)
    assert made.texts == []
    made.change([("3", "1")])
    assert made.texts == ["3:1"]


@given(st.lists(st.integers(1, 60), max_size=40), st.integers(0, 20), st.booleans())
def test_cutting_is_what_sorting_and_slicing_is(prices: list[int], depth: int, is_highest_best: bool) -> None:
    made = Ladder(is_highest_best=is_highest_best)
    made.change([(str(price), "1") for price in prices])
    made.cut(depth)
    assert made.best() == [f"{price}:1" for price in sorted(set(prices), reverse=is_highest_best)[:depth]]


@twins
def test_a_difference_may_be_as_long_as_a_full_side_and_not_one_level_longer(twin: type[Ladder]) -> None:
    side = twin()
    full = tuple((str(price), "1") for price in range(1, MAX_LEVELS + 1))
    side.replace(full)
    side.change(full)
    assert len(side.texts) == MAX_LEVELS
    with pytest.raises(PayloadError, match="levels"):
        side.change((*full, ("1", "1")))


@twins
def test_one_level_more_than_allowed_is_refused_also_where_it_comes_by_a_difference(twin: type[Ladder]) -> None:
    side = twin()
    side.replace(tuple((str(price), "1") for price in range(1, MAX_LEVELS + 1)))
    with pytest.raises(PayloadError, match="levels"):
        side.change(((str(MAX_LEVELS + 1), "1"),))
    assert len(side.texts) == 0


@twins
@pytest.mark.parametrize("is_highest_best", [True, False])
def test_a_side_goes_through_a_pickle_and_on_from_there(twin: type[Ladder], is_highest_best: bool) -> None:
    side = twin(is_highest_best)
    side.change((("3", "1"), ("2", "1"), ("10.00000000000000001", "1"), ("7", "0")))
    copy = pickle.loads(pickle.dumps(side))
    assert (copy.texts, copy.absent, copy.best(1)) == (side.texts, 1, side.best(1))
    copy.change((("2.5", "4"), ("3", "0")))
    assert copy.texts == ["2:1", "2.5:4", "10.00000000000000001:1"]
