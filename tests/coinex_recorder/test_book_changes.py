"""What has changed between two states of a book: the extension says what its twin says."""

import random
from decimal import Decimal

import pytest

from coinex_proto.speedups import description, speed
from coinex_recorder import book_changes


def side(draw: random.Random, is_highest_first: bool) -> str:
    prices = {draw.choice(("0.5", "0.50", "7", "9.99", "10", "10.0", "100", "1000.25", "00012")) for _ in range(6)}
    texts = {Decimal(price): price for price in sorted(prices)}
    levels = [f"{texts[price]}:{draw.randrange(1, 4)}" for price in sorted(texts, reverse=is_highest_first)]
    return ":".join(levels)


@pytest.mark.skipif(speed is None, reason=f"there is nothing to compare: {description}")
@pytest.mark.parametrize("is_highest_first", [True, False])
def test_the_extension_finds_the_changes_that_its_twin_finds(
    is_highest_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = random.Random(3)
    pairs = [(side(draw, is_highest_first), side(draw, is_highest_first)) for _ in range(2_000)]
    pairs += [("", pairs[0][0]), (pairs[0][0], ""), ("5:1:4:1:6:2", "4:1"), ("-5:1", "4:1"), ("1e3:1", "4:1")]
    quick = [book_changes.changes(old, new, is_highest_first) for old, new in pairs]
    assert book_changes._changed_levels is not None
    assert book_changes._changed_levels(*pairs[-1], is_highest_first) is None, "no plain number"
    monkeypatch.setattr(book_changes, "_changed_levels", None)
    assert [book_changes.changes(old, new, is_highest_first) for old, new in pairs] == quick
