"""The blocking CoinEx client: a method a channel, own orders over HTTP, and credentials from the environment.

What is done over HTTP is decided in `coinex_driver.coinex_trading`; here it is done in the calling thread. Must not import
trio, and imports httpx2 only when HTTP is used.
"""

from __future__ import annotations

import math
import os
import ssl
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar, assert_never, final
from weakref import ref

from coinex_driver.arguments import check_interval, check_seconds
from coinex_driver.coinex_facade import CoinexSubscriptions, Module, dialect_of, http_url_of
from coinex_driver.exit_orders import ExitOrder, check_exit_seconds
from coinex_driver.order_guard import OrderGuard, OrdersGuarded, check_guard
from coinex_driver.reentry import CURRENT_THREAD
from coinex_proto import Callbacks, Config, Event, OrderView, UsageError, coinex
from coinex_proto.checks import check_order
from coinex_trio._io.blocking_io import BlockingIO
from coinex_trio._io.blocking_lines import BlockingLines
from coinex_trio._io.guarded_io import guarded_io
from coinex_trio.blocking import BlockingClient
from coinex_trio.network import SYSTEM, Network

if TYPE_CHECKING:
    from coinex_driver.coinex_trading import Action, Actions, CoinexTrading
    from coinex_proto.coinex.http import Number, OrderType, Side, StpMode
    from coinex_proto.coinex.http.futures import Position
    from coinex_trio._facades.guard import ClientGuard
    from coinex_trio.http import BlockingHttp

T = TypeVar("T")

ACCESS_ID: Final = "COINEX_ACCESS_ID"
SECRET_KEY: Final = "COINEX_SECRET_KEY"


@final
class CoinexClient(BlockingClient, CoinexSubscriptions):
    """A blocking client of one CoinEx socket, spot or futures.

    A callback gets one event each: the classes are named at the methods. Subscriptions may be stated at any time and
    survive reconnects; private ones need credentials, and the sign-in happens by itself.
    """

    def __init__(
        self,
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
        background: bool = False,
        backfill: bool = False,
        check_orders_every: float | None = None,
        cancel_orders_on_exit: float | None = None,
        guard: OrderGuard | None = None,
    ) -> None:
        """Nothing is opened yet. `url`: another address than the exchange's own; `ws://` only to this machine, unless
        `allow_plaintext` says that credentials may be read on the way. `http_url`: where HTTP is asked; left out, it is
        the venue's own, and with a `url` the host of that. `backfill`: after each `Restored` the trades, own trades and
        finished orders that were missed are asked for over HTTP and handed out with `is_recovered`, then `Backfilled`.
        `check_orders_every`: so often (seconds) the venue's list of
        open orders is compared with the orders known here; what differs is an `OrderChanged`, and counted in
        `stats.order_differences`.

        `cancel_orders_on_exit`: so many
        seconds, when the client is left or closed in whatever way, for cancelling every own order that it knows to be open
        (those of other programs that it has seen too); `cancelled_on_exit` says what became of each.

        `guard`: a dead man's switch, which cancels over HTTP on the way out, when own orders are lost for too long and when
        a callback has raised; see `OrderGuard`. Each time it reports by an `OrdersGuarded` and in `guarded`. With
        `background=True` it acts in a thread of its own, whatever the calling thread does; otherwise in the calls that wait.
        """
        check_exit_seconds(cancel_orders_on_exit)
        check_guard(guard, has_credentials=credentials is not None, cancel_orders_on_exit=cancel_orders_on_exit)
        self.guarded: OrdersGuarded | None = None
        """The latest report of the guard."""
        self._order_guard = guard
        self._guard: ClientGuard | None = None
        self.cancelled_on_exit: tuple[ExitOrder, ...] = ()
        """What became of the own orders that were open when the client was left, with `cancel_orders_on_exit`."""
        self._cancel_within = cancel_orders_on_exit if credentials is not None else None
        check_interval(check_orders_every, has_credentials=credentials is not None)
        super().__init__(
            dialect_of(module, credentials, url, allow_plaintext=allow_plaintext),
            callbacks=callbacks,
            config=config,
            ssl_context=ssl_context,
            network=network,
            background=background,
        )
        self._has_credentials = credentials is not None
        self._module: Module = module
        self._http_options: dict[str, Any] = {
            "credentials": credentials,
            "url": http_url or http_url_of(url),
            "config": config,
            "ssl_context": ssl_context,
            "allow_plaintext": allow_plaintext,
            "network": network,
        }
        self._has_backfill = backfill
        self._check_orders_every = check_orders_every
        if backfill or check_orders_every is not None:
            _ = self._trading
        if guard is not None:
            from coinex_trio._facades.guard import ClientGuard

            self._guard = ClientGuard(self, guard, module)

    def _make_io(self, network: Network, ssl_context: ssl.SSLContext | None) -> BlockingIO | BlockingLines:
        if self._order_guard is None:
            return super()._make_io(network, ssl_context)
        return guarded_io(self._core, network, ssl_context)

    def on_error(self, handler: Callable[[Event, Exception], object]) -> None:
        """Exceptions of callbacks go to `handler` and the client goes on; without one they end what drives the client."""
        super().on_error(handler if self._guard is None else self._guard.handling(handler))

    def authenticate(self) -> None:
        """Open if need be and return when signed in; raises `LoginRefused`. Happens by itself otherwise."""
        if not self._has_credentials:
            raise UsageError("Authentication required: this client was made without credentials")
        self.ready()

    def ping(self) -> float:
        """Seconds that the exchange took to answer."""
        self._open()
        sent_at = self._core.now()
        self.request(coinex.Ping())
        return self._core.now() - sent_at

    def server_time(self) -> int:
        """The exchange's clock, Unix milliseconds."""
        return self.request(coinex.ServerTime())

    # Over HTTP: the extra `http` ---------------------------------------------------------------------------------------

    @cached_property
    def http(self) -> BlockingHttp:
        """CoinEx over HTTP with this client's credentials and clock: `cx.http.request(spot.ListMarket())`.

        Made when it is first used; raises `UsageError` where the extra `http` is not installed. While a call waits for
        its answer the socket is not read, unless `background=True`.
        """
        self._check_unclosed()  # nobody would close what is made now
        http = self._new_http()
        core = self._core
        http.end_with(lambda: core.stops_by)
        return http

    def _new_http(self) -> BlockingHttp:
        from coinex_trio.http import BlockingHttp

        session = self._core.session
        given = {name: value for name, value in self._http_options.items() if value is not None}
        return BlockingHttp(**given, clock=session.clock, orders=session.orders)

    @cached_property
    def _trading(self) -> CoinexTrading:
        """What is done over HTTP; from now on orders of unknown state are asked about after each loss."""
        _ = self.http
        from coinex_driver.coinex_trading import CoinexTrading

        trading = CoinexTrading(self, self._core, self._module)
        client_of = ref(self)

        def perform(actions: Actions[None]) -> None:
            client = client_of()
            assert client is not None, "its own callbacks are called by it"
            client._perform(actions)

        self._change(
            lambda: trading.watch(perform, backfill=self._has_backfill, check_orders_every=self._check_orders_every)
        )
        return trading

    def place_order(
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
        """Place an order, once; allowed in callbacks. A client id is made when none is given.

        The view is live and shared with the pushes. Its state is "unknown" when the answer was lost: the order may stand,
        and `wait` or `resolve` find out; do not place it again before. Raises `HttpRefused` when the venue says no, and
        `NotReady` at once, with nothing sent, while the pushes of own orders in this market are not live. The first order
        in a market waits for them: `ready(coinex.Orders())` beforehand makes it quick.

        A market order on spot must say what its amount counts: `ccy="BTC"` or `ccy="USDT"` on BTCUSDT.
        """
        return self._perform(
            self._trading.place_order(
                market,
                side,
                type,
                amount,
                price,
                client_id=self._network.sources.random_bytes(12).hex() if client_id is None else client_id,
                ccy=ccy,
                is_hide=is_hide,
                stp_mode=stp_mode,
            )
        )

    def cancel_order(self, order: OrderView) -> OrderView:
        """Cancel an order; allowed in callbacks and at any time. One that has ended meanwhile is looked up instead.

        Raises `HttpRefused`, and `HttpOutcomeUnknown` when the answer was lost: cancelling again does no harm.
        """
        return self._perform(self._trading.cancel_order(order))

    def modify_order(self, order: OrderView, *, amount: Number | None = None, price: Number | None = None) -> OrderView:
        """Change amount (what is filled included) or price; allowed in callbacks. The view follows a new order id.

        Raises `HttpRefused`, which leaves the order as it was, and `HttpOutcomeUnknown`: then `resolve` tells.
        """
        return self._perform(self._trading.modify_order(order, amount, price))

    def resolve(self, order: OrderView) -> OrderView:
        """Ask the venue what became of an order; the view says what it knows, and stays "unknown" while that is nothing.

        An order that was known and is not found any more was cancelled without a fill. One that was never confirmed is
        `refused` when it is not found 20 s after it was sent: the venue would not take it any more.
        """
        return self._perform(self._trading.resolve(order))

    def wait(self, order: OrderView, timeout: float = math.inf) -> OrderView:
        """The order when it is final; raises `TimeoutError`. Pushes tell, and queries while no push can come."""
        if self._is_closed or not self._has_credentials or not self._can_trade():
            return super().wait(order, timeout)
        check_order(order)
        check_seconds(timeout)
        self._open()
        return self._perform(self._trading.wait(order, timeout))

    def open_orders(self, market: str | None = None) -> tuple[OrderView, ...]:
        """Every own order that is open at the venue, those of other programs too; kept up to date by pushes from now on.

        The pushes flow before the list is asked for, so that nothing falls in between. `orders()` is the same without
        asking. Subscribes `Orders`; a call that waits.
        """
        return self._perform(self._trading.open_orders(market))

    def balances(self) -> Mapping[str, coinex.BalanceUpdate]:
        """Own balances by currency, of this half of the venue: asked for once, then kept by pushes; margin left out.

        Costs nothing while the pushes are trusted; after a loss it asks again, and waits for that. What it gives does not
        change; call it again. Raises `TimeoutError` while the pushes of `Balances` do not flow.
        """
        return self._perform(self._trading.balances())

    def positions(self) -> Mapping[str, Position]:
        """Own futures positions by market: asked for once, then kept by pushes; otherwise as `balances`."""
        return self._perform(self._trading.positions())

    def close(self) -> None:
        """Close in good order, within `Config.close_timeout`; twice is once. In a callback it is `stop()`."""
        try:
            self._cancel_on_exit()
        finally:
            self._close()

    def _cancel_on_exit(self) -> None:
        if not self._may_cancel_on_exit():
            return
        if self._guard is not None:
            self._guard.leave()
        seconds, self._cancel_within = self._cancel_within, None
        if seconds is None or not self._core.session.orders.open():
            return
        from coinex_driver.coinex_exit import cancel_on_exit

        sources = self._network.sources
        actions = cancel_on_exit(self._core, self._module, self.step, sources, seconds, is_cut=self._io.is_interrupted)
        self.cancelled_on_exit = self._perform(actions)

    def _close(self) -> None:
        try:
            super().close()
        finally:
            if self._is_closed and "http" in self.__dict__:
                self.http.close()

    def _perform(self, actions: Actions[T]) -> T:
        try:
            action = next(actions)
            while True:
                try:
                    done = self._do(action)
                except Exception as error:  # noqa: BLE001  (comes out where it was not expected)
                    action = actions.throw(error)
                else:
                    action = actions.send(done)
        except StopIteration as stop:
            result: T = stop.value
            return self._detached(result)
        finally:
            actions.close()

    def _do(self, action: Action) -> object:
        from coinex_driver.coinex_trading import BecomeLive, CatchUp, Pause, RunHttp, SendRequest, WaitUntil
        from coinex_trio._io.pausing import pause

        match action:
            case RunHttp(commands, timeout):
                return self.http.run(commands, timeout=timeout)
            case SendRequest(command):
                return self.request(command)
            case BecomeLive(topics):
                self.ready(*topics)
                return None
            case WaitUntil(is_done, until):
                return self._until(is_done, until, "wait()")
            case CatchUp():
                return self._caught_up()
            case Pause(seconds):
                pause(self._network, seconds)
                return None
            case _:
                assert_never(action)

    def _caught_up(self) -> bool:
        """A script that slept must not go by the past; in a callback, which may not wait, everything is read already."""
        if CURRENT_THREAD.is_waiting:
            return False
        self._open()
        self._catch_up(self._core.now() + self._core.config.request_timeout)
        return True

    def _can_trade(self) -> bool:
        """Whether the extra `http` is installed."""
        try:
            _ = self._trading
        except ImportError:
            return False
        return True


def credentials_from_env() -> coinex.Credentials:
    """Credentials from COINEX_ACCESS_ID and COINEX_SECRET_KEY; raises `UsageError` naming what is missing."""
    missing = [name for name in (ACCESS_ID, SECRET_KEY) if not os.environ.get(name)]
    if missing:
        raise UsageError(f"set {' and '.join(missing)} in the environment")
    return coinex.Credentials(os.environ[ACCESS_ID], os.environ[SECRET_KEY])
