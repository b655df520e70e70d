"""When a take-profit or stop-loss price is reached."""

from __future__ import annotations

import pytest

from coinex_proto.simulator.market.guards import Guard


@pytest.mark.parametrize(
    ("price", "from_below", "is_reached"),
    [
        (99, True, False),
        (100, True, True),
        (101, True, True),
        (101, False, False),
        (100, False, True),
        (99, False, True),
    ],
)
def test_a_guard_is_reached_at_its_price_from_the_side_that_it_watches(
    price: int, from_below: bool, is_reached: bool
) -> None:
    guard = Guard(guard_id=1, price_type="latest_price", trigger=100)
    assert guard.is_reached(price, from_below=from_below) is is_reached
