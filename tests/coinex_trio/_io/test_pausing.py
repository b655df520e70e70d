"""Time that passes without any client."""

from __future__ import annotations

import pytest

from coinex_trio._io.pausing import pause
from tests.coinex_trio.venue import VirtualNetwork


def test_a_pause_lets_so_much_time_pass_however_often_a_wait_ends_early() -> None:
    network = VirtualNetwork()
    began = network.now()
    pause(network, 2.5)
    assert network.now() == began + 2.5
    real_wait = network.wait
    network.wait = lambda watched, until: real_wait(watched, min(until, network.now() + 0.7))  # type: ignore[method-assign]
    pause(network, 2.0)
    assert network.now() == pytest.approx(began + 4.5)
