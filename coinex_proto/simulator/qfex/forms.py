"""Which form the local QFEX uses where the venue has been seen with two: what it says, and what it demands.

The defaults are the documented forms. Source: QFEX documentation, and clients that trade there (August to November 2026).
"""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen, validators


@frozen(kw_only=True)
class QfexForms:
    """Forms of the local QFEX. Raises ValueError for one that there is not."""

    ioc_ends: Literal["old", "new"] = field(default="old", validator=validators.in_(("old", "new")))
    """How an order ends that does not rest and was not filled whole: old, CANCELLED or FILLED; new, IOC_CANCELLED or
    IOC_PARTIALLY_FILLED."""
    ack: Literal["before", "after", "never"] = field(
        default="before", validator=validators.in_(("before", "after", "never"))
    )
    """When the ACK of an order comes: before what happens to it at once, after that, or never where something happens."""
    sign_in: Literal["true", "object", "type", "old"] = field(
        default="true", validator=validators.in_(("true", "object", "type", "old"))
    )
    """`{"authenticated": true}`, the same with an object, `{"type": "authenticated"}`, or `{"type": "auth", "result": …}`."""
    market_price: Literal["ignored", "demanded", "refused"] = field(
        default="ignored", validator=validators.in_(("ignored", "demanded", "refused"))
    )
    """Of a MARKET order: ignored; demanded, as 0; or refused, unless it is 0 or left out."""
    modified_id: Literal["kept", "new"] = field(default="kept", validator=validators.in_(("kept", "new")))
    """Under which id an order goes on that modify_order has changed."""
    user_trades: Literal["both", "page", "asyncapi"] = field(
        default="both", validator=validators.in_(("both", "page", "asyncapi"))
    )
    """Own trades as `user_trades` with `count` (page), as `user_trades_response` (asyncapi), or both in one message."""
    twap_cancel: Literal["both", "twap_response"] = field(
        default="both", validator=validators.in_(("both", "twap_response"))
    )
    """A cancelled TWAP: `twap_response`, and by default an `order_response` after it."""
    modify_demands_reduce_only: bool = False
    """modify_order must say `reduce_only`, and it and `order_type` must be the order's own."""
    null_arrays: bool = False
    """An empty array is null, on sockets and over HTTP."""
    bad_key_at_upgrade: bool = False
    """A wrong key in the query is refused with 401 before there is a socket."""
    refuses_user_agents: bool = False
    """HTTP answers 403 "1010" to a User-Agent with a blank, a slash or none: what a wall takes for a library or a browser."""
    new_account: bool = False
    """HTTP answers 500 "position balance not found" for positions, as for an account that has never held anything."""
