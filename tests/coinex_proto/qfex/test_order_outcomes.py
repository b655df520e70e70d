"""Every way in which an order can go: what `place_order` is told, and what the view shows. Nothing bought is refused."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from coinex_proto import Event, Failed, OrderView, OutcomeUnknown, Replied, RequestRefused, RequestTimedOut, qfex
from tests.coinex_proto.qfex.order_outcomes import FILLED, PAGE, ROWS, Cell, cells, row_of, written
from tests.coinex_proto.qfex.trade_session import TradeSession, limit, record

CELLS = tuple(cells())
IDS = ["-".join(cell) for cell in CELLS]


class Venue:
    """What the venue says of one order."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.bought = FILLED[cell.filled]

    def says(self, status: str, left: int) -> dict[str, Any]:
        cell = self.cell
        price = 0.0 if cell.order_type == "MARKET" else 150.5
        kind = {"type": cell.order_type, "time_in_force": cell.time_in_force, "price": price}
        return record(status, quantity_remaining=float(left), **kind)

    @property
    def ack(self) -> list[dict[str, Any]]:
        return [self.says("ACK", 10)]

    @property
    def end(self) -> list[dict[str, Any]]:
        """What happens to it, and by which status it ends or rests."""
        if self.bought == 10:
            return [*self.fill, self.says("FILLED", 0)]
        if self.cell.rests:
            return [*self.fill, self.says("FILLED", 10 - self.bought)] if self.bought else []
        return [*self.fill, self.says(self._last, 10 - self.bought)]

    @property
    def _last(self) -> str:
        if self.cell.statuses == "new":
            return "IOC_PARTIALLY_FILLED" if self.bought else "IOC_CANCELLED"
        return "FILLED" if self.bought else "CANCELLED"

    @property
    def fill(self) -> list[dict[str, Any]]:
        return [{"fill_response": {**self._trade, "side": "BUY", "aggressor_side": "BUY"}}] if self.bought else []

    @property
    def _trade(self) -> dict[str, Any]:
        return {
            "trade_id": "t-1",
            "symbol": "AAPL-USD",
            "order_id": "o-1",
            "client_order_id": "c-1",
            "price": 150.25,
            "quantity": float(self.bought),
        }

    def answers(self, queries: list[Any]) -> list[dict[str, Any]]:
        """To whatever was queried."""
        return [self._answer(query["type"]) for query in queries]

    def _answer(self, kind: str) -> dict[str, Any]:
        rests = self.cell.rests and self.bought < 10
        match kind:
            case "get_user_trades":
                trades = [{**self._trade, "aggressor_side": "BUY"}] if self.bought else None
                return {"user_trades": trades, "count": len(trades or ())}
            case "get_user_orders":
                listed = self.says("ACK", 10 - self.bought)["order_response"]
                return {"all_orders_response": {"orders": [listed] if rests else None, "twaps": None}}
            case "get_order":
                last = (self.end or self.ack)[-1]
                return last if "order_response" in last else self.ack[0]
            case _:
                raise AssertionError(kind)


def played(cell: Cell) -> tuple[list[Event], OrderView]:
    """All events of one order, and its view."""
    trade, venue = TradeSession().sign_in(), Venue(cell)
    price = None if cell.order_type == "MARKET" else "150.5"
    trade.send(limit(order_type=cell.order_type, order_time_in_force=cell.time_in_force, price=price))
    (order,) = trade.session.orders.open()
    before, after = (venue.ack if cell.ack == when else [] for when in ("before", "after"))
    events = trade.say(*before) if before else []
    if cell.lost == "yes":
        events += trade.drop()
        trade.reconnect()
        trade.say({"subscribed": "order_responses"})
    else:
        messages = [*venue.end, *after]
        events += trade.say(*messages) if messages else []
        events += trade.wait(trade.now + 11.0)
    for _ in range(5):
        queries = [text for text in trade.sent() if str(text.get("type")).startswith("get_")]
        if not queries:
            break
        events += trade.say(*venue.answers(queries))
    return events, order


@pytest.mark.parametrize("cell", CELLS, ids=IDS)
def test_an_order_ends_as_the_table_says(cell: Cell) -> None:
    row = row_of(cell)
    events, order = played(cell)
    (outcome,) = [event for event in events if isinstance(event, (Replied, Failed))]
    if isinstance(outcome, Replied):
        assert (row.verb, outcome.result) == ("the order", order)
    else:
        errors = {"OutcomeUnknown": OutcomeUnknown, "RequestTimedOut": RequestTimedOut}
        assert type(outcome.error) is errors[row.verb]
    assert (order.state, order.filled) == (row.state, D(row.amount))
    if order.filled:
        assert order.average_price == D("150.25")


@pytest.mark.parametrize("cell", CELLS, ids=IDS)
def test_nothing_that_was_bought_is_reported_as_refused(cell: Cell) -> None:
    events, order = played(cell)
    assert order.state != "refused"
    assert not [event for event in events if isinstance(event, Failed) and isinstance(event.error, RequestRefused)]


def test_each_row_of_the_table_tells_of_some_cell() -> None:
    assert {row_of(cell) for cell in CELLS} == set(ROWS)


def test_the_table_in_the_docs_is_current() -> None:
    assert PAGE.read_text() == written(), "run: python -m tests.coinex_proto.qfex.order_outcomes"


# Statuses that nobody has documented, and words that contradict each other ----------------------------------------------


@pytest.mark.parametrize("status", ["SOMETHING_NEW", "FOK_PARTIALLY_FILLED", "REJECTED", "FAILED_MARGIN_CHECK"])
@pytest.mark.parametrize("left", [6.0, 0.0])
def test_a_record_that_shows_a_fill_was_accepted_whatever_its_status(status: str, left: float) -> None:
    trade = TradeSession().sign_in()
    trade.send(limit(order_time_in_force="IOC"))
    trade.sent()
    (order,) = trade.session.orders.open()
    events = trade.say(record(status, quantity_remaining=left, time_in_force="IOC"))
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert isinstance(failed.error, OutcomeUnknown)
    assert order.state == "unknown"
    assert "get_user_trades" in [text["type"] for text in trade.sent()]


def test_an_order_that_was_acknowledged_under_its_id_alone_is_never_refused_by_a_new_status() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    (order,) = trade.session.orders.open()
    bare = {"order_response": {"status": "ACK", "order_id": "o-1"}}
    events = trade.say(bare, record("SOMETHING_NEW"))
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert isinstance(failed.error, OutcomeUnknown)
    assert order.state == "unknown"


@pytest.mark.parametrize("status", ["REJECTED", "PERMISSION_DENIED", "SOMETHING_NEW"])
def test_an_order_that_has_bought_something_is_not_refused_afterwards(status: str) -> None:
    cell = Cell("LIMIT", "IOC", "part", "never", "new", "no")
    trade = TradeSession().sign_in()
    trade.send(limit(order_time_in_force="IOC"))
    (order,) = trade.session.orders.open()
    events = trade.say(*Venue(cell).fill, record(status, quantity_remaining="absent"))
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert isinstance(failed.error, OutcomeUnknown)
    assert (order.state, order.filled) == ("unknown", D(4))


def test_the_end_of_an_ioc_order_with_nothing_left_counts_its_fills_only() -> None:
    cell = Cell("LIMIT", "IOC", "part", "before", "new", "no")
    trade = TradeSession().sign_in()
    trade.send(limit(order_time_in_force="IOC"))
    (order,) = trade.session.orders.open()
    trade.say(*Venue(cell).ack, record("IOC_PARTIALLY_FILLED", quantity_remaining=0.0), *Venue(cell).fill)
    assert (order.state, order.filled) == ("cancelled", D(4))


@pytest.mark.parametrize("status", ["USER_IN_LIQUIDATION", "PERMISSION_DENIED", "CANNOT_MODIFY_ALO_WOULD_CROSS"])
def test_a_refused_change_says_nothing_of_the_order_that_stands(status: str) -> None:
    trade = TradeSession().sign_in()
    trade.send(limit(order_type="ALO"))
    trade.say(record("ACK", type="ALO"))
    (order,) = trade.session.orders.open()
    trade.send(qfex.ModifyOrder(order_id="o-1", symbol="AAPL-USD", side="BUY", order_type="ALO", price=9))
    events = trade.say(record(status, type="ALO", price=9.0))
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert isinstance(failed.error, RequestRefused)
    assert failed.error.code == status
    assert (order.state, order.price) == ("live", D("150.5"))


@pytest.mark.parametrize(
    "status", ["USER_IN_LIQUIDATION", "PERMISSION_DENIED", "REJECTED_TOTAL_OPEN_INTEREST_LIMIT", "REJECTED"]
)
def test_a_new_order_is_refused_by_what_refuses_it(status: str) -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    (order,) = trade.session.orders.open()
    events = trade.say(record(status))
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert isinstance(failed.error, RequestRefused)
    assert order.state == "refused"


def test_a_cancel_that_meets_an_unknown_status_has_an_unknown_outcome() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    trade.say(record("ACK"))
    (order,) = trade.session.orders.open()
    trade.send(qfex.CancelOrder(order_id="o-1", symbol="AAPL-USD"))
    events = trade.say(record("EXPIRED"))
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert isinstance(failed.error, OutcomeUnknown)
    assert order.state == "unknown"


def test_a_query_is_answered_by_a_status_that_nobody_knows() -> None:
    trade = TradeSession().sign_in()
    trade.send(qfex.GetOrder(order_id="o-1", symbol="AAPL-USD"))
    (replied,) = [event for event in trade.say(record("EXPIRED")) if isinstance(event, Replied)]
    assert replied.result.status == "EXPIRED"
