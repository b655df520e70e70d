"""Books and orders in notebooks."""

from decimal import Decimal

from attrs import frozen

from coinex_proto import BookChanged, coinex
from coinex_proto.notebook import book_html, order_html
from coinex_proto.orders.view import OrderValues, OrderView, Snapshot
from coinex_trio import CoinexClient, memory_exchange


@frozen
class Evil:
    """A book of a venue that means no good."""

    market: str = "<script>alert(1)</script>"
    trusted: bool = False
    why: str = "<b>"
    bids: tuple[tuple[Decimal, Decimal], ...] = ((Decimal(1), Decimal(2)),)
    asks: tuple[tuple[Decimal, Decimal], ...] = ()

    @property
    def unproved(self) -> "Evil":
        return self


def test_what_a_venue_says_is_escaped() -> None:
    shown = book_html(Evil())
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert "not trusted: &lt;b&gt;" in shown
    order = OrderView(Snapshot(OrderValues(market="<i>", state="unknown", price=Decimal("1E+3")), 1))
    assert "&lt;i&gt;" in order_html(order)
    assert "1000" in order._repr_html_()


def test_a_book_is_a_ladder_with_bars_and_its_trust() -> None:
    exchange = memory_exchange()
    exchange.quote("BTCUSDT", "100", "101")
    with CoinexClient(network=exchange.network) as client:
        client.subscribe(coinex.Depth("BTCUSDT"))
        (changed,) = (event for event in client.events(BookChanged, seconds=3) if event.book.best_bid)
        shown = changed.book._repr_html_()
    assert "trusted</span>" in shown
    assert shown.index(">101") < shown.index('right">100')
    assert "width:100px" in shown
