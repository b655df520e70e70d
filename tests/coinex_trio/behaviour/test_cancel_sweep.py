"""P1, S30: the block is cancelled at every single step of a client's life, and never leaves anything behind."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
import trio
from trio.testing import MockClock

from coinex_proto import Config, NotReady, coinex
from coinex_trio import open_client
from tests.coinex_trio.venue import TrioNetwork

BTC = coinex.Ticker("BTCUSDT")


class CancelAt(trio.abc.Instrument):
    """Cancels a scope before the n-th step of a task."""

    def __init__(self, task: trio.lowlevel.Task, scope: trio.CancelScope, step: int) -> None:
        self._task, self._scope, self._left = task, scope, step

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        if task is self._task:
            self._left -= 1
            if self._left == 0:
                self._scope.cancel()


async def opening(network: TrioNetwork) -> None:
    async with open_client(coinex.spot(), network=network):
        pass


async def trading(network: TrioNetwork) -> None:
    async with open_client(coinex.spot(), network=network) as client:
        client.subscribe(BTC)
        await client.request(coinex.ServerTime())
        network.last.ticker()
        await client.ready(BTC)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.request, coinex.ServerTime())
            nursery.start_soon(client.request, coinex.Ping())


async def reconnecting(network: TrioNetwork) -> None:
    network.failures = [ConnectionRefusedError(111, "Connection refused")]
    async with open_client(coinex.spot(), config=Config(retry_first=True), network=network) as client:
        stream = client.events(BTC)
        await trio.sleep(0.1)
        network.last.ticker()
        await anext(stream)
        network.last.reset(ConnectionResetError(104, "Connection reset by peer"))
        await trio.sleep(0.1)
        with suppress(NotReady):
            await client.request(coinex.Ping())
        await client.ready()


async def stuck(network: TrioNetwork) -> None:
    """A peer that answers no Close frame, and takes nothing."""
    network.prepare = lambda venue: setattr(venue, "answers_close", False)
    async with open_client(coinex.spot(), network=network) as client:
        network.last.room = 0
        client.send(coinex.Ping())
        await trio.sleep(1)


@pytest.mark.parametrize("story", [opening, trading, reconnecting, stuck])
def test_p1_a_cancellation_at_any_step_leaves_nothing_behind(story: Callable[[TrioNetwork], Awaitable[None]]) -> None:
    was_cancelled, step = True, 0
    while was_cancelled:
        step += 1
        network = TrioNetwork()

        async def main(network: TrioNetwork = network, step: int = step) -> bool:
            began = trio.current_time()
            with trio.CancelScope() as scope:
                instrument = CancelAt(trio.lowlevel.current_task(), scope, step)
                trio.lowlevel.add_instrument(instrument)
                await story(network)
            if scope.cancelled_caught:
                assert trio.current_time() - began < 10
            return scope.cancelled_caught or scope.cancel_called

        was_cancelled = trio.run(main, clock=MockClock(autojump_threshold=0))
        assert all(venue.gone for venue in network.all)
        assert step < 500
    assert step > 3
    gc.collect()
