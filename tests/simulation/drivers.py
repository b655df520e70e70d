"""How each driver runs one program on virtual time: a program is a generator of calls and of pauses.

A call is a function of the client; what it gives may be awaited. A number is a pause in seconds.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias, cast

import trio
from aiotools import VirtualClock
from trio.testing import MockClock

import coinex_asyncio
import coinex_trio
from coinex_driver.async_coinflex import AsyncCoinflexClient
from coinex_driver.async_qfex import AsyncQfexClient
from coinex_driver.client_core import ClientCore
from coinex_driver.coinex_facade import Module
from coinex_proto import Config, coinex, coinflex, qfex
from coinex_trio._io.trio_awaiting import TrioAwaiting
from coinex_trio._io.trio_io import TrioIO
from coinex_trio.client import Client, opened
from coinex_trio.swarm import Swarm

Step: TypeAlias = "Callable[[Any], Any] | float"
Program: TypeAlias = Generator[Step, Any, None]

CHECK_EVERY = 7.0
"""Seconds between two comparisons of open orders: what a fault loses without a trace is found by that alone."""
SHAPES = {
    "one": Config(retry_first=True),
    "two-lines": Config(retry_first=True, lines=2, doubled=(coinex.Depth, coinex.Trades, qfex.Level2, qfex.Trades)),
    "renewing": Config(retry_first=True, renew_every=20.0),
    "spread": Config(retry_first=True, topics_per_connection=2),
}
"""Of a client: one connection, two at once, one after the other without a gap, and topics over several."""
PATIENCE = 10.0
"""Seconds after which an awaited call is cancelled, as blocking clients do by themselves."""


def options(swarm: Swarm, config: Config) -> dict[str, Any]:
    """What every client of a swarm is made with."""
    return {
        "network": swarm.network,
        "config": config,
        "check_orders_every": CHECK_EVERY,
    }


def blocking(swarm: Swarm, venue: str, program: Callable[[Any], Program], config: Config) -> None:
    """In this thread."""
    client: Any
    given = options(swarm, config)
    match venue:
        case "spot" | "futures":
            client = coinex_trio.CoinexClient(venue, swarm.credentials, **given)
        case "qfex":
            client = coinex_trio.QfexClient(swarm.credentials, http_url="http://127.0.0.1", **given)
        case _:
            client = coinex_trio.CoinflexClient(swarm.credentials, **given)
    with client:
        steps = program(client)
        try:
            step = next(steps)
            while True:
                try:
                    done = client.run(seconds=step) if isinstance(step, float) else step(client)
                except Exception as error:  # noqa: BLE001  (the program's to judge)
                    step = steps.throw(error)
                else:
                    step = steps.send(done)
        except StopIteration:
            pass


async def _steps(
    steps: Program, client: Any, sleep: Callable[[float], Any], within: Callable[[float, Any], Any]
) -> None:
    try:
        step = next(steps)
        while True:
            try:
                if isinstance(step, float):
                    done = await sleep(step)
                else:
                    found = step(client)
                    done = await within(PATIENCE, found) if inspect.isawaitable(found) else found
            except Exception as error:  # noqa: BLE001  (the program's to judge)
                step = steps.throw(error)
            else:
                step = steps.send(done)
    except StopIteration:
        pass


def under_trio(swarm: Swarm, venue: str, program: Callable[[Any], Program], config: Config) -> None:
    """On trio's mock clock."""

    async def within(seconds: float, work: Any) -> Any:
        with trio.move_on_after(seconds):
            return await work
        raise TimeoutError

    async def main() -> None:
        async with _opened_by_trio(swarm, venue, config) as client:
            await _steps(program(client), client, trio.sleep, within)

    trio.run(main, clock=MockClock(autojump_threshold=0))


def under_asyncio(swarm: Swarm, venue: str, program: Callable[[Any], Program], config: Config) -> None:
    """On a loop of virtual time. No task is left behind."""

    async def main() -> None:
        with VirtualClock().patch_loop():
            given = options(swarm, config)
            manager: AbstractAsyncContextManager[Any]
            match venue:
                case "spot" | "futures":
                    manager = coinex_asyncio.open_coinex(venue, swarm.credentials, **given)
                case "qfex":
                    manager = coinex_asyncio.open_qfex(swarm.credentials, http_url="http://127.0.0.1", **given)
                case _:
                    manager = coinex_asyncio.open_coinflex(swarm.credentials, **given)
            async with manager as client:
                await _steps(program(client), client, asyncio.sleep, lambda s, work: asyncio.wait_for(work, s))
            await asyncio.sleep(0)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, f"tasks are left: {left}"

    asyncio.run(main())


# Trio has facades of CoinEx only; those of asyncio need nothing of it but four words, which trio has as well.


class TrioQfex(AsyncQfexClient, TrioAwaiting):
    """The shared QFEX client on two clients of trio."""

    def __init__(self, market: Client, trade: Client, swarm: Swarm) -> None:
        self._market, self._trade = market, trade
        self._sources = swarm.network.sources
        self._http = None
        self._has_keys = False
        self._reference = None
        self.cancelled_on_exit = ()

    def _begin_market(self) -> None: ...


class TrioCoinflex(AsyncCoinflexClient, Client):
    """The shared CoinFLEX client under trio."""


@asynccontextmanager
async def _opened_by_trio(swarm: Swarm, venue: str, config: Config) -> AsyncIterator[Any]:
    network = swarm.network
    if venue in ("spot", "futures"):
        given = options(swarm, config)
        async with coinex_trio.open_coinex(cast("Module", venue), swarm.credentials, **given) as client:
            yield client
        return
    if venue == "coinflex":
        core = ClientCore(coinflex.live(credentials=swarm.credentials), None, config, network.sources, network.now)
        io = TrioIO(core, network, None)
        flex = TrioCoinflex(core, io)
        flex._trade_with(coinflex.ASSETS_2020, network.sources)
        core.session.compare_orders_every(CHECK_EVERY, core.now())
        async with opened(flex, io):
            yield flex
        return
    async with (
        coinex_trio.open_client(qfex.mds(), config=config, network=network) as market,
        coinex_trio.open_client(qfex.trade(swarm.credentials), config=config, network=network) as trade,
    ):
        trade.subscribe(qfex.Fills())
        trade.step(lambda session, now: session.compare_orders_every(CHECK_EVERY, now))
        yield TrioQfex(market, trade, swarm)


DRIVERS = {"blocking": blocking, "trio": under_trio, "asyncio": under_asyncio}
