"""Orders of unknown state: which are asked about, when and how often, by the socket or by a second channel.

A round begins when the connection is ready, and when an order becomes unknown while it is. What to ask by the socket is
the venue's (`Dialect.find_out`). Where the venue is asked another way, as over HTTP, who asks takes the orders from
`due_orders` and says `queried`. The answers are facts for the tracker and nobody else's business. Nothing is ever sent
again here but queries. Knows no venue.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, final

from coinex_proto._connection.agenda import Agenda, Item
from coinex_proto.errors import PayloadError, RequestRefused, RequestTimedOut
from coinex_proto.events import Failed, Replied

if TYPE_CHECKING:
    from coinex_proto.connection import Connection
    from coinex_proto.dialect import Dialect
    from coinex_proto.ids import OrderId, RequestId
    from coinex_proto.orders.tracker import Orders
    from coinex_proto.orders.view import OrderView

RETRY_AFTER: Final = 2.0
"""Seconds between two queries about an order, where the first was not answered, refused for now, or found nothing."""
LONGEST_PAUSE: Final = 60.0
"""Seconds: what nobody can explain is asked about ever more rarely, up to this."""
MAX_FAILURES: Final = 3
"""After so many failed rounds in a row the topics that wait for them are live again, and say what is unknown."""


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
        self._asking_since: dict[int, float] = {}
        """When each order was first asked about that is unknown still: the longer ago, the more rarely it is asked about."""
        self._doubted: set[int] = set()
        """Orders of which something was missed, and that were not asked about since."""
        self._round: set[int] = set()
        """Those of them, and of other unknown ones, that are being asked about."""
        self._failures = 0
        """So many rounds in a row failed."""
        self._is_failed = False
        """Something of the round was not answered, or refused for now."""
        self.is_elsewhere = False
        """Somebody asks another way, whenever an `OrdersQueried` comes."""
        self.is_round_over = False
        """The last answer has come: call `end_round`."""
        self.is_comparing = False
        """What is being asked for is the list of open orders, to compare it."""
        self.listed: set[OrderId | None] | None = None
        """The ids of all open orders, as far as this round has brought them."""

    def unknown(self) -> tuple[OrderView, ...]:
        """The orders to ask about."""
        return tuple(view for view in self._orders.open() if view.state == "unknown")

    # Rounds -----------------------------------------------------------------------------------------------------------

    def schedule(self, now: float) -> None:
        """Some order may be unknown: ask when nothing is being asked already."""
        self._schedule(now if self._round_at is None else min(self._round_at, now))

    def doubt(self, orders: Sequence[OrderView], now: float) -> bool:
        """Something was missed of these: what is being asked about them already proves nothing. Whether they will be asked about."""
        numbers = {order._source.number for order in orders}
        self._round -= numbers
        for number in numbers:
            self._asking_since.pop(number, None)
        if not numbers or not self._can_ask(orders):
            return False
        self._doubted |= numbers
        self.schedule(now)
        return True

    def begin_round(self, now: float) -> tuple[OrderView, ...]:
        """Snapshots of the orders to ask about now; none: no round is due, or there is nothing to ask."""
        if not self._agenda.take_due(Item.ORDERS, now):
            return ()
        self._schedule(None)
        unknown = tuple(view.snapshot() for view in self.unknown())
        self._asked_about = frozenset(view.order_id for view in unknown)
        self.is_round_over = not unknown
        return unknown

    def end_round(self, now: float) -> list[OrderView]:
        """All that was asked is answered: gives the orders of the round that the venue lists no more, and that are unknown still."""
        self.is_round_over = self.is_comparing = False
        asked, self._round = self._round, set()
        if self._is_failed:
            self._failed(now)
            if self._failures >= MAX_FAILURES:
                self._settle(asked)
            return []
        self._failures = 0
        self._settle(asked)
        listed = self.listed
        if listed is None:
            return []
        mine = [view for view in self.unknown() if view._source.number in asked and view.order_id is not None]
        return [view for view in mine if view.order_id not in listed]

    def _failed(self, now: float) -> None:
        """So many times in a row it is tried again soon, and then ever later."""
        self._failures += 1
        later = RETRY_AFTER * 2 ** min(max(0, self._failures - MAX_FAILURES), 10)
        self.schedule(now + min(later, LONGEST_PAUSE))

    def _settle(self, asked: set[int]) -> None:
        """These were asked about: once all are, the topics that tell of them are live again."""
        self._doubted -= asked
        self._doubted &= {view._source.number for view in self.unknown()}
        if not self._doubted:
            self._agenda.add(Item.ORDERS_ASKED)

    def _can_ask(self, orders: Sequence[OrderView]) -> bool:
        return self.is_elsewhere or bool(self._dialect.find_out([order.snapshot() for order in orders]))

    # By the socket ----------------------------------------------------------------------------------------------------

    def send_queries(self, unknown: Sequence[OrderView], connection: Connection, now: float) -> None:
        """The queries of a round leave. The connection is ready."""
        self._round = {view._source.number for view in unknown}
        self.listed = None
        self._is_failed = False
        for command in self._dialect.find_out(unknown):
            self._asked.add(connection.submit(command, now, is_topic_request=True))
        self.is_round_over = not self._asked

    def compare(self, connection: Connection, now: float) -> bool:
        """Asks for the list of open orders, unless something is being asked already. Whether it does."""
        if self._asked:
            return False
        for command in self._dialect.find_out(()):
            self._asked.add(connection.submit(command, now, is_topic_request=True))
        self.is_comparing = bool(self._asked)
        self._is_failed = False
        return self.is_comparing

    def answered(self, event: Replied[Any] | Failed, now: float) -> bool:
        """Whether this was the answer to one of the queries."""
        if event.request_id not in self._asked:
            return self._answered_late(event)
        self._asked.discard(event.request_id)
        if isinstance(event, Failed) and isinstance(event.error, RequestTimedOut):
            self._late.add(event.request_id)
        self.is_round_over = not self._asked
        self._is_failed = self._is_failed or (isinstance(event, Failed) and _is_passing(event))
        self._schedule(self._round_at)
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
        number = order._source.number
        at = self._queried_at.get(number, -math.inf)
        pause = (at - self._asking_since.get(number, at)) / 4 if at > -math.inf else 0.0
        return at + min(max(RETRY_AFTER, pause), LONGEST_PAUSE)

    def queried(self, order: OrderView, now: float) -> None:
        """A query about this order leaves."""
        number = order._source.number
        self._queried_at = {number: at for number, at in self._queried_at.items() if at > now - LONGEST_PAUSE}
        self._queried_at[number] = now
        self._asking_since = {number: at for number, at in self._asking_since.items() if number in self._queried_at}
        self._asking_since.setdefault(number, now)

    def begin_elsewhere(self, now: float) -> tuple[OrderView, ...]:
        """The orders that are asked about now, another way; `end_elsewhere` follows."""
        due = self.due_orders(now)
        for view in due:
            self.queried(view, now)
        self._round = {view._source.number for view in due}
        return due

    def end_elsewhere(self, now: float) -> None:
        """They have been asked about; those that stay unknown are asked about again in time."""
        asked, self._round = self._round, set()
        self._failures = 0
        self._settle(asked)
        unknown = self.unknown()
        for number in asked - {view._source.number for view in unknown}:
            self._asking_since.pop(number, None)
        if self.is_elsewhere:
            for view in unknown:
                self.schedule(max(now, self.next_query(view)))

    def failed_elsewhere(self, now: float, *, is_passing: bool) -> None:
        """They could not be asked about; `is_passing`: for now, else nothing is to be expected of asking again."""
        self._round = set()
        if is_passing:
            self._failed(now)
        if not is_passing or self._failures >= MAX_FAILURES:
            self._doubted.clear()
            self._agenda.add(Item.ORDERS_ASKED)

    # The connection ---------------------------------------------------------------------------------------------------

    def connection_lost(self) -> None:
        """What was asked is answered no more; the next connection begins anew."""
        self._asked.clear()
        self._late.clear()
        self._doubted.clear()
        self._round.clear()
        self.is_round_over = self.is_comparing = False
        self._queried_at.clear()
        self._asking_since.clear()
        self._schedule(None)


def _is_passing(event: Failed) -> bool:
    error = event.error
    return isinstance(error, (RequestTimedOut, PayloadError)) or (isinstance(error, RequestRefused) and error.retryable)
