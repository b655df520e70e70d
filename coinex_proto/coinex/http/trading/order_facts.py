"""What an HTTP answer says of own orders, in the words of the shared order tracker.

A placing command says itself what is being sent (`command.order()`); here is what its answer, and the answers of cancels
and queries, add. An answer to a placing call is a snapshot from around the match: a rest of an order that may not rest
(market, ioc, fok) proves nothing, and is left to the pushes. Source: CoinEx API v2, spot/order and futures/order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from attrs import evolve

import coinex_proto.coinex.http.futures as futures
import coinex_proto.coinex.http.spot as spot
from coinex_proto.coinex.http._envelope import BatchItem, Page
from coinex_proto.coinex.http._orders import OrderRow, State, fact, finished_state, state_of
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.orders.fact import OrderFact

Judge: TypeAlias = Callable[[OrderRow], State | None]

RESTING_TYPES: Final = ("limit", "maker_only")


def _placed(row: OrderRow) -> State | None:
    if row.status is not None:
        return state_of(row)
    if row.unfilled_amount <= 0:
        return "filled"
    return "live" if row.type in RESTING_TYPES else None


def _cancelled(row: OrderRow) -> State:
    if row.status is not None and state_of(row) == "unknown":
        return "unknown"
    return "cancelled" if row.unfilled_amount > 0 else "filled"


_JUDGES: Final[Mapping[type[HttpCommand[Any]], Judge]] = {
    **dict.fromkeys((spot.PutOrder, spot.EditOrder, spot.PutMultiOrder, spot.EditMultiOrder), _placed),
    **dict.fromkeys((futures.PutOrder, futures.EditOrder, futures.PutMultiOrder, futures.EditMultiOrder), _placed),
    **dict.fromkeys((spot.CancelOrder, spot.CancelBatchOrder, spot.CancelOrderByClientId), _cancelled),
    **dict.fromkeys((futures.CancelOrder, futures.CancelBatchOrder, futures.CancelOrderByClientId), _cancelled),
    **dict.fromkeys((spot.GetOrderStatus, spot.GetMultiOrderStatus), state_of),
    **dict.fromkeys((futures.GetOrderStatus, futures.GetMultiOrderStatus), state_of),
    **dict.fromkeys((spot.ListPendingOrder, futures.ListPendingOrder), state_of),
    **dict.fromkeys((spot.ListFinishedOrder, futures.ListFinishedOrder), finished_state),
    futures.ClosePosition: _placed,
}
"""How the rows of each call's answer tell the state."""


def facts_of(command: HttpCommand[Any], result: object) -> tuple[OrderFact, ...]:
    """What this answer says of own orders; empty for calls that are not about orders, and for refused cancels."""
    judge = _JUDGES.get(type(command))
    if judge is None:
        return ()
    if isinstance(result, Page):
        return tuple(fact(row, judge(row)) for row in result.rows)
    if isinstance(result, tuple):
        return _of_batch(command, result, judge)
    row: Any = result
    return (_renamed(command, fact(row, judge(row))),)


def _of_batch(command: HttpCommand[Any], items: tuple[BatchItem[Any], ...], judge: Judge) -> tuple[OrderFact, ...]:
    """Each element answers for the element of the request at the same place, where there are as many."""
    sent = getattr(command, "orders", ())
    elements = sent if len(sent) == len(items) else (None,) * len(items)
    found = []
    for each, item in zip(elements, items, strict=True):
        if item.data is not None:
            found.append(_renamed(each, fact(item.data, judge(item.data))))
        elif isinstance(each, (spot.PutOrder, futures.PutOrder)) and not item.is_ok:
            found.append(evolve(each.order(), state="refused", why=f"{item.message} (code {item.code})".strip()))
    return tuple(found)


def _renamed(command: HttpCommand[Any] | None, found: OrderFact) -> OrderFact:
    """A changed order may come back under a new id."""
    if isinstance(command, (spot.EditOrder, futures.EditOrder)) and command.order_id != found.order_id:
        return evolve(found, replaces=command.order_id)
    return found
