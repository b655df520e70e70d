"""The counters start at nothing and can be read and written as plain attributes."""

import attrs
import pytest

from coinex_proto.statistics import Statistics


def test_every_counter_starts_at_nothing() -> None:
    assert not any(attrs.asdict(Statistics()).values())


def test_topics_are_counted_without_being_announced() -> None:
    statistics = Statistics()
    statistics.updates_by_topic["ticker", "BTCUSDT"] += 1
    statistics.updates_by_topic["ticker", "BTCUSDT"] += 1
    assert statistics.updates_by_topic == {("ticker", "BTCUSDT"): 2}


def test_two_sessions_share_no_counter() -> None:
    first, second = Statistics(), Statistics()
    first.updates_by_topic["ticker", "BTCUSDT"] += 1
    first.messages += 1
    assert second == Statistics()


def test_a_misspelt_counter_is_an_error() -> None:
    with pytest.raises(AttributeError):
        Statistics().mesages = 1  # type: ignore[attr-defined]
