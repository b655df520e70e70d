"""The local CoinFLEX for programs and tests."""

from __future__ import annotations

import pytest

from coinex_proto import UsageError
from coinex_trio import memory_exchange


def test_it_has_the_one_account_of_the_documentation() -> None:
    exchange = memory_exchange("coinflex", seed=1)
    assert exchange.url.endswith("/v1")
    assert exchange.credentials.user_id == exchange.user_id
    assert exchange.passphrase not in repr(exchange.credentials)


def test_an_order_is_named_by_its_number() -> None:
    exchange = memory_exchange("coinflex", seed=1)
    exchange.quote("XBT/USDT", bid="100", ask="101")
    placed = exchange.place("XBT/USDT", "buy", "99", "1")
    assert isinstance(placed.order_id, int)
    exchange.fill(placed)
    assert exchange.orders() == ()
    with pytest.raises(UsageError, match="id"):
        exchange.fill("1")  # type: ignore[arg-type]
