"""What trades on CoinFLEX. Amounts and prices are the wire's integers: `Assets.units()`, `price_units()` make them.

A positive quantity buys, a negative one sells. Source: CoinFLEX API v1, PlaceOrder, ModifyOrder,
CancelOrder, CancelAllOrders.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal, TypeAlias, final

import msgspec
from attrs import Attribute, field, frozen

from coinex_proto.coinflex._command import (
    ORDERS_BUCKET,
    CoinflexCommand,
    check_integer_or_none,
    check_measure,
    check_positive_or_none,
    given,
    read,
)
from coinex_proto.coinflex.account_updates import (
    OpenOrder,
    OrderAmended,
    OrderCancelled,
    OrderPlaced,
    OrdersCancelled,
)
from coinex_proto.coinflex.assets import Assets, decimal_of, price_of
from coinex_proto.coinflex.topics import check_code
from coinex_proto.errors import PayloadError, UsageError, quoted
from coinex_proto.fitting import ESSENTIAL
from coinex_proto.orders.fact import OrderFact
from coinex_proto.orders.view import OrderView

Persist: TypeAlias = bool | Literal["fill_or_kill"]

FILL_OR_KILL: Final = "fill_or_kill"


class _OpenOrders(msgspec.Struct, gc=False):
    orders: tuple[OpenOrder, ...]


@frozen(kw_only=True)
class _Placed:
    id: int | None = field(default=None, metadata=ESSENTIAL)
    time: int | None = None
    remaining: int | None = field(default=None, metadata=ESSENTIAL)


_OPEN_ORDERS: Final = msgspec.json.Decoder(_OpenOrders)
_PLACED: Final = msgspec.json.Decoder(_Placed)
_AMENDED: Final = msgspec.json.Decoder(OrderAmended)
_CANCELLED: Final = msgspec.json.Decoder(OrderCancelled)


def _check_persist(_command: object, _attribute: Attribute[Any], value: object) -> None:
    if not (value is None or type(value) is bool or value == FILL_OR_KILL):
        raise UsageError(f"PlaceOrder(persist={quoted(value)}): must be True, False or {FILL_OR_KILL!r}")


def _check_flag(command: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None and type(value) is not bool:
        raise UsageError(f"{type(command).__name__}({attribute.name}={quoted(value)}): must be True or False")


def _check_assets(_command: object, _attribute: Attribute[Any], value: object) -> None:
    if value is not None and not isinstance(value, Assets):
        raise UsageError(f"PlaceOrder(assets={quoted(value)}): must be a coinflex.Assets")


@final
@frozen(kw_only=True)
class PlaceOrder(CoinflexCommand[OrderView]):
    """An order: with a price a limit order, without one a market order by base (`quantity`) or by counter (`total`).

    "fill_or_kill" means immediate or cancel: what has traded stands. `persist=False`: cancelled when this connection ends.
    """

    method: ClassVar[str] = "PlaceOrder"
    bucket: ClassVar[str | None] = ORDERS_BUCKET
    may_wait: ClassVar[bool] = False
    is_private: ClassVar[bool] = True

    base: int = field(validator=check_code)
    counter: int = field(validator=check_code)
    quantity: int | None = field(default=None, validator=check_integer_or_none)
    price: int | None = field(default=None, validator=check_positive_or_none)
    """The venue rounds a bid down and an ask up to the tick: `bid_on_tick`, `ask_on_tick`."""
    total: int | None = field(default=None, validator=check_integer_or_none)
    tonce: int | None = field(default=None, validator=check_positive_or_none)
    """Your own number for this order, higher than all before; the order's `client_order_id`, as text."""
    persist: Persist | None = field(default=None, validator=_check_persist)
    post_only: bool | None = field(default=None, validator=_check_flag)
    """True: refused (code 9) if it would trade at once."""
    assets: Assets | None = field(default=None, repr=False, eq=False, validator=_check_assets)
    """With it the order's view has its market, price and amount while it is being sent; not sent itself."""

    def __attrs_post_init__(self) -> None:
        check_measure(self, self.quantity, self.total)
        if self.price is not None and self.total is not None:
            raise UsageError("PlaceOrder: a limit order takes quantity, not total")
        if self.price is None and self.post_only:
            raise UsageError("PlaceOrder: a market order cannot be post_only")

    def params(self) -> dict[str, object]:
        """The members beside tag and method."""
        return given(
            tonce=self.tonce,
            base=self.base,
            counter=self.counter,
            quantity=self.quantity,
            price=self.price,
            total=self.total,
            persist=self.persist,
            post_only=self.post_only,
        )

    def parse(self, body: bytes) -> OrderPlaced:
        """The update that the session makes the view of.

        What was sent says whether it rests: a `remaining` in the reply to a limit order does not end it.
        """
        reply = read(_PLACED, body, self.method)
        if reply.remaining is None if self.price is None else reply.id is None:
            raise PayloadError(
                f"the reply to {self.method} has no {'remaining' if self.price is None else 'id'}: "
                "was it taken for another kind of order?"
            )
        return OrderPlaced(
            base=self.base,
            counter=self.counter,
            tonce=self.tonce,
            quantity=self.quantity,
            total=self.total,
            price=self.price,
            id=reply.id,
            time=reply.time,
            remaining=reply.remaining if self.price is None else None,
        )

    def order(self) -> OrderFact:
        """The order while it is being sent."""
        assets = self.assets
        base = None if assets is None else assets.get(self.base)
        amount = None if base is None or self.quantity is None else decimal_of(abs(self.quantity), base.places)
        is_known = assets is not None and base is not None
        return OrderFact(
            client_order_id=None if self.tonce is None else str(self.tonce),
            market=None if assets is None else assets.market_name(self.base, self.counter),
            side="buy" if (self.quantity or self.total or 0) > 0 else "sell",
            price=price_of(self.price) if self.price is not None and is_known else None,
            amount=amount,
            state="sending",
        )


def _check_one_name(command: object, order_id: int | None, tonce: int | None) -> None:
    if (order_id is None) == (tonce is None):
        raise UsageError(f"{type(command).__name__}: name the order either by id or by tonce")


@final
@frozen(kw_only=True)
class ModifyOrder(CoinflexCommand[OrderAmended]):
    """Changes what remains of an order, its price, or both.

    A delta that brings the quantity to or across zero cancels the order; `CancelOrder` says that more clearly. Enlarging
    moves the order to the end of its price level.
    """

    method: ClassVar[str] = "ModifyOrder"
    bucket: ClassVar[str | None] = ORDERS_BUCKET
    may_wait: ClassVar[bool] = False
    is_private: ClassVar[bool] = True

    id: int | None = field(default=None, validator=check_integer_or_none)
    tonce: int | None = field(default=None, validator=check_positive_or_none)
    quantity_delta: int | None = field(default=None, validator=check_integer_or_none)
    """In the sign of the order: positive enlarges a buy and shrinks a sell."""
    price: int | None = field(default=None, validator=check_positive_or_none)
    post_only: bool | None = field(default=None, validator=_check_flag)
    """True: left as it was (code 9) if it would trade at once."""

    def __attrs_post_init__(self) -> None:
        _check_one_name(self, self.id, self.tonce)
        if self.quantity_delta is None and self.price is None:
            raise UsageError("ModifyOrder: give quantity_delta, price or both")
        if self.quantity_delta == 0:
            raise UsageError("ModifyOrder(quantity_delta=0): leave it out")

    def params(self) -> dict[str, object]:
        """The members beside tag and method."""
        return given(
            id=self.id,
            tonce=self.tonce,
            quantity_delta=self.quantity_delta,
            price=self.price,
            post_only=self.post_only,
        )

    def parse(self, body: bytes) -> OrderAmended:
        """The order as it stands now."""
        return read(_AMENDED, body, self.method)


@final
@frozen(kw_only=True)
class CancelOrder(CoinflexCommand[OrderCancelled]):
    """Cancels one order."""

    method: ClassVar[str] = "CancelOrder"
    bucket: ClassVar[str | None] = ORDERS_BUCKET
    may_wait: ClassVar[bool] = False
    is_private: ClassVar[bool] = True

    id: int | None = field(default=None, validator=check_integer_or_none)
    tonce: int | None = field(default=None, validator=check_positive_or_none)

    def __attrs_post_init__(self) -> None:
        _check_one_name(self, self.id, self.tonce)

    def params(self) -> dict[str, object]:
        """The members beside tag and method."""
        return given(id=self.id, tonce=self.tonce)

    def parse(self, body: bytes) -> OrderCancelled:
        """The order as it was when it ended."""
        return read(_CANCELLED, body, self.method)


@final
@frozen(kw_only=True)
class CancelAllOrders(CoinflexCommand[OrdersCancelled]):
    """Cancels all orders of the account in all markets, those of other programs too."""

    method: ClassVar[str] = "CancelAllOrders"
    bucket: ClassVar[str | None] = ORDERS_BUCKET
    may_wait: ClassVar[bool] = False
    is_private: ClassVar[bool] = True

    def parse(self, body: bytes) -> OrdersCancelled:
        """The orders as they were when they ended."""
        return OrdersCancelled(orders=read(_OPEN_ORDERS, body, self.method).orders)
