"""Moments: what is touched inside one is looked at once, at its end, and what that touches afterwards."""

from __future__ import annotations

import pytest

from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.moments import Moments
from tests.coinex_proto.simulator.market.two_accounts import FUTURES, SPOT, Book


class Looks:
    """Moments of two markets, and which were looked at."""

    def __init__(self) -> None:
        markets = Book().exchange.markets
        self.spot, self.futures = markets[SPOT], markets[FUTURES]
        self.seen: list[str] = []
        self.moments = Moments(self.look)
        self.follow: list[Market] = []

    def look(self, market: Market) -> None:
        self.seen.append(market.spec.wallet)
        with self.moments:
            if self.follow:
                self.moments.add(self.follow.pop())


def test_outside_of_a_moment_every_change_is_one() -> None:
    looks = Looks()
    looks.moments.add(looks.spot)
    looks.moments.add(looks.spot)
    assert looks.seen == ["spot", "spot"]


def test_inside_of_one_each_market_is_looked_at_once_at_the_end() -> None:
    looks = Looks()
    with looks.moments, looks.moments:
        looks.moments.add(looks.spot)
        looks.moments.add(looks.futures)
        looks.moments.add(looks.spot)
        assert looks.seen == []
    assert looks.seen == ["spot", "futures"]


def test_what_a_look_sets_off_comes_after_it_however_long_it_goes_on() -> None:
    looks = Looks()
    looks.follow = [looks.futures] * 5000
    looks.moments.add(looks.spot)
    assert looks.seen == ["spot", *["futures"] * 5000]


def test_a_look_that_raises_ends_the_moment() -> None:
    looks = Looks()

    def fail(_: Market) -> None:
        raise ValueError

    moments = Moments(fail)
    for _ in range(2):
        with pytest.raises(ValueError):
            moments.add(looks.spot)
