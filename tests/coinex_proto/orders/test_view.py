"""What users see of an own order."""

from decimal import Decimal

import pytest

from coinex_proto.ids import RequestId
from coinex_proto.orders.fact import OrderFact
from coinex_proto.orders.tracker import Orders

D = Decimal
FIRST, SECOND = RequestId(1), RequestId(2)


def test_a_snapshot_stays_and_a_live_view_does_not() -> None:
    orders = Orders()
    view = orders.sending(OrderFact(amount=D(5)), FIRST, 1.0)
    before = view.snapshot()
    orders.refused(FIRST, "no", 2.0)
    assert (before.state, view.state) == ("sending", "refused")
    assert before.snapshot() is before
    assert orders.live(before) is view
    assert orders.live(view) is view


def test_snapshots_compare_by_value_and_live_views_by_identity() -> None:
    first, second = Orders(), Orders()
    mine = first.sending(OrderFact(amount=D(5)), FIRST, 1.0)
    other = second.sending(OrderFact(amount=D(5)), FIRST, 1.0)
    assert mine.snapshot() == other.snapshot()
    assert hash(mine.snapshot()) == hash(other.snapshot())
    assert mine != other
    assert mine == first.of_request(FIRST)
    assert mine != mine.snapshot()
    assert len({mine, other, mine.snapshot(), other.snapshot()}) == 3
    assert mine != "an order"


def test_a_view_tells_each_thing_that_is_known() -> None:
    orders = Orders()
    fact = OrderFact(
        order_id=7,
        client_order_id="mine",
        market="BTCUSDT",
        side="buy",
        order_type="limit",
        reduce_only=True,
        price=D(100),
        amount=D(5),
        state="live",
    )
    view = orders.apply(fact, 1.0)
    assert view is not None
    orders.apply(OrderFact(order_id=7, fill=("t", D(2), D(99))), 2.0)
    assert (view.market, view.side, view.order_type, view.reduce_only) == ("BTCUSDT", "buy", "limit", True)
    numbers = (view.price, view.amount, view.filled, view.remaining, view.average_price)
    assert numbers == (D(100), D(5), D(2), D(3), D(99))
    assert (view.order_id, view.client_order_id, view.state, view.why, view.updated_at) == (7, "mine", "live", "", 2.0)
    assert (view.is_final, view.has_ended) == (False, False)


def test_an_order_has_ended_when_it_is_final_or_the_venue_lists_it_no_more() -> None:
    orders = Orders()
    filled = orders.apply(OrderFact(order_id=7, state="filled"), 1.0)
    gone = orders.apply(OrderFact(order_id=8, state="live"), 1.0)
    assert filled is not None
    assert gone is not None
    orders.connection_lost(2.0, "reset")
    assert (filled.is_final, filled.has_ended, gone.is_final, gone.has_ended) == (True, True, False, False)
    orders.ended(gone, 3.0, "the venue lists it no more")
    assert (gone.is_final, gone.has_ended, gone.why) == (False, True, "the venue lists it no more")


def test_a_view_is_compared_with_views_alone_and_a_notebook_gets_a_picture() -> None:
    view = Orders().sending(OrderFact(market="BTCUSDT", amount=D(5)), FIRST, 1.0)
    assert (view == "an order") is False
    assert "BTCUSDT" in view._repr_html_()


def test_a_view_shows_the_essentials_and_cannot_be_written() -> None:
    orders = Orders()
    view = orders.apply(OrderFact(order_id=7, market="BTCUSDT", side="buy", amount=D("1.50"), state="live"), 1.0)
    assert view is not None
    assert repr(view) == "OrderView(market='BTCUSDT', side='buy', amount=1.50, filled=0, state='live', order_id=7)"
    with pytest.raises(AttributeError):
        view.state = "filled"  # type: ignore[misc]
