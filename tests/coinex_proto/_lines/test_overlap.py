"""Updates without id and time of two lines: each once, as often as the venue sent it."""

from __future__ import annotations

import pytest

from coinex_proto._lines import overlap
from coinex_proto._lines.overlap import Overlap
from tests.coinex_proto.harness.tiny import PriceUpdate

ONE, TWO = PriceUpdate(market="A", price="1"), PriceUpdate(market="A", price="2")


def test_an_update_is_first_on_the_line_that_brings_it_first() -> None:
    both = Overlap()
    assert [both.is_first("a", ONE), both.is_first("b", TWO)] == [True, True]
    assert [both.is_first("b", ONE), both.is_first("a", TWO)] == [False, False]


def test_what_the_venue_sends_twice_is_handed_out_twice() -> None:
    both = Overlap()
    assert [both.is_first(line, ONE) for line in "aabbba"] == [True, True, False, False, True, False]


def test_beyond_its_bound_it_tells_nothing_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlap, "MAX_CONTENTS", 2)
    both = Overlap()
    both.is_first("a", ONE)
    assert not both.is_full
    both.is_first("a", TWO)
    assert both.is_full
