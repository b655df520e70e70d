"""What the record keeps: orders with their end, and the books of the last while."""

from __future__ import annotations

from decimal import Decimal

from coinex_proto.simulator import CoinexServer, CrowdSettings
from coinex_trio._swarm.record import REMEMBERED, Record

MARKET = "BTCUSDT"
ONE = Decimal(1)
BIDS, ASKS = ((Decimal(100), ONE),), ((Decimal(101), ONE),)


def recorded() -> tuple[CoinexServer, Record]:
    server = CoinexServer(now=1000.0, seed=0, markets=(MARKET,), crowd=CrowdSettings(rate=0.0))
    record = Record(server, lambda order: (order.order_id, order.client_id))
    server.quote(MARKET, "100", "101")
    return server, record


def test_an_order_is_kept_when_it_is_over() -> None:
    server, record = recorded()
    order = server.place(MARKET, "buy", "99", "2")
    assert [own.state for own in record.orders()] == ["live"]
    server.fill(order, "0.5")
    (own,) = record.orders()
    assert (own.state, own.filled, own.amount, own.price, own.side) == (
        "live",
        Decimal("0.5"),
        Decimal(2),
        Decimal(99),
        "buy",
    )
    server.exchange.cancel(order)
    (own,) = record.orders()
    assert (own.state, own.filled, own.market, own.placed_at) == ("cancelled", Decimal("0.5"), MARKET, 1000.0)
    assert record.fills == 1


def test_a_book_counts_for_as_long_as_a_client_may_trust_it() -> None:
    server, record = recorded()
    record.note_books(1000.0)
    server.quote(MARKET, "200", "201")
    assert record.has_had_book(MARKET, BIDS, ASKS, 1000.0 + REMEMBERED)
    assert not record.has_had_book(MARKET, BIDS, ASKS, 1001.0 + REMEMBERED)
    assert not record.has_had_book(MARKET, BIDS, BIDS, 1000.0)
    assert record.has_had_book("a name of somebody else's", BIDS, ASKS, 1000.0)
