"""Own orders: one tracker for all venues.

What replies, pushes and queries say of an order arrives as `OrderFact`s in any order, twice, late, under the order's
id, under its client id, or both. `Orders` joins them; an `OrderView` shows what is known. How facts are folded is in
`order.py`. This module must not know any venue; the facts come from `Dialect.order` and `Command.order`.
"""

from __future__ import annotations

from typing import Final, TypeVar, final

from attrs import evolve

from coinex_proto.checks import check_order
from coinex_proto.ids import OrderId, RequestId
from coinex_proto.orders.fact import OrderFact, OrdersMissed
from coinex_proto.orders.order import Order
from coinex_proto.orders.sent import SentOrders
from coinex_proto.orders.states import OrderState
from coinex_proto.orders.view import OrderValues, OrderView, Snapshot

K = TypeVar("K")

REMEMBERED: Final = 10_000
"""So many final orders stay known, so that late facts of them are not taken for new orders."""


class _Record:
    """An order in the tracker, with the views and names that lead to it."""

    __slots__ = ("number", "numbers", "order", "request_id", "views")

    def __init__(self, number: int) -> None:
        self.number = number
        self.numbers: tuple[int, ...] = (number,)
        self.order = Order()
        self.request_id: RequestId | None = None
        self.views: tuple[OrderView, ...] = ()

    @property
    def values(self) -> OrderValues:
        return self.order.values

    @property
    def view(self) -> OrderView:
        if not self.views:
            self.views = (OrderView(self),)
        return self.views[0]


@final
class Orders:
    """The tracker of one session: facts in, views out."""

    def __init__(self) -> None:
        self._serial = 0
        self._by_number: dict[int, _Record] = {}
        self._by_order_id: dict[OrderId, _Record] = {}
        self._by_client_id: dict[str, _Record] = {}
        self._by_request: dict[RequestId, _Record] = {}
        self._open: dict[int, _Record] = {}
        self._forgettable: dict[int, _Record] = {}
        self.sent: SentOrders = SentOrders()
        """Where to look for what was sent, also for what leaves another way than by the session."""

    # What is known ----------------------------------------------------------------------------------------------------

    def open(self) -> tuple[OrderView, ...]:
        """Live views of the orders that are not final, oldest first; `unknown` ones among them."""
        return tuple(record.view for record in self._open.values())

    def markets(self) -> tuple[str, ...]:
        """The markets of all orders that are remembered."""
        known = (record.values.market for record in self._by_number.values())
        return tuple(dict.fromkeys(market for market in known if market is not None))

    def find(self, order_id: OrderId | None = None, client_order_id: str | None = None) -> OrderView | None:
        """The live view of the order with this id; by client id, of the newest that has it."""
        record = self._by_order_id.get(order_id) if order_id is not None else None
        if record is None and client_order_id:
            record = self._by_client_id.get(client_order_id)
        return record.view if record is not None and record.order.state is not None else None

    def of_request(self, request_id: RequestId) -> OrderView | None:
        """The live view of the order that this request placed."""
        record = self._by_request.get(request_id)
        return None if record is None else record.view

    def is_from_here(self, order_id: OrderId | None, client_order_id: str | None) -> bool:
        """Whether the order with this id was placed through this session, and not by another program of the account."""
        record = self._by_order_id.get(order_id) if order_id is not None else None
        if record is None and client_order_id:
            record = self._by_client_id.get(client_order_id)
            if record is not None and order_id is not None and record.order.order_ids:
                return False  # another order that carries the same client id
        return record is not None and record.request_id is not None

    def has_sent(self) -> bool:
        """Whether any order that is remembered was placed through this session."""
        return bool(self._by_request)

    def was_accepted(self, request_id: RequestId) -> bool:
        """Whether the venue has accepted, or filled some of, the order that this request placed."""
        record = self._by_request.get(request_id)
        return record is not None and record.order.was_live

    def live(self, view: OrderView) -> OrderView:
        """The live view behind a snapshot; the snapshot itself once the order is forgotten.

        Raises `UsageError` for what is no order.
        """
        check_order(view)
        record = self._by_number.get(view._source.number) if isinstance(view._source, Snapshot) else None
        return view if record is None else record.view

    # What comes in ----------------------------------------------------------------------------------------------------

    def sending(self, fact: OrderFact, request_id: RequestId, now: float) -> OrderView:
        """An order is about to leave with this request. A client id that another order has had leads here from now."""
        record = self._new_record()
        record.request_id = request_id
        self._by_request[request_id] = record
        record.order.move("sending")
        if fact.client_order_id:
            self.sent.note(fact.client_order_id, fact.market, now)
        self._name(record, fact)
        self._apply(record, fact, now)
        return record.view

    def apply(self, fact: OrderFact, now: float, request_id: RequestId | None = None) -> OrderView | None:
        """The order's live view when this fact changed something, else None.

        `request_id`: the fact came in the answer to this request, which links an order that has no other name yet. A
        lone fill of an order that nothing else is known of is kept until the order itself is known.
        """
        fact = self._with_former_id(fact)
        record, was_joined = self._locate(fact, request_id)
        if record is None:
            return None
        self._name(record, fact)
        is_changed = self._apply(record, fact, now)
        return record.view if record.order.state is not None and (is_changed or was_joined) else None

    def refused(self, request_id: RequestId, why: str, now: float) -> OrderView | None:
        """The venue refused the request. An order that is known to be live stays so."""
        return self._move_unanswered(request_id, "refused", why, now)

    def unknown(self, request_id: RequestId, why: str, now: float) -> OrderView | None:
        """No (readable) answer came. An order that a push has described already stays as described."""
        return self._move_unanswered(request_id, "unknown", why, now)

    def connection_lost(self, now: float, why: str) -> list[OrderView]:
        """Every order that is not final becomes `unknown`; gives those that changed."""
        return [record.view for record in tuple(self._open.values()) if self._move(record, "unknown", why, now)]

    def missed(self, missed: OrdersMissed, now: float, why: str) -> tuple[list[OrderView], list[OrderView]]:
        """Every open order of which this may have told becomes `unknown`; gives them all, and those that changed."""
        meant = [record for record in self._meant_by(missed) if record.number in self._open]
        changed = [record for record in meant if self._move(record, "unknown", why, now)]
        return [record.view for record in meant], [record.view for record in changed]

    def _meant_by(self, missed: OrdersMissed) -> list[_Record]:
        known = None if missed.order_id is None else self._by_order_id.get(missed.order_id)
        if known is not None:
            return [known]
        in_market = [record for record in self._open.values() if record.order.may_be_in(missed.market)]
        client_id = missed.client_order_id
        named = [record for record in in_market if client_id and record.order.client_order_id == client_id]
        return named or in_market

    def ended(self, order: OrderView, now: float, why: str) -> OrderView | None:
        """The venue lists this order no more, and does not tell how it ended: the view when that is news, else None."""
        record = self._by_number.get(order._source.number)
        if record is None or not record.order.end_untold(why):
            return None
        return record.view if self._refile(record, now) else None

    # Which order a fact is about --------------------------------------------------------------------------------------

    def _locate(self, fact: OrderFact, request_id: RequestId | None) -> tuple[_Record | None, bool]:
        """The record of this fact (a new one if need be), and whether two records were joined into it."""
        found = [self._by_id(fact), self._by_former_id(fact), self._by_answer(fact, request_id), self._by_name(fact)]
        records = list({record.number: record for record in found if record is not None}.values())
        if not records:
            return (None, False) if fact.order_id is None and not fact.client_order_id else (self._new_record(), False)
        records.sort(key=lambda record: record.request_id is None)  # whoever sent the order holds that view
        same = [record for record in records[1:] if record.request_id is None]  # what was sent twice is two orders
        for other in same:
            self._join(records[0], other)
        return records[0], bool(same)

    def _with_former_id(self, fact: OrderFact) -> OrderFact:
        """A change that nobody here has requested, or whose answer came too late, names the old id no more.

        It is of the one open order with its client id, market and side; of several, none can be told from the others.
        """
        if not fact.may_be_renamed or fact.replaces is not None or fact.order_id is None or not fact.client_order_id:
            return fact
        if fact.order_id in self._by_order_id:
            return fact
        known = [
            record.order
            for record in self._open.values()
            if record.order.client_order_id == fact.client_order_id and record.order.may_be(fact.market, fact.side)
        ]
        former = known[0].order_id if len(known) == 1 else None
        return fact if former is None else evolve(fact, replaces=former)

    def _by_id(self, fact: OrderFact) -> _Record | None:
        return None if fact.order_id is None else self._by_order_id.get(fact.order_id)

    def _by_former_id(self, fact: OrderFact) -> _Record | None:
        """An order that ended before its id changed does not go on under the new one: then that is a new order."""
        if fact.replaces is None or fact.order_id is None:
            return None
        record = self._by_order_id.get(fact.replaces)
        has_ended = record is not None and record.order.is_final and not record.order.is_newer_than(fact)
        return None if has_ended else record

    def _by_answer(self, fact: OrderFact, request_id: RequestId | None) -> _Record | None:
        record = None if request_id is None else self._by_request.get(request_id)
        return record if record is not None and _is_free(record.order, fact) else None

    def _by_name(self, fact: OrderFact) -> _Record | None:
        """By client id, which need not be unique: another order id, or the end of the order before, tells them apart."""
        record = self._by_client_id.get(fact.client_order_id) if fact.client_order_id else None
        if record is None or not _is_free(record.order, fact) or not record.order.may_be_in(fact.market):
            return None
        if _is_reused(record.order, fact):
            return None
        known = self._by_id(fact)
        has_other_name = known is not None and known.order.client_order_id is not None
        return None if has_other_name else record

    def _join(self, record: _Record, other: _Record) -> None:
        record.order.absorb(other.order)
        for view in other.views:
            view._source = record
        record.views += other.views
        record.numbers += other.numbers
        for number in other.numbers:
            self._by_number[number] = record
        for order_id in other.order.order_ids:
            self._by_order_id[order_id] = record
        client_id = other.order.client_order_id
        if client_id and self._by_client_id.get(client_id) is other:
            self._by_client_id[client_id] = record
        self._open.pop(other.number, None)
        self._forgettable.pop(other.number, None)

    # Keeping it -------------------------------------------------------------------------------------------------------

    def _new_record(self) -> _Record:
        self._serial += 1
        record = _Record(self._serial)
        self._by_number[record.number] = record
        return record

    def _name(self, record: _Record, fact: OrderFact) -> None:
        order = record.order
        if fact.order_id is not None and fact.order_id not in order.order_ids:
            order.order_ids += (fact.order_id,)
            self._by_order_id[fact.order_id] = record
        if fact.replaces is not None and fact.order_id is not None and fact.replaces != fact.order_id:
            self._name_former(record, fact.replaces)
        if fact.client_order_id and order.client_order_id is None:
            order.client_order_id = fact.client_order_id
            self._by_client_id[fact.client_order_id] = record

    def _name_former(self, record: _Record, order_id: OrderId) -> None:
        holder = self._by_order_id.setdefault(order_id, record)
        if holder is not record:
            return  # an order that ended before
        record.order.replaced |= {order_id}
        if order_id not in record.order.order_ids:
            record.order.order_ids = (order_id, *record.order.order_ids)

    def _apply(self, record: _Record, fact: OrderFact, now: float) -> bool:
        self._serial += 1
        record.order.apply(fact, self._serial)
        return self._refile(record, now)

    def _move_unanswered(self, request_id: RequestId, to: OrderState, why: str, now: float) -> OrderView | None:
        record = self._by_request.get(request_id)
        if record is None or record.order.state not in ("sending", "unknown"):
            return None
        return record.view if self._move(record, to, why, now) else None

    def _move(self, record: _Record, to: OrderState, why: str, now: float) -> bool:
        return record.order.move(to, why) and self._refile(record, now)

    def _refile(self, record: _Record, now: float) -> bool:
        """Files the record under open or forgettable; whether anything visible has changed."""
        order = record.order
        has_changed = order.state is not None and order.refresh(now)  # which may show that it is filled
        if order.state is None or order.is_final:
            self._open.pop(record.number, None)
            self._forgettable[record.number] = record
            self._forget_oldest()
        else:
            self._forgettable.pop(record.number, None)
            self._open[record.number] = record
        return has_changed

    def _forget_oldest(self) -> None:
        if len(self._forgettable) <= REMEMBERED:
            return
        record = self._forgettable.pop(next(iter(self._forgettable)))
        _unlink(self._by_number, record.numbers, record)
        _unlink(self._by_request, () if record.request_id is None else (record.request_id,), record)
        _unlink(self._by_order_id, record.order.order_ids, record)
        _unlink(self._by_client_id, (record.order.client_order_id or "",), record)


def _unlink(index: dict[K, _Record], keys: tuple[K, ...], record: _Record) -> None:
    """Takes the names out that still lead to this record."""
    for key in keys:
        if index.get(key) is record:
            del index[key]


def _is_free(order: Order, fact: OrderFact) -> bool:
    """Whether this fact can be about that order as far as order ids tell."""
    return fact.order_id is None or not order.order_ids or fact.order_id in order.order_ids


def _is_reused(order: Order, fact: OrderFact) -> bool:
    """Whether the fact must be about a later order with the same client id."""
    if order.state == "refused":
        return fact.state in ("live", "filled")
    return order.is_final and fact.state == "live" and order.is_older_than(fact)
