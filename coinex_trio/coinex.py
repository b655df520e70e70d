"""The blocking CoinEx client with one verb a channel, and credentials from the environment.

Each verb only names a topic; all the work is the blocking client's. Must not import trio.
"""

from __future__ import annotations

import math
import os
import ssl
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, final

from coinex_driver.arguments import check_seconds
from coinex_proto import BookChanged, Callbacks, Config, OrderView, UsageError, coinex
from coinex_proto.checks import check_order
from coinex_trio._facades.coinex_http import ASK_AGAIN, Together, http_url_of
from coinex_trio.blocking import BlockingClient
from coinex_trio.network import SYSTEM, Network

if TYPE_CHECKING:
    from coinex_proto.coinex.http import Number, OrderType, Side, StpMode
    from coinex_proto.coinex.http.futures import Position
    from coinex_trio.http import BlockingHttp

Module: TypeAlias = Literal["spot", "futures"]

ACCESS_ID: Final = "COINEX_ACCESS_ID"
SECRET_KEY: Final = "COINEX_SECRET_KEY"


@final
class CoinexClient(BlockingClient):
    """A blocking client of one CoinEx socket, spot or futures.

    A callback gets one event each: the classes are named at the verbs. Subscriptions may be stated at any time and
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
    ) -> None:
        """Nothing is opened yet. `url`: another address than the exchange's own; `ws://` only to this machine, unless
        `allow_plaintext` says that credentials may be read on the way. `http_url`: where HTTP is asked; left out, it is
        the venue's own, and with a `url` the host of that. `backfill`: after each `Restored` the trades, own trades and
        finished orders that were missed are asked for over HTTP and handed out with `is_recovered`, then `Backfilled`.
        """
        super().__init__(
            _dialect(module, credentials, url, allow_plaintext),
            callbacks=callbacks,
            config=config,
            ssl_context=ssl_context,
            network=network,
            background=background,
        )
        self._has_credentials = credentials is not None
        clock = self._core.session.clock

        def make_http() -> BlockingHttp:
            from coinex_trio._http.wire import DEFAULT_URL
            from coinex_trio.http import BlockingHttp

            return BlockingHttp(
                credentials,
                url=http_url or http_url_of(url) or DEFAULT_URL,
                config=config,
                ssl_context=ssl_context,
                allow_plaintext=allow_plaintext,
                network=network,
                clock=clock,
            )

        self._together = Together(self, module, make_http)
        if backfill:
            self._together.fill_gaps()

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

    @property
    def http(self) -> BlockingHttp:
        """CoinEx over HTTP with this client's credentials and clock: `cx.http.request(spot.ListMarket())`.

        Made when it is first used; raises `UsageError` where the extra `http` is not installed. While a call waits for
        its answer the socket is not read, unless `background=True`.
        """
        return self._together.http

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
        desk = self._together.desk
        if client_id is None:
            client_id = self._network.sources.random_bytes(12).hex()
        command = desk.order(
            market, side, type, amount, price, client_id=client_id, ccy=ccy, is_hide=is_hide, stp_mode=stp_mode
        )
        self._together.follow(market)
        return self._detached(self.http.ask(desk.place(command)))

    def cancel_order(self, order: OrderView) -> OrderView:
        """Cancel an order; allowed in callbacks and at any time. One that has ended meanwhile is looked up instead.

        Raises `HttpRefused`, and `HttpOutcomeUnknown` when the answer was lost: cancelling again does no harm.
        """
        return self._detached(self.http.ask(self._together.desk.cancel(order)))

    def modify_order(self, order: OrderView, *, amount: Number | None = None, price: Number | None = None) -> OrderView:
        """Change amount (what is filled included) or price; allowed in callbacks. The view follows a new order id.

        Raises `HttpRefused`, which leaves the order as it was, and `HttpOutcomeUnknown`: then `resolve` tells.
        """
        return self._detached(self.http.ask(self._together.desk.modify(order, amount=amount, price=price)))

    def resolve(self, order: OrderView) -> OrderView:
        """Ask the venue what became of an order; the view says what it knows, and stays "unknown" while that is nothing.

        An order that was known and is not found any more was cancelled without a fill. One that was never confirmed is
        `refused` when it is not found 20 s after it was sent: the venue would not take it any more.
        """
        return self._detached(self.http.ask(self._together.desk.find_out(order)))

    def wait(self, order: OrderView, timeout: float = math.inf) -> OrderView:
        """The order when it is final; raises `TimeoutError`. Pushes tell, and queries while no push can come."""
        if self._is_closed or not self._has_credentials or not self._together.can_ask:
            return super().wait(order, timeout)
        check_order(order)
        check_seconds(timeout)
        self._open()
        live, together = self._core.session.orders.live(order), self._together
        until, ask_at = self._core.now() + timeout, self._core.now()
        while not live.is_final:
            now = self._core.now()
            if now >= until:
                raise TimeoutError(f"the order is {live.state} after {timeout:g} s")
            if together.can_hear_of(live):
                self._until(lambda: live.is_final or not together.can_hear_of(live), until, "wait()")
            elif now < ask_at:
                self._until(lambda: live.is_final or together.can_hear_of(live), min(until, ask_at), "wait()")
            else:
                together.try_to_find_out(live, until - now)
                ask_at = self._core.now() + ASK_AGAIN
        return self._detached(live)

    def open_orders(self, market: str | None = None) -> tuple[OrderView, ...]:
        """Every own order that is open at the venue, those of other programs too; kept up to date by pushes from now on.

        The pushes flow before the list is asked for, so that nothing falls in between. `orders()` is the same without
        asking. Subscribes `Orders`; a call that waits.
        """
        return self._together.open_orders(market)

    def balances(self) -> Mapping[str, coinex.BalanceUpdate]:
        """Own balances by currency, of this half of the venue: asked for once, then kept by pushes; margin left out.

        Costs nothing while the pushes are trusted; after a loss it asks again, and waits for that. What it gives does not
        change; call it again. Raises `TimeoutError` while the pushes of `Balances` do not flow.
        """
        return self._together.balances()

    def positions(self) -> Mapping[str, Position]:
        """Own futures positions by market: asked for once, then kept by pushes; otherwise as `balances`."""
        return self._together.positions()

    def close(self) -> None:
        """Close in good order, within `Config.close_timeout`; twice is once. In a callback it is `stop()`."""
        try:
            super().close()
        finally:
            if self._is_closed:
                self._together.close()

    # Market data ------------------------------------------------------------------------------------------------------

    def subscribe_ticker(
        self, market: str | None, callback: Callable[[coinex.TickerUpdate], object] | None = None
    ) -> None:
        """24-hour figures of one market, or of all (None), at most every 200 ms."""
        self.subscribe(coinex.Ticker(market), callback=callback)

    def unsubscribe_ticker(self, market: str | None) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(coinex.Ticker(market))

    def subscribe_depth(
        self,
        market: str,
        limit: int = 50,
        interval: str = "0",
        callback: Callable[[BookChanged], object] | None = None,
    ) -> None:
        """The order book of one market: the callback gets the whole book after each change, proved by its checksum.

        `limit`: 5, 10, 20 or 50 levels a side; `interval`: prices merged to multiples of it, "0" not at all.
        """
        self.subscribe(coinex.Depth(market, limit, interval), callback=callback)

    def unsubscribe_depth(self, market: str) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(coinex.Depth(market))

    def subscribe_trades(
        self, market: str | None, callback: Callable[[coinex.TradesUpdate], object] | None = None
    ) -> None:
        """Public trades of one market, or of all (None); the first update is history, and says so."""
        self.subscribe(coinex.Trades(market), callback=callback)

    def unsubscribe_trades(self, market: str | None) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(coinex.Trades(market))

    # Account data -----------------------------------------------------------------------------------------------------

    def subscribe_balance(self, callback: Callable[[coinex.BalanceUpdate], object] | None = None) -> None:
        """Changes of own balances, one currency an update."""
        self.subscribe(coinex.Balances(), callback=callback)

    def unsubscribe_balance(self) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(coinex.Balances())

    def subscribe_user_order(self, callback: Callable[[coinex.OrderUpdate], object] | None = None) -> None:
        """Changes of own orders in all markets."""
        self.subscribe(coinex.Orders(), callback=callback)

    def unsubscribe_user_order(self) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(coinex.Orders())

    def subscribe_user_deals(self, callback: Callable[[coinex.UserTradeUpdate], object] | None = None) -> None:
        """Own fills in all markets, one an update."""
        self.subscribe(coinex.UserTrades(), callback=callback)

    def unsubscribe_user_deals(self) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(coinex.UserTrades())


def credentials_from_env() -> coinex.Credentials:
    """Credentials from COINEX_ACCESS_ID and COINEX_SECRET_KEY; raises `UsageError` naming what is missing."""
    missing = [name for name in (ACCESS_ID, SECRET_KEY) if not os.environ.get(name)]
    if missing:
        raise UsageError(f"set {' and '.join(missing)} in the environment")
    return coinex.Credentials(os.environ[ACCESS_ID], os.environ[SECRET_KEY])


def _dialect(
    module: Module, credentials: coinex.Credentials | None, url: str | None, allow_plaintext: bool
) -> coinex.CoinexDialect:
    match module:
        case "spot":
            return coinex.spot(credentials=credentials, url=url or coinex.SPOT_URL, allow_plaintext=allow_plaintext)
        case "futures":
            return coinex.futures(
                credentials=credentials, url=url or coinex.FUTURES_URL, allow_plaintext=allow_plaintext
            )
        case _:
            raise UsageError(f"CoinexClient({module!r}): the sockets are 'spot' and 'futures'")
