"""One method a channel of QFEX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from coinex_driver.qfex_channels import QfexChannels
from coinex_proto import Topic, qfex

ACCOUNT = {
    "orders": qfex.Orders(),
    "fills": qfex.Fills(),
    "positions": qfex.Positions(),
    "balances": qfex.Balances(),
    "stop_orders": qfex.StopOrders(),
}
MARKET = {
    "level2": qfex.Level2("A"),
    "bbo": qfex.Bbo("A"),
    "trades": qfex.Trades("A"),
    "candles": qfex.Candles("A"),
    "underlier": qfex.Underlier("A"),
    "mark_price": qfex.MarkPrice("A"),
    "funding": qfex.Funding("A"),
    "open_interest": qfex.OpenInterest("A"),
    "minmax_price": qfex.MinMaxPrice("A"),
    "market_stats": qfex.MarketStats("A"),
}


class Recorder(QfexChannels):
    def __init__(self) -> None:
        self.said: list[tuple[object, ...]] = []

    def subscribe(self, *topics: Topic[Any], callback: Callable[[Any], object] | None = None) -> None:
        self.said.append(("subscribe", *topics, callback))

    def unsubscribe(self, *topics: Topic[Any]) -> None:
        self.said.append(("unsubscribe", *topics))


def test_there_is_a_topic_for_each_method() -> None:
    names = {name.removeprefix("subscribe_") for name in dir(QfexChannels) if name.startswith("subscribe_")}
    assert names == {*ACCOUNT, *MARKET}


@pytest.mark.parametrize(("name", "topic"), [*ACCOUNT.items(), *MARKET.items()])
def test_each_method_names_its_topic_and_its_counterpart_the_same(name: str, topic: Topic[Any]) -> None:
    client = Recorder()
    market = () if name in ACCOUNT else ("A",)
    getattr(client, f"subscribe_{name}")(*market, callback=print)
    getattr(client, f"unsubscribe_{name}")(*market)
    assert client.said == [("subscribe", topic, print), ("unsubscribe", topic)]
