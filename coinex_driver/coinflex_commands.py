"""Topics and commands of CoinFLEX from market names and decimals, and decimals from its answers, whatever the driver.

What does not fit into the venue's scaled integers is refused, nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal, TypeAlias, final

from attrs import frozen

from coinex_proto import OrderView, Sources, UsageError, coinflex

Side: TypeAlias = Literal["buy", "sell"]
Number: TypeAlias = str | int | Decimal
MarketLike: TypeAlias = str | tuple[int, int]
"""XBT/USDT, or the codes of base and counter."""
Persist: TypeAlias = bool | Literal["fill_or_kill"]

_SIGNS: Final[Mapping[str, int]] = {"buy": 1, "sell": -1}


@final
@frozen(kw_only=True)
class CoinflexBalance:
    """What the account has of one asset."""

    asset: str
    available: Decimal
    reserved: Decimal | None
    """For open orders; None where the venue does not say."""
    total: Decimal | None


@final
@frozen(kw_only=True)
class CoinflexEstimate:
    """What a market order would trade now, without fees."""

    quantity: Decimal
    """Base."""
    total: Decimal
    """Counter."""


@final
class CoinflexCommands:
    """Makes them for one table of assets."""

    def __init__(self, assets: coinflex.Assets, sources: Sources) -> None:
        self._assets = assets
        self._sources = sources
        self._last_tonce = 0
        """A tonce must be higher than all before, also within one microsecond and after a clock set back."""

    def order_book(self, market: MarketLike) -> coinflex.OrderBook:
        """The topic of a market's book."""
        return coinflex.OrderBook(*self._pair(market))

    def ticker(self, market: MarketLike) -> coinflex.Ticker:
        """The topic of a market's ticker."""
        return coinflex.Ticker(*self._pair(market))

    def estimate_market_order(
        self, market: MarketLike, side: Side, quantity: Number | None, total: Number | None
    ) -> coinflex.EstimateMarketOrder:
        """What a market order would trade; `estimate` reads the answer."""
        base, counter = self._pair(market)
        sign = _sign(side)
        return coinflex.EstimateMarketOrder(
            base=base,
            counter=counter,
            quantity=self._units(base, quantity, sign, "quantity"),
            total=self._units(counter, total, sign, "total"),
        )

    def place_order(
        self,
        market: MarketLike,
        side: Side,
        quantity: Number | None,
        price: Number | None,
        *,
        total: Number | None,
        tonce: int | None,
        persist: Persist | None,
        post_only: bool | None,
    ) -> coinflex.PlaceOrder:
        """A limit order, or without a price a market order by quantity or total."""
        base, counter = self._pair(market)
        sign = _sign(side)
        return coinflex.PlaceOrder(
            base=base,
            counter=counter,
            quantity=self._units(base, quantity, sign, "quantity"),
            price=None if price is None else coinflex.price_units(price),
            total=self._units(counter, total, sign, "total"),
            tonce=self._next_tonce() if tonce is None else tonce,
            persist=persist,
            post_only=post_only,
            assets=self._assets,
        )

    def modify_order(
        self, order: OrderView, quantity_delta: Number | None, price: Number | None, post_only: bool | None
    ) -> coinflex.ModifyOrder:
        """Enlarges or shrinks what remains of an order, or changes its price."""
        sign = _SIGNS.get(_view(order).side or "")
        if order.market is None or sign is None:
            raise UsageError(f"modify_order({order}): its market and side are not known; ask get_orders()")
        base, _ = self._pair(order.market)
        delta = None if quantity_delta is None else self._assets.units(base, quantity_delta, "quantity_delta")
        return coinflex.ModifyOrder(
            **_named(order),
            quantity_delta=None if delta is None else delta * sign,
            price=None if price is None else coinflex.price_units(price),
            post_only=post_only,
        )

    def cancel_order(self, order: OrderView | int) -> coinflex.CancelOrder:
        """By the order's view or its id."""
        return coinflex.CancelOrder(**({"id": order} if isinstance(order, int) else _named(order)))

    # Answers ----------------------------------------------------------------------------------------------------------

    def balance(self, balance: coinflex.Balance) -> CoinflexBalance:
        """Of one asset. Raises `UsageError` for an asset that the table does not have: there is no scale for it."""

        def decimal(units: int | None) -> Decimal | None:
            return None if units is None else self._assets.amount(balance.asset, units)

        return CoinflexBalance(
            asset=self._assets.named(balance.asset).name,
            available=self._assets.amount(balance.asset, balance.balance),
            reserved=decimal(balance.reserved_balance),
            total=decimal(balance.total_balance),
        )

    def estimate(self, command: coinflex.EstimateMarketOrder, answer: coinflex.Estimate) -> CoinflexEstimate:
        """Of the command's market."""
        return CoinflexEstimate(
            quantity=self._assets.amount(command.base, answer.quantity),
            total=self._assets.amount(command.counter, answer.total),
        )

    # ------------------------------------------------------------------------------------------------------------------

    def _pair(self, market: MarketLike) -> tuple[int, int]:
        if isinstance(market, tuple) and len(market) == 2:
            return market
        return self._assets.pair(market)

    def _units(self, asset: int, amount: Number | None, sign: int, what: str) -> int | None:
        if amount is None:
            return None
        units = self._assets.units(asset, amount, what)
        if units <= 0:
            raise UsageError(f"{what} must be above zero; the side says which way")
        return units * sign

    def _next_tonce(self) -> int:
        """Microseconds of the wall clock, and higher than the last: also after a restart and a clock set back a little."""
        self._last_tonce = max(self._last_tonce + 1, self._sources.wall_time_ns() // 1000)
        return self._last_tonce


def _sign(side: object) -> int:
    if not isinstance(side, str) or side not in _SIGNS:
        raise UsageError(f"side must be 'buy' or 'sell', not {side!r}")
    return _SIGNS[side]


def _view(order: object) -> OrderView:
    if not isinstance(order, OrderView):
        raise UsageError(f"an order is what place_order() and get_orders() give, not {order!r}")
    return order


def _named(order: OrderView) -> dict[str, int]:
    """The name that the exchange knows the order by."""
    order_id = _view(order).order_id
    if isinstance(order_id, int):
        return {"id": order_id}
    if order.client_order_id and order.client_order_id.isdecimal():
        return {"tonce": int(order.client_order_id)}
    raise UsageError(f"{order} has no id yet and no tonce: wait for its reply")
