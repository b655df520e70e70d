"""Whether an order whose outcome is unknown stands: what to ask, and what the answers prove.

The venue has no idempotency key. It lets open orders be searched by client id and finished ones be listed; an order
cancelled without any fill is kept in neither. So "found" is proof, "not found" is not: the order may have been cancelled
unfilled, never have arrived, or still be on its way. Source: CoinEx API v2, spot/order and futures/order.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any, Final, Literal, TypeAlias

from attrs import frozen

from coinex_proto.coinex.http import futures, spot
from coinex_proto.coinex.http._orders import fact, finished_state, state_of
from coinex_proto.coinex.http._parameters import MarketType
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.orders import OrderFact

AnyOrder: TypeAlias = spot.SpotOrder | futures.FuturesOrder

FINISHED_ROWS: Final = 100
"""So many of the latest finished orders are looked through; the largest page the venue names."""

MARKET_TYPES: Final[tuple[MarketType, ...]] = ("SPOT", "MARGIN", "FUTURES")


@frozen(kw_only=True)
class ResolvedOrder:
    """What the venue knows of a client id."""

    client_id: str
    state: Literal["live", "filled", "cancelled", "not_found"]
    """Of the first order found. "not_found": cancelled unfilled, never arrived, or not yet arrived; a second look after
    some seconds makes the last unlikely."""
    orders: tuple[AnyOrder, ...] = ()
    """All orders that carry the id: more than one when it has been used twice."""
    facts: tuple[OrderFact, ...] = ()
    """The same in the words of the order tracker."""

    @property
    def order(self) -> AnyOrder | None:
        """The first order found."""
        return self.orders[0] if self.orders else None


Questions: TypeAlias = Generator[HttpCommand[Any], Any, ResolvedOrder]


def resolve(client_id: str, market: str | None, market_types: Iterable[MarketType]) -> Questions:
    """Yields the queries to make, is sent their results, and returns the verdict. Raises `UsageError` for a bad id."""
    orders: dict[int, AnyOrder] = {}
    facts: list[OrderFact] = []
    for market_type in market_types:
        for query, judge in _queries(client_id, market, market_type):
            page = yield query
            for row in page.rows:
                if row.client_id == client_id and row.order_id not in orders:
                    orders[row.order_id] = row
                    facts.append(fact(row, judge(row)))
    state = facts[0].state if facts else "not_found"
    assert state in ("live", "filled", "cancelled", "not_found")
    return ResolvedOrder(client_id=client_id, state=state, orders=tuple(orders.values()), facts=tuple(facts))


def _queries(client_id: str, market: str | None, market_type: MarketType) -> tuple[tuple[HttpCommand[Any], Any], ...]:
    if market_type == "FUTURES":
        return (
            (futures.ListPendingOrder(market=market, client_id=client_id, limit=FINISHED_ROWS), state_of),
            (futures.ListFinishedOrder(market=market, limit=FINISHED_ROWS), finished_state),
        )
    return (
        (
            spot.ListPendingOrder(market=market, market_type=market_type, client_id=client_id, limit=FINISHED_ROWS),
            state_of,
        ),
        (spot.ListFinishedOrder(market=market, market_type=market_type, limit=FINISHED_ROWS), finished_state),
    )
