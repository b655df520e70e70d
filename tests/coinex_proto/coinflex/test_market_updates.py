"""What is said of one market names its topic; absent is not null."""

import copy
import pickle
from typing import Any

import pytest

from coinex_proto.coinflex import (
    ABSENT,
    OrderClosed,
    OrderModified,
    OrderOpened,
    OrdersMatched,
    OrdersUpdate,
    TickerChanged,
    TickerUpdate,
)
from coinex_proto.coinflex.market_updates import ORDERS, TICKER, MarketUpdate, market_key, trade_id

PAIR: dict[str, Any] = {"base": 1, "counter": 2}
ONE: dict[str, Any] = {**PAIR, "id": 1, "quantity": 2, "price": 3, "time": 4}
UPDATES: list[MarketUpdate] = [
    OrderOpened(**ONE),
    OrderModified(**ONE),
    OrdersMatched(**PAIR, quantity=1, price=2, total=3, time=4),
    OrderClosed(**PAIR, id=1, quantity=0, price=2),
    OrdersUpdate(**PAIR, orders=()),
    TickerChanged(**PAIR),
    TickerUpdate(**PAIR, last=1, bid=2, ask=3, low=4, high=5, volume=6),
]


def test_all_of_them_are_here() -> None:
    assert {type(update).__name__ for update in UPDATES} == {kind.__name__ for kind in MarketUpdate.__subclasses__()}


@pytest.mark.parametrize("update", UPDATES, ids=lambda update: type(update).__name__)
def test_an_update_names_its_market(update: MarketUpdate) -> None:
    is_ticker = isinstance(update, (TickerChanged, TickerUpdate))
    assert update.topic_key == market_key(TICKER if is_ticker else ORDERS, 1, 2)
    assert update.is_merged is is_ticker


def test_what_is_absent_is_one_thing_and_says_so() -> None:
    assert OrderOpened(**ONE).tonce is ABSENT
    assert OrderOpened(**ONE, tonce=None).tonce is None
    assert repr(ABSENT) == "ABSENT"
    for again in (copy.deepcopy(ABSENT), pickle.loads(pickle.dumps(ABSENT))):
        assert again is ABSENT


def test_a_trade_is_told_from_others_by_its_orders_what_it_left_of_them_and_its_time() -> None:
    trade: dict[str, Any] = {**PAIR, "quantity": 1, "price": 2, "total": 3}
    told: dict[str, Any] = {"bid": 5, "ask": 6, "bid_rem": 7, "ask_rem": 8, "time": 9}
    assert trade_id(OrdersMatched(**trade, **told)) == trade_id(OrdersMatched(**{**trade, "total": 4}, **told))
    others = [{**told, name: value + 1} for name, value in told.items()]
    assert len({trade_id(OrdersMatched(**trade, **one)) for one in (told, *others)}) == 6
