"""The blocking CoinFLEX client with one method a command, decimals for scaled integers, and credentials from the environment.

Topics and commands are made by `CoinflexCommands`; all other work is the blocking client's. Must not import trio.
"""

from __future__ import annotations

import base64
import binascii
import os
import ssl
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Self, final

from coinex_driver.arguments import check_interval
from coinex_driver.coinflex_commands import (
    CoinflexBalance,
    CoinflexCommands,
    CoinflexEstimate,
    MarketLike,
    Number,
    Persist,
    Side,
)
from coinex_driver.exit_orders import ExitOrder, check_exit_seconds
from coinex_proto import BookChanged, Callbacks, Config, OrderView, UsageError, coinflex
from coinex_trio._facades.exit_orders import cancel_on_exit
from coinex_trio.blocking import BlockingClient
from coinex_trio.network import SYSTEM, Network

if TYPE_CHECKING:
    from coinex_proto.coinflex.http import Pair

USER_ID: Final = "COINFLEX_USER_ID"
COOKIE: Final = "COINFLEX_COOKIE"
PASSPHRASE: Final = "COINFLEX_PASSPHRASE"
PRIVATE_KEY: Final = "COINFLEX_PRIVATE_KEY"
"""Base64 of the 28 bytes, instead of the passphrase."""


@final
class CoinflexClient(BlockingClient):
    """A blocking client of CoinFLEX.

    Amounts and prices are decimals here, exact to the digit: what does not fit is refused, nothing is rounded. Events
    carry the wire's integers; books and orders carry decimals. The sign-in happens by itself.
    """

    def __init__(
        self,
        credentials: coinflex.Credentials | None = None,
        *,
        assets: coinflex.Assets = coinflex.ASSETS_2020,
        url: str | None = None,
        allow_plaintext: bool = False,
        callbacks: Callbacks | None = None,
        config: Config = Config(),  # noqa: B008  (frozen)
        ssl_context: ssl.SSLContext | None = None,
        network: Network = SYSTEM,
        background: bool = False,
        check_orders_every: float | None = None,
        cancel_orders_on_exit: float | None = None,
    ) -> None:
        """Nothing is opened yet. `assets`: what `fetch_assets` gives; by default the table of spring 2020.

        `url`: another address than the exchange's own; `ws://` only to this machine, unless `allow_plaintext` says that
        the account may be read on the way. `check_orders_every`: so often (seconds) the venue's list of
        open orders is compared with the orders known here; what differs is an `OrderChanged`, and counted in
        `stats.order_differences`.

        `cancel_orders_on_exit`: so many seconds, when the client is left or closed in whatever way, for cancelling every
        own order that it knows to be open (those of other programs that it has seen too); `cancelled_on_exit` says what
        became of each.
        """
        check_exit_seconds(cancel_orders_on_exit)
        self.cancelled_on_exit: tuple[ExitOrder, ...] = ()
        """What became of the own orders that were open when the client was left, with `cancel_orders_on_exit`."""
        self._cancel_within = cancel_orders_on_exit if credentials is not None else None
        check_interval(check_orders_every, has_credentials=credentials is not None)
        dialect = coinflex.live(
            credentials=credentials, assets=assets, url=url or coinflex.LIVE_URL, allow_plaintext=allow_plaintext
        )
        super().__init__(
            dialect,
            callbacks=callbacks,
            config=config,
            ssl_context=ssl_context,
            network=network,
            background=background,
        )
        self.step(lambda session, now: session.compare_orders_every(check_orders_every, now))
        self.assets = assets
        self._commands = CoinflexCommands(assets, network.sources)

    @classmethod
    def from_env(
        cls,
        *,
        assets: coinflex.Assets = coinflex.ASSETS_2020,
        url: str | None = None,
        config: Config = Config(),  # noqa: B008  (frozen)
        network: Network = SYSTEM,
        background: bool = False,
    ) -> Self:
        """A client with the credentials of `credentials_from_env`."""
        return cls(
            credentials_from_env(), assets=assets, url=url, config=config, network=network, background=background
        )

    def close(self) -> None:
        """Close in good order, within `Config.close_timeout`; twice is once. In a callback it is `stop()`."""
        try:
            seconds = self._cancel_within
            if seconds is not None and self._may_cancel_on_exit():
                self._cancel_within = None
                cancel_on_exit(self, self._commands.cancel_order, seconds, self._left)
        finally:
            super().close()

    def _left(self, orders: tuple[ExitOrder, ...]) -> None:
        self.cancelled_on_exit = orders

    # Market data ------------------------------------------------------------------------------------------------------

    def watch_orders(self, market: MarketLike, callback: Callable[[BookChanged], object] | None = None) -> None:
        """The book of one market; the callback gets it as it is proved, by price level."""
        self.subscribe(self._commands.order_book(market), callback=callback)

    def unwatch_orders(self, market: MarketLike) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(self._commands.order_book(market))

    def watch_ticker(
        self, market: MarketLike, callback: Callable[[coinflex.TickerUpdate], object] | None = None
    ) -> None:
        """Best prices and figures of 24 hours of one market, whole each time, in the wire's integers."""
        self.subscribe(self._commands.ticker(market), callback=callback)

    def unwatch_ticker(self, market: MarketLike) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(self._commands.ticker(market))

    def estimate_market_order(
        self, market: MarketLike, side: Side, *, quantity: Number | None = None, total: Number | None = None
    ) -> CoinflexEstimate:
        """What a market order by base (`quantity`) or by counter (`total`) would trade now. Needs no sign-in."""
        command = self._commands.estimate_market_order(market, side, quantity, total)
        return self._commands.estimate(command, self.request(command))

    # The account ------------------------------------------------------------------------------------------------------

    def get_balances(self) -> tuple[CoinflexBalance, ...]:
        """All balances. Raises `UsageError` for an asset that the table does not have: there is no scale for it."""
        return tuple(map(self._commands.balance, self.request(coinflex.GetBalances()).balances))

    def get_orders(self) -> tuple[OrderView, ...]:
        """The account's open orders, those of other programs too."""
        ids = {order.id for order in self.request(coinflex.GetOrders()).orders}
        return tuple(view for view in self.orders() if view.order_id in ids)

    def get_trade_volume(self, asset: str | int) -> Decimal:
        """What the account has traded of one asset in the last 30 days."""
        known = self.assets.named(asset)
        return self.assets.amount(known.id, self.request(coinflex.GetTradeVolume(asset=known.id)).volume)

    # Orders -----------------------------------------------------------------------------------------------------------

    def place_order(
        self,
        market: MarketLike,
        side: Side,
        quantity: Number | None = None,
        price: Number | None = None,
        *,
        total: Number | None = None,
        tonce: int | None = None,
        persist: Persist | None = None,
        post_only: bool | None = None,
    ) -> OrderView:
        """Place a limit order, or without a price a market order by `quantity` (base) or `total` (counter).

        Returns when the exchange has taken it. A market order by total is over then, but `filled` follows from its trades,
        which may come after that: `why` says how much was traded, and `run` reads on. Raises `RequestRefused` when it was
        not taken, and `OutcomeUnknown` when nobody knows.

        The tonce, by default higher than all before, is the order's `client_order_id`. `persist=False`: cancelled when
        this client disconnects; "fill_or_kill": what does not trade at once is cancelled.
        """
        return self.request(
            self._commands.place_order(
                market, side, quantity, price, total=total, tonce=tonce, persist=persist, post_only=post_only
            )
        )

    def modify_order(
        self,
        order: OrderView,
        *,
        quantity_delta: Number | None = None,
        price: Number | None = None,
        post_only: bool | None = None,
    ) -> OrderView:
        """Enlarge (above zero) or shrink (below zero) what remains of an order, change its price, or both.

        Gives the order as it is known now. Shrinking it to nothing cancels it; `cancel_order` says that more clearly.
        """
        self.request(self._commands.modify_order(order, quantity_delta, price, post_only))
        return next((view for view in self.orders() if view.order_id == order.order_id), order)

    def cancel_order(self, order: OrderView | int) -> coinflex.OrderCancelled:
        """Cancel one order, by its view or its id. Raises `RequestRefused` with code 1 when it is not open any more."""
        return self.request(self._commands.cancel_order(order))

    def cancel_all_orders(self) -> coinflex.OrdersCancelled:
        """Cancel all orders of the account in all markets, those of other programs too."""
        return self.request(coinflex.CancelAllOrders())


def credentials_from_env() -> coinflex.Credentials:
    """Credentials from COINFLEX_USER_ID, COINFLEX_COOKIE and COINFLEX_PASSPHRASE or COINFLEX_PRIVATE_KEY (base64).

    Raises `UsageError` naming what is missing or cannot be read, never showing it.
    """
    missing = [name for name in (USER_ID, COOKIE) if not os.environ.get(name)]
    if not (os.environ.get(PASSPHRASE) or os.environ.get(PRIVATE_KEY)):
        missing.append(f"{PASSPHRASE} (or {PRIVATE_KEY})")
    if missing:
        raise UsageError(f"set {' and '.join(missing)} in the environment")
    if not os.environ[USER_ID].isdecimal():
        raise UsageError(f"{USER_ID} must be a number, the core id of the account page")
    user_id, cookie = int(os.environ[USER_ID]), os.environ[COOKIE]
    if os.environ.get(PASSPHRASE):
        return coinflex.Credentials(user_id, cookie, os.environ[PASSPHRASE])
    try:
        key = base64.b64decode(os.environ[PRIVATE_KEY], validate=True)
    except (binascii.Error, ValueError):
        raise UsageError(f"{PRIVATE_KEY} must be the base64 text of the 28 bytes") from None
    return coinflex.Credentials(user_id, cookie, private_key=key)


def fetch_assets(url: str | None = None, *, network: Network = SYSTEM) -> coinflex.Assets:
    """The exchange's own table of assets, over HTTP. Needs the extra `http`."""
    from coinex_proto.coinflex.http import LIVE_HTTP_URL
    from coinex_trio._http.coinflex import CoinflexHttp

    with CoinflexHttp(url=url or LIVE_HTTP_URL, network=network) as http:
        return http.assets()


def fetch_markets(url: str | None = None, *, network: Network = SYSTEM) -> Mapping[Pair, coinflex.Market]:
    """The exchange's markets by base and counter, over HTTP. Needs the extra `http`."""
    from coinex_proto.coinflex.http import LIVE_HTTP_URL
    from coinex_trio._http.coinflex import CoinflexHttp

    with CoinflexHttp(url=url or LIVE_HTTP_URL, network=network) as http:
        return http.markets()
