"""What a command sends and how it is read follow from its fields and its row."""

import pytest

from coinex_proto import PayloadError, qfex
from coinex_proto.qfex._trade.command import given
from coinex_proto.qfex._trade.own_commands import Subscribe


def test_the_parameters_are_the_fields_that_were_given() -> None:
    assert qfex.GetUserOrders(limit=3).params() == {"limit": 3}
    assert qfex.CancelAllOrders().params() == {}
    assert Subscribe(channels=("fills",)).params() == {"channels": ("fills",)}
    assert given(a=None, b=0, c="") == {"b": 0, "c": ""}


def test_only_a_change_of_an_order_has_an_id_that_is_not_sent() -> None:
    change = qfex.ModifyOrder(order_id="1", symbol="A-USD", side="BUY", order_type="LIMIT", client_order_id="c")
    assert change.local_id() == "c"
    assert "client_order_id" not in change.params()
    assert qfex.GetUserOrders().local_id() == ""


def test_every_request_of_this_socket_is_of_the_account() -> None:
    assert qfex.GetUserOrders().is_private


def test_an_answer_is_read_as_the_row_says() -> None:
    body = b'{"order_response":{"status":"ACK","order_id":"1"}}'
    update = qfex.GetOrder(order_id="1", symbol="A-USD").parse(body)
    assert isinstance(update, qfex.OrderUpdate)
    assert update.order_id == "1"
    assert qfex.SetUserLeverage(symbol="A-USD", leverage=1).parse(body) is None
    with pytest.raises(PayloadError, match="holds no all_orders_response"):
        qfex.GetUserOrders().parse(body)
