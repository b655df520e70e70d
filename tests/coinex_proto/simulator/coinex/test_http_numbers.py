"""Numbers as HTTP prints them."""

from __future__ import annotations

import pytest

from coinex_proto.simulator.coinex.http_numbers import short, unpadded


@pytest.mark.parametrize(
    ("long", "expected"), [("61000.00", "61000"), ("0.00", "0"), ("70855.30", "70855.3"), ("100", "100"), ("", "")]
)
def test_zeros_at_the_end_go(long: str, expected: str) -> None:
    assert short(long) == expected


def test_numbers_are_shortened_wherever_they_stand_and_nothing_else_is() -> None:
    rows = [{"price": "1.50", "client_id": "1.50", "depth": {"last": "2.0"}, "order_id": 10, "price_list": ["1.0"]}]
    assert unpadded(rows) == [
        {"price": "1.5", "client_id": "1.50", "depth": {"last": "2"}, "order_id": 10, "price_list": ["1.0"]}
    ]
    assert unpadded({}) == {}
