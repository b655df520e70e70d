"""Own orders: one tracker and one table of states for all venues.

What replies, pushes and queries say of an order arrives as `OrderFact`s in any order, twice, late, under the order's id,
under its client id, or both. `Orders` joins them; an `OrderView` shows what is known. This module must not know any
venue; the words of the facts come from `Dialect.order` and `Command.order`.

How it decides: fills only add up; a description (price, amount, remaining) is replaced by a newer one only; a final
state stays. Newer means: a later `at` where both have one, else more filled, else arrived later.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, final

from attrs import frozen

if TYPE_CHECKING:
    from coinex_proto.commands import RequestId

OrderId: TypeAlias = int | str
OrderState: TypeAlias = Literal["sending", "live", "filled", "cancelled", "refused", "unknown"]

TRANSITIONS: Final[Mapping[OrderState | None, tuple[OrderState, ...]]] = {
    None: ("sending", "live", "filled", "cancelled", "refused"),
    "sending": ("live", "filled", "cancelled", "refused", "unknown"),
    "live": ("filled", "cancelled", "refused", "unknown"),
    "unknown": ("live", "filled", "cancelled", "refused"),
    "filled": (),
    "cancelled": (),
    "refused": (),
}
"""From each state, the states that may follow; None: not seen before (an order may have been placed elsewhere)."""


class Fill(NamedTuple):
    """One trade of an order; the same `trade_id` counts once."""

    trade_id: Hashable
    amount: Decimal
    price: Decimal | None


@frozen(kw_only=True)
class OrderFact:
    """What one message says of one order; None: it does not say.

    `amount`, `filled` and `remaining` count in one unit: where a venue counts a market order in another currency than
    its fills, leave `amount` and `remaining` out.
    """

    order_id: OrderId | None = None
    client_order_id: str | None = None
    """None when there is none; an empty text counts as none."""
    market: str | None = None
    side: str | None = None
    """As the venue spells it."""
    price: Decimal | None = None
    amount: Decimal | None = None
    filled: Decimal | None = None
    """So far, in all. Left out, it is `amount` minus `remaining` where both are given."""
    remaining: Decimal | None = None
    average_price: Decimal | None = None
    state: Literal["sending", "live", "filled", "cancelled", "refused"] | None = None
    """None: the message is about a fill, or a detail."""
    why: str = ""
    """The venue's reason for the state."""
    at: float | int | None = None
    """The venue's time of it, in any unit, as long as all facts of the venue use the same."""
    replaces: OrderId | None = None
    """The id under which this order was known before; it goes on under `order_id`."""
    fill: Fill | tuple[Hashable, Decimal, Decimal | None] | None = None
    """A single trade: its id, amount and price."""
