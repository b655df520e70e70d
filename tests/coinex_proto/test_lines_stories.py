"""A few short stories of clients with several lines; `make lines` tells hundreds of long ones."""

from __future__ import annotations

import pytest

from tests.coinex_proto.harness.lines_campaign import FEATURES, VENUES, Story

FEW = [
    ("coinex", "renewal", 0),
    ("coinex", "spread", 1),
    ("coinex", "two", 2),
    ("qfex", "two", 3),
    ("coinflex", "renewal", 4),
]


@pytest.mark.parametrize(("venue", "feature", "seed"), FEW)
def test_nothing_untrue_is_trusted_and_nothing_comes_twice_in_a_story_of_lines(
    venue: str, feature: str, seed: int
) -> None:
    story = Story(venue, feature, seed)
    story.seconds = 30.0
    story.run()


@pytest.mark.long
@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("venue", VENUES)
def test_long_stories_of_lines_are_true(venue: str, feature: str) -> None:
    for seed in range(3):
        Story(venue, feature, seed).run()
