"""The local QFEX for programs and tests."""

from __future__ import annotations

import pytest

from coinex_proto import UsageError
from coinex_trio import memory_exchange


def test_its_sockets_and_keys_are_known() -> None:
    exchange = memory_exchange("qfex", seed=1)
    assert exchange.mds_url.endswith("/mds")
    assert exchange.trade_url.endswith("/trade")
    assert exchange.credentials == memory_exchange("qfex", seed=1).credentials
    assert exchange.secret_key not in repr(exchange.credentials)


def test_an_order_is_named_by_its_text() -> None:
    exchange = memory_exchange("qfex", seed=1)
    exchange.quote("AAPL-USD", bid="100", ask="101")
    placed = exchange.place("AAPL-USD", "buy", "99", "1")
    assert isinstance(placed.order_id, str)
    exchange.fill(placed.order_id)
    assert exchange.orders() == ()
    with pytest.raises(UsageError, match="id"):
        exchange.fill(1)  # type: ignore[arg-type]
