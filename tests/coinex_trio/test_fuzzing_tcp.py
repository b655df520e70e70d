"""Hostile input over real TCP by the hundred; `make fuzz` sends thousands."""

from __future__ import annotations

import pytest

from tests.coinex_trio.fuzzing_tcp import TOGETHER, attack, running_sim


@pytest.mark.timeout(300)
def test_hostile_clients_over_tcp_are_answered_or_cut_and_everybody_else_is_served() -> None:
    with running_sim() as target:
        for first in range(0, 5 * TOGETHER, TOGETHER):
            attack(target, range(first, first + TOGETHER), pause=0.0)
