"""What users read of an order book: numbers while it is proved, refusals otherwise, copies that never change."""

import copy
import decimal
import pickle
from collections.abc import Callable
from decimal import Decimal
from typing import ClassVar

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto.books.book import NO_LEVELS, Levels
from coinex_proto.books.ladder import LevelTexts
from coinex_proto.books.view import BookChanged, BookView
from coinex_proto.errors import BookNotTrusted, UsageError
from coinex_proto.ids import TopicKey
from coinex_proto.topics import Topic
from coinex_proto.updates import Event


@frozen
class Depth(Topic[BookChanged]):
    event: ClassVar[type[Event]] = BookChanged
    market: str

    @property
    def key(self) -> TopicKey:
        return ("depth", self.market)


class Kept:
    """A live source: what a venue's book is to a view."""

    def __init__(self, bids: tuple[str, ...], asks: tuple[str, ...]) -> None:
        self.fixed = Levels(LevelTexts(bids), LevelTexts(asks), 1_700_000_000_000)

    def levels(self) -> Levels:
        return self.fixed


BIDS = ("100.5:2", "100.4:0.35")
ASKS = ("100.6:1.25", "100.7:4")


def proved(bids: tuple[str, ...] = BIDS, asks: tuple[str, ...] = ASKS) -> BookView:
    view = BookView(Depth("BTCUSDT"), Kept(bids, asks))
    view.prove(12.5)
    return view


def test_a_proved_book_gives_its_numbers() -> None:
    book = proved()
    assert book.best_bid == (Decimal("100.5"), Decimal(2))
    assert book.best_ask == (Decimal("100.6"), Decimal("1.25"))
    assert book.mid == Decimal("100.55")
    assert book.spread == Decimal("0.1")
    assert list(book.bids) == [(Decimal("100.5"), Decimal(2)), (Decimal("100.4"), Decimal("0.35"))]
    assert book.asks[-1] == (Decimal("100.7"), Decimal(4))
    assert not book.is_crossed
    assert (book.trusted, book.why, book.received_at, book.updated_at_ms) == (True, "", 12.5, 1_700_000_000_000)
    assert book.market == "BTCUSDT"
    assert book.topic == Depth("BTCUSDT")


NUMBERS: dict[str, Callable[[BookView], object]] = {
    "bids": lambda book: book.bids,
    "asks": lambda book: book.asks,
    "best_bid": lambda book: book.best_bid,
    "best_ask": lambda book: book.best_ask,
    "mid": lambda book: book.mid,
    "spread": lambda book: book.spread,
    "is_crossed": lambda book: book.is_crossed,
    "cost_of": lambda book: book.cost_of(1),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_b1_no_number_can_be_read_from_a_book_that_is_not_trusted(name: str) -> None:
    new = BookView(Depth("BTCUSDT"), Kept(BIDS, ASKS))
    lost = proved()
    lost.distrust("the line was lost")
    for book, why in ((new, "not subscribed yet"), (lost, "the line was lost")):
        with pytest.raises(BookNotTrusted, match=why) as caught:
            NUMBERS[name](book)
        assert caught.value.topic == Depth("BTCUSDT")
        assert not book.trusted
        assert book.why == why
        NUMBERS[name](book.unproved)


def test_a_book_can_be_trusted_again() -> None:
    book = proved()
    book.distrust("checksum")
    assert book.received_at == 12.5
    book.prove(99.0)
    assert book.best_bid is not None
    assert (book.why, book.received_at) == ("", 99.0)


def test_the_unproved_numbers_are_the_same_and_say_whether_they_are_proved() -> None:
    book = proved()
    twin = book.unproved
    assert (twin.trusted, twin.why) == (True, "")
    book.distrust("late")
    assert (twin.trusted, twin.why) == (False, "late")
    assert twin.best_bid == (Decimal("100.5"), Decimal(2))
    assert not twin.snapshot().trusted
    assert twin.snapshot().mid == Decimal("100.55")


def test_a_live_view_follows_and_a_snapshot_does_not() -> None:
    source = Kept(BIDS, ASKS)
    live = BookView(Depth("BTCUSDT"), source)
    live.prove(1.0)
    before = live.snapshot()
    source.fixed = Levels(LevelTexts(("99:1",)), LevelTexts(()), 5)
    live.prove(2.0)
    assert live.best_bid == (Decimal(99), Decimal(1))
    assert before.best_bid == (Decimal("100.5"), Decimal(2))
    live.distrust("gone")
    assert before.trusted
    assert (before.received_at, before.updated_at_ms) == (1.0, 1_700_000_000_000)
    assert not live.snapshot().trusted


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda view: pickle.loads(pickle.dumps(view))])
def test_a_copy_of_a_live_view_is_a_snapshot_and_holds_no_book(copied: Callable[[BookView], BookView]) -> None:
    source = Kept(BIDS, ASKS)
    live = BookView(Depth("BTCUSDT"), source)
    live.prove(1.0)
    twins = copied(live), copied(live.unproved)
    source.fixed = NO_LEVELS
    live.distrust("gone")
    for twin in twins:
        assert (twin.trusted, twin.why, twin.received_at) == (True, "", 1.0)
        assert twin.best_bid == (Decimal("100.5"), Decimal(2))
        with pytest.raises(UsageError, match="only the live view"):
            twin.prove(2.0)
    with pytest.raises(BookNotTrusted, match="gone"):
        copied(live).bids  # noqa: B018
    assert copied(live.unproved).best_bid is None


def test_a_book_whose_update_was_cut_off_gives_no_numbers_even_where_nobody_could_say_why() -> None:
    book = proved()
    twin = book.unproved
    book.is_proved = False
    assert (book.trusted, book.why, twin.why) == (False, *["taking in an update was cut off"] * 2)
    with pytest.raises(BookNotTrusted, match="cut off"):
        _ = book.bids
    assert not book.snapshot().trusted
    book.prove(3.0)
    assert (book.trusted, book.why) == (True, "")


def test_c9_a_snapshot_cannot_be_changed() -> None:
    fixed = proved().snapshot()
    with pytest.raises(UsageError, match="only the live view"):
        fixed.prove(1.0)
    with pytest.raises(UsageError, match="only the live view"):
        fixed.distrust("x")
    with pytest.raises(AttributeError):
        fixed.trusted = False  # type: ignore[misc]
    with pytest.raises(AttributeError):
        fixed.market_maker = True  # type: ignore[attr-defined]
    assert fixed.trusted


@pytest.mark.parametrize(("bids", "asks"), [((), ()), (BIDS, ()), ((), ASKS)])
def test_b6_an_empty_side_has_no_best_no_mid_and_no_spread(bids: tuple[str, ...], asks: tuple[str, ...]) -> None:
    book = proved(bids, asks)
    assert (book.best_bid is None) == (not bids)
    assert (book.best_ask is None) == (not asks)
    assert book.mid is None
    assert book.spread is None
    assert not book.is_crossed


@pytest.mark.parametrize(("bid", "is_crossed"), [("100.59", False), ("100.6", True), ("100.60", True), ("100.7", True)])
def test_b5_a_crossed_or_locked_book_says_so(bid: str, is_crossed: bool) -> None:
    book = proved((f"{bid}:1",), ASKS)
    assert book.is_crossed == is_crossed
    assert book.spread == Decimal("100.6") - Decimal(bid)


@pytest.mark.parametrize(
    ("size", "cost"),
    [
        ("1", "100.6"),
        ("1.25", "125.75"),
        (2, "201.275"),
        (Decimal("5.25"), "528.55"),
        ("5.26", None),
        ("-1", "-100.5"),
        ("-2.35", "-236.14"),
        ("-2.36", None),
        (0, "0"),
    ],
)
def test_the_cost_of_a_size_walks_the_side_that_it_takes_from(size: str | int | Decimal, cost: str | None) -> None:
    found = proved().cost_of(size)
    assert found == (None if cost is None else Decimal(cost))


def test_the_cost_of_a_size_refuses_floats() -> None:
    with pytest.raises(UsageError, match="float"):
        proved().cost_of(0.1)  # type: ignore[arg-type]


def test_an_empty_side_cannot_fill_anything() -> None:
    assert proved((), ()).cost_of(1) is None
    assert proved((), ()).cost_of(-1) is None


def test_arithmetic_does_not_depend_on_the_callers_context() -> None:
    with decimal.localcontext(decimal.Context(prec=2, traps=[decimal.Inexact])):
        book = proved()
        assert str(book.mid) == "100.55"
        assert str(book.spread) == "0.1"
        assert book.cost_of("5.25") == Decimal("528.550")


def test_views_are_equal_when_they_show_the_same() -> None:
    assert proved().snapshot() == proved().snapshot()
    assert hash(proved().snapshot()) == hash(proved().snapshot())
    other = proved()
    other.prove(13.0)
    assert other != proved()
    assert proved() != proved(asks=())
    assert proved() != "book"


def test_a_view_is_compared_with_views_alone() -> None:
    assert (proved() == "BTCUSDT") is False
    assert proved() != ("100.5", 2)


def test_a_copy_that_is_not_trusted_says_why_for_good() -> None:
    view = proved()
    view.distrust("the checksum does not fit")
    copied = view.snapshot()
    view.prove(13.0)
    assert (copied.trusted, copied.why, copied.received_at) == (False, "the checksum does not fit", 12.5)


def test_a_front_shows_one_book_until_it_follows_another() -> None:
    first, second = proved(), proved(("90:1",), ("91:1",))
    front = first.front()
    assert (front.best_bid, front.trusted) == (first.best_bid, True)
    first.distrust("gone")
    assert (front.trusted, front.why) == (False, "gone")
    front.follow(second)
    assert (front.trusted, front.best_bid, front.received_at) == (True, (Decimal(90), Decimal(1)), 12.5)
    with pytest.raises(UsageError, match="only the live view"):
        front.prove(14.0)
    again = second.front()
    again.follow(front)
    second.distrust("cut off")
    assert (again.trusted, again.why) == (False, "cut off")


def test_the_unproved_numbers_of_a_front_are_those_of_the_book_that_it_shows() -> None:
    view = proved()
    unproved = view.front().unproved
    view.distrust("gone")
    assert (unproved.best_bid, unproved.trusted) == ((Decimal("100.5"), Decimal(2)), False)


def test_a_change_is_told_with_the_book_as_it_was() -> None:
    view = proved()
    event = view.changed("BTCUSDT")
    view.distrust("gone")
    assert (event.topic, event.topic_key, event.market) == (view.topic, ("depth", "BTCUSDT"), "BTCUSDT")
    assert (event.book.trusted, event.book.received_at, event.book.why) == (True, 12.5, "")
    assert event.book.best_bid == (Decimal("100.5"), Decimal(2))


def test_a_notebook_gets_a_picture_of_the_book() -> None:
    assert "100.5" in proved()._repr_html_()


def test_a_view_prints_what_a_person_wants_to_see() -> None:
    assert repr(proved()) == "<BookView BTCUSDT: bid 100.5 (2), ask 100.6 (1.25), 2+2 levels>"
    assert repr(proved((), ASKS)) == "<BookView BTCUSDT: bid none, ask 100.6 (1.25), 0+2 levels>"
    lost = proved()
    lost.distrust("the line was lost")
    assert str(lost) == "<BookView BTCUSDT: not trusted: the line was lost>"


def test_no_levels_are_their_own_source() -> None:
    assert NO_LEVELS.levels() is NO_LEVELS
    assert BookView(Depth("A"), NO_LEVELS).unproved.best_bid is None


def test_an_event_with_a_snapshot_can_be_compared_and_hashed() -> None:
    one, two = (BookChanged(topic=Depth("A"), market="A", book=proved().snapshot()) for _ in range(2))
    assert one == two
    assert len({one, two}) == 1


numbers = st.decimals(min_value="0.0001", max_value="100000", places=4)


@given(levels=st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8), share=st.integers(0, 100))
def test_the_cost_lies_between_the_best_and_the_worst_price_taken(
    levels: list[tuple[Decimal, Decimal]], share: int
) -> None:
    side = sorted(dict(levels).items())
    book = proved((), tuple(f"{price}:{size}" for price, size in side))
    wanted = (sum((size for _, size in side), Decimal(0)) * share / 100).quantize(Decimal("0.0001"), decimal.ROUND_DOWN)
    cost = book.cost_of(wanted)
    assert cost is not None
    assert side[0][0] * wanted <= cost <= side[-1][0] * wanted
