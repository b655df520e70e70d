"""What leaves for each command: exact numbers, nothing that was not given, and nothing that cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal as D
from decimal import localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto import Command, UsageError, qfex
from coinex_proto.ids import RequestId
from coinex_proto.orders.fact import OrderFact

TRADE = qfex.trade(qfex.HmacCredentials("a", "b"))


def text(command: Command[Any]) -> str:
    return TRADE.encode(command, RequestId(1)).text.decode()


def limit(**fields: Any) -> qfex.AddOrder:
    values: dict[str, Any] = {"symbol": "A-USD", "side": "BUY", "order_type": "LIMIT", "quantity": 1, "price": 1}
    return qfex.AddOrder(**{**values, **fields})


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("0.30", "0.30"),
        (D("0.1") + D("0.2"), "0.3"),
        (D("1E+3"), "1000"),
        ("0.0000001", "0.0000001"),
        (D("1E-9"), "0.000000001"),
        (7, "7"),
        ("007.10", "7.10"),
        ("123456789012345678.123456789", "123456789012345678.123456789"),
    ],
)
def test_numbers_leave_as_exact_literals(said: Any, written: str) -> None:
    assert f'"quantity":{written},"price":{written}' in text(limit(quantity=said, price=said))
    assert f'"x":{written}' in text(qfex.Raw("get_order", {"x": D(str(said))}))


NUMBERS = st.builds(lambda digits, places: D(digits).scaleb(-places), st.integers(1, 10**20 - 1), st.integers(0, 20))


@given(number=NUMBERS, is_text=st.booleans())
def test_any_number_of_twenty_digits_leaves_as_plain_digits_of_the_same_value(number: D, is_text: bool) -> None:
    with localcontext(prec=3):
        said = format(number, "f") if is_text else number
        written = text(limit(quantity=said, price=said, take_profit=said, stop_loss=said))
    params = json.loads(written, parse_float=str, parse_int=str)["params"]
    for name in ("quantity", "price", "take_profit", "stop_loss"):
        assert set(params[name]) <= set("0123456789.")
        assert D(params[name]) == number


def test_what_was_not_given_does_not_leave() -> None:
    assert json.loads(text(qfex.GetUserOrders())) == {"type": "get_user_orders", "params": {}}
    assert set(json.loads(text(limit()))["params"]) == {
        "symbol",
        "side",
        "order_type",
        "order_time_in_force",
        "quantity",
        "price",
    }


@pytest.mark.parametrize(("kind", "force"), [("LIMIT", "GTC"), ("ALO", "GTC"), ("STOP_LOSS", "GTC"), ("MARKET", "IOC")])
def test_the_time_in_force_follows_from_the_type_unless_said(kind: str, force: str) -> None:
    price = None if kind == "MARKET" else 1
    assert json.loads(text(limit(order_type=kind, price=price)))["params"]["order_time_in_force"] == force
    said = limit(order_type=kind, price=price, order_time_in_force="FOK")
    assert json.loads(text(said))["params"]["order_time_in_force"] == "FOK"


@pytest.mark.parametrize(
    "make",
    [
        lambda: limit(quantity=0.1),
        lambda: limit(quantity="0"),
        lambda: limit(quantity=-1),
        lambda: limit(price="NaN"),
        lambda: limit(price=True),
        lambda: limit(price=None),
        lambda: limit(order_type="MARKET"),
        lambda: limit(side="buy"),
        lambda: limit(symbol="*"),
        lambda: limit(order_time_in_force="GFD"),
        lambda: limit(client_order_id="x\n"),
        lambda: limit(client_order_id="x" * 201),
        lambda: limit(take_profit="-1"),
        lambda: limit(reduce_only=1),
        lambda: qfex.CancelOrder(order_id="", symbol="A-USD"),
        lambda: qfex.CancelOrder(order_id="1", symbol="A-USD", cancel_order_id_type="id"),
        lambda: qfex.GetUserOrders(limit=0),
        lambda: qfex.AddTwap(symbol="A-USD", side="BUY", total_quantity=1, num_orders=1, order_interval_secs=30),
        lambda: qfex.AddTwap(symbol="A-USD", side="BUY", total_quantity=1, num_orders=2, order_interval_secs=29),
        lambda: qfex.SetUserLeverage(symbol="A-USD", leverage=0),
        lambda: qfex.Raw(""),
        lambda: text(qfex.Raw("x", {"a": 0.1})),
        lambda: text(qfex.Raw("x", {"a": D("NaN")})),
        lambda: text(qfex.Raw("x", {"a": object()})),
        lambda: text(Command()),
    ],
)
def test_what_cannot_be_is_refused_before_it_leaves(make: Callable[[], object]) -> None:
    with pytest.raises(UsageError):
        make()


def test_attached_stops_may_be_unused() -> None:
    assert '"take_profit":0,"stop_loss":95.5' in text(limit(take_profit=0, stop_loss="95.5"))


def test_raw_speaks_to_both_sockets() -> None:
    raw = qfex.Raw("subscribe", {"channels": ["bbo"], "symbols": ["*"]})
    said = json.loads(qfex.mds().encode(raw, RequestId(1)).text)
    assert said == {"type": "subscribe", "channels": ["bbo"], "symbols": ["*"]}
    assert json.loads(text(qfex.Raw("get_order", {"order_id": "1"}))) == {
        "type": "get_order",
        "params": {"order_id": "1"},
    }


def test_closing_a_position_places_an_order_whose_side_and_size_are_the_venues() -> None:
    fact = qfex.ClosePosition(symbol="A-USD", client_order_id="c").order()
    assert (fact.client_order_id, fact.market, fact.side, fact.amount, fact.state) == (
        "c",
        "A-USD",
        None,
        None,
        "sending",
    )
    assert qfex.ClosePosition(symbol="A-USD").order().client_order_id is None


WIRE: list[tuple[Any, dict[str, Any]]] = [
    (
        qfex.AddTwap(symbol="A-USD", side="BUY", total_quantity=D(5), num_orders=2, order_interval_secs=30),
        {"total_quantity": 5, "num_orders": 2, "order_interval_secs": 30, "reduce_only": False},
    ),
    (
        qfex.AddTwap(
            symbol="A-USD", side="SELL", total_quantity=D(5), num_orders=3, order_interval_secs=40, reduce_only=True,
            client_twap_id="t",
        ),
        {
            "side": "SELL", "total_quantity": 5, "num_orders": 3, "order_interval_secs": 40, "reduce_only": True,
            "client_twap_id": "t",
        },
    ),
    (qfex.CancelStopOrder(stop_order_id="s"), {"stop_order_id": "s"}),
    (qfex.SetUserLeverage(symbol="A-USD", leverage=D(3)), {"symbol": "A-USD", "leverage": 3}),
]  # fmt: skip


@pytest.mark.parametrize(("command", "params"), WIRE, ids=lambda value: type(value).__name__)
def test_a_command_says_what_was_given(command: Any, params: dict[str, Any]) -> None:
    message = json.loads(text(command))
    assert message["type"] == command.type
    assert {name: message["params"][name] for name in params} == params
    assert ("client_twap_id" in message["params"]) is ("client_twap_id" in params)


def test_an_order_is_known_to_the_tracker_before_it_leaves() -> None:
    fact = limit(client_order_id="c").order()
    assert (fact.client_order_id, fact.market, fact.side, fact.state) == ("c", "A-USD", "BUY", "sending")
    assert limit(client_order_id="").order().client_order_id is None


@pytest.mark.parametrize("kind", ["order_id", "client_order_id"])
def test_a_cancel_of_unknown_outcome_makes_its_order_unknown_by_the_id_it_was_given(kind: str) -> None:
    command = qfex.CancelOrder(symbol="A-USD", cancel_order_id_type=kind, order_id="7")
    fact = command.order_if_unknown()
    assert fact is not None
    assert (fact.order_id, fact.client_order_id) == (("7", None) if kind == "order_id" else (None, "7"))
    assert (fact.market, fact.state) == ("A-USD", "unknown")


@pytest.mark.parametrize(("new_id", "replaces"), [("2", "1"), ("1", None), (None, None)])
def test_a_changed_order_tells_the_id_that_it_had(new_id: str | None, replaces: str | None) -> None:
    change = qfex.ModifyOrder(order_id="1", symbol="A-USD", side="BUY", order_type="LIMIT")
    said = "null" if new_id is None else f'"{new_id}"'
    update = change.parse(f'{{"order_response":{{"status":"MODIFIED","order_id":{said}}}}}'.encode())
    assert (update.order_id, update.replaces) == (new_id, replaces)


def test_a_change_keeps_the_client_id_for_itself_to_find_the_answer_by() -> None:
    change = qfex.ModifyOrder(order_id="1", symbol="A-USD", side="BUY", order_type="LIMIT", client_order_id="c")
    assert change.local_id() == "c"
    assert json.loads(text(change))["params"] == {
        "symbol": "A-USD", "order_id": "1", "side": "BUY", "order_type": "LIMIT", "reduce_only": False,
    }  # fmt: skip
    fact = change.order_if_unknown()
    assert (fact.order_id, fact.client_order_id, fact.market, fact.state) == ("1", None, "A-USD", "unknown")


def test_an_order_that_leaves_says_all_that_is_known_of_it() -> None:
    assert limit(quantity="2", price="1.50", reduce_only=True, client_order_id="c").order() == OrderFact(
        client_order_id="c", market="A-USD", side="BUY", order_type="LIMIT", reduce_only=True, price=D("1.50"), amount=D(2),
        state="sending",
    )  # fmt: skip
    assert limit().order().reduce_only is False
    closing = qfex.ClosePosition(symbol="A-USD", client_order_id="c")
    assert closing.order() == OrderFact(client_order_id="c", market="A-USD", reduce_only=True, state="sending")
    assert json.loads(text(closing))["params"] == {"symbol": "A-USD", "client_order_id": "c"}
    assert json.loads(text(qfex.ClosePosition(symbol="A-USD")))["params"] == {"symbol": "A-USD"}


@pytest.mark.parametrize("kind", ["twap_id", "client_twap_id"])
def test_a_cancel_of_a_twap_makes_no_order_unknown(kind: str) -> None:
    assert qfex.CancelOrder(symbol="A-USD", cancel_order_id_type=kind, order_id="7").order_if_unknown() is None


def test_a_market_order_says_0_where_it_has_no_price_and_no_stop() -> None:
    said = json.loads(text(limit(order_type="MARKET", price=None)))["params"]
    assert (said["price"], said["take_profit"], said["stop_loss"]) == (0, 0, 0)
    said = json.loads(text(limit(order_type="MARKET", price=None, take_profit=3, stop_loss=2)))["params"]
    assert (said["price"], said["take_profit"], said["stop_loss"]) == (0, 3, 2)
