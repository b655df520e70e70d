"""What of several lines is one line's: commands, and what is asked about own orders. Must not know any venue."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

from coinex_proto._connection.venue_clock import Clock
from coinex_proto._lines.line import Line
from coinex_proto.commands import Command
from coinex_proto.ids import RequestId
from coinex_proto.orders.fact import OrderFact
from coinex_proto.orders.view import OrderView
from coinex_proto.phases import Phase
from coinex_proto.session import Session
from coinex_proto.updates import Update

R = TypeVar("R")


class OnMainLine(ABC):
    """The calls of a `Session` that the session of the main line answers."""

    changed: Callable[[], None]

    def __init__(self) -> None:
        self.compare_every: float | None = None
        self.are_queried_elsewhere: bool = False

    @property
    @abstractmethod
    def main_line(self) -> Line:
        """The line that sends commands and has the private topics."""

    @property
    def main(self) -> Session:
        """Its session."""
        return self.main_line.session

    @abstractmethod
    def collect(self, line: Line, now: float) -> None:
        """Its session may have events."""

    @abstractmethod
    def collect_all(self, now: float) -> None:
        """Any session may have events."""

    def send(self, command: Command[R], now: float) -> RequestId:
        """As `Session.send`, on the main line."""
        line = self.main_line
        try:
            return line.session.send(command, now)
        finally:
            self.collect(line, now)
            self.changed()

    def sending(self, fact: OrderFact, now: float) -> tuple[RequestId, OrderView]:
        """As `Session.sending`."""
        return self.main.sending(fact, now)

    def apply_facts(self, *facts: OrderFact, now: float, request_id: RequestId | None = None) -> None:
        """As `Session.apply_facts`."""
        self.main.apply_facts(*facts, now=now, request_id=request_id)
        self.collect_all(now)

    def refused(self, request_id: RequestId, why: str, now: float) -> None:
        """As `Session.refused`."""
        self.main.refused(request_id, why, now)
        self.collect_all(now)

    def outcome_unknown(self, request_id: RequestId, why: str, now: float) -> None:
        """As `Session.outcome_unknown`."""
        self.main.outcome_unknown(request_id, why, now)
        self.collect_all(now)

    def orders_to_query(self, now: float) -> tuple[OrderView, ...]:
        """As `Session.orders_to_query`."""
        return self.main.orders_to_query(now)

    def next_order_query(self, order: OrderView) -> float:
        """As `Session.next_order_query`."""
        return self.main.next_order_query(order)

    def order_queried(self, order: OrderView, now: float) -> None:
        """As `Session.order_queried`."""
        self.main.order_queried(order, now)

    def begin_order_queries(self, now: float) -> tuple[OrderView, ...]:
        """As `Session.begin_order_queries`."""
        return self.main.begin_order_queries(now)

    def orders_queried(self, now: float) -> None:
        """As `Session.orders_queried`."""
        self.main.orders_queried(now)
        self.collect_all(now)

    def order_queries_failed(self, now: float, *, is_passing: bool) -> None:
        """As `Session.order_queries_failed`."""
        self.main.order_queries_failed(now, is_passing=is_passing)
        self.collect_all(now)

    def query_orders_elsewhere(self, now: float) -> None:
        """As `Session.query_orders_elsewhere`."""
        self.are_queried_elsewhere = True
        self.main.query_orders_elsewhere(now)
        self.collect_all(now)

    def compare_orders_every(self, seconds: float | None, now: float) -> None:
        """As `Session.compare_orders_every`."""
        self.compare_every = seconds
        self.main.compare_orders_every(seconds, now)
        self.collect_all(now)

    def age(self, update: Update) -> float | None:
        """As `Session.age`."""
        return self.main.age(update)

    @property
    def clock(self) -> Clock:
        """Of the main line."""
        return self.main.clock

    @property
    def phase(self) -> Phase:
        """Of the main line's connection."""
        return self.main.phase
