"""No payload makes a dialect raise, and nothing that is not finite or not as documented gets through."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto import Answer, PayloadError, Unrecognised, Update, qfex
from tests.coinex_proto.qfex.examples import examples

MDS, TRADE = qfex.mds(), qfex.trade(qfex.HmacCredentials("a", "b"))
DIALECTS = (MDS, TRADE)
MESSAGES = [row["message"] for row in examples("push", "response", "request").values()]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["NaN", "sNaN", "Infinity", "1e999", "", "0", "ACK", "*"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["type", "params", "symbol", "status"]), st.integers() | st.text(max_size=3)),
)


def number(value: object) -> float:
    assert isinstance(value, Decimal)
    return float(value)


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """An example of the venue with some members changed, dropped or put elsewhere."""
    message: Any = json.loads(json.dumps(draw(st.sampled_from(MESSAGES)), default=number))
    for _ in range(draw(st.integers(1, 3))):
        place = message
        while isinstance(place, dict) and place:
            name = draw(st.sampled_from(sorted(place)))
            if isinstance(place[name], dict) and draw(st.booleans()):
                place = place[name]
                continue
            if draw(st.booleans()):
                place[name] = draw(VALUES)
            else:
                del place[name]
            break
    return json.dumps(message).encode()


@given(
    st.one_of(
        spoilt(),
        st.binary(max_size=40),
        st.recursive(VALUES, lambda v: st.lists(v, max_size=2)).map(json.dumps).map(str.encode),
    )
)
def test_no_payload_makes_a_dialect_raise(payload: bytes) -> None:
    for dialect in DIALECTS:
        for item in dialect.decode(payload):
            assert isinstance(item, (Answer, Update, Unrecognised))
            if isinstance(item, Update):
                check_finite(item)
                assert isinstance(item.topic_key, tuple)
                dialect.order(item)
            if isinstance(item, Answer):
                hash(item.keys)
                read(item.body)


def read(body: bytes) -> None:
    for command in (
        qfex.GetUserOrders(),
        qfex.GetUserTrades(),
        qfex.GetUserLeverage(),
        qfex.GetOrder(order_id="1", symbol="A-USD"),
        qfex.CancelOrder(order_id="1", symbol="A-USD"),
        qfex.ModifyOrder(order_id="1", symbol="A-USD", side="BUY", order_type="LIMIT"),
        qfex.Raw("x"),
    ):
        try:
            result = command.parse(body)
        except PayloadError:
            continue
        if isinstance(result, Update):
            check_finite(result)
            TRADE.order(result)


def check_finite(value: Any) -> None:
    if isinstance(value, Decimal):
        assert value.is_finite()
    elif isinstance(value, tuple):
        for entry in value:
            check_finite(entry)
    elif attrs.has(type(value)):
        for one in attrs.fields(type(value)):
            check_finite(getattr(value, one.name))


@pytest.mark.parametrize("bad", ["NaN", "-Infinity", "sNaN"])
@pytest.mark.parametrize("member", ["quantity", "quantity_remaining"])
def test_an_order_with_a_number_that_is_none_tells_nothing_of_it(member: str, bad: str) -> None:
    record = {"order_id": "1", "symbol": "A-USD", "status": "ACK", "client_order_id": "c", member: bad}
    found = TRADE.decode(json.dumps({"order_response": record}).encode())
    assert [type(item) for item in found] == [Answer, Unrecognised]


def test_a_member_of_the_sdks_own_is_not_taken_from_the_peer() -> None:
    record = {"order_id": "1", "symbol": "A-USD", "status": "MODIFIED", "replaces": "2"}
    found = TRADE.decode(json.dumps({"order_response": record}).encode())
    (update,) = [item for item in found if isinstance(item, Update)]
    assert getattr(update, "replaces", "") is None


@pytest.mark.parametrize(
    "message",
    [
        {"subscribed": []},
        {"unsubscribed": {"x": 1}},
        {"err": {"incoming_message": {"type": "add_order", "params": {"quantity": "sNaN", "symbol": ["A"]}}}},
        {"err": {"incoming_message": {"type": "subscribe", "params": {"channels": [[1]]}}}},
    ],
)
def test_what_an_answer_names_can_always_be_looked_up(message: object) -> None:
    for item in TRADE.decode(json.dumps(message).encode()):
        hash(getattr(item, "keys", None))


def test_numbers_may_come_as_texts() -> None:
    fill = {"trade_id": "t", "symbol": "A-USD", "order_id": "1", "side": "BUY", "price": "25242.0", "quantity": "0.004"}
    (update,) = TRADE.decode(json.dumps({"fill_response": fill}).encode())
    assert isinstance(update, qfex.FillUpdate)
    assert update.quantity == Decimal("0.004")
