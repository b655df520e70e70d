"""The CoinEx client under asyncio: a method a channel, own orders over HTTP, balances, positions, and what was missed.

What it does stands in `coinex_driver.async_coinex`; here it gets sockets and tasks. Needs the extra `http`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar, final

from coinex_asyncio._io.asyncio_io import AsyncioIO
from coinex_asyncio.client import Client, Opening, made, opened
from coinex_asyncio.http import Http, open_http
from coinex_asyncio.network import SYSTEM, Network
from coinex_driver.arguments import check_interval
from coinex_driver.async_coinex import AsyncCoinexClient
from coinex_driver.client_core import ClientCore
from coinex_driver.coinex_facade import Module, dialect_of, http_url_of
from coinex_driver.exit_orders import check_exit_seconds
from coinex_driver.http.calls import STOPPED
from coinex_driver.http.wire import DEFAULT_URL
from coinex_driver.order_guard import OrderGuard, check_guard
from coinex_proto import Callbacks, Config, OutcomeUnknown, coinex
from coinex_proto.coinex.http import HttpCommands

__all__ = ["CoinexClient", "open_coinex"]

T = TypeVar("T")


@final
class CoinexClient(AsyncCoinexClient, Client):
    """The client that `open_coinex` gives: one CoinEx socket, spot or futures, and HTTP beside it."""

    def __init__(self, core: ClientCore, io: AsyncioIO, http: Http, network: Network, module: Module) -> None:
        super().__init__(core, io)
        self._trade_with(http, network.sources, module)
        self.http = http
        """CoinEx over HTTP with this client's credentials and clock: `await cx.http.request(spot.ListMarket())`."""

    async def _run_http(self, commands: HttpCommands[T], timeout: float) -> T:
        """A `stop()` leaves a call that is under way the time of closing; one that is made after it has its own."""
        core = self._core
        if core.is_stopping or core.is_over:
            return await super()._run_http(commands, timeout)
        call = asyncio.ensure_future(super()._run_http(commands, timeout))
        stop = asyncio.ensure_future(self._io.waiters.wait(lambda: core.is_stopping))
        try:
            await asyncio.wait((call, stop), return_when=asyncio.FIRST_COMPLETED)
            if not call.done():
                await asyncio.wait((call,), timeout=core.closing_time())
            if not call.done():
                raise OutcomeUnknown(STOPPED)
            return call.result()
        finally:
            call.cancel()
            stop.cancel()
            await asyncio.gather(call, stop, return_exceptions=True)


def open_coinex(
    module: Module = "spot",
    credentials: coinex.Credentials | None = None,
    *,
    url: str | None = None,
    http_url: str | None = None,
    allow_plaintext: bool = False,
    callbacks: Callbacks | None = None,
    config: Config = Config(),  # noqa: B008  (frozen)
    ssl_context: ssl.SSLContext | None = None,
    network: Network = SYSTEM,
    backfill: bool = False,
    check_orders_every: float | None = None,
    cancel_orders_on_exit: float | None = None,
    guard: OrderGuard | None = None,
) -> Opening[CoinexClient]:
    """A CoinEx client that is `Ready` when the block begins and closed in good order when it ends.

    `url`: another address than the exchange's own; `ws://` only to this machine, unless `allow_plaintext` says that
    credentials may be read on the way. `http_url`: where HTTP goes; left out, it is the venue's own, and with a `url` the
    host of that. `backfill`: after each `Restored` the trades, own trades and finished orders that were missed are asked
    for over HTTP and handed out with `is_recovered`, then `Backfilled`. `check_orders_every`: so often (seconds) the
    venue's list of open orders is compared with the orders known here; what differs is an `OrderChanged` and counted in
    `stats.order_differences`. Errors come as they do from `open_client`.

    `cancel_orders_on_exit`: so many seconds, when the block is left in whatever way, for cancelling every own order that is
    known to be open (those of other programs that it has seen too); `cancelled_on_exit` says what became of each.

    `guard`: a dead man's switch, which cancels over HTTP on the way out, when own orders are lost for too long and when a
    callback has raised; see `OrderGuard`. Each time it reports by an `OrdersGuarded` and in `guarded`.
    """
    manager = _open(
        module,
        credentials,
        url=url,
        http_url=http_url,
        allow_plaintext=allow_plaintext,
        callbacks=callbacks,
        config=config,
        ssl_context=ssl_context,
        network=network,
        backfill=backfill,
        check_orders_every=check_orders_every,
        cancel_orders_on_exit=cancel_orders_on_exit,
        guard=guard,
    )
    return Opening(manager, "open_coinex")


@asynccontextmanager
async def _open(
    module: Module,
    credentials: coinex.Credentials | None,
    *,
    url: str | None,
    http_url: str | None,
    allow_plaintext: bool,
    callbacks: Callbacks | None,
    config: Config,
    ssl_context: ssl.SSLContext | None,
    network: Network,
    backfill: bool,
    check_orders_every: float | None,
    cancel_orders_on_exit: float | None,
    guard: OrderGuard | None,
) -> AsyncIterator[CoinexClient]:
    check_exit_seconds(cancel_orders_on_exit)
    check_guard(guard, has_credentials=credentials is not None, cancel_orders_on_exit=cancel_orders_on_exit)
    dialect = dialect_of(module, credentials, url, allow_plaintext=allow_plaintext)
    check_interval(check_orders_every, has_credentials=dialect.has_credentials)
    core, io = made(dialect, callbacks, config, ssl_context, network)
    async with open_http(
        credentials,
        url=http_url or http_url_of(url) or DEFAULT_URL,
        config=config,
        ssl_context=ssl_context,
        allow_plaintext=allow_plaintext,
        network=network,
        clock=core.session.clock,
        orders=core.session.orders,
    ) as http:
        client = CoinexClient(core, io, http, network, module)
        client._watch(backfill=backfill, check_orders_every=check_orders_every)
        client._guard_with(guard, module)
        async with opened(client, io, client._attend, client._keep_guard):
            try:
                yield client
            finally:
                await client._leave(cancel_orders_on_exit)
