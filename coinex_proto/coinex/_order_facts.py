"""What CoinEx's pushes say of own orders, in the words of the shared order tracker.

Source: CoinEx API v2, order.update and user_deals.update; the rule for a finished order comes from recordings.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from coinex_proto.coinex.account_updates import Order, OrderUpdate, UserTradeUpdate
from coinex_proto.errors import quoted
from coinex_proto.moments import unix_milliseconds
from coinex_proto.numbers import CONTEXT
from coinex_proto.orders.fact import Fill, OrderFact
from coinex_proto.orders.states import OrderState
from coinex_proto.updates import Update

_LIVE: Final = ("put", "update", "modify")
_FINISHED: Final = "finish"
_MARKET: Final = "market"
_INVERSE: Final = "USD"
"""Futures of markets with this end are counted in contracts of the quote currency."""


def order_facts(update: Update, *, is_futures: bool) -> Sequence[OrderFact]:
    """The order facts of one update; none for most."""
    if isinstance(update, OrderUpdate):
        return (_of_order(update, is_futures=is_futures),)
    if isinstance(update, UserTradeUpdate):
        return (_of_trade(update),)
    return ()


def _of_order(update: OrderUpdate, *, is_futures: bool) -> OrderFact:
    order = update.order
    state = _state(update)
    if state == "unknown":
        # Nobody documented what the numbers mean beside this word.
        return OrderFact(
            order_id=order.order_id,
            client_order_id=order.client_id or None,
            market=order.market,
            side=order.side,
            state=state,
            why=f"order.update with the event {quoted(update.event)}",
            at=unix_milliseconds(order.updated_at),
        )
    # The venue does not say in which currency a market order is counted, so its amount is not set against its fills.
    # What may be one is taken for one.
    is_counted = order.type is not None and order.type.lower() != _MARKET
    return OrderFact(
        order_id=order.order_id,
        client_order_id=order.client_id or None,
        market=order.market,
        side=order.side,
        price=order.price if is_counted else None,
        amount=order.amount if is_counted else None,
        filled=order.filled_amount,
        remaining=order.unfilled_amount if is_counted else None,
        average_price=_average(order, is_futures=is_futures),
        state=state,
        at=unix_milliseconds(order.updated_at),
    )


def _state(update: OrderUpdate) -> OrderState:
    """A word that nobody documented, or numbers that contradict each other, prove nothing."""
    if update.event != _FINISHED:
        return "live" if update.event in _LIVE else "unknown"
    order = update.order
    if order.unfilled_amount > 0:
        return "cancelled"  # the tracker knows better where all is filled
    filled = order.filled_amount
    if order.unfilled_amount < 0:
        return "filled" if filled is not None and filled >= order.amount else "unknown"
    return "unknown" if filled is not None and not filled and order.amount > 0 else "filled"


def _average(order: Order, *, is_futures: bool) -> Decimal | None:
    """Value by amount, where both are what they seem: an inverse contract's value is in another currency."""
    if not order.filled_amount or order.filled_value is None or (is_futures and order.market.endswith(_INVERSE)):
        return None
    return CONTEXT.divide(order.filled_value, order.filled_amount)


def _of_trade(update: UserTradeUpdate) -> OrderFact:
    return OrderFact(
        order_id=update.order_id,
        client_order_id=update.client_id or None,
        market=update.market,
        side=update.side,
        at=unix_milliseconds(update.created_at),
        fill=Fill(update.deal_id, update.amount, update.price),
    )
