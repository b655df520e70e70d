from __future__ import annotations

from coinex_proto import OrderFact, RequestId
from coinex_proto.orders.sent import MAX_REMEMBERED, SentOrder, SentOrders
from coinex_proto.orders.tracker import Orders


def test_a_sent_order_is_known_until_its_outcome_is() -> None:
    sent = SentOrders()
    sent.note("a", "BTCUSDT", 1.0, "SPOT")
    assert sent.get("a") == SentOrder("BTCUSDT", "SPOT", 1.0)
    sent.forget("a")
    sent.forget("a")
    assert sent.get("a") is None


def test_of_very_many_the_one_noted_first_is_forgotten() -> None:
    sent = SentOrders()
    for number in range(MAX_REMEMBERED):
        sent.note(str(number), None, 1.0)
    assert sent.get("0") == (None, None, 1.0)
    sent.note("0", None, 2.0)
    sent.note("new", None, 2.0)
    assert (sent.get("1"), sent.get("0"), sent.get("new")) == (None, (None, None, 2.0), (None, None, 2.0))


def test_the_tracker_notes_what_leaves_with_a_client_id() -> None:
    orders = Orders()
    orders.sending(OrderFact(client_order_id="a", market="BTCUSDT", state="sending"), RequestId(1), 3.0)
    orders.sending(OrderFact(market="BTCUSDT", state="sending"), RequestId(2), 4.0)
    assert orders.sent.get("a") == SentOrder("BTCUSDT", None, 3.0)
