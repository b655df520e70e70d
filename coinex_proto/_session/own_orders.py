"""Own orders of one session: what replies, pushes and queries say of them becomes views and `OrderChanged` events.

Between the tracker (`orders.py`), which knows no events, and the session, which knows no orders. Knows no venue.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, final

from attrs import evolve

from coinex_proto._connection.agenda import Agenda, Item
from coinex_proto._connection.timeline import Timeline
from coinex_proto._session.order_resolver import OrderResolver
from coinex_proto.commands import describe
from coinex_proto.dialect import Dialect
from coinex_proto.errors import OutcomeUnknown, PayloadError, RequestRefused, RequestTimedOut
from coinex_proto.events import Failed, OrderChanged, OrdersQueried, Replied
from coinex_proto.ids import ANYTHING, OrderId, RequestId
from coinex_proto.orders.fact import OrderFact, OrdersMissed
from coinex_proto.orders.tracker import Orders
from coinex_proto.orders.view import OrderView
from coinex_proto.statistics import Statistics
from coinex_proto.updates import Event, Update

if TYPE_CHECKING:
    from coinex_proto.connection import Connection

LISTED_AFTER: Final = 2.0
"""Seconds that the venue may need until its list of open orders knows what its answers and pushes have said."""

_NOT_TOLD: Final = "the venue lists it no more and does not tell how it ended"


@final
class OwnOrders:
    """The tracker of one session, and the events that come of it."""

    def __init__(
        self,
        dialect: Dialect,
        orders: Orders,
        events: deque[Event],
        agenda: Agenda,
        timeline: Timeline,
        stats: Statistics,
    ) -> None:
        self._dialect = dialect
        self._orders = orders
        self._events = events
        self._on_callers_clock = timeline.for_caller
        """The tracker dates what it knows on the clock of `now`."""
        self._agenda = agenda
        self._stats = stats
        self._compare_every: float | None = None
        self._before: tuple[OrderView, ...] = ()
        """The orders that were live when the list of open orders was last asked for."""
        self.doubts = 0
        """Counts what was missed: what an answer proves that was asked for before the last of it, is not known."""
        self.resolver = OrderResolver(dialect, orders, agenda)
        """Asks the venue about orders of unknown state."""

    # Facts ------------------------------------------------------------------------------------------------------------

    def take_update(self, update: Update, now: float) -> None:
        """An update that may tell of orders."""
        self.apply_facts(tuple(self._dialect.order(update)), now)

    def apply_facts(self, facts: tuple[OrderFact, ...], now: float, request_id: RequestId | None = None) -> None:
        """Facts from anywhere; `request_id`: in the answer to this request."""
        for fact in facts:
            view = self._orders.apply(fact, self._on_callers_clock(now), request_id)
            self._changed(view)
            if view is not None and fact.state == "unknown":
                self.resolver.schedule(now)

    def missed(self, missed: OrdersMissed, now: float, why: str) -> bool:
        """A message could not be read that may have told of own orders. Whether the venue will be asked about them."""
        self.doubts += 1
        doubted, changed = self._orders.missed(missed, now, why)
        for view in changed:
            self._changed(view)
        return self.resolver.doubt(doubted, now)

    def refused(self, request_id: RequestId, why: str, now: float) -> None:
        """The venue did not take the order of this request."""
        self._changed(self._orders.refused(request_id, why, self._on_callers_clock(now)))

    def unknown(self, request_id: RequestId, why: str, now: float) -> None:
        """What became of the order of this request is not known."""
        self._changed(self._orders.unknown(request_id, why, self._on_callers_clock(now)))

    # Answers to requests ----------------------------------------------------------------------------------------------

    def answers(self, event: Replied[Any] | Failed, now: float) -> bool:
        """Whether this was the answer to one of our own queries; then it is dealt with."""
        if not self.resolver.answered(event, now):
            return False
        facts = self._facts_in(event)
        self.apply_facts(facts, now)
        if isinstance(event, Replied) and isinstance(event.result, Update) and event.result.is_whole_order_list:
            listed = self.resolver.listed = {fact.order_id for fact in facts}
            if self.resolver.is_comparing:
                self._compare_with(listed, now)
        if self.resolver.is_round_over:
            self._end_round(now)
        self.resolver.ask_by_new_ids(now)
        return True

    def _compare_with(self, listed: set[OrderId | None], now: float) -> None:
        """What the list has told anew differed; orders that were live before it was asked for, and that it lacks, have ended."""
        told = (self._orders.find(order_id) for order_id in listed)
        self._stats.order_differences += sum(view is not None and view.updated_at == now for view in told)
        before, self._before = self._before, ()
        for view in before:
            live = self._orders.live(view)
            is_unchanged = live.state == "live" and live.updated_at == view.updated_at <= now - LISTED_AFTER
            if is_unchanged and view.order_id not in listed:
                self._stats.order_differences += 1
                self.missed(OrdersMissed(topic=ANYTHING, order_id=view.order_id), now, "the venue lists it no more")

    def _end_round(self, now: float) -> None:
        for view in self.resolver.end_round(now):
            self._changed(self._orders.ended(view, now, _NOT_TOLD))

    def send_queries(self, connection: Connection, now: float) -> None:
        """Asks what is due, by the socket, or has it asked another way. The connection is ready."""
        resolver = self.resolver
        unknown = resolver.begin_round(now)
        if unknown and resolver.is_elsewhere:
            self._events.append(OrdersQueried(orders=unknown))
        elif unknown:
            resolver.send_queries(unknown, connection, now)
        if resolver.is_round_over:
            self._end_round(now)
        if self._compare_every is not None and self._agenda.take_due(Item.OPEN_ORDERS, now):
            self._agenda.add_at(Item.OPEN_ORDERS, now + self._compare_every)
            self._compare(connection, now)

    def _compare(self, connection: Connection, now: float) -> None:
        if self.resolver.is_elsewhere:
            self._events.append(OrdersQueried(is_whole_list=True))
        elif self.resolver.compare(connection, now):
            self._before = self.live_orders()
        else:
            self._agenda.add_at(Item.OPEN_ORDERS, now + LISTED_AFTER)  # a round is under way

    def live_orders(self) -> tuple[OrderView, ...]:
        """Snapshots of the orders that the venue should list as open."""
        return tuple(
            view.snapshot() for view in self._orders.open() if view.state == "live" and view.order_id is not None
        )

    def compare_every(self, seconds: float | None, now: float) -> None:
        """From now on the venue's list of open orders is asked for so often; None: not at all."""
        self._compare_every = seconds
        self._agenda.cancel(Item.OPEN_ORDERS)
        if seconds is not None:
            self._agenda.add_at(Item.OPEN_ORDERS, now + seconds)

    def outcome(self, event: Replied[Any] | Failed, now: float) -> Event:
        """The event for the user: an order's command is answered with the tracker's view."""
        if isinstance(event, Failed) and isinstance(event.error, (OutcomeUnknown, PayloadError, RequestTimedOut)):
            self.resolver.schedule(now)
            self._report_unknown(event, now)
        view = self._orders.of_request(event.request_id)
        if view is None:
            self.apply_facts(self._facts_in(event), now)
            return event
        if isinstance(event, Replied):
            if isinstance(event.result, Update):
                self.apply_facts(tuple(self._dialect.order(event.result)), now, event.request_id)
            return Replied(request_id=event.request_id, command=event.command, result=view)
        if isinstance(event.error, RequestRefused) and self._orders.was_accepted(event.request_id):
            if view.is_final:
                return Replied(request_id=event.request_id, command=event.command, result=view)
            event = _contradicted(event, event.error)
            doubt = OrderFact(order_id=view.order_id, market=view.market, state="unknown", why=str(event.error))
            self.apply_facts((doubt,), now, event.request_id)
        if isinstance(event.error, RequestRefused):
            self.refused(event.request_id, str(event.error), now)
        else:
            self.unknown(event.request_id, str(event.error), now)
        return event

    def _report_unknown(self, event: Failed, now: float) -> None:
        """The order that a lost change or cancel was about may have changed or ended."""
        fact = event.command.order_if_unknown()
        known = None if fact is None else self._orders.find(fact.order_id, fact.client_order_id)
        if fact is not None and known is not None and not known.is_final:
            self.apply_facts((evolve(fact, why=str(event.error)),), now)

    def _facts_in(self, event: Replied[Any] | Failed) -> tuple[OrderFact, ...]:
        """The result of a query or a change may say more of an order than its push: the id it had before."""
        if isinstance(event, Replied) and isinstance(event.result, Update) and event.result.tells_order:
            return tuple(self._dialect.order(event.result))
        return ()

    # The connection ---------------------------------------------------------------------------------------------------

    def connection_ready(self, now: float) -> None:
        """The venue can be asked about orders whose state is unknown."""
        if not self.resolver.is_elsewhere:
            self.resolver.schedule(now)
        self.compare_every(self._compare_every, now)

    def connection_lost(self, why: str, now: float, *, is_covered: bool = False) -> None:
        """No order that is not final is known any more, unless another line tells of all of them (`is_covered`)."""
        self.doubts += not is_covered
        self._before = ()
        self._agenda.cancel(Item.OPEN_ORDERS)
        self.resolver.connection_lost()
        for view in () if is_covered else self._orders.connection_lost(self._on_callers_clock(now), why):
            self._changed(view)

    def _changed(self, view: OrderView | None) -> None:
        if view is not None:
            self._events.append(OrderChanged(order=view.snapshot()))


def _contradicted(event: Failed, refusal: RequestRefused) -> Failed:
    """A refusal of an order that is known to have been accepted, or that has bought something already."""
    error = OutcomeUnknown(
        f"the outcome of {describe(event.command)} is unknown: the venue has accepted the order, and then said {refusal}",
        request_id=event.request_id,
        command=event.command,
    )
    return evolve(event, error=error)
