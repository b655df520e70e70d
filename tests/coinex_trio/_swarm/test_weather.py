"""What a seed switches on."""

from __future__ import annotations

import pytest

from coinex_proto.simulator import parse_faults
from coinex_trio._swarm.weather import NETWORK_FAULTS, QUICK, VENUE_FAULTS, Weather


@pytest.mark.parametrize("venue", VENUE_FAULTS)
def test_every_fault_of_the_exchange_is_one(venue: str) -> None:
    lines = [line.format(t=30, s=2, p=10) for line in VENUE_FAULTS[venue]]
    assert len(parse_faults("\n".join(lines))) == len(lines)


def test_seeds_differ_in_what_is_on_and_one_seed_never() -> None:
    drawn = [(Weather("coinex", seed).network, Weather("coinex", seed).venue) for seed in range(40)]
    assert drawn == [(Weather("coinex", seed).network, Weather("coinex", seed).venue) for seed in range(40)]
    assert len(set(drawn)) > 30
    assert ((), ()) in drawn or any(not network for network, _ in drawn)
    assert {fault for network, _ in drawn for fault in network} == set(NETWORK_FAULTS)


def test_ways_use_only_what_is_on_and_nothing_in_calm() -> None:
    for seed in range(40):
        weather = Weather("qfex", seed)
        ways = [weather.way() for _ in range(20)]
        assert ("room" in weather.network) == any(way.room < 1e6 for way in ways)
        assert all(way.end is None or way.end.how in weather.network for way in ways)
        weather.is_calm = True
        calm = weather.way()
        assert (calm.latency, calm.jitter, calm.end) == (QUICK, 0.0, None)
        assert not any(weather.refuses() for _ in range(20))
