from __future__ import annotations

import pytest

from coinex_proto import UsageError
from coinex_proto.coinex.http.futures import EditStopOrder, PutStopOrder


def test_a_stop_order_says_which_price_is_watched() -> None:
    stop = PutStopOrder(
        market="BTCUSDT",
        side="sell",
        type="limit",
        amount="1",
        price="8999",
        trigger_price="9000",
        trigger_price_type="mark_price",
    )
    assert stop.parameters()["trigger_price_type"] == "mark_price"
    with pytest.raises(UsageError, match="one of 'latest_price', 'mark_price', 'index_price'"):
        PutStopOrder(
            market="BTCUSDT",
            side="sell",
            type="market",
            amount="1",
            trigger_price="9000",
            trigger_price_type="last",  # type: ignore[arg-type]
        )


def test_a_change_of_a_stop_order_must_change_something() -> None:
    with pytest.raises(UsageError, match="set amount or price or trigger_price"):
        EditStopOrder(market="BTCUSDT", stop_id=1)
