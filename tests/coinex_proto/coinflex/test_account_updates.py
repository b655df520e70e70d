"""What is said of the account names its topic, and says of orders where it can."""

from typing import Any

import pytest

from coinex_proto import Update
from coinex_proto.coinflex import (
    BalanceChanged,
    BalancesUpdate,
    OpenOrdersUpdate,
    OrderAmended,
    OrderCancelled,
    OrderClosed,
    OrderPlaced,
    OrdersCancelled,
    OrdersMatched,
    OwnOrderUpdate,
    TradeVolumeUpdate,
)
from coinex_proto.coinflex.account_updates import BALANCES, OWN_ORDERS, VOLUME, BalanceUpdate, OwnOrdersUpdate

ONE: dict[str, Any] = {"id": 1, "tonce": None, "base": 1, "counter": 2, "quantity": 3, "price": 4, "time": 5}
PLACED: dict[str, Any] = {**ONE, "total": None, "remaining": None}
OF_ORDERS: list[OwnOrdersUpdate] = [
    OwnOrderUpdate(notice=OrderClosed(id=1, base=1, counter=2, quantity=0, price=3)),
    OpenOrdersUpdate(orders=()),
    OrdersCancelled(orders=()),
    OrderPlaced(**PLACED),
    OrderAmended(**ONE),
    OrderCancelled(**ONE),
]
OF_BALANCES: list[BalanceUpdate] = [BalancesUpdate(balances=()), BalanceChanged(asset=1, balance=2)]


def test_all_of_them_are_here() -> None:
    for base, updates in ((OwnOrdersUpdate, OF_ORDERS), (BalanceUpdate, OF_BALANCES)):
        assert {type(update).__name__ for update in updates} == {kind.__name__ for kind in base.__subclasses__()}


@pytest.mark.parametrize(
    ("update", "key"),
    [
        *((update, (OWN_ORDERS, None)) for update in OF_ORDERS),
        *((update, (BALANCES, None)) for update in OF_BALANCES),
        (TradeVolumeUpdate(asset=1, volume=2), (VOLUME, 1)),
    ],
)
def test_an_update_names_its_topic(update: Update, key: tuple[object, ...]) -> None:
    assert update.topic_key == key
    assert update.tells_order is (key[0] == OWN_ORDERS)


def matched(**tonces: Any) -> OwnOrderUpdate:
    return OwnOrderUpdate(
        notice=OrdersMatched(
            base=1, counter=2, bid=3, ask=4, quantity=5, price=6, total=30, bid_rem=0, ask_rem=1, time=7, **tonces
        )
    )


@pytest.mark.parametrize(
    ("tonces", "is_both"),
    [({"bid_tonce": 1, "ask_tonce": None}, True), ({"bid_tonce": 1}, False), ({"ask_tonce": 1}, False)],
)
def test_a_trade_of_which_both_tonces_are_told_is_one_with_oneself(tonces: dict[str, Any], is_both: bool) -> None:
    assert matched(**tonces).is_self_trade is is_both


def test_a_trade_is_told_from_all_others_by_its_orders_and_what_it_left_of_them() -> None:
    trade = matched(bid_tonce=1)
    assert trade.is_fill
    assert trade.occurrence_id is not None
    assert trade.occurrence_id == matched(bid_tonce=1).occurrence_id
    assert trade.occurrence_id != matched(bid_tonce=2).occurrence_id
    assert trade.occurrence_id != matched(ask_tonce=1).occurrence_id
    closed = OF_ORDERS[0]
    assert (closed.occurrence_id, closed.is_self_trade) == (None, False)


def test_a_list_of_open_orders_is_whole_always() -> None:
    assert OpenOrdersUpdate(orders=()).is_whole_order_list
