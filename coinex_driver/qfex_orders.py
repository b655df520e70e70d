"""What a QFEX client does before it sends a topic or a command, whatever its driver."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar, cast

from attrs import evolve

from coinex_proto import Command, Event, OrderView, RequestRefused, Sources, Topic, UsageError, qfex

R = TypeVar("R")
E = TypeVar("E", bound=Event)

NOT_THERE: Final = "NO_SUCH_ORDER"
ID_BYTES: Final = 16


def by_socket(topics: Sequence[Topic[E]]) -> tuple[tuple[Topic[E], ...], tuple[Topic[E], ...]]:
    """Those of the Trade socket, and those of market data."""
    trade = tuple(topic for topic in topics if getattr(topic, "is_private", False))
    return trade, tuple(topic for topic in topics if topic not in trade)


def with_client_id(command: Command[R], sources: Sources) -> Command[R]:
    """The command with a client id of its own where it has none and can have one: its answer is found by it."""
    if isinstance(command, (qfex.AddOrder, qfex.ClosePosition)) and not command.client_order_id:
        return cast(Command[R], evolve(command, client_order_id=sources.random_bytes(ID_BYTES).hex()))
    if isinstance(command, qfex.AddTwap) and not command.client_twap_id:
        return cast(Command[R], evolve(command, client_twap_id=sources.random_bytes(ID_BYTES).hex()))
    return command


def modification(
    order: OrderView,
    *,
    price: qfex.Number | None,
    quantity: qfex.Number | None,
    take_profit: qfex.Number | None,
    stop_loss: qfex.Number | None,
    order_type: str | None = None,
    reduce_only: bool | None = None,
) -> qfex.ModifyOrder:
    """The command that changes this order; what is not said stays as the order was placed, as far as that is known. Raises `UsageError` while its id is not known."""
    if not isinstance(order.order_id, str) or order.market is None or order.side is None:
        raise UsageError(f"modify_order: the venue has not told the id of this order yet: {order}")
    return qfex.ModifyOrder(
        order_id=order.order_id,
        symbol=order.market,
        side=order.side,
        order_type=order_type or order.order_type or "LIMIT",
        price=price,
        quantity=quantity,
        take_profit=take_profit,
        stop_loss=stop_loss,
        reduce_only=order.reduce_only if reduce_only is None else reduce_only,
        client_order_id=order.client_order_id or "",
    )


def cancellation(order: OrderView | str, symbol: str | None) -> qfex.CancelOrder:
    """The command that cancels this order, by whichever id is known. Raises `UsageError` when none is."""
    if not isinstance(order, OrderView):
        if symbol is None:
            raise UsageError("cancel_order by id needs the symbol too")
        return qfex.CancelOrder(order_id=order, symbol=symbol)
    market = symbol or order.market
    if market is None:
        raise UsageError(f"cancel_order: the symbol of this order is not known: {order}")
    if isinstance(order.order_id, str):
        return qfex.CancelOrder(order_id=order.order_id, symbol=market)
    if order.client_order_id:
        return qfex.CancelOrder(order_id=order.client_order_id, symbol=market, cancel_order_id_type="client_order_id")
    raise UsageError(f"cancel_order: this order has no id yet: {order}")


def is_over_already(refusal: RequestRefused, order: OrderView | None) -> bool:
    """Whether cancelling was refused because the order has ended, as it is known here too."""
    return refusal.code == NOT_THERE and order is not None and order.is_final
