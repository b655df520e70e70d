"""Stop orders: which way they look, when they fire, what becomes of them."""

from __future__ import annotations

import pytest

from coinex_proto.simulator.market.amounts import to_scaled
from coinex_proto.simulator.market.catalogue import specs
from coinex_proto.simulator.market.exchange import MAKERS, TAKERS, Exchange
from coinex_proto.simulator.market.refusals import OrderRefused
from coinex_proto.simulator.market.stops import StopOrder
from tests.coinex_proto.simulator.market.two_accounts import Notes

KEY = "spot:BTCUSDT"
COIN = 10**8


class Shop:
    """An exchange whose last price is 100.00, with one rich account."""

    def __init__(self) -> None:
        self.exchange = Exchange(specs(["BTCUSDT"]), now_ms=0)
        self.owner = self.exchange.open_account()
        for currency in ("USDT", "BTC"):
            self.exchange.ledger.deposit(self.owner, "spot", currency, to_scaled(10**6, 20))
        self.trade_at(10_000)

    def trade_at(self, price: int) -> None:
        """Make this the last price, and leave a deep bid and ask around it."""
        for order in tuple(self.exchange.markets[KEY].book.orders.values()):
            if order.owner == MAKERS:
                self.exchange.cancel(order)
        self.exchange.place(MAKERS, KEY, "buy", "limit", price=price - 1, amount=1000 * COIN)
        self.exchange.place(MAKERS, KEY, "sell", "limit", price=price + 1, amount=1000 * COIN)
        self.exchange.place(MAKERS, KEY, "sell", "limit", price=price, amount=COIN)
        self.exchange.place(TAKERS, KEY, "buy", "limit", price=price, amount=COIN)

    def stop(self, trigger_price: int, **options: object) -> StopOrder:
        terms: dict[str, object] = {"side": "sell", "kind": "market", "amount": COIN, "trigger_price": trigger_price}
        return self.exchange.stops.place(self.owner, KEY, **{**terms, **options})  # type: ignore[arg-type]


def test_a_stop_below_the_price_fires_on_a_fall_to_it() -> None:
    shop = Shop()
    stop = shop.stop(9_000)
    assert stop.direction == "higher"
    shop.trade_at(9_001)
    assert stop.status == "put"
    shop.trade_at(9_000)
    assert stop.status == "active_success"
    (fill,) = shop.exchange.fills[shop.owner]
    assert fill.order.stop_id == stop.stop_id


def test_a_stop_above_the_price_fires_on_a_rise_to_it() -> None:
    shop = Shop()
    stop = shop.stop(11_000, side="buy")
    assert stop.direction == "lower"
    shop.trade_at(12_000)
    assert stop.status == "active_success"


def test_a_fired_limit_order_rests_at_its_price() -> None:
    shop = Shop()
    shop.stop(9_000, kind="limit", price=9_500)
    shop.trade_at(9_000)
    (order,) = shop.exchange.orders.values()
    assert (order.price, order.kind, order.finish) == (9_500, "limit", "")


def test_a_stop_whose_order_is_refused_has_failed() -> None:
    shop, notes = Shop(), Notes()
    shop.exchange.listeners.append(notes)
    stop = shop.stop(9_000, amount=10**7 * COIN)
    shop.trade_at(9_000)
    assert stop.status == "active_fail"
    assert [event for event in notes.events if "stop" in str(event)] == [("stop", "put"), ("stop", "active")]
    assert not shop.exchange.orders


def test_one_stop_can_set_off_another() -> None:
    shop = Shop()
    second = shop.stop(8_000)
    first = shop.stop(9_500, amount=500 * COIN)
    shop.exchange.place(MAKERS, KEY, "buy", "limit", price=7_000, amount=1000 * COIN)
    for order in tuple(shop.exchange.markets[KEY].book.orders.values()):
        if order.price == 9_999:
            shop.exchange.cancel(order)
    shop.exchange.place(TAKERS, KEY, "sell", "ioc", price=7_000, amount=COIN)
    assert (first.status, second.status) == ("active_success", "active_success")


def test_a_modified_stop_looks_the_other_way_and_a_cancelled_one_never_fires() -> None:
    shop = Shop()
    stop = shop.stop(9_000)
    shop.exchange.stops.modify(stop, trigger_price=11_000, amount=2 * COIN)
    assert (stop.direction, stop.amount) == ("lower", 2 * COIN)
    shop.exchange.stops.cancel(stop)
    shop.trade_at(12_000)
    assert stop.status == "cancel"
    for method in (shop.exchange.stops.cancel, shop.exchange.stops.modify):
        with pytest.raises(OrderRefused, match="not open"):
            method(stop)


@pytest.mark.parametrize(
    ("options", "reason"),
    [({"trigger_price": 0}, "price"), ({"amount": 0}, "amount"), ({"kind": "limit"}, "price")],
)
def test_a_stop_that_could_never_be_an_order_is_refused(options: dict[str, object], reason: str) -> None:
    shop = Shop()
    with pytest.raises(OrderRefused) as refusal:
        shop.stop(**{"trigger_price": 9_000, **options})  # type: ignore[arg-type]
    assert refusal.value.reason == reason
    assert not shop.exchange.stops.stops
