"""Which events a listener of the exchange gets, and in which order."""

from __future__ import annotations

from tests.coinex_proto.simulator.market.two_accounts import COIN, Book, Notes


def test_fills_come_before_the_end_of_an_order_and_balances_last() -> None:
    book = Book()
    notes = Notes()
    book.exchange.listeners.append(notes)
    order = book.place(book.first, "buy", 1, 100)
    notes.events.clear()
    book.exchange.fill(order, COIN)
    assert [event[0] for event in notes.events if isinstance(event, tuple)] == [
        "fill", "finish", "top", "balance", "balance",
    ]  # fmt: skip


def test_both_sides_of_a_trade_get_a_fill_of_their_own() -> None:
    book = Book()
    maker = book.place(book.second, "sell", 1, 100)
    taker = book.place(book.first, "buy", 1, 100)
    (bought,), (sold,) = book.exchange.fills[book.first], book.exchange.fills[book.second]
    assert bought.deal is sold.deal
    assert (bought.order, bought.is_taker, bought.fee_currency) == (taker, True, "BTC")
    assert (sold.order, sold.is_taker, sold.fee_currency) == (maker, False, "USDT")
