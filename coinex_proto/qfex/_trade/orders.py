"""What QFEX says of own orders, in the words of the shared order tracker.

Source: QFEX documentation, order_response and fill_response; the life cycle comes from the venue's own client.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Literal

from coinex_proto.moments import unix_seconds
from coinex_proto.numbers import CONTEXT
from coinex_proto.orders.fact import Fill, OrderFact
from coinex_proto.qfex._trade.statuses import CANCELLED, IOC_ENDED, LIVE, is_documented, refuses_request
from coinex_proto.qfex._trade.updates import (
    FillUpdate,
    OpenOrdersUpdate,
    OrderUpdate,
    UserTrade,
    UserTradesUpdate,
)
from coinex_proto.updates import Update

_NOT_RESTING: Final = frozenset({"IOC", "FOK"})
_EXPLAINS: Final = IOC_ENDED | {"CANCELLED_STP"}
"""Ends that nobody asked for."""

_State = Literal["live", "filled", "cancelled", "refused", "unknown"]


def order_facts(update: Update) -> Sequence[OrderFact]:
    """What one update says of orders; nothing for most."""
    if isinstance(update, OrderUpdate):
        return _of_order(update)
    if isinstance(update, FillUpdate):
        return (_of_fill(update),)
    if isinstance(update, OpenOrdersUpdate):
        return tuple(fact for record in update.orders for fact in _of_listed(record))
    if isinstance(update, UserTradesUpdate):
        return tuple(map(_of_trade, update.user_trades))
    return ()


def _of_order(update: OrderUpdate) -> Sequence[OrderFact]:
    if refuses_request(update.status):
        return ()  # No to a request: what the order itself does, it does not say.
    state = _state(update)
    if state == "refused" and update.shows_fill:
        return ()  # What has bought something was accepted: it is a change that was refused, or nobody knows.
    if state in ("refused", "unknown"):
        # A refused change carries the numbers that were requested, not those of the order.
        return (
            OrderFact(
                order_id=update.order_id or None,
                client_order_id=update.client_order_id or None,
                market=update.symbol,
                side=update.side,
                filled=_filled(update) if state == "unknown" else None,
                state=state,
                why=update.status,
            ),
        )
    return (_described(update, state),)


def _filled(update: OrderUpdate) -> Decimal | None:
    """What a record of unknown meaning has filled; nothing left may also mean that it is over without a fill."""
    if not update.shows_fill or not update.quantity_remaining:
        return None
    assert update.quantity is not None
    return CONTEXT.subtract(update.quantity, update.quantity_remaining)


def _of_listed(record: OrderUpdate) -> Sequence[OrderFact]:
    """Only open orders are listed: one with a status that nobody documented is open all the same."""
    return (_described(record, "live"),) if _state(record) == "unknown" else _of_order(record)


def _described(update: OrderUpdate, state: _State | None) -> OrderFact:
    # That nothing is left contradicts the end of an order that was not filled whole: then only fills count.
    left = (update.quantity_remaining or None) if update.status in IOC_ENDED else update.quantity_remaining
    return OrderFact(
        order_id=update.order_id or None,
        client_order_id=update.client_order_id or None,
        market=update.symbol,
        side=update.side,
        price=update.price or None,
        amount=update.quantity,
        remaining=left,
        state=state,
        order_type=update.type,
        why=update.status if update.status in _EXPLAINS else "",
        at=_float(update.update_time),
        replaces=update.replaces,
        may_be_renamed=update.status == "MODIFIED",
    )


def _state(update: OrderUpdate) -> _State | None:
    """FILLED means that a fill happened: the order may live on, unless it is of a kind that never rests."""
    status = update.status
    if status in LIVE:
        return "live"
    if status in CANCELLED or status in IOC_ENDED:
        return "cancelled"
    if status != "FILLED":
        return "refused" if is_documented(status) else "unknown"
    if update.quantity_remaining is None:
        return None
    if not update.quantity_remaining:
        return "filled"
    is_over = update.type == "MARKET" or update.time_in_force in _NOT_RESTING
    return "cancelled" if is_over else "live"


def _of_fill(update: FillUpdate) -> OrderFact:
    return OrderFact(
        order_id=update.order_id,
        client_order_id=update.client_order_id or None,
        market=update.symbol,
        side=update.side,
        at=_float(update.timestamp),
        fill=Fill(update.trade_id, update.quantity, update.price),
    )


def _of_trade(trade: UserTrade) -> OrderFact:
    return OrderFact(
        order_id=trade.order_id,
        client_order_id=trade.client_order_id or None,
        market=trade.symbol,
        side=trade.side,
        at=_float(trade.timestamp),
        fill=Fill(trade.trade_id, trade.quantity, trade.price),
    )


def _float(seconds: Decimal | None) -> float | None:
    return unix_seconds(seconds, documented=1)
