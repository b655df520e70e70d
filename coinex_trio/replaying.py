"""A recorded market on loopback, for clients in any language: `replay_exchange()`, and `coinex sim --replay`."""

from __future__ import annotations

import math
import os
from typing import Any, cast, final

from coinex_proto.errors import UsageError
from coinex_trio._local.hosting import LOOPBACK, ExchangeHost, LocalExchange
from coinex_trio._local.loopback import Server, ServerConnection
from coinex_trio._local.memory import MemoryNetwork
from coinex_trio.network import Network


@final
class ReplayExchange:
    """A recorded market that is served; each of its methods has happened when it returns."""

    def __init__(self, host: ExchangeHost, server: Any) -> None:
        self._host = host
        self._server = server

    @property
    def url(self) -> str:
        """The socket: CoinEx's spot or futures, or QFEX's market data."""
        module = getattr(self._server, "module", None)
        return f"{self._host.url('ws')}{'/mds' if module is None else f'/v2/{module}'}"

    @property
    def control_url(self) -> str:
        """`http://127.0.0.1:PORT/replay`: GET for its state, POST to seek, /speed, /pause and /play below it."""
        return f"{self._host.url('http')}/replay"

    @property
    def network(self) -> Network:
        """What clients take as `network=`."""
        return self._host.network

    @property
    def ca_file(self) -> Any:
        """With `tls=True` the certificate that clients have to trust."""
        return self._host.ca_file

    @property
    def state(self) -> dict[str, Any]:
        """Where it stands: position (Unix seconds in the recording), messages played, speed, and whether it has ended."""
        found: dict[str, Any] = self._host.call(self._server.state)
        return found

    def seek(self, to: float) -> None:
        """Goes on from this time of the recording, Unix seconds. Sockets are dropped, so that clients begin anew."""
        self._host.call(lambda: self._server.seek(to))

    def set_speed(self, speed: float) -> None:
        """From now on so many times as fast; `math.inf`: as fast as the slowest client reads."""
        if not speed > 0:
            raise UsageError(f"speed={speed!r}: must be above 0")
        self._host.call(lambda: self._server.set_speed(speed))

    def pause(self) -> None:
        """The market stands still, and clients stay connected."""
        self._host.call(self._server.pause)

    def play(self) -> None:
        """It moves again."""
        self._host.call(self._server.go_on)

    def run(self, seconds: float = math.inf) -> None:
        """Stays here while it is served."""
        self._host.wait_until_ended(seconds)


def replay_exchange(
    path: str | os.PathLike[str],
    *,
    speed: float = 1.0,
    start: float = -math.inf,
    any_version: bool = False,
    address: str = LOOPBACK,
    port: int = 0,
    tls: bool = False,
) -> LocalExchange[ReplayExchange]:
    """A recording, a file or a directory, served on loopback within `with` or `async with`, over the venue's own wire.

    It plays while somebody has subscribed, from `start` (Unix seconds), so many times as fast as it was; `math.inf`: as fast as the
    slowest client reads. Raises `UsageError` for what is no recording, for CoinFLEX, and when it cannot listen.
    """
    make = _maker(path, speed, start, any_version)
    return LocalExchange(make, ReplayExchange, address, port, speaks_tls=tls)


def replay_memory_exchange(
    path: str | os.PathLike[str], *, speed: float = 1.0, start: float = -math.inf, any_version: bool = False
) -> ReplayExchange:
    """The same without sockets, on virtual time: give its `network` to clients."""
    network = MemoryNetwork(_maker(path, speed, start, any_version), 0)
    return ReplayExchange(network, network.server)


def _maker(path: str | os.PathLike[str], speed: float, start: float, any_version: bool) -> Any:
    from coinex_recorder.serving import replay_server

    if not speed > 0:
        raise UsageError(f"speed={speed!r}: must be above 0")

    def make(now: float) -> Server[ServerConnection]:
        made = replay_server(path, now, speed=speed, start=start, any_version=any_version)
        return cast("Server[ServerConnection]", made)

    return make
