"""What one message says of one order."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import exceptions, fields

from coinex_proto.orders.fact import Fill, OrderFact


def test_a_fact_says_nothing_unless_it_is_told_so() -> None:
    silent = OrderFact()
    assert {one.name: getattr(silent, one.name) for one in fields(OrderFact) if getattr(silent, one.name)} == {}


def test_facts_are_values() -> None:
    fact = OrderFact(order_id=7, fill=Fill("t", Decimal(1), None))
    assert fact == OrderFact(order_id=7, fill=("t", Decimal(1), None))
    with pytest.raises(exceptions.FrozenInstanceError):
        fact.order_id = 8  # type: ignore[misc]
