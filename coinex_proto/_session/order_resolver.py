"""Orders of unknown state: which are asked about, when and how often, by the socket or by a second channel.

A round begins when the connection is ready, and when an order becomes unknown while it is. What to ask by the socket is
the venue's (`Dialect.find_out`). Where the venue is asked another way, as over HTTP, who asks takes the orders from
`due_orders` and says `queried`. The answers are facts for the tracker and nobody else's business. Nothing is ever sent
again here but queries. Knows no venue.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, final

from coinex_proto._connection.agenda import Agenda, Item
from coinex_proto.errors import RequestRefused, RequestTimedOut
from coinex_proto.events import Failed, Replied

if TYPE_CHECKING:
    from coinex_proto.connection import Connection
    from coinex_proto.dialect import Dialect
    from coinex_proto.ids import OrderId, RequestId
    from coinex_proto.orders.tracker import Orders
    from coinex_proto.orders.view import OrderView

RETRY_AFTER: Final = 2.0
"""Seconds between two queries about an order, where the first was not answered, refused for now, or found nothing."""


@final
class OrderResolver:
    """The queries of one session about its orders."""

    def __init__(self, dialect: Dialect, orders: Orders, agenda: Agenda) -> None:
        self._dialect = dialect
        self._orders = orders
        self._agenda = agenda
        self._asked: set[RequestId] = set()
        self._asked_about: frozenset[OrderId | None] = frozenset()
        self._late: set[RequestId] = set()
        self._round_at: float | None = None
        self._queried_at: dict[int, float] = {}

    def unknown(self) -> tuple[OrderView, ...]:
        """The orders to ask about."""
        return tuple(view for view in self._orders.open() if view.state == "unknown")

    # By the socket ----------------------------------------------------------------------------------------------------

    def schedule(self, now: float) -> None:
        """Some order may be unknown: ask when nothing is being asked already."""
        self._schedule(now if self._round_at is None else min(self._round_at, now))

    def send_queries(self, connection: Connection, now: float) -> None:
        """Begin a round if one is due. The connection is ready."""
        if not self._agenda.take_due(Item.ORDERS, now):
            return
        self._schedule(None)
        unknown = [view.snapshot() for view in self.unknown()]
        self._asked_about = frozenset(view.order_id for view in unknown)
        if unknown:
            for command in self._dialect.find_out(unknown):
                self._asked.add(connection.submit(command, now, is_paced=True))

    def answered(self, event: Replied[Any] | Failed, now: float) -> bool:
        """Whether this was the answer to one of the queries."""
        if event.request_id not in self._asked:
            return self._answered_late(event)
        self._asked.discard(event.request_id)
        self._schedule(self._round_at)
        if isinstance(event, Failed) and isinstance(event.error, RequestTimedOut):
            self._late.add(event.request_id)
        if isinstance(event, Failed) and _is_passing(event):
            self.schedule(now + RETRY_AFTER)
        return True

    def ask_by_new_ids(self, now: float) -> None:
        """After the last answer of a round: an order whose id that round has told can be asked about by it."""
        told = {view.order_id for view in self.unknown()} - self._asked_about - {None}
        if told and not self._asked:
            self.schedule(now)

    def _answered_late(self, event: Replied[Any] | Failed) -> bool:
        """Whether this is the answer to a query that had timed out; it is as good as in time."""
        if event.request_id not in self._late:
            return False
        self._late.discard(event.request_id)
        return True

    def _schedule(self, round_at: float | None) -> None:
        self._round_at = round_at
        self._agenda.cancel(Item.ORDERS)
        if round_at is not None and not self._asked:  # else a round is under way, and its last answer comes here
            self._agenda.add_at(Item.ORDERS, round_at)

    # By a second channel ----------------------------------------------------------------------------------------------

    def due_orders(self, now: float) -> tuple[OrderView, ...]:
        """The orders of unknown state that may be asked about now."""
        return tuple(view for view in self.unknown() if now >= self.next_query(view))

    def next_query(self, order: OrderView) -> float:
        """When this order may be asked about again; -inf: it was not asked about lately."""
        return self._queried_at.get(order._source.number, -math.inf) + RETRY_AFTER

    def queried(self, order: OrderView, now: float) -> None:
        """A query about this order leaves."""
        self._queried_at = {number: at for number, at in self._queried_at.items() if at > now - RETRY_AFTER}
        self._queried_at[order._source.number] = now

    # The connection ---------------------------------------------------------------------------------------------------

    def connection_lost(self) -> None:
        """What was asked is answered no more; the next connection begins anew."""
        self._asked.clear()
        self._late.clear()
        self._queried_at.clear()
        self._schedule(None)


def _is_passing(event: Failed) -> bool:
    error = event.error
    return isinstance(error, RequestTimedOut) or (isinstance(error, RequestRefused) and error.retryable)
