"""Time passes in the calling thread, and no client is driven."""

from __future__ import annotations

from coinex_trio.network import Network


def pause(network: Network, seconds: float) -> None:
    """Lets so much time pass."""
    until = network.now() + seconds
    while network.now() < until:
        network.wait((), until)
