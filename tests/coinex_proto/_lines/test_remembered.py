"""The newest of a topic that was handed out: what is told once more, and which line was first."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from coinex_proto import Config, coinex
from coinex_proto._lines import remembered
from coinex_proto._lines.line import Line
from coinex_proto._lines.remembered import Newest
from coinex_proto.simulator import CoinexServer
from tests.coinex_proto.harness.many_lines import START, World


def two_lines() -> Sequence[Line]:
    server = CoinexServer(now=START, seed=1, markets=("BTCUSDT",))
    one = World(server, coinex.spot(url="ws://127.0.0.1/v2/spot"), Config(lines=2))
    one.lines.subscribe(coinex.Depth("BTCUSDT"), now=one.now)
    return one.lines.lines


def test_a_state_is_told_once_by_each_line_that_has_it_before_the_other() -> None:
    first, second = two_lines()
    newest = Newest(1.0, first, 10.0, "a")
    assert not newest.is_another(second, 12.0, "a")
    assert (first.firsts, first.lead) == (1, 2.0)
    assert newest.is_another(first, 13.0, "a"), "the venue said it twice on the one line"
    assert newest.is_another(second, 13.0, "b")
    assert not newest.is_another(first, 14.0, "b")


def test_of_more_states_of_one_time_than_are_remembered_the_last_still_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "MAX_SAID", 4)
    first, second = two_lines()
    newest = Newest(1.0, first, 0.0, "state 0")
    assert all(newest.is_another(first, 0.0, f"state {number}") for number in range(1, 10))
    assert newest.has_told(1.0, "state 9")
    assert newest.has_told(0.5, "anything")
    assert not newest.has_told(2.0, "state 9")
    assert len(newest.more) == 3
    assert not newest.is_another(second, 0.0, "state 10"), "it cannot be told whether the first line brought it"
