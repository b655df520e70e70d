"""What a driver must do, as far as that is HTTP and time, done in the calling thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinex_driver.coinex_trading import Action, Pause, RunHttp
from coinex_trio._io.pausing import pause
from coinex_trio.network import Network

if TYPE_CHECKING:
    from coinex_trio.http import BlockingHttp


def act(action: Action, http: BlockingHttp, network: Network) -> object:
    """Does it, and gives what came of it; raises what the call raises."""
    match action:
        case RunHttp(commands, timeout):
            return http.run(commands, timeout=timeout)
        case Pause(seconds):
            pause(network, seconds)
            return None
        case _:
            raise AssertionError(f"this needs a socket: {action}")
