"""Whether an order whose outcome is unknown stands, by its client id: the queries, and what their answers prove.

The venue has no idempotency key. It lets open orders be searched by client id and finished ones be listed; an order
cancelled without any fill is kept in neither. So "found" is proof, "not found" is not: the order may have been cancelled
unfilled, never have arrived, or still be on its way. Source: CoinEx API v2, spot/order and futures/order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Literal, TypeAlias

from attrs import define, field, frozen

import coinex_proto.coinex.http.futures as futures
import coinex_proto.coinex.http.spot as spot
from coinex_proto.coinex.http._orders import State, fact, finished_state, state_of
from coinex_proto.coinex.http._parameters import MarketType
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.coinex.http.errors import HttpRefused
from coinex_proto.coinex.http.trading.session_step import HttpCommands
from coinex_proto.orders.fact import OrderFact

AnyOrder: TypeAlias = spot.SpotOrder | futures.FuturesOrder

FINISHED_ROWS: Final = 100
"""So many of the latest finished orders are looked through; the largest page the venue names."""

MARKET_TYPES: Final[tuple[MarketType, ...]] = ("SPOT", "MARGIN", "FUTURES")


@frozen(kw_only=True)
class ResolvedOrder:
    """What the venue knows of a client id."""

    client_id: str
    state: Literal["live", "filled", "cancelled", "unknown", "not_found"]
    """Of the first order found. "not_found": cancelled unfilled, never arrived, or not yet arrived; a second look after
    some seconds makes the last unlikely."""
    orders: tuple[AnyOrder, ...] = ()
    """All orders that carry the id: more than one when it has been used twice."""
    facts: tuple[OrderFact, ...] = ()
    """The same in the words of the order tracker."""
    not_searched: tuple[MarketType, ...] = ()
    """Market types for which the venue refused the search, for example margin without a margin account."""

    @property
    def order(self) -> AnyOrder | None:
        """The first order found."""
        return self.orders[0] if self.orders else None


def resolve(client_id: str, market: str | None, market_types: Sequence[MarketType]) -> HttpCommands[ResolvedOrder]:
    """Yields the queries to make, is sent their results, and returns the verdict. Raises `UsageError` for a bad id.

    A refused query may be thrown in: with several market types, the search goes on with the next as long as one is left
    that was searched.
    """
    search = _Search(client_id)
    refused: dict[MarketType, HttpRefused] = {}
    for market_type in market_types:
        try:
            for query, judge in _queries(client_id, market, market_type):
                page = yield query
                search.look_at(page.rows, judge)
        except HttpRefused as refusal:
            if refusal.retryable:
                raise
            refused[market_type] = refusal
    if len(refused) == len(market_types):
        raise next(iter(refused.values()))
    return search.verdict(tuple(refused))


@define
class _Search:
    """What has been found so far."""

    client_id: str
    orders: dict[int, AnyOrder] = field(factory=dict)
    facts: list[OrderFact] = field(factory=list)

    def look_at(self, rows: Iterable[AnyOrder], judge: Callable[[AnyOrder], State]) -> None:
        for row in rows:
            if row.client_id == self.client_id and row.order_id not in self.orders:
                self.orders[row.order_id] = row
                self.facts.append(fact(row, judge(row)))

    def verdict(self, not_searched: tuple[MarketType, ...]) -> ResolvedOrder:
        first = next(iter(self.orders.values()), None)
        state = None if first is None else self.facts[0].state
        assert state in (None, "live", "filled", "cancelled", "unknown")
        return ResolvedOrder(
            client_id=self.client_id,
            state=state or "not_found",
            orders=tuple(self.orders.values()),
            facts=tuple(self.facts),
            not_searched=not_searched,
        )


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
