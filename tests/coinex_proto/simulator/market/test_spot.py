"""The money of spot trades: what orders hold, what changes hands, fees."""

from __future__ import annotations

import pytest

from coinex_proto.simulator.market.amounts import to_scaled
from coinex_proto.simulator.market.refusals import OrderRefused
from tests.coinex_proto.simulator.market.two_accounts import SPOT, Book


def test_fees_are_taken_from_what_is_received() -> None:
    book = Book()
    book.place(book.second, "sell", 1, 1000)
    taker = book.place(book.first, "buy", 1, 1000)
    assert book.available(book.first, "BTC") == pytest.approx(100 + 1 - 0.002)
    assert book.available(book.first, "USDT") == 10**6 - 1000
    assert book.available(book.second, "USDT") == 10**6 + 998
    assert taker.base_fee == to_scaled("0.002", 20)


def test_a_resting_order_freezes_its_cost_and_a_cancel_gives_it_back() -> None:
    book = Book()
    order = book.place(book.first, "buy", 2, 1000)
    balance = book.exchange.ledger.balance(book.first, "spot", "USDT")
    assert balance.frozen == to_scaled(2000, 20)
    book.exchange.cancel(order)
    assert (balance.frozen, balance.available) == (0, to_scaled(10**6, 20))
    with pytest.raises(OrderRefused, match="not open"):
        book.exchange.cancel(order)


def test_a_market_buy_can_spend_quote_currency_to_the_last_whole_lot() -> None:
    book = Book()
    book.place(book.second, "sell", 1, 300)
    order = book.exchange.place(book.first, SPOT, "buy", "market", amount=to_scaled(100, 20), spends_quote=True)
    assert (order.filled, order.finish) == (33_333_333, "filled")
    assert book.available(book.first, "USDT") == pytest.approx(10**6 - 99.999999)
