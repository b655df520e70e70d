"""The time of clients under trio."""

from __future__ import annotations

from collections.abc import Callable

import trio

from coinex_trio.network import Network, SystemNetwork


def unix_clock(network: Network) -> Callable[[], float]:
    """Trio's clock, shifted to the network's, which reads as Unix time, and by the sleep of the machine, where that is known."""
    current_time = trio.lowlevel.current_clock().current_time
    shift = network.now() - current_time()
    if not isinstance(network, SystemNetwork):
        return lambda: current_time() + shift
    slept, before = network.slept, network.slept()
    return lambda: current_time() + shift + slept() - before
