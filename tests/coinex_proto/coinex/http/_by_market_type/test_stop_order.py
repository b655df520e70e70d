from __future__ import annotations

from typing import Any

import pytest

from coinex_proto import UsageError
from coinex_proto.coinex.http import futures, parse, spot


@pytest.mark.parametrize("half", [spot, futures])
def test_changing_a_stop_order_needs_a_change_and_gives_its_id(half: Any) -> None:
    with pytest.raises(UsageError, match="EditStopOrder changes nothing: set amount or price or trigger_price"):
        half.EditStopOrder(market="A", stop_id=1)
    change = half.EditStopOrder(market="A", stop_id=1, trigger_price="3")
    assert parse(change, 200, b'{"code": 0, "data": {"stop_id": 2}}').stop_id == 2


@pytest.mark.parametrize("half", [spot, futures])
def test_a_stop_order_is_cancelled_by_its_own_id(half: Any) -> None:
    assert half.CancelStopOrder(market="A", stop_id=1).parameters()["stop_id"] == 1
