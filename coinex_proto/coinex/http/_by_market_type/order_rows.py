"""Own orders as answers tell them: what the rows of spot and futures have in common.

Source: CoinEx API v2, spot/order and futures/order. An order cancelled without any fill is not kept by the venue.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import field, frozen

from coinex_proto.fitting import ESSENTIAL
from coinex_proto.rows import Row


@frozen(kw_only=True)
class AnyOrder(Row):
    """An order as the venue knows it.

    Essential: `order_id`, `market`, `side`, `amount`, `unfilled_amount`, `filled_amount`, and
    `status` where it is sent.
    """

    order_id: int
    market: str
    market_type: str | None = None
    side: str
    type: str | None = None
    amount: Decimal
    price: Decimal | None = None
    unfilled_amount: Decimal
    """Still open."""
    filled_amount: Decimal
    """Executed amount."""
    filled_value: Decimal | None = None
    """Executed value."""
    client_id: str | None = None
    """Client order id, empty if none."""
    maker_fee_rate: Decimal | None = None
    taker_fee_rate: Decimal | None = None
    last_filled_amount: Decimal | None = None
    """Amount of the last fill."""
    last_filled_price: Decimal | None = None
    """Price of the last fill."""
    created_at: int | None = None
    """Milliseconds."""
    updated_at: int | None = None
    """Milliseconds."""
    status: str | None = field(default=None, metadata=ESSENTIAL)
    """open, part_filled, filled, part_canceled or canceled; only `GetOrderStatus` and `GetMultiOrderStatus` say it."""


@frozen(kw_only=True)
class AnyStopOrder(Row):
    """A stop order as the venue knows it; triggered, it becomes an order with a new `order_id`.

    Essential: `stop_id`, `market`, `side`, `amount`, `trigger_price`.
    """

    stop_id: int
    market: str
    market_type: str | None = None
    side: str
    type: str | None = None
    """Of the order that follows."""
    amount: Decimal
    price: Decimal | None = None
    """Order price after the trigger."""
    client_id: str | None = None
    """Client order id."""
    created_at: int | None = None
    """Milliseconds."""
    updated_at: int | None = None
    """Milliseconds."""
    trigger_price: Decimal
    """Trigger price."""
    trigger_direction: str | None = None
    """higher: the price stood above the trigger when it was placed, so it fires on a fall; lower: on a rise."""
    trigger_price_type: str | None = None
    """Price watched."""
    status: str | None = None
    """put, active_success, active_fail or cancel; only where it has finished."""


@frozen(kw_only=True)
class StopId(Row):
    """The id of a stop order that was placed or changed."""

    stop_id: int
