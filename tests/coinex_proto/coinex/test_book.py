"""The order book, proved by checksum: worked vectors, rules of the venue, and any stream against a naive model."""

import random
from collections.abc import Sequence
from decimal import Decimal
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto.books.ladder import MAX_LEVELS
from coinex_proto.coinex import DepthLevels, DepthUpdate, TickerUpdate, spot
from coinex_proto.coinex.book import FULL_PUSH_WITHIN, CoinexBook
from coinex_proto.updates import stamp

Texts = Sequence[tuple[str, str]]

NOT_SYNCED = "waiting for a whole book"
MISFIT = f"the checksum does not fit; {NOT_SYNCED}"


def push(
    *, bids: Texts = (), asks: Texts = (), checksum: int, is_full: bool = False, received_at: float = 0.0
) -> DepthUpdate:
    depth = DepthLevels(
        asks=tuple(asks), bids=tuple(bids), checksum=checksum, last=Decimal(1), updated_at=1_700_000_000_123
    )
    update = DepthUpdate(market="BTCUSDT", is_full=is_full, depth=depth)
    stamp(update, b"{}", received_at)
    return update


def check_of(bids: Texts, asks: Texts) -> int:
    """The documented rule, word for word."""
    down = sorted(bids, key=lambda level: Decimal(level[0]), reverse=True)
    up = sorted(asks, key=lambda level: Decimal(level[0]))
    return crc32(":".join(f"{price}:{size}" for price, size in (*down, *up)).encode())


def whole(bids: Texts, asks: Texts, *, received_at: float = 0.0) -> DepthUpdate:
    return push(bids=bids, asks=asks, checksum=check_of(bids, asks), is_full=True, received_at=received_at)


BIDS = (("100.5", "2"), ("100.4", "0.35"))
ASKS = (("100.6", "1.25"), ("100.7", "4"))


def synced() -> CoinexBook:
    book = CoinexBook(gets_differences=True)
    assert book.apply(whole(BIDS, ASKS)) is None
    return book


def texts(book: CoinexBook) -> tuple[list[str], list[str]]:
    bids, asks, _ = book.levels()
    return [f"{price}:{size}" for price, size in bids], [f"{price}:{size}" for price, size in asks]


# Worked vectors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bids", "asks", "checksum"),
    [
        (BIDS, ASKS, 3897953775),
        (BIDS, ASKS, -397013521),
        ((), (("100.6", "1.25"),), 2834329845),
        ((), (("100.6", "1.25"),), -1460637451),
        ((("1000", "1"), ("999", "2")), (("1001", "1.0"),), 3187919597),
        ((("999", "2"), ("1000", "1")), (("1001", "1.0"),), -1107047699),
        ((), (), 0),
    ],
)
def test_b6_b8_the_worked_checksums_fit_signed_and_unsigned(bids: Texts, asks: Texts, checksum: int) -> None:
    book = CoinexBook(gets_differences=True)
    assert book.apply(push(bids=bids, asks=asks, checksum=checksum, is_full=True)) is None
    assert (book.checks_passed, book.checks_failed) == (1, 0)


def test_the_worked_difference_fits() -> None:
    book = synced()
    change = push(bids=(("100.4", "0.50"),), asks=(("100.6", "0"), ("100.8", "3.10")), checksum=2087347993)
    assert book.apply(change) is None
    assert texts(book) == (["100.5:2", "100.4:0.50"], ["100.7:4", "100.8:3.10"])
    assert book.levels().updated_at_ms == 1_700_000_000_123


def test_b8_a_size_keeps_the_zeros_that_it_came_with() -> None:
    assert synced().apply(push(bids=(("100.4", "0.5"),), checksum=check_of((("100.5", "2"), ("100.4", "0.50")), ASKS)))


# Rules ------------------------------------------------------------------------------------------------------------------


def test_b2_a_difference_before_the_first_whole_book_is_left_aside() -> None:
    book = CoinexBook(gets_differences=True)
    assert book.apply(push(bids=BIDS, asks=ASKS, checksum=check_of(BIDS, ASKS))) == NOT_SYNCED
    assert texts(book) == ([], [])
    assert (book.checks_passed, book.checks_failed) == (0, 0)
    assert book.apply(whole(BIDS, ASKS)) is None


def test_b1_a_checksum_that_does_not_fit_leaves_differences_aside_until_a_whole_book_fits() -> None:
    book = synced()
    assert "checksum" in (book.apply(push(bids=(("100.4", "1"),), checksum=1)) or "")
    right = check_of((("100.5", "2"), ("100.4", "9")), ASKS)
    assert book.apply(push(bids=(("100.4", "9"),), checksum=right)) == MISFIT
    assert "checksum" in (book.apply(push(bids=BIDS, asks=ASKS, checksum=7, is_full=True)) or "")
    assert book.apply(push(bids=(("100.4", "0.35"),), checksum=check_of(BIDS, ASKS))) == MISFIT
    assert book.apply(whole(BIDS, ASKS)) is None
    assert (book.checks_passed, book.checks_failed) == (2, 2)


def test_b3_a_repeated_difference_changes_nothing() -> None:
    book = synced()
    change = push(
        bids=(("100.4", "0.50"),), asks=(("100.6", "0"),), checksum=check_of((BIDS[0], ("100.4", "0.50")), ASKS[1:])
    )
    assert book.apply(change) is None
    assert book.apply(change) is None


def test_b2_b3_a_lost_difference_is_found_by_the_next_one() -> None:
    book = synced()
    after_both = check_of((("100.5", "2"), ("100.4", "5")), ASKS[1:])
    assert "checksum" in (book.apply(push(asks=(("100.6", "0"),), checksum=after_both)) or "")


def test_b4_deleting_an_unknown_level_is_no_error_and_counted() -> None:
    book = synced()
    for count in (2, 4):
        assert book.apply(push(bids=(("1", "0"),), asks=(("9", "0.000"),), checksum=check_of(BIDS, ASKS))) is None
        assert book.absent_deletes == count


def test_b7_a_zero_in_a_whole_book_removes_the_level_too() -> None:
    book = CoinexBook(gets_differences=False)
    update = push(bids=(*BIDS, ("100.1", "0")), asks=ASKS, checksum=check_of(BIDS, ASKS), is_full=True)
    assert book.apply(update) is None
    assert len(book.levels().bids) == 2


def test_b10_a_whole_book_replaces_all_that_was_there() -> None:
    book = synced()
    assert book.apply(whole((("50", "1"),), ())) is None
    assert texts(book) == (["50:1"], [])


def test_b6_a_book_becomes_empty_and_comes_back() -> None:
    book = synced()
    gone = push(bids=[(p, "0") for p, _ in BIDS], asks=[(p, "0") for p, _ in ASKS], checksum=0)
    assert book.apply(gone) is None
    assert texts(book) == ([], [])
    assert book.apply(push(bids=BIDS, asks=ASKS, checksum=check_of(BIDS, ASKS))) is None


def test_b9_levels_beyond_the_subscribed_limit_are_kept_until_the_venue_deletes_them() -> None:
    book = CoinexBook(gets_differences=True)
    bids = tuple((str(price), "1") for price in range(100, 40, -1))
    assert book.apply(whole(bids[:50], ())) is None
    assert book.apply(push(bids=bids[50:], checksum=check_of(bids, ()))) is None
    assert len(book.levels().bids) == 60


def test_b5_a_crossed_book_with_the_right_checksum_is_the_venues_book() -> None:
    assert CoinexBook(gets_differences=True).apply(whole((("101", "1"),), (("100", "1"),))) is None


@pytest.mark.parametrize(
    "bad",
    ["NaN", "sNaN", "Infinity", "-Infinity", "1e999999999", "1_000", "１２", " 1 ", "-1", "+1", "", "1.2.3", "1:2"],
)
@pytest.mark.parametrize("is_full", [True, False])
def test_d12_b7_a_hostile_text_breaks_the_proof_even_with_a_fitting_checksum(bad: str, is_full: bool) -> None:
    for level in ((bad, "1"), ("100.1", bad)):
        book = synced()
        own = (level,) if is_full else (*BIDS, level)
        try:
            text = ":".join(f"{p}:{s}" for p, s in (*own, *(() if is_full else ASKS)))
            checksum = crc32(text.encode())
        except UnicodeEncodeError:
            checksum = 0
        why = book.apply(push(bids=(level,), checksum=checksum, is_full=is_full))
        assert why is not None
        assert "number" in why
        assert book.checks_failed == 1
        assert texts(book) == ([], [])
        assert why.endswith(NOT_SYNCED)
        assert book.apply(push(checksum=0)) == why
        assert book.apply(whole(BIDS, ASKS)) is None


def test_b12_a_book_that_is_too_large_says_so_until_a_whole_book_fits() -> None:
    book = synced()
    too_many = tuple((str(price), "1") for price in range(1, MAX_LEVELS + 2))
    why = f"more than {MAX_LEVELS} levels on one side of a book; {NOT_SYNCED}"
    assert book.apply(whole(too_many, ())) == why
    assert book.apply(push(bids=(("100.4", "9"),), checksum=1)) == why
    assert book.apply(push(bids=BIDS, checksum=1, is_full=True)) == MISFIT
    assert book.apply(push(bids=(("100.4", "9"),), checksum=1)) == MISFIT
    assert book.apply(whole(BIDS, ASKS)) is None
    book.reset()
    assert book.apply(push(bids=(("100.4", "9"),), checksum=1)) == NOT_SYNCED


@pytest.mark.parametrize("price", ["0", "0.00", "-0"])
def test_b7_a_price_of_zero_breaks_the_proof(price: str) -> None:
    assert CoinexBook(gets_differences=True).apply(whole(((price, "1"),), ()))
    assert CoinexBook(gets_differences=True).apply(whole((), ((price, "1"),)))


def test_b12_a_flood_of_levels_breaks_the_proof_and_is_forgotten() -> None:
    book = synced()
    flood = tuple((str(price), "1") for price in range(1, 100_001))
    assert "levels" in (book.apply(push(asks=flood, checksum=check_of((), flood), is_full=True)) or "")
    assert texts(book) == ([], [])


def test_an_update_of_something_else_proves_nothing() -> None:
    (ticker,) = spot().decode(
        b'{"method":"state.update","data":{"state_list":[{"market":"A","last":"1","open":"1","close":"1","high":"1",'
        b'"low":"1","volume":"1","value":"1","volume_sell":"1","volume_buy":"1","period":86400}]}}'
    )
    assert isinstance(ticker, TickerUpdate)
    assert "TickerUpdate" in (synced().apply(ticker) or "")


def test_b11_after_a_reset_only_a_whole_book_counts() -> None:
    book = synced()
    book.reset()
    assert texts(book) == ([], [])
    assert book.due is None
    assert book.levels().updated_at_ms is None
    assert book.apply(push(checksum=check_of(BIDS, ASKS))) == NOT_SYNCED
    assert book.apply(whole(BIDS, ASKS)) is None
    assert book.checks_passed == 2


def test_with_differences_a_whole_book_is_due_every_minute_and_a_half() -> None:
    book = CoinexBook(gets_differences=True)
    book.apply(push(checksum=0, received_at=10.0))
    assert book.due == 10.0 + FULL_PUSH_WITHIN
    book.apply(push(checksum=0, received_at=20.0))
    assert book.due == 10.0 + FULL_PUSH_WITHIN
    book.apply(whole(BIDS, ASKS, received_at=30.0))
    assert book.due == 30.0 + FULL_PUSH_WITHIN
    book.apply(push(checksum=check_of(BIDS, ASKS), received_at=60.0))
    assert book.due == 30.0 + FULL_PUSH_WITHIN


def test_where_every_push_is_a_whole_book_none_is_due() -> None:
    book = CoinexBook(gets_differences=False)
    book.apply(whole(BIDS, ASKS, received_at=30.0))
    assert book.due is None


def test_levels_read_before_a_change_stay_as_they_were() -> None:
    book = synced()
    before = book.levels()
    book.apply(push(bids=(("100.5", "0"),), checksum=0))
    assert before.bids[0] == (Decimal("100.5"), Decimal(2))


# Against a naive model --------------------------------------------------------------------------------------------------


class Venue:
    """The exchange's side: its book as dictionaries, its pushes as the documentation words them."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.bids: dict[str, str] = {}
        self.asks: dict[str, str] = {}

    def _some(self, side: dict[str, str]) -> list[tuple[str, str]]:
        changed: dict[str, str] = {}
        for _ in range(self.chance.randint(0, 4)):
            price = format(Decimal(self.chance.randint(1, 60)) / 10, ".2f")
            if price in side and self.chance.random() < 0.4:
                del side[price]
                changed[price] = self.chance.choice(["0", "0.000"])
            else:
                side[price] = changed[price] = self.chance.choice(["1", "0.50", "12.125"])
        return list(changed.items())

    def difference(self) -> DepthUpdate:
        bids, asks = self._some(self.bids), self._some(self.asks)
        return push(bids=bids, asks=asks, checksum=self.checksum())

    def whole(self) -> DepthUpdate:
        return whole(tuple(self.bids.items()), tuple(self.asks.items()))

    def checksum(self) -> int:
        return check_of(tuple(self.bids.items()), tuple(self.asks.items()))

    def levels(self) -> tuple[list[str], list[str]]:
        down = sorted(self.bids, key=Decimal, reverse=True)
        return [f"{price}:{self.bids[price]}" for price in down], [
            f"{price}:{self.asks[price]}" for price in sorted(self.asks, key=Decimal)
        ]


STEPS = st.sampled_from(["whole", "difference", "difference", "lost", "twice", "late", "spoilt", "reset"])
Pushed = tuple[DepthUpdate, tuple[list[str], list[str]]]


def pushed(venue: Venue, step: str) -> Pushed:
    """A push and the venue's book as it was with it."""
    update = venue.whole() if step == "whole" else venue.difference()
    if step == "spoilt":
        update = push(bids=(*update.depth.bids, ("3.00", "77")), checksum=update.depth.checksum)
    return update, venue.levels()


@given(seed=st.integers(0, 2**32), steps=st.lists(STEPS, max_size=30))
def test_a_book_that_says_it_is_proved_equals_the_venues_as_of_that_push(seed: int, steps: list[str]) -> None:
    # B1, B2, B3, B11, law 9
    venue = Venue(random.Random(seed))
    book = CoinexBook(gets_differences=True)
    late: list[Pushed] = []
    for step in steps:
        if step == "reset":
            book.reset()
            continue
        arriving = pushed(venue, step)
        if step == "lost":
            continue
        if step == "late":
            late.append(arriving)
            continue
        # What was held back comes behind what was sent after it.
        for update, levels in [arriving] * (1 + (step == "twice")) + late:
            if book.apply(update) is None:
                assert texts(book) == levels
        late.clear()
        if step == "whole":
            assert book.apply(arriving[0]) is None


# A read at once ---------------------------------------------------------------------------------------------------------

LATER_BIDS = (("100.5", "3"), ("100.4", "0.35"))
CHANGE = push(bids=(("100.5", "3"),), checksum=check_of(LATER_BIDS, ASKS), received_at=7.0)


def test_of_the_pushes_of_a_read_the_last_proves_them_all() -> None:
    book = synced()
    unproved = push(bids=(("100.5", "9"),), checksum=1)
    assert book.apply_read([unproved, CHANGE]) is None
    assert texts(book)[0] == ["100.5:3", "100.4:0.35"]
    assert (book.checks_passed, book.checks_failed) == (2, 0)
    assert book.apply_read([unproved]) == MISFIT


def test_what_comes_before_the_last_whole_book_of_a_read_is_not_looked_at() -> None:
    book = synced()
    hostile = push(bids=(("x", "y"),), checksum=1)
    assert book.apply_read([hostile, whole(BIDS, ASKS, received_at=5.0), CHANGE]) is None
    assert texts(book)[0] == ["100.5:3", "100.4:0.35"]
    assert book.due == 5.0 + FULL_PUSH_WITHIN


def test_a_whole_book_at_the_end_of_a_read_is_all_of_it() -> None:
    book = CoinexBook(gets_differences=False)
    assert book.apply_read([whole(LATER_BIDS, ASKS), TickerUpdate(market="BTCUSDT"), whole(BIDS, ASKS)]) is None
    assert texts(book)[0] == ["100.5:2", "100.4:0.35"]
    assert (book.checks_passed, book.due) == (1, None)
    assert book.apply_read([whole(BIDS, ASKS), push(bids=(("100.5", "3"),), checksum=CHANGE.depth.checksum)]) is None
    assert book.due is None


def test_a_hostile_text_within_a_read_breaks_the_proof_of_all_of_it() -> None:
    book = synced()
    why = book.apply_read([push(bids=(("x", "1"),), checksum=1), CHANGE])
    assert why is not None
    assert why.endswith(NOT_SYNCED)
    assert texts(book) == ([], [])
    assert book.checks_failed == 1
    assert book.apply(CHANGE) == why
    assert book.apply(whole(BIDS, ASKS)) is None


def test_the_whole_book_can_be_handed_on_as_a_push_while_it_is_proved() -> None:
    book = CoinexBook(gets_differences=True)
    assert book.whole_update("BTCUSDT") is None
    book.apply(whole(BIDS, ASKS))
    book.apply(CHANGE)
    update = book.whole_update("BTCUSDT")
    assert update is not None
    assert (update.market, update.is_full) == ("BTCUSDT", True)
    assert (update.depth.bids, update.depth.asks) == (LATER_BIDS, ASKS)
    assert (update.depth.checksum, update.depth.last, update.depth.updated_at) == (
        CHANGE.depth.checksum,
        Decimal(1),
        1_700_000_000_123,
    )
    assert CoinexBook(gets_differences=True).apply(update) is None
    book.apply(push(bids=(("100.5", "9"),), checksum=1))
    assert book.whole_update("BTCUSDT") is None


@pytest.mark.parametrize(
    ("updated_at", "read"),
    [(10**11, 10**11), (10**14 - 1, 10**14 - 1), (1_700_000_000, 1_700_000_000_000), (None, None)],
)
def test_the_time_of_a_book_is_milliseconds_in_whatever_unit_it_came(updated_at: int | None, read: int | None) -> None:
    book = CoinexBook(gets_differences=True)
    depth = DepthLevels(bids=BIDS, asks=ASKS, checksum=check_of(BIDS, ASKS), updated_at=updated_at)
    assert book.apply(DepthUpdate(market="A", is_full=True, depth=depth)) is None
    assert book.levels().updated_at_ms == read


def test_a_push_that_changes_no_level_is_proved_by_the_same_sum() -> None:
    book = synced()
    before = book.levels()
    assert book.apply(push(checksum=check_of(BIDS, ASKS))) is None
    assert book.levels().bids is before.bids
    assert book.apply(push(checksum=1)) == MISFIT
