"""Orders of unknown state: asking the venue about them, one round at a time.

A round begins when the connection is ready, and when an order becomes unknown while it is. What to ask is the venue's
(`Dialect.find_out`); the answers are facts for the tracker and nobody else's business. Nothing is ever sent again here
but queries. Knows no venue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

from coinex_proto.errors import RequestRefused, RequestTimedOut
from coinex_proto.events import Failed, Replied

if TYPE_CHECKING:
    from coinex_proto.connection import Connection
    from coinex_proto.dialect import Dialect
    from coinex_proto.ids import RequestId
    from coinex_proto.orders.tracker import Orders

ASK_AGAIN: Final = 5.0
"""Seconds after which a query that was not answered, or refused for now, is asked again."""


@final
class OrderResolver:
    """The queries of one session about its orders."""

    def __init__(self, dialect: Dialect, orders: Orders) -> None:
        self._dialect = dialect
        self._orders = orders
        self._asked: set[RequestId] = set()
        self._late: set[RequestId] = set()
        self._round_at: float | None = None
        self.due: float | None = None
        """When `ask` has something to ask; None while a round is under way."""

    def arise(self, now: float) -> None:
        """Some order may be unknown: ask when nothing is being asked already."""
        self._schedule(now if self._round_at is None else min(self._round_at, now))

    def ask(self, connection: Connection, now: float) -> None:
        """Begin a round if one is due. The connection is ready."""
        if self.due is None or now < self.due:
            return
        self._schedule(None)
        unknown = [view.snapshot() for view in self._orders.open() if view.state == "unknown"]
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
            self.arise(now + ASK_AGAIN)
        return True

    def _answered_late(self, event: Replied[Any] | Failed) -> bool:
        """Whether this is the answer to a query that had timed out; it is as good as in time."""
        if event.request_id not in self._late:
            return False
        self._late.discard(event.request_id)
        return True

    def connection_lost(self) -> None:
        """What was asked is answered no more; the next connection begins anew."""
        self._asked.clear()
        self._late.clear()
        self._schedule(None)

    def _schedule(self, round_at: float | None) -> None:
        self._round_at = round_at
        self.due = None if self._asked else round_at


def _is_passing(event: Failed) -> bool:
    error = event.error
    return isinstance(error, RequestTimedOut) or (isinstance(error, RequestRefused) and error.retryable)
