from typing import Any

import pytest

from coinex_proto import Event, Topic, UsageError
from coinex_proto.coinflex import (
    BalanceChanged,
    Balances,
    BalancesUpdate,
    OpenOrdersUpdate,
    OrderBook,
    OrderClosed,
    OrdersUpdate,
    OwnOrders,
    OwnOrderUpdate,
    Ticker,
    TickerUpdate,
    TradeVolume,
    TradeVolumeUpdate,
)
from coinex_proto.updates import Update

CLOSED = OrderClosed(id=1, base=1, counter=2, quantity=0, price=5)
WHOLE = TickerUpdate(base=1, counter=2, last=None, bid=None, ask=None, low=None, high=None, volume=0)


@pytest.mark.parametrize(
    ("topic", "updates"),
    [
        (OrderBook(1, 2), [CLOSED, OrdersUpdate(base=1, counter=2, orders=())]),
        (Ticker(1, 2), [WHOLE]),
        (OwnOrders(), [OwnOrderUpdate(notice=CLOSED), OpenOrdersUpdate(orders=())]),
        (Balances(), [BalancesUpdate(balances=()), BalanceChanged(asset=1, balance=2)]),
        (TradeVolume(1), [TradeVolumeUpdate(asset=1, volume=2)]),
    ],
)
def test_a_topic_has_the_key_of_its_updates(topic: Topic[Event], updates: list[Update]) -> None:
    assert {update.topic_key for update in updates} == {topic.key}
    if not isinstance(topic, OrderBook):
        assert all(isinstance(update, topic.event) for update in updates)


def test_other_markets_and_assets_have_other_keys() -> None:
    assert len({topic.key for topic in (OrderBook(1, 2), OrderBook(2, 1), Ticker(1, 2), TradeVolume(1))}) == 4


def test_only_what_replaces_the_update_before_may_be_skipped() -> None:
    whole = {topic for topic in (OrderBook, Ticker, OwnOrders, Balances, TradeVolume) if topic.is_whole_state}
    assert whole == {OrderBook, Ticker, TradeVolume}


def test_each_topic_has_a_merger_of_its_own_only_for_the_ticker() -> None:
    assert Ticker(1, 2).merger() is not Ticker(1, 2).merger()
    assert OrderBook(1, 2).merger() is None


@pytest.mark.parametrize("make", [lambda code: OrderBook(code, 2), lambda code: Ticker(1, code), TradeVolume])
def test_an_asset_code_is_a_whole_number_from_0_on(make: Any) -> None:
    assert make(0).key is not None
    for code in (-1, True, "XBT", 1.0, None):
        with pytest.raises(UsageError, match="must be an asset code"):
            make(code)


def test_what_is_of_the_account_needs_credentials() -> None:
    kinds = (OrderBook, Ticker, OwnOrders, Balances, TradeVolume)
    assert {kind for kind in kinds if kind.is_private} == {OwnOrders, Balances, TradeVolume}
