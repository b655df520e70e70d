"""Why orders are refused."""

from __future__ import annotations

import pytest

from coinex_proto.simulator.market.refusals import REASONS, OrderRefused
from tests.coinex_proto.simulator.market.two_accounts import Book


@pytest.mark.parametrize(
    ("amount", "price", "kind", "reason"),
    [
        (2000, 1000, "limit", "balance"),
        (0, 1000, "limit", "amount"),
        (1, 0, "limit", "price"),
        (1, 101, "maker_only", "would_take"),
        (2, 101, "fok", "cannot_fill"),
    ],
)
def test_orders_that_are_refused_change_nothing(amount: int, price: int, kind: str, reason: str) -> None:
    book = Book()
    book.place(book.second, "sell", 1, 101)
    revisions = [half.revision for half in book.market.book.sides.values()]
    with pytest.raises(OrderRefused) as refusal:
        book.place(book.first, "buy", amount, price, kind)
    assert refusal.value.reason == reason
    assert [half.revision for half in book.market.book.sides.values()] == revisions
    assert book.available(book.first, "USDT") == 10**6


def test_a_market_order_finds_nobody_in_an_empty_book() -> None:
    book = Book()
    with pytest.raises(OrderRefused, match="other side"):
        book.place(book.first, "buy", 1, kind="market")


@pytest.mark.parametrize("reason", REASONS)
def test_a_refusal_names_its_reason_in_a_sentence(reason: str) -> None:
    assert (OrderRefused(reason).reason, str(OrderRefused(reason))) == (reason, REASONS[reason])
