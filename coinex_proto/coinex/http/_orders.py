"""What the order commands of spot and futures have in common: which fields go together, and what they say of an order.

It translates to the words of the shared order tracker (`OrderFact`): the command that places an order, the row that
answers, and the verdict on an order that may or may not exist. Source: CoinEx API v2, spot/order and futures/order.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, Literal, Protocol

import attrs

from coinex_proto.errors import UsageError, quoted
from coinex_proto.moments import unix_milliseconds
from coinex_proto.numbers import CONTEXT, exact
from coinex_proto.orders.fact import OrderFact

_INVERSE: Final = "USD"
"""The end of an inverse contract's name."""

OPEN_STATES: Final = ("open", "part_filled")
CANCELLED_STATES: Final = ("part_canceled", "canceled")
FILLED: Final = "filled"
"""Of order_status; any other word proves nothing."""


def price_fits_type(order_type: str, price: object) -> None:
    """Raises `UsageError` for a market order with a price, and for any other without one."""
    if order_type == "market" and price is not None:
        raise UsageError("a market order has no price")
    if order_type != "market" and price is None:
        raise UsageError(f'an order of type "{order_type}" needs a price')


def ccy_fits_type(order_type: str, ccy: str | None) -> None:
    """Raises `UsageError` for a market order that does not say what its amount counts, and for a ccy elsewhere.

    Without `ccy` the venue counts a market buy in quote currency and a market sell in base currency: too easily the
    wrong amount by some orders of magnitude.
    """
    if order_type == "market" and ccy is None:
        raise UsageError('a market order must say what its amount counts: ccy="BTC" or ccy="USDT" on BTCUSDT')
    if order_type != "market" and ccy is not None:
        raise UsageError("ccy is for market orders only; the amount of other orders counts in base currency")


def ccy_after_type(kind: type, fields: list[attrs.Attribute[Any]]) -> list[attrs.Attribute[Any]]:
    """The fields of a command as the document has them; attrs puts those of a subclass, `ccy` here, last."""
    del kind
    rest = [each for each in fields if each.name != "ccy"]
    at = [each.name for each in rest].index("type") + 1
    return [*rest[:at], *(each for each in fields if each.name == "ccy"), *rest[at:]]


def changes_something(command: object, *names: str) -> None:
    """Raises `UsageError` when none of these fields is set."""
    if all(getattr(command, name) is None for name in names):
        raise UsageError(f"{type(command).__name__} changes nothing: set {' or '.join(names)}")


def order_question(module: str, market: str, client_id: str | None) -> str:
    """How to find out whether an order of this description stands."""
    if client_id is None:
        return (
            f"GET /{module}/pending-order market={market} and GET /{module}/finished-order market={market}, and look for "
            "it by side, amount and price (with a client_id the SDK could tell: resolve_order)"
        )
    return f"resolve_order({quoted(client_id)}), or GET /{module}/pending-order client_id={client_id}"


class PlacingCommand(Protocol):
    """What an order is described with."""

    @property
    def market(self) -> str: ...
    @property
    def side(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def amount(self) -> Any: ...
    @property
    def price(self) -> Any: ...
    @property
    def client_id(self) -> str | None: ...


class OrderRow(Protocol):
    """What both `SpotOrder` and `FuturesOrder` have."""

    @property
    def order_id(self) -> int: ...
    @property
    def client_id(self) -> str | None: ...
    @property
    def market(self) -> str: ...
    @property
    def market_type(self) -> str | None: ...
    @property
    def side(self) -> str: ...
    @property
    def type(self) -> str | None: ...
    @property
    def amount(self) -> Decimal: ...
    @property
    def price(self) -> Decimal | None: ...
    @property
    def unfilled_amount(self) -> Decimal: ...
    @property
    def filled_amount(self) -> Decimal: ...
    @property
    def filled_value(self) -> Decimal | None: ...
    @property
    def status(self) -> str | None: ...
    @property
    def updated_at(self) -> int | None: ...


def sending(command: PlacingCommand) -> OrderFact:
    """The order that a placing command describes. A market order's amount may count another currency than its fills."""
    is_market = command.type == "market"
    return OrderFact(
        client_order_id=command.client_id,
        market=command.market,
        side=command.side,
        price=None if command.price is None else Decimal(exact(command.price, "price")),
        amount=None if is_market else Decimal(exact(command.amount, "amount")),
        state="sending",
    )


State = Literal["live", "filled", "cancelled", "unknown"]


def fact(row: OrderRow, state: State | None) -> OrderFact:
    """What an answer's row says of an order; its state is known from where the row was found. None: not known."""
    if state == "unknown":
        # Nobody documented what the numbers mean beside this word.
        return OrderFact(
            order_id=row.order_id,
            client_order_id=row.client_id,
            market=row.market.strip(),
            side=row.side,
            state=state,
            why=f"the status {quoted(row.status)}",
            at=unix_milliseconds(row.updated_at),
        )
    is_market = row.type in (None, "market")
    return OrderFact(
        order_id=row.order_id,
        client_order_id=row.client_id,
        market=row.market.strip(),
        side=row.side,
        price=None if is_market else row.price,
        amount=None if is_market else row.amount,
        filled=row.filled_amount,
        remaining=None if is_market else row.unfilled_amount,
        average_price=_average(row),
        state=state,
        at=unix_milliseconds(row.updated_at),
    )


def state_of(row: OrderRow) -> State:
    """The state of an order that has a row: by its status where the row says one, else by what is unfilled.

    A row without a status comes from a list; `finished_state` is for the list of finished orders.
    """
    if row.status is None or row.status in OPEN_STATES:
        return "live"
    if row.status in CANCELLED_STATES:
        return "cancelled"  # the tracker knows better where all is filled
    return "filled" if row.status == FILLED else "unknown"


def finished_state(row: OrderRow) -> State:
    """The state of an order in the list of finished ones, whose rows have no status."""
    if row.status is not None:
        return state_of(row)
    return "cancelled" if row.unfilled_amount > 0 else "filled"


def _average(row: OrderRow) -> Decimal | None:
    """Value by amount; not for inverse contracts, whose value is in another currency."""
    if row.market_type in (None, "FUTURES") and row.market.endswith(_INVERSE):
        return None
    if row.filled_value is None or row.filled_amount == 0 or row.filled_value == 0:
        return None
    return CONTEXT.divide(row.filled_value, row.filled_amount)
