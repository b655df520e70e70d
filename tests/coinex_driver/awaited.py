"""Clients that are awaited, against an exchange in memory, on a loop whose time is a number."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from coinex_asyncio import open_coinex, open_coinflex, open_qfex
from coinex_trio import memory_exchange
from tests.coinex_asyncio.virtual_loop import VirtualLoop

T = TypeVar("T")


def run(main: Callable[[], Awaitable[T]]) -> T:
    """What comes of it; an hour in it takes a moment."""

    async def all_of_it() -> T:
        return await main()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(all_of_it())


def now() -> float:
    """The loop's time."""
    return asyncio.get_running_loop().time()


class Case:
    """A venue with one market and one seller at 101."""

    def __init__(self, venue: str) -> None:
        self.venue = venue
        self.exchange: Any = memory_exchange(seed=1) if venue == "coinex" else memory_exchange(venue, seed=1)  # type: ignore[call-overload]
        self.market = {"coinex": "BTCUSDT", "qfex": "AAPL-USD", "coinflex": "XBT/USDT"}[venue]
        self.exchange.quote(self.market, "100", "101", "5")

    def open(self, *, is_signed: bool = True, **options: Any) -> Any:
        """A client."""
        exchange = self.exchange
        keys = exchange.credentials if is_signed else None
        if self.venue == "coinex":
            return open_coinex("spot", keys, network=exchange.network, **options)
        if self.venue == "qfex":
            return open_qfex(keys, network=exchange.network, **options)
        return open_coinflex(keys, url=exchange.url, network=exchange.network, **options)

    async def buy(self, client: Any, price: str = "99", amount: str = "1") -> Any:
        """An order of ours that stands."""
        if self.venue == "coinex":
            return await client.place_order(self.market, "buy", "limit", amount, price)
        if self.venue == "qfex":
            return await client.place_order(self.market, "BUY", "LIMIT", quantity=amount, price=price)
        return await client.place_order(self.market, "buy", amount, price)


VENUES = pytest.mark.parametrize("venue", ["coinex", "qfex", "coinflex"])
