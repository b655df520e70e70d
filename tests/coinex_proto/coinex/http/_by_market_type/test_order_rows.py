from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest

from coinex_proto.coinex.http import futures, parse, spot
from coinex_proto.coinex.http._by_market_type.order_rows import AnyOrder, AnyStopOrder

ORDER = (
    b'{"code": 0, "data": {"order_id": "1", "market": "A", "market_type": "X", "side": "buy", "type": "limit", "price": "",'
    b'"amount": "2", "unfilled_amount": "0.5", "filled_amount": "1.50", "last_fill_price": "9", "status": "part_filled"}}'
)


@pytest.mark.parametrize("half", [spot, futures])
def test_an_order_is_read_alike_on_either_half(half: Any) -> None:
    order = parse(half.GetOrderStatus(market="A", order_id=1), 200, ORDER)
    assert isinstance(order, AnyOrder)
    assert (order.order_id, order.price, str(order.filled_amount), order.last_filled_price) == (
        1,
        None,
        "1.50",
        Decimal(9),
    )
    assert order.status == "part_filled"


def test_both_halves_tell_of_an_order_what_an_order_has() -> None:
    for shared, kinds in (
        (AnyOrder, (spot.SpotOrder, futures.FuturesOrder)),
        (AnyStopOrder, (spot.SpotStopOrder, futures.FuturesStopOrder)),
    ):
        names = {each.name for each in attrs.fields(shared)}
        assert all(names <= {each.name for each in attrs.fields(kind)} for kind in kinds)
    assert spot.StopId is futures.StopId
