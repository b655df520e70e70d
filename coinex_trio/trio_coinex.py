"""The CoinEx client under trio: a method a channel, own orders over HTTP, balances, positions, and what was missed.

What it does stands in `coinex_driver.async_coinex`; here it gets sockets and tasks. Needs the extra `http`.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from typing import TypeVar, final

import trio

from coinex_driver.arguments import check_interval
from coinex_driver.async_coinex import AsyncCoinexClient
from coinex_driver.client_core import ClientCore
from coinex_driver.coinex_facade import Module, dialect_of, http_url_of
from coinex_driver.exit_orders import check_exit_seconds
from coinex_driver.http.calls import STOPPED
from coinex_driver.http.wire import DEFAULT_URL
from coinex_driver.order_guard import OrderGuard, check_guard
from coinex_driver.tls import check_ssl_context
from coinex_proto import Callbacks, Config, OutcomeUnknown, coinex
from coinex_proto.coinex.http import HttpCommands
from coinex_trio._io.interrupts import protected
from coinex_trio._io.trio_io import TrioIO
from coinex_trio.client import Client, opened
from coinex_trio.http import Http, open_http
from coinex_trio.network import SYSTEM, Network

T = TypeVar("T")


@final
class TrioCoinexClient(AsyncCoinexClient, Client):
    """The client that `open_coinex` gives: one CoinEx socket, spot or futures, and HTTP beside it."""

    def __init__(self, core: ClientCore, io: TrioIO, http: Http, network: Network, module: Module) -> None:
        super().__init__(core, io)
        self._trade_with(http, network.sources, module)
        self.http = http
        """CoinEx over HTTP with this client's credentials and clock: `await cx.http.request(spot.ListMarket())`."""

    async def _run_http(self, commands: HttpCommands[T], timeout: float) -> T:
        """A `stop()` leaves a call that is under way the time of closing; one that is made after it has its own."""
        calls, is_late = self._io.calls, self._core.is_stopping
        with trio.move_on_after(timeout) as scope:
            try:
                if not is_late:
                    calls.add(scope)
                return await self.http.run(commands)
            finally:
                calls.discard(scope)
        if self._core.is_stopping and not is_late:
            raise OutcomeUnknown(STOPPED)
        raise TimeoutError("no answer over HTTP in time")


@protected
async def open_coinex(
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
) -> AsyncIterator[TrioCoinexClient]:
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
    check_exit_seconds(cancel_orders_on_exit)
    check_guard(guard, has_credentials=credentials is not None, cancel_orders_on_exit=cancel_orders_on_exit)
    dialect = dialect_of(module, credentials, url, allow_plaintext=allow_plaintext)
    check_interval(check_orders_every, has_credentials=dialect.has_credentials)
    core = ClientCore(dialect, callbacks, config, network.sources, network.now)
    check_ssl_context(ssl_context, has_credentials=dialect.has_credentials)
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
        io = TrioIO(core, network, ssl_context)
        client = TrioCoinexClient(core, io, http, network, module)
        client._watch(backfill=backfill, check_orders_every=check_orders_every)
        client._guard_with(guard, module)
        async with opened(client, io, client._attend, client._keep_guard):
            try:
                yield client
            finally:
                await client._leave(cancel_orders_on_exit)
