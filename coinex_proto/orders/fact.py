"""What one message says of one own order: the words of dialects and commands for the tracker.

This module must not know any venue.
"""

from __future__ import annotations

from collections.abc import Hashable
from decimal import Decimal
from typing import NamedTuple

from attrs import frozen

from coinex_proto.ids import OrderId, TopicKey
from coinex_proto.orders.states import OrderState


class Fill(NamedTuple):
    """One trade of an order; the same `trade_id` counts once."""

    trade_id: Hashable
    amount: Decimal
    price: Decimal | None


@frozen(kw_only=True)
class OrderFact:
    """What one message says of one order; None: it does not say.

    `amount`, `filled` and `remaining` are not negative and count in one unit: where a venue counts a market order in
    another currency than its fills, leave `amount` and `remaining` out. Numbers that are not finite, negative or beyond
    10^±60 count as not said.
    """

    order_id: OrderId | None = None
    client_order_id: str | None = None
    """None when there is none; an empty text counts as none."""
    market: str | None = None
    side: str | None = None
    """As the venue spells it."""
    order_type: str | None = None
    """As the venue spells it."""
    reduce_only: bool | None = None
    """Whether it may only make a position smaller."""
    price: Decimal | None = None
    amount: Decimal | None = None
    filled: Decimal | None = None
    """So far, in all. Left out, it is `amount` minus `remaining` where both are given (not of a refused order)."""
    remaining: Decimal | None = None
    average_price: Decimal | None = None
    state: OrderState | None = None
    """None: the message is about a fill, or a detail. unknown: something happened that the SDK has no word for."""
    why: str = ""
    """The venue's reason for the state."""
    at: float | int | None = None
    """The venue's time of it, in any unit, as long as all facts of the venue use the same."""
    replaces: OrderId | None = None
    """The id under which this order was known before; it goes on under `order_id`."""
    fill: Fill | tuple[Hashable, Decimal, Decimal | None] | None = None
    """A single trade: its id, amount and price."""
    is_amended: bool = False
    """`remaining` is what a change of the order has left to fill: the amount is that and what was filled before."""
    may_be_renamed: bool = False
    """It tells of a change by which the order may have got this `order_id`, without the one that it had before."""


@frozen(kw_only=True)
class OrdersMissed:
    """Which own orders a message may have told of that could not be read; what is None may be any.

    The ids are as far as the message shows them: an id that is known here means that order and no other.
    """

    topic: TopicKey
    """Of the topic that brings what own orders do; `ANYTHING`: it cannot be seen."""
    market: str | None = None
    """As `OrderFact.market`."""
    order_id: OrderId | None = None
    client_order_id: str | None = None
