"""An order whose outcome is not known, found among the orders of the past."""

from __future__ import annotations

import decimal
from decimal import Decimal as D
from typing import Any

import attrs
import pytest

from coinex_proto import OrderView, UsageError
from coinex_proto.orders.view import OrderValues, Snapshot
from coinex_proto.qfex.http.account import HistoricOrder, HistoricOrders
from coinex_proto.qfex.http.lookup import facts_about, query_about


def view(**fields: Any) -> OrderView:
    known = {"client_order_id": "mine", "market": "AAPL-USD", "side": "BUY"}
    return OrderView(Snapshot(OrderValues(**{**known, **fields}), 1))


def found(**fields: Any) -> HistoricOrder:
    known: dict[str, Any] = {"order_id": "7", "symbol": "AAPL-USD", "side": "BUY", "client_order_id": "mine"}
    return HistoricOrder(**{**known, "quantity": D(3), "filled_qty": D(1), "terminal_status": "CANCELLED", **fields})


def test_it_is_asked_for_by_client_id_and_symbol() -> None:
    query = query_about(view())
    assert (query.symbol, query.client_order_id) == ("AAPL-USD", "mine")
    with pytest.raises(UsageError, match="has none"):
        query_about(view(client_order_id=None))


def test_what_was_found_is_told_as_the_socket_would_have() -> None:
    (fact, *_) = facts_about(view(), HistoricOrders(data=(found(),)))
    assert (fact.order_id, fact.client_order_id, fact.state) == ("7", "mine", "cancelled")


@pytest.mark.parametrize(
    "other",
    [{"client_order_id": "yours"}, {"client_order_id": None}, {"symbol": "TSLA-USD"}, {"side": "SELL"}],
    ids=str,
)
def test_an_order_that_does_not_fit_says_nothing(other: dict[str, Any]) -> None:
    assert facts_about(view(), HistoricOrders(data=(found(**other),))) == ()


def test_what_is_not_known_of_ours_does_not_exclude_it() -> None:
    assert facts_about(view(market=None, side=None), HistoricOrders(data=(found(),))) != ()


def test_with_an_id_of_ours_only_that_order_counts() -> None:
    assert facts_about(view(order_id="8"), HistoricOrders(data=(found(),))) == ()
    assert facts_about(view(order_id="7"), HistoricOrders(data=(found(), found(order_id="8")))) != ()


def test_two_orders_with_one_client_id_prove_nothing_and_one_told_twice_counts_once() -> None:
    assert facts_about(view(), HistoricOrders(data=(found(), found(order_id="8")))) == ()
    twice = facts_about(view(), HistoricOrders(data=(found(), found())))
    assert twice == facts_about(view(), HistoricOrders(data=(found(),)))
    assert facts_about(view(), HistoricOrders()) == ()


def test_what_is_left_is_counted_to_the_digit_whatever_the_callers_context() -> None:
    row = found(quantity=D("1234.5678"), filled_qty=D("0.0001"))
    with decimal.localcontext(decimal.Context(prec=2, traps=[decimal.Inexact])):
        (fact, *_) = facts_about(view(), HistoricOrders(data=(row,)))
        (unknown, *_) = facts_about(view(), HistoricOrders(data=(attrs.evolve(row, terminal_status="NEW"),)))
    assert (fact.amount, fact.remaining) == (D("1234.5678"), D("1234.5677"))
    assert unknown.filled == D("0.0001")


def test_where_an_amount_is_missing_nothing_is_made_up() -> None:
    for missing in ("quantity", "filled_qty"):
        (fact, *_) = facts_about(view(), HistoricOrders(data=(found(**{missing: None}),)))
        assert fact.order_id == "7"


def test_the_status_is_the_last_that_there_is() -> None:
    row = found(terminal_status=None, execution_state="ACK")
    assert facts_about(view(), HistoricOrders(data=(row,)))[0].state == "live"
