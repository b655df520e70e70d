"""Clients under trio have Unix time, on trio's clock."""

from __future__ import annotations

import math
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from coinex_proto import qfex
from coinex_trio import open_http, open_qfex_http
from coinex_trio._io.trio_clock import unix_clock
from coinex_trio.network import Network, SystemNetwork
from tests.coinex_trio.venue import START, TrioNetwork


class Elsewhere(TrioNetwork):
    """A network whose clock stands before trio's, or behind it, and goes on at its pace."""

    def __init__(self, ahead: float) -> None:
        super().__init__()
        self.ahead = ahead

    def now(self) -> float:
        return trio.current_time() + self.ahead


@pytest.mark.parametrize("ahead", [START, 0.0, -40.0])
async def test_the_time_is_the_networks_wherever_trios_clock_begins(ahead: float, autojump_clock: MockClock) -> None:
    await trio.sleep(7.0)
    network = Elsewhere(ahead)
    clock = unix_clock(network)
    assert clock() == pytest.approx(7.0 + ahead, rel=0, abs=1e-6)
    await trio.sleep(5.0)
    assert clock() == pytest.approx(12.0 + ahead, rel=0, abs=1e-6)


class Slept(SystemNetwork):
    seconds = 100.0

    def slept(self) -> float:
        return self.seconds


async def test_a_sleep_of_the_machine_counts_from_the_moment_it_is_known(autojump_clock: MockClock) -> None:
    network = Slept()
    before = network.now()
    clock = unix_clock(network)
    assert clock() == pytest.approx(before, rel=0, abs=60.0), "Unix time"
    began = clock()
    network.seconds += 3600.0
    assert clock() - began == pytest.approx(3600.0, rel=0, abs=1e-3)
    await trio.sleep(5.0)
    assert clock() - began == pytest.approx(3605.0, rel=0, abs=1e-3)


KEYS = qfex.HmacCredentials("a", "b")


@pytest.mark.parametrize("opened", [open_http, lambda **given: open_qfex_http(KEYS, **given)], ids=["coinex", "qfex"])
async def test_clients_over_http_have_the_same_time(opened: Any, autojump_clock: MockClock) -> None:
    await trio.sleep(7.0)
    network: Network = Elsewhere(START)
    async with opened(network=network) as http:
        assert math.isclose(http._now(), START + 7.0, rel_tol=0, abs_tol=1e-6)
