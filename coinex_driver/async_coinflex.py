"""A CoinFLEX client of every driver that awaits: one method a command, decimals for scaled integers.

Topics and commands are made by `CoinflexCommands`. Must not know trio nor asyncio.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from coinex_driver.async_client import AsyncClient
from coinex_driver.coinflex_commands import (
    CoinflexBalance,
    CoinflexCommands,
    CoinflexEstimate,
    MarketLike,
    Number,
    Persist,
    Side,
)
from coinex_driver.exit_orders import ExitOrder
from coinex_proto import BookChanged, OrderView, Sources, coinflex


class AsyncCoinflexClient(AsyncClient):
    """Amounts and prices are decimals here, exact to the digit: what does not fit is refused, nothing is rounded.

    Events carry the wire's integers; books and orders carry decimals. Base class only.
    """

    assets: coinflex.Assets
    _commands: CoinflexCommands
    cancelled_on_exit: tuple[ExitOrder, ...]
    """What became of the own orders that were open when the block was left, with `cancel_orders_on_exit`."""

    def _trade_with(self, assets: coinflex.Assets, sources: Sources) -> None:
        """To be called once, after the client is made."""
        self.assets = assets
        self._commands = CoinflexCommands(assets, sources)
        self.cancelled_on_exit = ()

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

    async def estimate_market_order(
        self, market: MarketLike, side: Side, *, quantity: Number | None = None, total: Number | None = None
    ) -> CoinflexEstimate:
        """What a market order by base (`quantity`) or by counter (`total`) would trade now. Needs no sign-in."""
        command = self._commands.estimate_market_order(market, side, quantity, total)
        return self._commands.estimate(command, await self.request(command))

    # The account ------------------------------------------------------------------------------------------------------

    async def get_balances(self) -> tuple[CoinflexBalance, ...]:
        """All balances. Raises `UsageError` for an asset that the table does not have: there is no scale for it."""
        return tuple(map(self._commands.balance, (await self.request(coinflex.GetBalances())).balances))

    async def get_orders(self) -> tuple[OrderView, ...]:
        """The account's open orders, those of other programs too."""
        ids = {order.id for order in (await self.request(coinflex.GetOrders())).orders}
        return tuple(view for view in self.orders() if view.order_id in ids)

    async def get_trade_volume(self, asset: str | int) -> Decimal:
        """What the account has traded of one asset in the last 30 days."""
        known = self.assets.named(asset)
        return self.assets.amount(known.id, (await self.request(coinflex.GetTradeVolume(asset=known.id))).volume)

    # Orders -----------------------------------------------------------------------------------------------------------

    async def place_order(
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
        which may come after that: `why` says how much was traded. Raises `RequestRefused` when it was
        not taken, and `OutcomeUnknown` when nobody knows.

        The tonce, by default higher than all before, is the order's `client_order_id`. `persist=False`: cancelled when
        this client disconnects; "fill_or_kill": what does not trade at once is cancelled.
        """
        return await self.request(
            self._commands.place_order(
                market, side, quantity, price, total=total, tonce=tonce, persist=persist, post_only=post_only
            )
        )

    async def modify_order(
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
        await self.request(self._commands.modify_order(order, quantity_delta, price, post_only))
        return next((view for view in self.orders() if view.order_id == order.order_id), order)

    async def cancel_order(self, order: OrderView | int) -> coinflex.OrderCancelled:
        """Cancel one order, by its view or its id. Raises `RequestRefused` with code 1 when it is not open any more."""
        return await self.request(self._commands.cancel_order(order))

    async def cancel_all_orders(self) -> coinflex.OrdersCancelled:
        """Cancel all orders of the account in all markets, those of other programs too."""
        return await self.request(coinflex.CancelAllOrders())
