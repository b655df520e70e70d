"""What users see of an own order: a live view of what the tracker knows, or a snapshot of it.

This module must not know any venue.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple, Protocol, final

from coinex_proto.ids import OrderId
from coinex_proto.orders.states import FINAL_STATES, OrderState

ZERO = Decimal(0)


class OrderValues(NamedTuple):
    """What a view shows."""

    market: str | None = None
    side: str | None = None
    order_type: str | None = None
    reduce_only: bool | None = None
    price: Decimal | None = None
    amount: Decimal | None = None
    filled: Decimal = ZERO
    remaining: Decimal | None = None
    average_price: Decimal | None = None
    order_id: OrderId | None = None
    client_order_id: str | None = None
    state: OrderState = "sending"
    why: str = ""
    has_ended: bool = False
    updated_at: float = 0.0


class Source(Protocol):
    """Where a live view looks."""

    @property
    def values(self) -> OrderValues:
        """What is known now."""
        ...

    @property
    def number(self) -> int:
        """Counts the orders of the tracker."""
        ...


class Snapshot(NamedTuple):
    """What a view shows for good."""

    values: OrderValues
    number: int


@final
class OrderView:
    """What is known of one own order: live, it changes as facts come in; `snapshot()` stays.

    Snapshots compare by value, live views by identity.
    """

    __slots__ = ("_source",)

    def __init__(self, source: Source | Snapshot) -> None:
        self._source = source

    @property
    def market(self) -> str | None:
        """The venue's name of the market."""
        return self._source.values.market

    @property
    def side(self) -> str | None:
        """As the venue spells it."""
        return self._source.values.side

    @property
    def order_type(self) -> str | None:
        """As the venue spells it; None where it is not known."""
        return self._source.values.order_type

    @property
    def reduce_only(self) -> bool | None:
        """Whether it may only make a position smaller; None where it is not known."""
        return self._source.values.reduce_only

    @property
    def price(self) -> Decimal | None:
        """The limit; None for a market order or while not known."""
        return self._source.values.price

    @property
    def amount(self) -> Decimal | None:
        """What was ordered, as last amended."""
        return self._source.values.amount

    @property
    def filled(self) -> Decimal:
        """So far, as far as known; it never shrinks."""
        return self._source.values.filled

    @property
    def remaining(self) -> Decimal | None:
        """Not filled (of a cancelled order: and never will be)."""
        return self._source.values.remaining

    @property
    def average_price(self) -> Decimal | None:
        """Of all that is filled; None while some of it has a price that was not seen."""
        return self._source.values.average_price

    @property
    def order_id(self) -> OrderId | None:
        """The venue's id, the newest where it changes; None until the venue has said it."""
        return self._source.values.order_id

    @property
    def client_order_id(self) -> str | None:
        """The caller's id."""
        return self._source.values.client_order_id

    @property
    def state(self) -> OrderState:
        """One of sending, live, filled, cancelled, refused, unknown.

        `unknown`: it may stand, be filled or be gone; the connection broke or no answer came. The venue's next word settles
        it. It is never sent again by itself.
        """
        return self._source.values.state

    @property
    def is_final(self) -> bool:
        """Filled, cancelled or refused: the state will not change any more (`filled` may still grow by a late fill)."""
        return self.state in FINAL_STATES

    @property
    def has_ended(self) -> bool:
        """It is final, or `unknown` and certainly not open any more: the venue lists it no more and cannot tell how it ended.

        In the second case no query will tell; what was filled is at least `filled`, and `why` says so.
        """
        return self._source.values.has_ended

    @property
    def why(self) -> str:
        """The reason of the state, where there is one."""
        return self._source.values.why

    @property
    def updated_at(self) -> float:
        """When something last changed, seconds on the clock of `now`."""
        return self._source.values.updated_at

    def snapshot(self) -> OrderView:
        """This order as it is known now, for good."""
        source = self._source
        return self if isinstance(source, Snapshot) else OrderView(Snapshot(source.values, source.number))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OrderView):
            return NotImplemented
        mine, theirs = self._source, other._source
        if isinstance(mine, Snapshot) and isinstance(theirs, Snapshot):
            return mine.values == theirs.values
        return self is other

    def __hash__(self) -> int:
        return hash(self._source.values) if isinstance(self._source, Snapshot) else id(self)

    def _repr_html_(self) -> str:
        """For notebooks."""
        from coinex_proto.notebook import order_html

        return order_html(self)

    def __repr__(self) -> str:
        shown = ("market", "side", "amount", "price", "filled", "state", "why", "order_id", "client_order_id")
        values = ((name, getattr(self, name)) for name in shown)
        return f"OrderView({', '.join(f'{name}={_text(value)}' for name, value in values if value not in (None, ''))})"


def _text(value: object) -> str:
    return format(value, "f") if isinstance(value, Decimal) else repr(value)
