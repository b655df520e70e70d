"""The CoinEx client under trio: a method a channel, own orders over HTTP, balances, positions, and what was missed.

What is done over HTTP is decided in `coinex_driver.coinex_trading`; here it is awaited. Beside the client's own tasks one
more asks, one thing after the other, about orders of unknown state and about what was missed. Needs the extra `http`.
"""

from __future__ import annotations

import math
import ssl
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar, assert_never, final

import trio

from coinex_driver.arguments import check_interval
from coinex_driver.client_core import ClientCore
from coinex_driver.coinex_facade import CoinexSubscriptions, Module, dialect_of, http_url_of
from coinex_driver.coinex_trading import (
    Action,
    Actions,
    BecomeLive,
    CatchUp,
    CoinexTrading,
    RunHttp,
    SendRequest,
    WaitUntil,
)
from coinex_driver.exit_orders import ExitOrder, check_exit_seconds, log_exit
from coinex_driver.tls import check_ssl_context
from coinex_proto import Callbacks, Config, OrderChanged, OrderView, OutcomeUnknown, Topic, coinex
from coinex_proto.coinex.http import HttpCommands, Number, OrderType, Side, StpMode
from coinex_proto.coinex.http.futures import Position
from coinex_trio._http.loops import STOPPED
from coinex_trio._http.wire import DEFAULT_URL
from coinex_trio._io.trio_io import TrioIO
from coinex_trio.client import Client, opened
from coinex_trio.http import Http, open_http
from coinex_trio.network import SYSTEM, Network

T = TypeVar("T")

LIVE_WITHIN: Final = 10.0
"""Seconds that a method waits for the pushes that it needs; the default of the blocking client's `ready`."""


@final
class TrioCoinexClient(Client, CoinexSubscriptions):
    """The client that `open_coinex` gives: one CoinEx socket, spot or futures, and HTTP beside it."""

    def __init__(self, core: ClientCore, io: TrioIO, http: Http, network: Network, module: Module) -> None:
        super().__init__(core, io)
        self._http = http
        self._sources = network.sources
        self._trading = CoinexTrading(self, core, module)
        self.cancelled_on_exit: tuple[ExitOrder, ...] = ()
        """What became of the own orders that were open when the block was left, with `cancel_orders_on_exit`."""
        self._jobs: deque[Actions[None]] = deque()
        self._news = trio.Event()

    @property
    def http(self) -> Http:
        """CoinEx over HTTP with this client's credentials and clock: `await cx.http.request(spot.ListMarket())`."""
        return self._http

    async def ping(self) -> float:
        """Seconds that the exchange took to answer."""
        sent_at = self._core.now()
        await self.request(coinex.Ping())
        return self._core.now() - sent_at

    async def server_time(self) -> int:
        """The exchange's clock, Unix milliseconds."""
        return await self.request(coinex.ServerTime())

    # Own orders -------------------------------------------------------------------------------------------------------

    async def place_order(
        self,
        market: str,
        side: Side,
        type: OrderType,  # noqa: A002  (the wire's word)
        amount: Number,
        price: Number | None = None,
        *,
        client_id: str | None = None,
        ccy: str | None = None,
        is_hide: bool | None = None,
        stp_mode: StpMode | None = None,
    ) -> OrderView:
        """Place an order, once. A client id is made when none is given.

        The view is live and shared with the pushes. Its state is "unknown" when the answer was lost, or when this was
        cancelled in the middle: the order may stand. The venue is asked about it by itself; `wait` gives the end. Raises
        `HttpRefused` when the venue says no, and `NotReady`, with nothing sent, while the pushes of own orders in this
        market are not live. The first order in a market waits for them, at most 10 s.

        A market order on spot must say what its amount counts: `ccy="BTC"` or `ccy="USDT"` on BTCUSDT.
        """
        client_id = self._sources.random_bytes(12).hex() if client_id is None else client_id
        return await self._perform(
            self._trading.place_order(
                market,
                side,
                type,
                amount,
                price,
                client_id=client_id,
                ccy=ccy,
                is_hide=is_hide,
                stp_mode=stp_mode,
            )
        )

    async def cancel_order(self, order: OrderView) -> OrderView:
        """Cancel an order. One that has ended meanwhile is looked up instead.

        Raises `HttpRefused`, and `HttpOutcomeUnknown` when the answer was lost: cancelling again does no harm.
        """
        return await self._perform(self._trading.cancel_order(order))

    async def modify_order(
        self, order: OrderView, *, amount: Number | None = None, price: Number | None = None
    ) -> OrderView:
        """Change amount (what is filled included) or price. The view follows a new order id.

        Raises `HttpRefused`, which leaves the order as it was, and `HttpOutcomeUnknown`: then `resolve` tells.
        """
        return await self._perform(self._trading.modify_order(order, amount, price))

    async def resolve(self, order: OrderView) -> OrderView:
        """Ask the venue now what became of an order; it stays "unknown" while nothing is known.

        An order that was known and is not found any more was cancelled without a fill. One that was never confirmed is
        `refused` when it is not found 20 s after it was sent: the venue would not take it any more.
        """
        return await self._perform(self._trading.resolve(order))

    async def wait(self, order: OrderView) -> OrderView:
        """The order when it is final. Pushes tell, and queries while no push can come."""
        if not self._core.session.dialect.has_credentials:
            return await super().wait(order)
        await trio.lowlevel.checkpoint()
        return await self._perform(self._trading.wait(order, math.inf))

    async def open_orders(self, market: str | None = None) -> tuple[OrderView, ...]:
        """Every own order that is open at the venue, those of other programs too; kept up to date by pushes from now on.

        The pushes flow before the list is asked for, so that nothing falls in between. `orders()` is the same without
        asking. Subscribes `Orders`.
        """
        return await self._perform(self._trading.open_orders(market))

    # What the account holds -------------------------------------------------------------------------------------------

    async def balances(self) -> Mapping[str, coinex.BalanceUpdate]:
        """Own balances by currency, of this half of the venue: asked for once, then kept by pushes; margin left out.

        Costs nothing while the pushes are trusted; after a loss it asks again, and waits for that. What it gives does not
        change; call it again. Raises `TimeoutError` while the pushes of `Balances` do not flow.
        """
        return await self._perform(self._trading.balances())

    async def positions(self) -> Mapping[str, Position]:
        """Own futures positions by market: asked for once, then kept by pushes; otherwise as `balances`."""
        return await self._perform(self._trading.positions())

    # How --------------------------------------------------------------------------------------------------------------

    async def _perform(self, actions: Actions[T]) -> T:
        self._check()
        try:
            action = next(actions)
            while True:
                try:
                    done = await self._do(action)
                except Exception as error:  # noqa: BLE001  (comes out where it was not expected)
                    action = actions.throw(error)
                else:
                    action = actions.send(done)
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            actions.close()

    async def _do(self, action: Action) -> object:
        match action:
            case RunHttp(commands, timeout):
                return await self._run_http(commands, timeout)
            case SendRequest(command):
                return await self.request(command)
            case BecomeLive(topics):
                await self._become_live(topics)
                return None
            case WaitUntil(is_done, until):
                with trio.move_on_after(until - self._core.now()):
                    await self._until(is_done, "wait()")
                return None
            case CatchUp():
                await trio.lowlevel.checkpoint()
                return True
            case _:
                assert_never(action)

    async def _run_http(self, commands: HttpCommands[T], timeout: float) -> T:
        """A `stop()` leaves a call that is under way the time of closing; one that is made after it has its own."""
        calls, is_late = self._io.calls, self._core.is_stopping
        with trio.move_on_after(timeout) as scope:
            try:
                if not is_late:
                    calls.add(scope)
                return await self._http.run(commands)
            finally:
                calls.discard(scope)
        if self._core.is_stopping and not is_late:
            raise OutcomeUnknown(STOPPED)
        raise TimeoutError("no answer over HTTP in time")

    async def _cancel_on_exit(self, seconds: float) -> None:
        """Cancels what is open, whatever else is being cancelled; a little longer than asked for at most."""
        with trio.CancelScope(shield=True):
            actions = self._trading.cancel_all(self._core.now() + seconds, is_cut=False)
            self.cancelled_on_exit = await self._perform(actions)
        log_exit(self._core.name, self.cancelled_on_exit)

    async def _become_live(self, topics: tuple[Topic[Any], ...]) -> None:
        with trio.move_on_after(LIVE_WITHIN):
            await self.ready(*topics)
            return
        missing = [topic for topic in topics if not self.trusted(topic)]
        raise TimeoutError(f"not live within {LIVE_WITHIN:g} s: {', '.join(map(str, missing)) or 'the connection'}")

    # After a loss -----------------------------------------------------------------------------------------------------

    def _watch(self, *, backfill: bool, check_orders_every: float | None) -> None:
        def add(job: Actions[None]) -> None:
            self._jobs.append(job)
            self._news.set()

        self._trading.watch(add, backfill=backfill, check_orders_every=check_orders_every)
        self._core.own.add(OrderChanged, self._on_order)

    def _on_order(self, event: OrderChanged) -> None:
        if event.order.state == "unknown":
            self._news.set()

    async def _attend(self) -> None:
        """Asks about what was missed, and about orders of unknown state as long as there are any."""
        while True:
            self._news = trio.Event()
            at = self._trading.next_round()
            if self._jobs:
                await self._perform(self._jobs.popleft())
            elif at is not None and at <= self._core.now():
                await self._perform(self._trading.resolve_unknown())
            else:
                with trio.move_on_after(math.inf if at is None else at - self._core.now()):
                    await self._news.wait()


@asynccontextmanager
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
    """
    check_exit_seconds(cancel_orders_on_exit)
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
        async with opened(client, io, client._attend):
            try:
                yield client
            finally:
                if cancel_orders_on_exit is not None and credentials is not None:
                    await client._cancel_on_exit(cancel_orders_on_exit)
