"""What a driver does of HTTP and time in the calling thread."""

from __future__ import annotations

from typing import Any

import pytest

from coinex_driver.coinex_trading import CatchUp, Pause, RunHttp
from coinex_trio._http.acting import act
from tests.coinex_trio.venue import VirtualNetwork


class Http:
    """Keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, float]] = []

    def run(self, commands: object, *, timeout: float) -> str:
        self.asked.append((commands, timeout))
        return "answer"


def test_commands_go_over_http_with_their_time_and_what_came_is_given() -> None:
    http: Any = Http()
    commands: Any = iter(())
    assert act(RunHttp(commands, 3.0), http, VirtualNetwork()) == "answer"
    assert http.asked == [(commands, 3.0)]


def test_a_pause_lets_so_much_time_pass() -> None:
    network = VirtualNetwork()
    began = network.now()
    assert act(Pause(2.5), Http(), network) is None  # type: ignore[arg-type]
    assert network.now() == began + 2.5


def test_what_needs_a_socket_is_none_of_it() -> None:
    with pytest.raises(AssertionError, match="needs a socket"):
        act(CatchUp(), Http(), VirtualNetwork())  # type: ignore[arg-type]
