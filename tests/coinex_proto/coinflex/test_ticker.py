from coinex_proto.coinflex import ABSENT, OrderOpened, TickerChanged, TickerUpdate
from coinex_proto.coinflex.ticker import TickerMerger

WHOLE = TickerUpdate(base=1, counter=2, last=1, bid=2, ask=3, low=4, high=5, volume=6)


def changed(**figures: int | None) -> TickerChanged:
    return TickerChanged(base=1, counter=2, **figures)


def test_null_overwrites_and_what_is_absent_stays() -> None:
    merger = TickerMerger()
    assert merger.merge(WHOLE) is WHOLE
    assert merger.merge(changed(bid=None, high=9)) == TickerUpdate(
        base=1, counter=2, last=1, bid=None, ask=3, low=4, high=9, volume=6
    )
    assert repr(changed().ask) == "ABSENT"
    assert changed().ask is ABSENT


def test_changes_that_come_first_are_laid_over_the_whole_in_their_order() -> None:
    merger = TickerMerger()
    assert [merger.merge(changed(bid=bid)) for bid in (7, 8)] == [None, None]
    whole = merger.merge(WHOLE)
    assert whole is not None
    assert (whole.bid, whole.ask) == (8, 3)


def test_what_is_told_twice_changes_nothing() -> None:
    merger = TickerMerger()
    merger.merge(WHOLE)
    assert merger.merge(changed(bid=7)) == merger.merge(changed(bid=7))


def test_any_number_of_changes_may_come_before_the_whole_one() -> None:
    merger = TickerMerger()
    for bid in range(5000):
        assert merger.merge(changed(bid=bid, ask=None if bid == 7 else 1)) is None
    merger.merge(changed(ask=None))
    whole = merger.merge(WHOLE)
    assert whole is not None
    assert (whole.bid, whole.ask, whole.high) == (4999, None, 5)


def test_after_a_reset_nothing_known_before_counts() -> None:
    merger = TickerMerger()
    merger.merge(WHOLE)
    merger.reset()
    assert merger.merge(changed(bid=1)) is None
    merger.reset()
    assert merger.merge(WHOLE) is WHOLE


def test_an_update_of_another_kind_is_left_alone() -> None:
    merger = TickerMerger()
    assert merger.merge(OrderOpened(id=1, base=1, counter=2, quantity=1, price=1, time=1)) is None


def test_after_a_missed_change_nothing_is_whole_before_it_is_subscribed_again() -> None:
    merger = TickerMerger()
    merger.merge(WHOLE)
    merger.missed()
    assert merger.merge(changed(bid=1)) is None
    assert merger.merge(WHOLE) is None
    merger.reset()
    assert merger.merge(WHOLE) is WHOLE
