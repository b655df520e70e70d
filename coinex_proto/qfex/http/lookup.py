"""What HTTP says of an order whose outcome the socket cannot tell: found by its client id among the orders of the past.

Source: OpenAPI files of the venue, `user/historic-orders`.
"""

from __future__ import annotations

from coinex_proto.errors import UsageError
from coinex_proto.numbers import CONTEXT
from coinex_proto.orders.fact import OrderFact
from coinex_proto.orders.view import OrderView
from coinex_proto.qfex._trade.orders import order_facts
from coinex_proto.qfex._trade.updates import OrderUpdate
from coinex_proto.qfex.http.account import GetHistoricOrders, HistoricOrder, HistoricOrders


def query_about(order: OrderView) -> GetHistoricOrders:
    """The call that finds this order. Raises `UsageError` for one that has no client id."""
    if not order.client_order_id:
        raise UsageError(f"an order is looked up by its client id, and this one has none: {order}")
    return GetHistoricOrders(symbol=order.market, client_order_id=order.client_order_id)


def facts_about(order: OrderView, found: HistoricOrders) -> tuple[OrderFact, ...]:
    """What the answer says of this order; nothing where it was not found, or where several have its client id.

    That it is not found proves nothing: it may not be among the orders of the past yet.
    """
    same = [one for one in found.data if _may_be(order, one)]
    if len({one.order_id for one in same}) != 1:
        return ()
    return tuple(fact for one in same[:1] for fact in order_facts(_as_update(one)))


def _may_be(order: OrderView, found: HistoricOrder) -> bool:
    if order.order_id is not None and found.order_id != order.order_id:
        return False
    fits = (order.market in (None, found.symbol)) and (order.side in (None, found.side))
    return fits and found.client_order_id == order.client_order_id


def _as_update(found: HistoricOrder) -> OrderUpdate:
    """As the socket would have told it."""
    left = None
    if found.quantity is not None and found.filled_qty is not None:
        left = CONTEXT.subtract(found.quantity, found.filled_qty)
    return OrderUpdate(
        order_id=found.order_id,
        client_order_id=found.client_order_id,
        symbol=found.symbol,
        status=found.terminal_status or found.execution_state or "",
        side=found.side,
        type=found.type,
        time_in_force=found.time_in_force,
        price=found.price,
        quantity=found.quantity,
        quantity_remaining=left,
    )
