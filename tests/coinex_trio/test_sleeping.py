"""A machine that sleeps, seen by each driver on real sockets: its clocks are a test's, and nobody waits for it."""

from __future__ import annotations

import os
import time

import pytest
import trio

from coinex_proto import Lost, NotReady, Restored, Sources, coinex
from coinex_trio import CoinexClient, local_exchange, open_client
from coinex_trio.network import SystemNetwork
from tests.processes import HANGS_AFTER

NIGHT = 8 * 3600.0
DEPTH = coinex.Depth("BTCUSDT")
PATIENCE = HANGS_AFTER
"""Seconds that a busy machine may take; nothing waits so long."""


class Sleeper(SystemNetwork):
    """The system's network on a machine that may have slept."""

    def __init__(self, *, counts_sleep: bool) -> None:
        self.has_slept = 0.0
        self.counts_sleep = counts_sleep
        super().__init__()
        self.sources = Sources(lambda: time.time_ns() + int(self.has_slept * 1e9), os.urandom)

    def _seconds(self) -> float:
        return super()._seconds() + (self.has_slept if self.counts_sleep else 0.0)


@pytest.fixture(params=[True, False], ids=["a clock counts sleep", "the wall clock alone does"])
def network(request: pytest.FixtureRequest) -> Sleeper:
    return Sleeper(counts_sleep=request.param)


@pytest.mark.parametrize("background", [False, True])
def test_a_blocking_client_trusts_nothing_until_the_peer_has_answered(network: Sleeper, background: bool) -> None:
    with (
        local_exchange() as exchange,
        CoinexClient(url=exchange.url, network=network, credentials=exchange.credentials, background=background) as cx,
    ):
        events: list[Lost | Restored] = []
        cx.on(Lost)(events.append)
        cx.on(Restored)(events.append)
        cx.ready(DEPTH, coinex.Orders())
        network.has_slept = NIGHT
        # A thread may have proved all of it anew by now.
        assert background or not cx.trusted(DEPTH)
        assert background or not cx.trusted(coinex.Orders())
        until = time.monotonic() + PATIENCE
        while not (events and isinstance(events[-1], Restored) and cx.trusted(DEPTH, coinex.Orders())):
            assert time.monotonic() < until
            cx.run(seconds=0.05)
        assert isinstance(events[0], Lost)
        assert max(each.until - each.since for each in events if isinstance(each, Restored)) >= NIGHT


def test_a_blocking_client_sends_no_command_before(network: Sleeper) -> None:
    with local_exchange() as exchange, CoinexClient(url=exchange.url, network=network) as cx:
        cx.ready(DEPTH)
        network.has_slept = NIGHT
        with pytest.raises(NotReady, match="slept"):
            cx.send(coinex.ServerTime())


def test_a_trio_client_trusts_nothing_until_the_peer_has_answered(network: Sleeper) -> None:
    async def main(url: str) -> None:
        with trio.fail_after(PATIENCE):
            async with open_client(coinex.spot(url=url), network=network) as client:
                await client.ready(DEPTH)
                events: list[Lost | Restored] = []
                client.on(Lost)(events.append)
                network.has_slept = NIGHT
                assert not client.trusted(DEPTH)
                async for event in client.events(Restored):
                    events.append(event)
                    break
                assert isinstance(events[0], Lost)
                assert client.trusted(DEPTH)

    with local_exchange() as exchange:
        trio.run(main, exchange.url)


def test_the_systems_clock_counts_what_the_machine_has_slept(monkeypatch: pytest.MonkeyPatch) -> None:
    network = SystemNetwork()
    before, real = network.now(), time.clock_gettime
    assert network.slept() == 0.0
    monkeypatch.setattr(time, "clock_gettime", lambda clock_id: real(clock_id) + 100.0)
    if network._clock_id is not None:
        assert network.now() - before >= 100.0
        assert 99.0 < network.slept() < 101.0


def test_where_no_clock_counts_sleep_the_monotonic_one_has_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(clock_id: int) -> float:
        raise OSError("no such clock")

    monkeypatch.setattr(time, "clock_gettime", without)
    network = SystemNetwork()
    assert network.slept() == 0.0
    assert network.now() == pytest.approx(time.time(), abs=PATIENCE)
