"""The ledger: movements give what they take, and only watched owners leave notes."""

from __future__ import annotations

import pytest

from coinex_proto.simulator.market.accounts import Ledger, NotEnough


def test_frozen_units_are_not_available_until_they_are_released() -> None:
    ledger = Ledger()
    ledger.deposit(1, "spot", "BTC", 10)
    ledger.freeze(1, "spot", "BTC", 7)
    balance = ledger.balance(1, "spot", "BTC")
    assert (balance.available, balance.frozen, balance.total) == (3, 7, 10)
    with pytest.raises(NotEnough):
        ledger.freeze(1, "spot", "BTC", 4)
    assert (balance.available, balance.frozen) == (3, 7)
    ledger.release(1, "spot", "BTC", 2)
    assert (balance.available, balance.frozen) == (5, 5)


def test_the_total_over_all_owners_is_what_was_deposited() -> None:
    ledger = Ledger()
    ledger.deposit(1, "spot", "BTC", 10)
    ledger.deposit(2, "futures", "BTC", 5)
    ledger.pay(1, 2, "spot", "BTC", 12)
    assert ledger.balance(1, "spot", "BTC").available == -2
    assert ledger.total("BTC") == ledger.deposited("BTC") == 15
    assert ledger.total("ETH") == ledger.deposited("ETH") == 0


def test_moved_balances_of_watched_owners_are_reported_once_and_in_order() -> None:
    ledger = Ledger()
    ledger.watched.add(2)
    ledger.deposit(1, "spot", "BTC", 10)
    ledger.deposit(2, "spot", "ETH", 10)
    ledger.pay(1, 2, "spot", "BTC", 1)
    ledger.pay(1, 2, "spot", "ETH", 1)
    assert ledger.take_moved() == ((2, "spot", "ETH"), (2, "spot", "BTC"))
    assert ledger.take_moved() == ()


def test_a_wallet_lists_its_currencies_in_the_order_of_their_first_use() -> None:
    ledger = Ledger()
    for currency in ("USDT", "BTC", "USDT"):
        ledger.deposit(1, "spot", currency, 1)
    assert [(currency, balance.available) for currency, balance in ledger.wallet(1, "spot")] == [
        ("USDT", 2),
        ("BTC", 1),
    ]
    assert list(ledger.wallet(1, "futures")) == []
