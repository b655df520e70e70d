"""What a venue's order book is for the session."""

from __future__ import annotations

from coinex_proto.books.book import NO_LEVELS, Levels, MustBeTold
from coinex_proto.books.ladder import LevelTexts


def test_levels_are_their_own_source() -> None:
    levels = Levels(LevelTexts(("1:2",)), LevelTexts(()), 5)
    assert levels.levels() is levels
    assert (len(levels.bids), len(levels.asks), levels.updated_at_ms) == (1, 0, 5)
    assert NO_LEVELS == ((), (), None)


def test_what_must_be_told_is_known_by_its_method() -> None:
    class Sum:
        def missed(self) -> None: ...

    assert isinstance(Sum(), MustBeTold)
    assert not isinstance(object(), MustBeTold)
