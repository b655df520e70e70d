"""Orders on a Trade connection, as transcripts: which answer is whose, and what the tracker makes of it."""

from __future__ import annotations

import json
from decimal import Decimal as D
from typing import Any

import pytest

from coinex_proto import (
    Failed,
    NotReady,
    OrderChanged,
    OrderView,
    OutcomeUnknown,
    Replied,
    RequestRefused,
    RequestTimedOut,
    Unrecognised,
    qfex,
)
from tests.coinex_proto.qfex.trade_session import TradeSession, limit, only, record


def err(code: str, echo: Any = None, message: str | None = None) -> dict[str, Any]:
    return {"err": {"error_code": code, "message": message, "incoming_message": echo}}


def result(events: list[Any]) -> Any:
    return only(Replied, events).result


def error(events: list[Any]) -> Any:
    return only(Failed, events).error


# From placing to the end ------------------------------------------------------------------------------------------------


def test_an_order_from_its_placing_to_its_last_fill() -> None:
    trade = TradeSession().sign_in()
    trade.session.subscribe(qfex.Orders(), now=trade.now)
    request_id = trade.send(limit())
    (order,) = trade.session.orders.open()
    assert (order.state, order.order_id) == ("sending", None)
    (sent,) = trade.sent()
    assert sent["params"]["client_order_id"] == "c-1"
    events = trade.say(record("ACK"))
    assert only(Replied, events).request_id == request_id
    assert isinstance(result(events), OrderView)
    assert only(qfex.OrderUpdate, events).status == "ACK"
    assert (order.state, order.order_id, order.remaining) == ("live", "o-1", D(10))
    trade.say(record("FILLED", quantity_remaining=4.0, trade_id="t-1"))
    assert (order.state, order.filled) == ("live", D(6))
    events = trade.say(record("FILLED", quantity_remaining=0.0, trade_id="t-2"))
    assert only(OrderChanged, events).order.state == "filled"
    assert (order.state, order.filled, order.is_final) == ("filled", D(10), True)


def test_fills_give_the_average_price() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    trade.say(record("ACK"))
    (order,) = trade.session.orders.open()
    fill = {"trade_id": "t-1", "symbol": "AAPL-USD", "order_id": "o-1", "side": "BUY", "client_order_id": "c-1"}
    trade.say({"fill_response": {**fill, "price": 150.25, "quantity": 4.0}}, record("FILLED", quantity_remaining=6.0))
    trade.say({"fill_response": {**fill, "trade_id": "t-2", "price": 150.5, "quantity": 6.0}})
    trade.say({"fill_response": {**fill, "trade_id": "t-2", "price": 150.5, "quantity": 6.0}})
    trade.say(record("FILLED", quantity_remaining=0.0))
    assert (order.state, order.filled, order.average_price) == ("filled", D(10), D("150.4"))


@pytest.mark.parametrize(
    ("fields", "state", "filled"),
    [
        ({"time_in_force": "IOC", "quantity_remaining": 4.0}, "cancelled", 6),
        ({"type": "MARKET", "quantity_remaining": 4.0}, "cancelled", 6),
        ({"time_in_force": "FOK", "quantity_remaining": 0.0}, "filled", 10),
        ({"time_in_force": "GTC", "quantity_remaining": 4.0}, "live", 6),
        ({"time_in_force": "absent", "quantity_remaining": 4.0}, "live", 6),
        ({"quantity_remaining": "0.00"}, "filled", 10),
    ],
)
def test_a_fill_ends_an_order_that_cannot_rest(fields: dict[str, Any], state: str, filled: int) -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    (order,) = trade.session.orders.open()
    trade.say(record("ACK"), record("FILLED", **fields))
    assert (order.state, order.filled) == (state, D(filled))


@pytest.mark.parametrize("status", ["FAILED_MARGIN_CHECK", "REJECTED_MARKET_CLOSED"])
def test_a_reject_status_is_the_update_and_the_refusal(status: str) -> None:
    trade = TradeSession().sign_in()
    trade.session.subscribe(qfex.Orders(), now=trade.now)
    trade.send(limit())
    (order,) = trade.session.orders.open()
    events = trade.say(record(status, order_id="absent", quantity_remaining="absent"))
    assert isinstance(error(events), RequestRefused)
    assert error(events).code == status
    assert only(qfex.OrderUpdate, events).status == status
    assert order.state == "refused"


def test_an_immediate_cancel_is_the_orders_end_and_no_refusal() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit(order_time_in_force="IOC"))
    assert result(trade.say(record("CANCELLED", time_in_force="IOC"))).state == "cancelled"


# Whose answer it is -------------------------------------------------------------------------------------------------------


def test_answers_find_their_orders_whatever_their_order() -> None:
    trade = TradeSession().sign_in()
    ids = {name: trade.send(limit(name)) for name in ("a", "b", "c")}
    for name, order_id in (("c", "3"), ("a", "1"), ("b", "2")):
        events = trade.say(record("ACK", client_order_id=name, order_id=order_id))
        assert only(Replied, events).request_id == ids[name]
        assert result(events).order_id == order_id


def test_the_answer_to_somebody_elses_equal_order_is_not_taken_for_ours() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit("mine"))
    events = trade.say(record("ACK", client_order_id="theirs", order_id="9"))
    assert not [event for event in events if isinstance(event, Replied)]
    assert result(trade.say(record("ACK", client_order_id="mine", order_id="1"))).order_id == "1"


def test_an_echo_without_client_id_finds_the_order_by_what_it_says() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit("stop", order_type="STOP_LOSS", price="140.0"))
    trade.send(limit("plain"))
    events = trade.say(record("ACK", client_order_id="", order_id="s", type="STOP_LOSS", price=140.00))
    assert (result(events).client_order_id, result(events).order_id) == ("stop", "s")


def test_an_order_without_client_id_is_found_by_what_it_says() -> None:
    trade = TradeSession().sign_in()
    first = trade.send(limit("", quantity="1.50"))
    second = trade.send(limit("", quantity="1.5", order_type="MARKET", price=None))
    made = {"client_order_id": "made-by-the-venue", "quantity": 1.5}
    events = trade.say(record("ACK", order_id="m", type="MARKET", price=151.0, time_in_force="IOC", **made))
    assert only(Replied, events).request_id == second
    events = trade.say(record("ACK", **made))
    assert only(Replied, events).request_id == first


def test_a_change_may_come_with_a_new_id() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    trade.say(record("ACK"))
    (order,) = trade.session.orders.open()
    change = qfex.ModifyOrder(
        order_id="o-1", symbol="AAPL-USD", side="BUY", order_type="LIMIT", price=151, client_order_id="c-1"
    )
    trade.send(change)
    sent = trade.sent()[-1]
    assert "client_order_id" not in sent["params"]
    events = trade.say(record("MODIFIED", order_id="o-2", price=151.0))
    assert (result(events).order_id, result(events).replaces) == ("o-2", "o-1")
    assert trade.session.orders.open() == (order,)
    assert (order.order_id, order.price, order.state) == ("o-2", D(151), "live")
    trade.say(record("FILLED", order_id="o-2", quantity_remaining=0.0))
    assert order.state == "filled"


def test_a_change_with_a_new_id_and_no_client_id_is_found_by_symbol_and_side() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    trade.say(record("ACK"))
    (order,) = trade.session.orders.open()
    change = {"symbol": "AAPL-USD", "side": "BUY", "order_type": "LIMIT", "price": "1", "quantity": 10}
    request_id = trade.send(qfex.ModifyOrder(order_id="o-1", client_order_id="c-1", **change))  # type: ignore[arg-type]
    trade.say(record("MODIFIED", order_id="other", client_order_id="", side="SELL"))
    events = trade.say(record("MODIFIED", order_id="o-2", client_order_id="", price=1))
    assert only(Replied, events).request_id == request_id
    assert (order.order_id, order.price) == ("o-2", D(1))


def test_the_change_of_another_order_with_a_client_id_is_no_answer() -> None:
    trade = TradeSession().sign_in()
    change = {"symbol": "AAPL-USD", "side": "BUY", "order_type": "LIMIT", "price": "1", "quantity": 10}
    trade.send(qfex.ModifyOrder(order_id="o-1", client_order_id="c-1", **change))  # type: ignore[arg-type]
    events = trade.say(record("MODIFIED", order_id="o-9", client_order_id="c-9"))
    assert not [event for event in events if isinstance(event, Replied)]


@pytest.mark.parametrize(
    "command",
    [
        qfex.CancelOrder(order_id="o-1", symbol="AAPL-USD"),
        qfex.CancelOrder(order_id="c-1", symbol="AAPL-USD", cancel_order_id_type="client_order_id"),
        qfex.ModifyOrder(order_id="o-1", symbol="AAPL-USD", side="BUY", order_type="LIMIT", price=1, quantity=10),
    ],
)
@pytest.mark.parametrize("is_answered", [True, False])
def test_an_order_whose_cancel_or_change_has_no_known_result_is_queried(command: Any, is_answered: bool) -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    trade.say(record("ACK"))
    (order,) = trade.session.orders.open()
    trade.send(command)
    trade.sent()
    events = trade.say(err("ServerError")) if is_answered else trade.wait(trade.now + 11)
    assert isinstance(error(events), OutcomeUnknown if is_answered else RequestTimedOut)
    assert str(order.state) == "unknown"
    # get_order waits until a late answer to the lost request cannot be taken for its own.
    assert [text["type"] for text in trade.sent()][:2] == ["get_user_trades", "get_user_orders"]
    listed = record("ACK")["order_response"]
    trade.say({"user_trades": [], "count": 0}, {"all_orders_response": {"orders": [listed]}})
    assert order.state == "live"


def test_a_lost_cancel_of_a_twap_or_of_an_order_that_is_over_makes_no_order_unknown() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    trade.say(record("ACK"), record("CANCELLED"))
    trade.send(qfex.CancelOrder(order_id="o-1", symbol="AAPL-USD", cancel_order_id_type="twap_id"))
    trade.say(err("ServerError"))
    trade.send(qfex.CancelOrder(order_id="o-1", symbol="AAPL-USD"))
    trade.sent()
    trade.say(err("ServerError"))
    assert trade.sent() == []
    assert trade.session.orders.open() == ()


def test_a_status_that_nobody_documented_says_nothing_of_an_order_on_its_way() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    (order,) = trade.session.orders.open()
    assert isinstance(error(trade.say(record("SOMETHING_NEW"))), OutcomeUnknown)
    assert order.state == "unknown"


def test_a_live_order_with_a_status_that_nobody_documented_is_unknown_and_queried() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    trade.say(record("ACK", update_time=10))
    (order,) = trade.session.orders.open()
    trade.sent()
    trade.say(record("EXPIRED", update_time=20))
    assert (order.state, order.why) == ("unknown", "EXPIRED")
    assert [text["type"] for text in trade.sent()] == ["get_user_trades", "get_user_orders", "get_order"]
    trade.say({"user_trades": [], "count": 0}, {"all_orders_response": {"orders": []}}, record("EXPIRED"))
    assert order.state == "unknown"
    trade.wait(trade.now + 60)
    assert [text for text in trade.sent() if "type" in text] == []


def test_a_live_order_is_live_again_when_the_venue_says_so_after_an_undocumented_status() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    trade.say(record("ACK", update_time=10))
    (order,) = trade.session.orders.open()
    trade.say(record("CHANGE_LATER", update_time=20))
    trade.say({"user_trades": [], "count": 0}, {"all_orders_response": {"orders": []}}, record("ACK", update_time=10))
    assert order.state == "live"


def test_a_listed_order_is_open_whatever_its_status_is_called() -> None:
    trade = TradeSession().sign_in()
    trade.send(qfex.GetUserOrders())
    trade.say({"all_orders_response": {"orders": [record("OPEN", quantity_remaining=4.0)["order_response"]]}})
    (order,) = trade.session.orders.open()
    assert (order.state, order.filled, order.remaining) == ("live", D(6), D(4))


@pytest.mark.parametrize("kind", ["order_id", "client_order_id", "twap_id", "client_twap_id"])
@pytest.mark.parametrize("status", ["NO_SUCH_ORDER", "REJECTED_FAILED_TO_PROCESS"])
def test_a_refused_cancel_may_repeat_whichever_id_it_named(kind: str, status: str) -> None:
    trade = TradeSession().sign_in()
    trade.send(qfex.CancelOrder(order_id="X", symbol="AAPL-USD", cancel_order_id_type=kind))
    assert (
        error(trade.say({"order_response": {"status": status, "order_id": "X", "symbol": "AAPL-USD"}})).code == status
    )


def test_a_new_id_that_comes_after_the_change_timed_out_is_adopted() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    trade.say(record("ACK"))
    (order,) = trade.session.orders.open()
    trade.send(
        qfex.ModifyOrder(order_id="o-1", symbol="AAPL-USD", side="BUY", order_type="LIMIT", price="1", quantity=10)
    )
    assert isinstance(error(trade.wait(trade.now + 11)), RequestTimedOut)
    trade.say(record("MODIFIED", order_id="o-2", price=1))
    assert trade.session.orders.open() == (order,)
    assert (order.order_id, order.price) == ("o-2", D(1))


def test_a_change_from_elsewhere_with_a_new_id_leaves_no_second_order_behind() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    trade.say(record("ACK"))
    (order,) = trade.session.orders.open()
    trade.say(record("MODIFIED", order_id="o-2"))
    trade.say(record("CANCELLED", order_id="o-2"))
    assert (order.order_id, order.state) == ("o-2", "cancelled")
    assert trade.session.orders.open() == ()


@pytest.mark.parametrize("status", ["CANNOT_MODIFY_PARTIAL_FILL", "CANNOT_MODIFY_NO_SUCH_ORDER", "FAILED_MARGIN_CHECK"])
def test_a_refused_change_leaves_the_order_as_it_is(status: str) -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    trade.say(record("ACK"))
    (order,) = trade.session.orders.open()
    trade.send(qfex.ModifyOrder(order_id="o-1", symbol="AAPL-USD", side="BUY", order_type="LIMIT", price=9))
    events = trade.say(record(status, price=9.0))
    assert error(events).code == status
    assert (order.state, order.price) == ("live", D("150.5"))


@pytest.mark.parametrize("bare", [{"status": "NO_SUCH_ORDER"}, {"status": "CANNOT_MODIFY_NO_SUCH_ORDER"}])
def test_a_refusal_that_names_nothing_goes_to_the_oldest_request_about_an_order(bare: dict[str, str]) -> None:
    trade = TradeSession().sign_in()
    first = trade.send(qfex.ModifyOrder(order_id="x", symbol="AAPL-USD", side="BUY", order_type="LIMIT", price=9))
    trade.send(qfex.CancelOrder(order_id="y", symbol="AAPL-USD"))
    assert only(Failed, trade.say({"order_response": bare})).request_id == first


def test_a_cancel_is_answered_by_id_and_not_by_a_fill_in_between() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    trade.say(record("ACK"))
    trade.send(qfex.CancelOrder(order_id="o-1", symbol="AAPL-USD"))
    events = trade.say(record("FILLED", quantity_remaining=4.0))
    assert not [event for event in events if isinstance(event, (Replied, Failed))]
    assert result(trade.say(record("CANCELLED", quantity_remaining=4.0))).status == "CANCELLED"


def test_a_cancel_of_what_is_gone_is_refused() -> None:
    trade = TradeSession().sign_in()
    trade.send(qfex.CancelOrder(order_id="o-9", symbol="AAPL-USD"))
    assert error(trade.say(record("NO_SUCH_ORDER", order_id="o-9", client_order_id=""))).code == "NO_SUCH_ORDER"


def test_a_cancel_by_client_id_is_answered_by_the_first_of_its_orders() -> None:
    trade = TradeSession().sign_in()
    trade.send(qfex.CancelOrder(order_id="c-1", symbol="AAPL-USD", cancel_order_id_type="client_order_id"))
    assert result(trade.say(record("CANCELLED", order_id="7"), record("CANCELLED", order_id="8"))).order_id == "7"


def test_a_query_of_one_order_does_not_wait_for_the_answers_of_others() -> None:
    trade = TradeSession().sign_in()
    first = trade.send(limit())
    request_id = trade.send(qfex.GetOrder(order_id="o-9", symbol="AAPL-USD"))
    assert [text["type"] for text in trade.sent()] == ["add_order", "get_order"]
    assert only(Replied, trade.say(record("CANCELLED", order_id="o-9", client_order_id="x"))).request_id == request_id
    assert only(Replied, trade.say(record("ACK"))).request_id == first
    request_id = trade.send(qfex.GetOrder(order_id="o-8", symbol="AAPL-USD"))
    assert only(Failed, trade.say({"order_response": {"status": "NO_SUCH_ORDER"}})).request_id == request_id


def test_a_twap_is_found_by_its_ids() -> None:
    trade = TradeSession().sign_in()
    twap = qfex.AddTwap(
        symbol="AAPL-USD", side="BUY", total_quantity="9.5", num_orders=2, order_interval_secs=30, client_twap_id="t"
    )
    trade.send(twap)
    body = {"twap_id": "77", "client_twap_id": "t", "status": "ACTIVE", "symbol": "AAPL-USD", "total_quantity": 9.5}
    assert result(trade.say({"twap_response": body})).total_quantity == D("9.5")
    trade.send(qfex.CancelOrder(order_id="77", symbol="AAPL-USD", cancel_order_id_type="twap_id"))
    assert result(trade.say({"twap_response": {**body, "status": "CANCELLED"}})).status == "CANCELLED"


@pytest.mark.parametrize("echoed", [True, False])
def test_acknowledgements_go_by_their_echo_or_first_in_first_out(echoed: bool) -> None:
    trade = TradeSession().sign_in()
    commands = [qfex.SetUserLeverage(symbol=s, leverage="10") for s in ("A-USD", "B-USD")]
    ids = [trade.send(command) for command in commands]
    echo = {"type": "set_user_leverage", "params": {"symbol": "B-USD", "leverage": 10.0}}
    events = trade.say({"ack": {"incoming_message": echo}} if echoed else {"ack_response": True})
    assert only(Replied, events).request_id == ids[1 if echoed else 0]


def test_cancelling_everything_is_answered_by_an_acknowledgement_or_the_first_cancelled() -> None:
    for reply in ({"ack_response": True}, record("CANCELLED", order_id="any")):
        trade = TradeSession().sign_in()
        trade.send(qfex.CancelAllOrders())
        assert result(trade.say(reply)) is None
    trade.send(qfex.CancelAllOrders())
    assert isinstance(error(trade.wait(11.0)), RequestTimedOut)


# Errors -------------------------------------------------------------------------------------------------------------------


def test_an_error_with_an_echo_ends_that_request_and_no_other() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit("a"))
    second = trade.send(limit("b"))
    echo = {"type": "add_order", "params": {"symbol": "AAPL-USD", "client_order_id": "b", "take_profit": None}}
    events = trade.say(err("InvalidOrder", echo, "no"))
    assert (only(Failed, events).request_id, error(events).code) == (second, "InvalidOrder")
    late = trade.say(err("InvalidOrder", echo, "no"))
    assert only(Unrecognised, late)


@pytest.mark.parametrize("echo", [None, "{not json", {}, {"type": 7}])
def test_an_error_without_an_echo_ends_the_oldest_request(echo: object) -> None:
    trade = TradeSession().sign_in()
    first = trade.send(limit("a"))
    trade.send(limit("b"))
    assert only(Failed, trade.say(err("InvalidOrder", echo))).request_id == first


def test_an_echo_that_is_the_text_of_the_request_ends_that_request_and_no_other() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit("c-1"))
    second = trade.send(limit("c-2"))
    echo = json.dumps(trade.sent()[1])
    assert only(Failed, trade.say(err("InvalidOrder", echo))).request_id == second


def test_an_acknowledgement_that_repeats_the_text_of_the_request_answers_that_request() -> None:
    trade = TradeSession().sign_in()
    trade.send(qfex.SetUserLeverage(symbol="AAPL-USD", leverage=5))
    second = trade.send(qfex.SetUserLeverage(symbol="MSFT-USD", leverage=5))
    echo = json.dumps(trade.sent()[1])
    assert only(Replied, trade.say({"ack": {"incoming_message": echo}})).request_id == second


def test_after_a_server_error_the_result_is_unknown_and_found_out_by_query() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    trade.sent()
    (order,) = trade.session.orders.open()
    events = trade.say(err("ServerError", {"type": "add_order", "params": {"client_order_id": "c-1"}}))
    assert isinstance(error(events), OutcomeUnknown)
    assert order.state == "unknown"
    assert [text["type"] for text in trade.sent()] == ["get_user_trades", "get_user_orders"]
    events = trade.say(
        {"user_trades": [], "count": 0}, {"all_orders_response": {"orders": [record("ACK")["order_response"]]}}
    )
    assert (order.state, order.order_id) == ("live", "o-1")
    assert [type(event) for event in events] == [OrderChanged]


def test_being_over_the_rate_limit_backs_off() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    events = trade.say(err("RateLimited", None, "retry after 2.5 s"))
    assert error(events).retryable
    with pytest.raises(NotReady) as refused:
        trade.send(limit("c-2"))
    assert refused.value.retry_after == pytest.approx(2.5, abs=0.1)
    trade.send(qfex.CancelOrder(order_id="o", symbol="AAPL-USD"))
    trade.wait(3.0)
    trade.send(limit("c-3"))


# Lost connections ---------------------------------------------------------------------------------------------------------------


def test_after_a_lost_connection_orders_are_unknown_until_the_venue_has_said() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit("a"))
    trade.say(record("ACK", client_order_id="a", order_id="1"))
    trade.send(limit("b"))
    trade.send(limit("c"))
    first, second, third = trade.session.orders.open()
    events = trade.drop()
    assert [type(e.error) for e in events if isinstance(e, Failed)] == [OutcomeUnknown, OutcomeUnknown]
    assert {order.state for order in (first, second, third)} == {"unknown"}
    trade.reconnect()
    trade.sent()
    trade.say({"subscribed": "order_responses"})
    said = trade.sent()
    assert [text["type"] for text in said] == ["get_user_trades", "get_user_orders", "get_order"]
    assert said[2]["params"] == {"order_id": "1", "symbol": "AAPL-USD"}
    own = {"trade_id": "t", "symbol": "AAPL-USD", "order_id": "2", "price": 150.0, "quantity": 10.0}
    trade.say({"user_trades": [{**own, "client_order_id": "b"}], "count": 1})
    trade.say({"all_orders_response": {"orders": []}})
    trade.say(record("CANCELLED", client_order_id="a", order_id="1", quantity_remaining=7.0))
    assert (first.state, first.filled) == ("cancelled", D(3))
    assert (second.state, second.average_price) == ("filled", D(150))
    assert third.state == "unknown"


def test_orders_are_never_sent_again() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    trade.drop()
    trade.reconnect()
    trade.say({"subscribed": "order_responses"})
    trade.wait(trade.now + 100)
    assert "add_order" not in [text["type"] for text in trade.sent()]


def test_an_answer_that_cannot_be_read_leaves_the_result_unknown() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    (order,) = trade.session.orders.open()
    events = trade.say(record("ACK", quantity="NaN"))
    assert isinstance(error(events), OutcomeUnknown)
    assert order.state == "unknown"
    assert len([event for event in events if isinstance(event, Unrecognised)]) == 2


# Limits -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ({"message": "retry after 2.5 s"}, 2.5),
        ({"message": "more than 12000 units per 60 s, retry after 2s"}, 2),
        ({"message": "Retry-After: 3"}, 3),
        ({"message": "please try again in 250ms"}, 0.25),
        ({"message": "retry_after_ms=1500"}, 1.5),
        ({"message": "slow down: 4 seconds"}, 4),
        ({"message": None, "retry_after": 0.5}, 0.5),
        ({"message": None, "retry_after_ms": 2000}, 2),
        ({"message": "retry after 2025-09-04T09:26:40Z"}, 1),
        ({"message": None}, 1),
    ],
)
def test_the_hint_of_when_to_try_again_is_found_in_every_form(said: dict[str, object], seconds: float) -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    trade.say({"err": {"error_code": "RateLimited", **said}})
    with pytest.raises(NotReady) as refused:
        trade.send(limit("c-2"))
    assert refused.value.retry_after == pytest.approx(seconds, abs=0.01)


def test_orders_are_refused_at_once_and_queries_wait() -> None:
    trade = TradeSession().sign_in()
    for number in range(1000):
        trade.send(limit(f"c-{number}"))
        trade.say(record("ACK", client_order_id=f"c-{number}", order_id=str(number)))
    for _ in range(39):
        trade.send(qfex.GetUserOrders())
        trade.say({"all_orders_response": {"orders": []}})
    trade.sent()
    for number in range(5):
        trade.send(limit(f"d-{number}"))
        trade.say(record("ACK", client_order_id=f"d-{number}", order_id=f"d{number}"))
    trade.sent()
    trade.send(qfex.GetUserOrders())
    assert trade.sent() == []
    with pytest.raises(NotReady) as refused:
        trade.send(limit("over"))
    assert refused.value.retry_after is not None
    trade.send(qfex.CancelOrder(order_id="1", symbol="AAPL-USD"))
    assert [text["type"] for text in trade.sent()] == ["cancel_order"]
    trade.wait(0.1)
    assert [text["type"] for text in trade.sent()] == ["get_user_orders"]
