"""Queries: what they send, and what they refuse."""

from collections.abc import Callable
from typing import Any

import pytest

from coinex_proto import UsageError, qfex
from coinex_proto.qfex._trade.command import TradeCommand


@pytest.mark.parametrize(
    ("query", "params"),
    [
        (qfex.GetOrder(order_id="1", symbol="A"), {"order_id": "1", "symbol": "A"}),
        (qfex.GetUserOrders(), {}),
        (qfex.GetUserOrders(limit=1, offset=0, symbol="A"), {"limit": 1, "offset": 0, "symbol": "A"}),
        (qfex.GetUserTrades(order_id="1", start_ts=0, end_ts=5), {"order_id": "1", "start_ts": 0, "end_ts": 5}),
        (qfex.GetUserLeverage(limit=2), {"limit": 2}),
        (qfex.GetAvailableLeverageLevels(offset=2), {"offset": 2}),
    ],
)
def test_a_query_sends_what_was_given(query: TradeCommand[object], params: dict[str, object]) -> None:
    assert query.params() == params


@pytest.mark.parametrize(
    "make",
    [
        lambda: qfex.GetOrder(order_id="", symbol="A"),
        lambda: qfex.GetOrder(order_id="1", symbol="a"),
        lambda: qfex.GetUserOrders(limit=0),
        lambda: qfex.GetUserOrders(offset=-1),
        lambda: qfex.GetUserTrades(start_ts=1.5),  # type: ignore[arg-type]
        lambda: qfex.GetUserLeverage(limit=True),
    ],
)
def test_what_cannot_be_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(UsageError):
        make()


BOUNDS: list[tuple[Any, dict[str, Any], dict[str, Any]]] = [
    # query, the least that is allowed, what is below it
    (qfex.GetUserOrders, {"limit": 1, "offset": 0}, {"limit": 0, "offset": -1}),
    (
        qfex.GetUserTrades,
        {"limit": 1, "offset": 0, "start_ts": 0, "end_ts": 0},
        {"limit": 0, "offset": -1, "start_ts": -1, "end_ts": -1},
    ),
    (qfex.GetUserLeverage, {"limit": 1, "offset": 0}, {"limit": 0, "offset": -1}),
    (qfex.GetAvailableLeverageLevels, {"limit": 1, "offset": 0}, {"limit": 0, "offset": -1}),
]


@pytest.mark.parametrize(("query", "least", "below"), BOUNDS, ids=[row[0].__name__ for row in BOUNDS])
def test_a_page_begins_at_nothing_and_has_at_least_one_row(
    query: Any, least: dict[str, Any], below: dict[str, Any]
) -> None:
    for name, value in least.items():
        assert query(**{name: value}).params()[name] == value
        assert name not in query().params()
        with pytest.raises(UsageError, match=name):
            query(**{name: below[name]})
