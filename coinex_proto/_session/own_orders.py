"""Own orders of one session: what replies, pushes and queries say of them becomes views and `OrderChanged` events.

Between the tracker (`orders.py`), which knows no events, and the session, which knows no orders. Knows no venue.
"""

from __future__ import annotations

from collections import deque
from typing import Any, final

from attrs import evolve

from coinex_proto._connection.agenda import Agenda
from coinex_proto._connection.timeline import Timeline
from coinex_proto._session.order_resolver import OrderResolver
from coinex_proto.commands import describe
from coinex_proto.dialect import Dialect
from coinex_proto.errors import OutcomeUnknown, RequestRefused, RequestTimedOut
from coinex_proto.events import Failed, OrderChanged, Replied
from coinex_proto.ids import RequestId
from coinex_proto.orders.fact import OrderFact
from coinex_proto.orders.tracker import Orders
from coinex_proto.orders.view import OrderView
from coinex_proto.updates import Event, Update


@final
class OwnOrders:
    """The tracker of one session, and the events that come of it."""

    def __init__(
        self, dialect: Dialect, orders: Orders, events: deque[Event], agenda: Agenda, timeline: Timeline
    ) -> None:
        self._dialect = dialect
        self._orders = orders
        self._events = events
        self._on_callers_clock = timeline.for_caller
        """The tracker dates what it knows on the clock of `now`."""
        self.resolver = OrderResolver(dialect, orders, agenda)
        """Asks the venue about orders of unknown state: call `resolver.send_queries` when the agenda has it due and the connection is ready."""

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
        self._apply_result(event, now)
        self.resolver.ask_by_new_ids(now)
        return True

    def outcome(self, event: Replied[Any] | Failed, now: float) -> Event:
        """The event for the user: an order's command is answered with the tracker's view."""
        if isinstance(event, Failed) and isinstance(event.error, (OutcomeUnknown, RequestTimedOut)):
            self.resolver.schedule(now)
            self._report_unknown(event, now)
        view = self._orders.of_request(event.request_id)
        if view is None:
            self._apply_result(event, now)
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

    def _apply_result(self, event: Replied[Any] | Failed, now: float) -> None:
        """The result of a query or a change may say more of an order than its push: the id it had before."""
        if isinstance(event, Replied) and isinstance(event.result, Update) and event.result.tells_order:
            self.take_update(event.result, now)

    # The connection ---------------------------------------------------------------------------------------------------

    def connection_ready(self, now: float) -> None:
        """The venue can be asked about orders whose state is unknown."""
        self.resolver.schedule(now)

    def connection_lost(self, why: str, now: float) -> None:
        """No order that is not final is known any more."""
        self.resolver.connection_lost()
        for view in self._orders.connection_lost(self._on_callers_clock(now), why):
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
