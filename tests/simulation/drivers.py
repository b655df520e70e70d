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
from attrs import frozen
from trio.testing import MockClock

import coinex_asyncio
import coinex_trio
from coinex_driver.async_coinflex import AsyncCoinflexClient
from coinex_driver.async_exit import cancel_on_exit
from coinex_driver.async_qfex import AsyncQfexClient
from coinex_driver.client_core import ClientCore
from coinex_driver.coinex_facade import Module
from coinex_driver.exit_orders import ExitOrder
from coinex_driver.qfex_orders import cancellation
from coinex_proto import Command, Config, Dialect, OrderView, coinex, coinflex, qfex
from coinex_trio._io.pausing import pause
from coinex_trio._io.trio_awaiting import TrioAwaiting
from coinex_trio._io.trio_io import TrioIO
from coinex_trio.client import Client, opened
from coinex_trio.network import Network
from coinex_trio.swarm import Swarm

Step: TypeAlias = "Callable[[Any], Any] | float"
Program: TypeAlias = Generator[Step, Any, None]

CHECK_EVERY = 7.0
"""Seconds between two comparisons of open orders: what a fault loses without a trace is found by that alone."""
LEAVES_WITHIN = 12.0
"""Seconds for cancelling on the way out."""

ARRIVES_WITHIN = 60.0
"""Seconds after which everything has arrived that was on its way when a client was left."""


@frozen
class Shape:
    """Of a client and its program."""

    config: Config
    sockets: int = 1
    """Of one address at once."""
    cancels_within: float | None = None
    """The program ends in the weather, and so many seconds are for cancelling what is open."""


_DOUBLED = (coinex.Depth, coinex.Trades, qfex.Level2, qfex.Trades)
SHAPES = {
    "one": Shape(Config(retry_first=True)),
    "two-lines": Shape(Config(retry_first=True, lines=2, doubled=_DOUBLED), sockets=2),
    "renewing": Shape(Config(retry_first=True, renew_every=20.0), sockets=2),
    "spread": Shape(Config(retry_first=True, topics_per_connection=2), sockets=3),
    "leaving": Shape(Config(retry_first=True), cancels_within=LEAVES_WITHIN),
}
"""One connection, two at once, one after the other without a gap, topics over several, and a program that leaves in the weather."""
PATIENCE = 10.0
"""Seconds after which an awaited call is cancelled, as blocking clients do by themselves."""


def options(swarm: Swarm, shape: Shape) -> dict[str, Any]:
    """What every client of a swarm is made with."""
    return {
        "network": swarm.network,
        "config": shape.config,
        "check_orders_every": CHECK_EVERY,
        "cancel_orders_on_exit": shape.cancels_within,
    }


def blocking(swarm: Swarm, venue: str, program: Callable[[Any], Program], shape: Shape) -> float:
    """In this thread. This and the others: when the client was left."""
    client: Any
    given = options(swarm, shape)
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
    left_at = swarm.now
    if shape.cancels_within is not None:
        swarm.calm()
        pause(swarm.network, ARRIVES_WITHIN)
    return left_at


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


def under_trio(swarm: Swarm, venue: str, program: Callable[[Any], Program], shape: Shape) -> float:
    """On trio's mock clock."""

    async def within(seconds: float, work: Any) -> Any:
        with trio.move_on_after(seconds):
            return await work
        raise TimeoutError

    async def main() -> float:
        async with _opened_by_trio(swarm, venue, shape) as client:
            await _steps(program(client), client, trio.sleep, within)
        left_at = swarm.now
        if shape.cancels_within is not None:
            swarm.calm()
            await trio.sleep(ARRIVES_WITHIN)
        return left_at

    return trio.run(main, clock=MockClock(autojump_threshold=0))


def under_asyncio(swarm: Swarm, venue: str, program: Callable[[Any], Program], shape: Shape) -> float:
    """On a loop of virtual time. No task is left behind."""

    async def main() -> float:
        with VirtualClock().patch_loop():
            given = options(swarm, shape)
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
            left_at = swarm.now
            if shape.cancels_within is not None:
                swarm.calm()
                await asyncio.sleep(ARRIVES_WITHIN)
            return left_at

    return asyncio.run(main())


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
async def _opened_by_trio(swarm: Swarm, venue: str, shape: Shape) -> AsyncIterator[Any]:
    network = swarm.network
    if venue in ("spot", "futures"):
        given = options(swarm, shape)
        async with coinex_trio.open_coinex(cast("Module", venue), swarm.credentials, **given) as client:
            yield client
        return
    config = shape.config
    if venue == "coinflex":
        live = coinflex.live(credentials=swarm.credentials)
        core = ClientCore(live, None, config, network.sources, network.now)
        io = TrioIO(core, network, None)
        flex = TrioCoinflex(core, io)
        flex._trade_with(coinflex.ASSETS_2020, network.sources)
        core.session.compare_orders_every(CHECK_EVERY, core.now())
        async with opened(flex, io):
            yield flex
            flex.cancelled_on_exit = await _cancelled(flex, flex._commands.cancel_order, live, shape, network)
        return
    dialect = qfex.trade(swarm.credentials)
    async with (
        coinex_trio.open_client(qfex.mds(), config=config, network=network) as market,
        coinex_trio.open_client(dialect, config=config, network=network) as trade,
    ):
        trade.subscribe(qfex.Fills())
        trade.step(lambda session, now: session.compare_orders_every(CHECK_EVERY, now))
        qx = TrioQfex(market, trade, swarm)
        yield qx
        qx.cancelled_on_exit = await _cancelled(trade, lambda order: cancellation(order, None), dialect, shape, network)


async def _cancelled(
    client: Client,
    cancelling: Callable[[OrderView], Command[Any]],
    dialect: Dialect,
    shape: Shape,
    network: Network,
) -> tuple[ExitOrder, ...]:
    """As the facades of asyncio leave."""
    if shape.cancels_within is None:
        return ()

    def reopen() -> AbstractAsyncContextManager[Client]:
        return coinex_trio.open_client(dialect, config=shape.config, network=network)

    return await cancel_on_exit(client, cancelling, shape.cancels_within, reopen)


DRIVERS = {"blocking": blocking, "trio": under_trio, "asyncio": under_asyncio}
