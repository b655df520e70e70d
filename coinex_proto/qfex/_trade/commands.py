"""Commands that trade: orders, stop orders, TWAPs and leverage.

Parameters have the wire's names and are checked when the command is made. A command that places an order is answered
with the tracker's `OrderView`; `RequestRefused.code` is the status of a rejected order, or the venue's error code.
Which answer is whose without request ids: `keys.py`; all else of a request: its row in `requests.py`. Source: QFEX documentation, Trade pages.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Final, final

from attrs import evolve, field, frozen

from coinex_proto.errors import UsageError
from coinex_proto.orders.fact import OrderFact
from coinex_proto.orders.view import OrderView
from coinex_proto.qfex._checks import (
    ORDER_TYPES,
    SIDES,
    TIMES_IN_FORCE,
    at_least,
    check_flag,
    check_flag_or_none,
    check_symbol,
    check_symbol_or_none,
    check_text,
    check_text_or_empty,
    one_of,
    to_leverage,
    to_price_or_none,
    to_quantity,
    to_quantity_or_none,
    to_stop_or_none,
)
from coinex_proto.qfex._trade.command import TradeCommand, given
from coinex_proto.qfex._trade.updates import OrderUpdate, TwapUpdate

CANCEL_ID_TYPES: Final = ("order_id", "client_order_id", "twap_id", "client_twap_id")
MARKET: Final = "MARKET"
NO_PRICE: Final = Decimal(0)


# Orders ---------------------------------------------------------------------------------------------------------------


@final
@frozen(kw_only=True)
class AddOrder(TradeCommand[OrderView]):
    """Places an order: LIMIT, MARKET, ALO (post-only), or a stop: TAKE_PROFIT, STOP_LOSS.

    Give each order its own `client_order_id`: the answer is found by it. Without one it is found by symbol, side, type,
    price and quantity, which two equal orders share (the methods and `send` of `QfexClient` make one). Raises `UsageError`
    for a LIMIT, ALO or stop without a price and for a MARKET with one.
    """

    type: ClassVar[str] = "add_order"

    symbol: str = field(validator=check_symbol)
    side: str = field(validator=one_of(SIDES))
    """BUY or SELL; of a stop: the side of the order that it triggers."""
    order_type: str = field(validator=one_of(ORDER_TYPES))
    quantity: Decimal = field(converter=to_quantity)
    price: Decimal | None = field(default=None, converter=to_price_or_none)
    """The limit; of a stop: its trigger."""
    order_time_in_force: str | None = field(default=None)
    """GTC, IOC or FOK; not said: IOC for a MARKET order, else GTC."""
    take_profit: Decimal | None = field(default=None, converter=to_stop_or_none)
    stop_loss: Decimal | None = field(default=None, converter=to_stop_or_none)
    reduce_only: bool | None = field(default=None, validator=check_flag_or_none)
    client_order_id: str = field(default="", validator=check_text_or_empty)

    def __attrs_post_init__(self) -> None:
        if self.order_time_in_force not in (None, *TIMES_IN_FORCE):
            raise UsageError(f"AddOrder: order_time_in_force must be one of {', '.join(TIMES_IN_FORCE)}")
        if self.order_type == MARKET and self.price is not None:
            raise UsageError("AddOrder: a MARKET order takes no price; a LIMIT with order_time_in_force='IOC' does")
        if self.order_type != MARKET and self.price is None:
            raise UsageError(f"AddOrder: a {self.order_type} order needs a price")

    def params(self) -> dict[str, object]:
        """The wire's parameters; a MARKET order says 0 where it has no price, as the venue wants it."""
        default = "IOC" if self.order_type == MARKET else "GTC"
        none = NO_PRICE if self.order_type == MARKET else None
        return given(
            symbol=self.symbol,
            side=self.side,
            order_type=self.order_type,
            order_time_in_force=self.order_time_in_force or default,
            quantity=self.quantity,
            price=none if self.price is None else self.price,
            take_profit=none if self.take_profit is None else self.take_profit,
            stop_loss=none if self.stop_loss is None else self.stop_loss,
            reduce_only=self.reduce_only,
            client_order_id=self.client_order_id or None,
        )

    def order(self) -> OrderFact:
        """The order as it leaves."""
        return OrderFact(
            client_order_id=self.client_order_id or None,
            market=self.symbol,
            side=self.side,
            order_type=self.order_type,
            reduce_only=bool(self.reduce_only),
            price=self.price,
            amount=self.quantity,
            state="sending",
        )


@final
@frozen(kw_only=True)
class ClosePosition(TradeCommand[OrderView]):
    """Closes the position in one symbol by a LIMIT IOC reduce-only order near the mark price, made by the venue.

    Give it a `client_order_id` of its own: the answer is found by it, else by the symbol.
    """

    type: ClassVar[str] = "close_position"

    symbol: str = field(validator=check_symbol)
    client_order_id: str = field(default="", validator=check_text_or_empty)

    def params(self) -> dict[str, object]:
        """The wire's parameters."""
        return given(symbol=self.symbol, client_order_id=self.client_order_id or None)

    def order(self) -> OrderFact:
        """The order as it leaves; side and size are the venue's."""
        return OrderFact(
            client_order_id=self.client_order_id or None, market=self.symbol, reduce_only=True, state="sending"
        )


@final
@frozen(kw_only=True)
class ModifyOrder(TradeCommand[OrderUpdate]):
    """Changes price, quantity or attached stops of an order. The order may go on under a new id.

    Side, type and `reduce_only` must be the order's own. `client_order_id` is not sent: where the order has one, it finds the answer
    though the id is new; without it the answer is found by symbol and side.
    """

    type: ClassVar[str] = "modify_order"

    order_id: str = field(validator=check_text)
    """The venue's; client ids cannot be used."""
    symbol: str = field(validator=check_symbol)
    side: str = field(validator=one_of(SIDES))
    order_type: str = field(validator=one_of(ORDER_TYPES))
    price: Decimal | None = field(default=None, converter=to_price_or_none)
    quantity: Decimal | None = field(default=None, converter=to_quantity_or_none)
    take_profit: Decimal | None = field(default=None, converter=to_stop_or_none)
    stop_loss: Decimal | None = field(default=None, converter=to_stop_or_none)
    reduce_only: bool | None = field(default=None, validator=check_flag_or_none)
    """Always sent, since the venue demands it; not said: False."""
    client_order_id: str = field(default="", validator=check_text_or_empty)

    def params(self) -> dict[str, object]:
        """The wire's parameters."""
        return given(
            symbol=self.symbol,
            order_id=self.order_id,
            side=self.side,
            order_type=self.order_type,
            price=self.price,
            quantity=self.quantity,
            take_profit=self.take_profit,
            stop_loss=self.stop_loss,
            reduce_only=bool(self.reduce_only),
        )

    def local_id(self) -> str:
        """The order's own client id."""
        return self.client_order_id

    def order_if_unknown(self) -> OrderFact:
        """The order that it may have changed."""
        return OrderFact(order_id=self.order_id, market=self.symbol, state="unknown")

    def parse(self, body: bytes) -> OrderUpdate:
        """The order as changed; `replaces` is the id it had, where the venue has given it a new one."""
        update = super().parse(body)
        assert isinstance(update, OrderUpdate), "its row says so"
        if update.order_id in (None, self.order_id):
            return update
        return evolve(update, replaces=self.order_id)


@final
@frozen(kw_only=True)
class CancelOrder(TradeCommand[OrderUpdate | TwapUpdate]):
    """Cancels by any kind of id. By `client_order_id`: all orders of the symbol that have it; the first answer counts."""

    type: ClassVar[str] = "cancel_order"

    order_id: str = field(validator=check_text)
    """Whichever id `cancel_order_id_type` says."""
    symbol: str = field(validator=check_symbol)
    cancel_order_id_type: str = field(default="order_id", validator=one_of(CANCEL_ID_TYPES))

    def order_if_unknown(self) -> OrderFact | None:
        """The order that it may have ended; None for a TWAP, which is not followed."""
        match self.cancel_order_id_type:
            case "order_id":
                return OrderFact(order_id=self.order_id, market=self.symbol, state="unknown")
            case "client_order_id":
                return OrderFact(client_order_id=self.order_id, market=self.symbol, state="unknown")
            case _:
                return None


@final
@frozen(kw_only=True)
class CancelAllOrders(TradeCommand[None]):
    """Cancels every open order of the account, in one symbol or in all.

    Answered by an acknowledgement or by the first order that is cancelled, whichever the venue sends first; what became
    of each order says its own update. With nothing to cancel the venue may not answer at all, which is a time-out.
    """

    type: ClassVar[str] = "cancel_all_orders"

    symbol: str | None = field(default=None, validator=check_symbol_or_none)


# Stop orders and TWAPs ------------------------------------------------------------------------------------------------


@final
@frozen(kw_only=True)
class ModifyStopOrder(TradeCommand[None]):
    """Changes a stop order. The venue's pages disagree on what must be given, so all of it is.

    What the venue answers is not documented for certain: `StopOrders` and `Orders` tell the state.
    """

    type: ClassVar[str] = "modify_stop_order"

    stop_order_id: str = field(validator=check_text)
    """The order id got when it was placed."""
    symbol: str = field(validator=check_symbol)
    side: str = field(validator=one_of(SIDES))
    order_type: str = field(validator=one_of(ORDER_TYPES))
    quantity: Decimal = field(converter=to_quantity)
    price: Decimal | None = field(default=None, converter=to_price_or_none)


@final
@frozen(kw_only=True)
class CancelStopOrder(TradeCommand[None]):
    """Takes a stop order back; `StopOrders` and `Orders` tell the state, as for `ModifyStopOrder`."""

    type: ClassVar[str] = "cancel_stop_order"

    stop_order_id: str = field(validator=check_text)
    """The order id got when it was placed."""


@final
@frozen(kw_only=True)
class AddTwap(TradeCommand[TwapUpdate]):
    """Splits a quantity into equal orders over time."""

    type: ClassVar[str] = "add_twap"

    symbol: str = field(validator=check_symbol)
    side: str = field(validator=one_of(SIDES))
    total_quantity: Decimal = field(converter=to_quantity)
    num_orders: int = field(validator=at_least(2))
    order_interval_secs: int = field(validator=at_least(30))
    reduce_only: bool = field(default=False, validator=check_flag)
    client_twap_id: str = field(default="", validator=check_text_or_empty)

    def params(self) -> dict[str, object]:
        """The wire's parameters."""
        return given(
            symbol=self.symbol,
            side=self.side,
            total_quantity=self.total_quantity,
            num_orders=self.num_orders,
            order_interval_secs=self.order_interval_secs,
            reduce_only=self.reduce_only,
            client_twap_id=self.client_twap_id or None,
        )


@final
@frozen(kw_only=True)
class SetUserLeverage(TradeCommand[None]):
    """Sets the leverage of one symbol; refused while there are open orders or a position."""

    type: ClassVar[str] = "set_user_leverage"

    symbol: str = field(validator=check_symbol)
    leverage: Decimal = field(converter=to_leverage)
