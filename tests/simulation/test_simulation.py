"""A few seeds of the simulation, one for each venue and driver; `make simulate` runs as many as one likes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.processes import HANGS_AFTER
from tests.simulation.programs import run

RUNS = [
    (3, "spot", "trio", "two-lines"),
    (0, "futures", "blocking", "renewing"),
    (0, "qfex", "blocking", "one"),
    (1, "coinflex", "asyncio", "one"),
    (3000, "coinflex", "blocking", "renewing"),
]
"""Seed 1 of CoinFLEX: an order trades at the price to which it was changed, and was called cancelled once.
Seed 3000: the old connection of a renewal tells again of such a change, behind the trade."""

SAME = "import sys; from tests.simulation.programs import run; sys.stdout.write(run(5, 'coinflex', 'trio').events.hexdigest())"


@pytest.mark.parametrize(("seed", "venue", "driver", "shape"), RUNS)
def test_what_a_client_says_in_bad_weather_is_true(seed: int, venue: str, driver: str, shape: str) -> None:
    seen = run(seed, venue, driver, shape)
    assert seen.unknown == 0


def test_what_a_client_that_leaves_in_bad_weather_says_of_its_orders_is_true() -> None:
    """Two were cancelled over a connection that had broken, and the venue lists them no more; the third was never answered."""
    seen = run(8, "coinflex", "asyncio", "leaving")
    assert [order.order.has_ended for order in seen.client.cancelled_on_exit] == [True, True, False]
    assert seen.unknown == 1


def test_the_same_seed_gives_the_same_under_another_hash_seed() -> None:
    here = run(5, "coinflex", "trio").events.hexdigest()
    done = subprocess.run(
        [sys.executable, "-c", SAME],
        capture_output=True,
        text=True,
        timeout=HANGS_AFTER,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "12345"},
    )
    assert done.stdout == here
