"""A CoinEx client of every driver that awaits: own orders over HTTP, balances, positions, and what was missed.

What is done over HTTP is decided in `coinex_trading`; here it is awaited. Beside the client's own tasks a driver runs `_attend`,
which asks, one thing after the other, about orders of unknown state and about what was missed. A driver adds how to wait. Must
not know trio nor asyncio.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar, assert_never

from coinex_driver.async_client import AsyncClient
from coinex_driver.awaiting import News
from coinex_driver.coinex_exit import cancel_on_exit
from coinex_driver.coinex_facade import CoinexSubscriptions, Module
from coinex_driver.coinex_trading import (
    Action,
    Actions,
    BecomeLive,
    CatchUp,
    CoinexTrading,
    Pause,
    RunHttp,
    SendRequest,
    WaitUntil,
)
from coinex_driver.exit_orders import ExitOrder
from coinex_driver.guarding import Guarding
from coinex_driver.http.coinex import CoinexHttp
from coinex_driver.order_guard import Cause, OrderGuard, OrdersGuarded
from coinex_proto import Event, OrderChanged, OrderView, OutcomeUnknown, Sources, Topic, coinex
from coinex_proto.coinex.http import HttpCommands, Number, OrderType, Side, StpMode
from coinex_proto.coinex.http.futures import Position

T = TypeVar("T")

LIVE_WITHIN: Final = 10.0
"""Seconds that a method waits for the pushes that it needs; the default of the blocking client's `ready`."""


class AsyncCoinexClient(AsyncClient, CoinexSubscriptions):
    """One CoinEx socket, spot or futures, and HTTP beside it. Base class only."""

    _http: CoinexHttp
    _sources: Sources
    _module: Module
    _trading: CoinexTrading
    _jobs: deque[Actions[None]]
    _news: News
    _guard: Guarding | None
    _guard_news: News
    _has_left: bool
    """The guard has acted on the way out: what a round beside it says later is no news."""
    guarded: OrdersGuarded | None
    """The latest report of the guard."""
    cancelled_on_exit: tuple[ExitOrder, ...]
    """What became of the own orders that were open when the block was left, with `cancel_orders_on_exit`."""

    def _trade_with(self, http: CoinexHttp, sources: Sources, module: Module) -> None:
        """To be called once, after the client is made."""
        self._http = http
        self._sources = sources
        self._module = module
        self._trading = CoinexTrading(self, self._core, module)
        self.cancelled_on_exit = ()
        self._jobs = deque()
        self._news = self._make_news()
        self.guarded = self._guard = None
        self._has_left = False

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
        await self._sleep(0)
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

    async def _run_http(self, commands: HttpCommands[T], timeout: float) -> T:
        """What comes of these commands over HTTP, in time; a driver may end them with `stop()`."""
        return await self._in_time(timeout, lambda: self._http.run(commands))

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
                with suppress(TimeoutError):
                    await self._in_time(until - self._core.now(), lambda: self._until(is_done, "wait()"))
                return None
            case CatchUp():
                await self._sleep(0)
                return True
            case Pause(seconds):
                await self._sleep(seconds)
                return None
            case _:
                assert_never(action)

    async def _cancel_on_exit(self, seconds: float) -> None:
        """Cancels what is open, whatever else is being cancelled; a little longer than asked for at most."""
        actions = cancel_on_exit(self._core, self._module, self.step, self._sources, seconds, is_cut=False)

        async def leave() -> None:
            self.cancelled_on_exit = await self._perform(actions)

        await self._shielded(leave)

    async def _become_live(self, topics: tuple[Topic[Any], ...]) -> None:
        try:
            await self._in_time(LIVE_WITHIN, lambda: self.ready(*topics))
        except TimeoutError as late:
            missing = [topic for topic in topics if not self.trusted(topic)]
            which = ", ".join(map(str, missing)) or "the connection"
            raise TimeoutError(f"not live within {LIVE_WITHIN:g} s: {which}") from late

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
            self._news = self._make_news()
            at = self._trading.next_round()
            if self._jobs:
                await self._perform(self._jobs.popleft())
            elif at is not None and at <= self._core.now():
                await self._perform(self._trading.resolve_unknown())
            else:
                with suppress(TimeoutError):
                    await self._in_time(math.inf if at is None else at - self._core.now(), self._news.wait)

    # The guard --------------------------------------------------------------------------------------------------------

    def on_error(self, handler: Callable[[Event, Exception], object]) -> None:
        """Exceptions of callbacks go to `handler` and the client goes on; without one they end what drives the client."""
        super().on_error(handler if self._guard is None else self._guard.handling(handler))

    def _guard_with(self, guard: OrderGuard | None, module: Module) -> None:
        """To be called once, before it is opened."""
        if guard is not None:
            self._guard_news = self._make_news()
            self._guard = Guarding(guard, self._core, module, self.step, self._guard_changed)
            self._change(self._guard.watch)

    def _guard_changed(self) -> None:
        self._guard_news.set()

    async def _keep_guard(self) -> None:
        """Acts whenever there is a reason to."""
        guard = self._guard
        while guard is not None:
            self._guard_news = self._make_news()
            cause = guard.take_due()
            if cause is not None:
                await self._act(guard, cause)
            else:
                with suppress(TimeoutError):
                    await self._in_time(guard.at - self._core.now(), self._guard_news.wait)

    async def _act(self, guard: Guarding, cause: Cause) -> None:
        once = guard.begin(cause, self._sources)
        try:
            await self._carry_out(once.actions())
        finally:
            report = once.end()
            if not self._has_left:
                self.guarded = report

    async def _carry_out(self, actions: Actions[None]) -> None:
        """To the end: a first Ctrl-C comes out behind it, a second one at once."""
        interrupt: KeyboardInterrupt | None = None
        try:
            action = next(actions)
            while True:
                try:
                    done = await self._do(action)
                except Exception as error:  # noqa: BLE001  (comes out where it was not expected)
                    action = actions.throw(error)
                except KeyboardInterrupt as error:
                    if interrupt is not None:
                        raise
                    interrupt = error
                    action = actions.throw(OutcomeUnknown("interrupted"))
                else:
                    action = actions.send(done)
        except StopIteration:
            pass
        finally:
            actions.close()
        if interrupt is not None:
            raise interrupt

    async def _leave(self, cancel_orders_on_exit: float | None) -> None:
        """On the way out of the block: cancels what is open, whatever else is being cancelled."""
        guard = self._guard
        cause = None if guard is None else guard.cause_at_exit()
        if guard is not None and cause is not None:
            try:
                await self._shielded(lambda: self._act(guard, cause))
            finally:
                self.cancelled_on_exit = () if self.guarded is None else self.guarded.orders
                self._has_left = True
        elif cancel_orders_on_exit is not None and self._core.session.dialect.has_credentials:
            await self._cancel_on_exit(cancel_orders_on_exit)
