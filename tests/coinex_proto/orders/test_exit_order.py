"""How the cancelling of an order ended, as a value."""

from __future__ import annotations

from coinex_proto import ExitOrder, OrderFact
from coinex_proto.orders.tracker import Orders


def test_nothing_kept_an_order_from_being_cancelled_and_it_is_no_stop_order_unless_it_says_so() -> None:
    view = Orders().apply(OrderFact(order_id=7, state="cancelled"), 0.0)
    assert view is not None
    ended = ExitOrder(order=view, outcome="cancelled")
    assert (ended.why, ended.is_stop) == ("", False)
    assert ended == ExitOrder(order=view, outcome="cancelled", why="", is_stop=False)
    assert ended != ExitOrder(order=view, outcome="cancelled", is_stop=True)
