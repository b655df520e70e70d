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
    assert mine != mine.snapshot()
    assert len({mine, other, mine.snapshot(), other.snapshot()}) == 3
    assert mine != "an order"


def test_a_view_shows_the_essentials_and_cannot_be_written() -> None:
    orders = Orders()
    view = orders.apply(OrderFact(order_id=7, market="BTCUSDT", side="buy", amount=D("1.50"), state="live"), 1.0)
    assert view is not None
    assert repr(view) == "OrderView(market='BTCUSDT', side='buy', amount=1.50, filled=0, state='live', order_id=7)"
    with pytest.raises(AttributeError):
        view.state = "filled"  # type: ignore[misc]
