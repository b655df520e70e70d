"""How the cancelling of one own order ended. Must not know any venue."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

from coinex_proto.orders.view import OrderView

Outcome: TypeAlias = Literal["cancelled", "filled", "refused", "unknown"]


@frozen(kw_only=True)
class ExitOrder:
    """How the cancelling of one order ended that was open when the client was left, or its guard acted."""

    order: OrderView
    """A snapshot, as it was known at the end."""
    outcome: Outcome
    """"unknown": it may still stand, unless `order.has_ended`; look at the venue."""
    why: str = ""
    """What kept it from being cancelled, or is not known of it."""
    is_stop: bool = False
    """A stop order, of which `order.order_id` is the stop id."""
