"""The side in C and the side in Python give the same for every input; without the extension there is nothing to compare."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
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
    take_push,
    unread,
)
from coinex_proto.coinex import DepthLevels, DepthUpdate
from coinex_proto.coinex._decode import decode
from coinex_proto.errors import PayloadError
from coinex_proto.speedups import speed

pytestmark = pytest.mark.skipif(speed is None, reason="the extension is not built here, or COINEX_PURE is set")

Levels = Sequence[tuple[str, str]]
ODD = [
    "",
    ".",
    "..",
    "1.2.3",
    "NaN",
    "Infinity",
    "1e5",
    "1E-7",
    "-1",
    "-0",
    "+1",
    " 1 ",
    "1_0",
    "１２",
    "1:2",
    "\ud800",
    "0x1",
]
LONG = ["9" * MAX_PRICE_CHARACTERS, "0." + "0" * 57 + "1", "1" * (MAX_PRICE_CHARACTERS + 1)]
PRICES = ["1", "01", "1.0", "1.00", "10", "9.5", ".5", "0.5", "5.", "0", "0.00", "999999", "1000000", "0.0000000000001"]
prices = (
    st.sampled_from(PRICES * 5 + LONG + ODD)
    | st.integers(1, 40).map(str)
    | st.from_regex(r"[0-9]{1,9}\.[0-9]{1,20}", fullmatch=True)
)
sizes = st.sampled_from(["1", "2.50", "0", "0.000", ".0", "0.", "00", "7" * 80, *ODD]) | st.integers(1, 9).map(str)
changes = st.lists(st.tuples(prices, sizes), max_size=8)
plain_changes = st.lists(
    st.tuples(st.sampled_from(PRICES) | st.integers(1, 90).map(str), sizes.filter(lambda s: s not in ODD)), max_size=90
)
steps = st.lists(
    st.tuples(st.sampled_from(["change", "change", "replace"]), changes | plain_changes)
    | st.tuples(st.just("cut"), st.integers(-1, 12))
    | st.tuples(st.just("clear")),
    max_size=8,
)


def outcome(work: Callable[[], object]) -> object:
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - whatever it is, the twin must raise it too
        return type(error), str(error)


def shown(side: Ladder) -> tuple[object, ...]:
    levels = side.levels()
    return (
        side.texts,
        side.best(),
        side.best(2),
        len(side),
        bool(side),
        side.has_positive_prices,
        len(levels),
        [(str(price), str(size)) for price, size in levels],
        repr(levels),
        outcome(lambda: str(levels[0])),
        outcome(lambda: str(levels[-1])),
        levels[1:3],
    )


@pytest.mark.parametrize("is_highest_best", [False, True])
@given(story=steps)
def test_any_story_gives_the_same_values_errors_and_messages(
    is_highest_best: bool, story: list[tuple[Any, ...]]
) -> None:
    quick, pure = Ladder(is_highest_best=is_highest_best), PureLadder(is_highest_best=is_highest_best)
    assert type(quick) is not type(pure)
    for name, *arguments in story:
        assert outcome(partial(getattr(quick, name), *arguments)) == outcome(partial(getattr(pure, name), *arguments))
        assert shown(quick) == shown(pure)
        assert quick.levels() == pure.levels()


@given(pushes=st.lists(st.tuples(changes | plain_changes, changes | plain_changes, st.booleans()), max_size=6))
def test_any_push_into_both_sides_gives_the_same_checksum_or_refusal(pushes: list[tuple[Levels, Levels, bool]]) -> None:
    made: list[tuple[Any, Any]] = [(kind(is_highest_best=True), kind()) for kind in (Ladder, PureLadder)]
    for push in pushes:
        found = [outcome(partial(take_push, *sides, push[0], push[1], push[2])) for sides in made]
        assert found[0] == found[1]
        if found[0] is not None:
            return  # the book is forgotten
        assert checksum(*made[0]) == crc32(joined(*made[0])) == crc32(joined(*made[1]))
        assert [shown(side) for side in made[0]] == [shown(side) for side in made[1]]


@pytest.mark.parametrize("is_highest_best", [False, True])
@pytest.mark.parametrize("sizes", ["00", "0100", "1001", "010", "101", "0" * 70, "10" * 40, "01" * 40])
def test_b4_several_changes_of_one_price_count_what_they_remove_in_vain(is_highest_best: bool, sizes: str) -> None:
    for known in ([], [("5", "1"), ("7", "1")]):
        quick, pure = Ladder(is_highest_best=is_highest_best), PureLadder(is_highest_best=is_highest_best)
        for side in (quick, pure):
            side.replace(known)
            side.change([(price, size) for size in sizes for price in ("7", "7.0", "5")])
        assert (quick.texts, quick.absent) == (pure.texts, pure.absent)


def test_levels_in_any_order_are_taken_without_the_twin() -> None:
    side = Ladder(is_highest_best=True)
    levels = [(str(place * 37 % 9973 + 1), "1") for place in range(9000)]
    assert side.take(levels, True)  # type: ignore[attr-defined]
    assert side.take([*levels, ("1", "0"), ("1", "0")], False)  # type: ignore[attr-defined]
    assert side.absent == 1


@pytest.mark.parametrize(
    "levels", [[("1", 2)], [(1, "2")], [("1",)], [("1", "2", "3")], [None], None, 5, [["1", "2"]], iter(())]
)
def test_what_is_no_list_of_pairs_of_texts_meets_the_twin(levels: Any) -> None:
    for step in ("change", "replace"):
        quick, pure = Ladder(), PureLadder()
        assert outcome(partial(getattr(quick, step), levels)) == outcome(partial(getattr(pure, step), levels))
        assert quick.texts == pure.texts


@pytest.mark.parametrize("count", [MAX_LEVELS, MAX_LEVELS + 1, 2 * MAX_LEVELS + 1])
@pytest.mark.parametrize("order", [1, -1])
def test_the_limits_are_the_same(count: int, order: int) -> None:
    levels = [(str(price), "1.5") for price in range(1, count + 1)][::order]
    for step in ("change", "replace"):
        quick, pure = Ladder(), PureLadder()
        assert outcome(partial(getattr(quick, step), levels)) == outcome(partial(getattr(pure, step), levels))
        assert quick.texts == pure.texts


def test_a_snapshot_stays_as_it_is_and_pickles_without_the_extension() -> None:
    side = Ladder()
    side.change([("2", "1"), ("1", "0.5")])
    levels = side.levels()
    copied = pickle.dumps(levels)
    side.change([("1", "0")])
    assert [str(price) for price, _ in levels] == ["1", "2"]
    assert pickle.loads(copied) == levels
    assert b"_speed" not in copied
    assert hash(levels) == hash(LevelTexts(("1:0.5", "2:1")))


def test_a_refused_push_leaves_no_level_of_that_side() -> None:
    for kind in (Ladder, PureLadder):
        side = kind()
        side.change([("1", "1")])
        with pytest.raises(PayloadError):
            side.change([("2", "1"), ("3", "x")])
        assert side.texts == []


def test_without_memory_a_push_changes_nothing_or_leaves_nothing() -> None:
    testcapi = pytest.importorskip("_testcapi", reason="this Python was built without its test module")
    bids, asks = Ladder(is_highest_best=True), Ladder()
    whole = tuple((str(price), "1") for price in range(1, 40))
    take_push(bids, asks, whole, whole, True)
    before, failed = (bids.texts, asks.texts), 0
    push = (("5", "2"), ("77", "0")), (("6", "0"), ("88", "1"))
    for start in range(12):
        testcapi.set_nomemory(start, start + 1)
        try:
            take_push(bids, asks, *push, False)
        except MemoryError:
            failed += 1
        finally:
            testcapi.remove_mem_hooks()
        assert (bids.texts, asks.texts) == before or "5:2" in bids.texts
        take_push(bids, asks, whole, whole, True)
    assert failed


def test_levels_that_are_still_text_make_the_same_book_as_those_that_were_read() -> None:
    bids_of, asks_of = (unread(DepthLevels, name) for name in ("bids", "asks"))
    for bids, asks in (("[]", "[]"), ('[["2", "1"],["1.50","3"]]', '[["3","0.1"] , ["4","2"]]'), ('[["1","x"]]', "[]")):
        depth_text = f'{{"asks":{asks},"bids":{bids},"checksum":1}}'
        payload = f'{{"method":"depth.update","data":{{"market":"A","is_full":true,"depth":{depth_text}}}}}'
        found = []
        for is_read in (False, True):
            (update,) = decode(payload.encode())
            assert isinstance(update, DepthUpdate)
            depth, sides = update.depth, (Ladder(is_highest_best=True), Ladder())
            bid_levels, ask_levels = (depth.bids, depth.asks) if is_read else (bids_of(depth), asks_of(depth))
            assert is_read or not isinstance(bid_levels, tuple)
            found.append(
                (
                    outcome(partial(take_push, *sides, bid_levels, ask_levels, True)),
                    *map(shown, sides),
                    checksum(*sides),
                )
            )
        assert found[0] == found[1]


@pytest.mark.parametrize("is_highest_best", [False, True])
def test_a_long_side_that_the_twin_has_judged_keeps_its_levels(is_highest_best: bool) -> None:
    side = Ladder(is_highest_best)
    side.replace([(f"{price}.5", "1") for price in range(200)])
    side.change([("7.5", "2"), ("7.5", "0"), ("300.5", "3")])  # set and removed in one push: for the twin
    assert len(side) == 200
    assert pickle.loads(pickle.dumps(side)).texts == side.texts
