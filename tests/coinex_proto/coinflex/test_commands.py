"""What cannot be right is refused when it is written down, before anything is sent."""

import json
from decimal import Decimal
from typing import Any

import pytest

from coinex_proto import OrderFact, PayloadError, RequestId, UsageError
from coinex_proto.coinex import Ping
from coinex_proto.coinflex import (
    ASSETS_2020,
    CancelAllOrders,
    CancelOrder,
    EstimateMarketOrder,
    GetBalances,
    GetTradeVolume,
    ModifyOrder,
    PlaceOrder,
    Raw,
    live,
)
from tests.coinex_proto.coinflex.venue import USDT, XBT, private

PAIR: dict[str, Any] = {"base": XBT, "counter": USDT}


@pytest.mark.parametrize(
    ("kind", "members", "words"),
    [
        (PlaceOrder, {**PAIR, "quantity": 0, "price": 5}, "zero"),
        (PlaceOrder, {**PAIR, "quantity": 5, "price": 0}, "above 0"),
        (PlaceOrder, {**PAIR, "quantity": 5, "price": -5}, "above 0"),
        (PlaceOrder, {**PAIR, "price": 5}, "either quantity"),
        (PlaceOrder, {**PAIR, "total": 5, "price": 5}, "not total"),
        (PlaceOrder, {**PAIR, "quantity": 5, "total": 5}, "either quantity"),
        (PlaceOrder, {**PAIR, "quantity": 0.5, "price": 5}, "units"),
        (PlaceOrder, {**PAIR, "quantity": "0.5", "price": 5}, "units"),
        (PlaceOrder, {**PAIR, "quantity": Decimal(5), "price": 5}, "units"),
        (PlaceOrder, {**PAIR, "quantity": True, "price": 5}, "int"),
        (PlaceOrder, {**PAIR, "quantity": 2**63, "price": 5}, "63 bits"),
        (PlaceOrder, {**PAIR, "quantity": 5, "price": 5, "tonce": 0}, "above 0"),
        (PlaceOrder, {**PAIR, "quantity": 5, "price": 5, "tonce": -1}, "above 0"),
        (PlaceOrder, {**PAIR, "quantity": 5, "price": 5, "persist": "yes"}, "fill_or_kill"),
        (PlaceOrder, {**PAIR, "quantity": 5, "price": 5, "post_only": 1}, "True or False"),
        (PlaceOrder, {**PAIR, "quantity": 5, "post_only": True}, "market order"),
        (PlaceOrder, {**PAIR, "quantity": 5, "assets": {}}, "Assets"),
        (PlaceOrder, {"base": "XBT", "counter": USDT, "quantity": 5}, "asset code"),
        (ModifyOrder, {"id": 1}, "quantity_delta"),
        (ModifyOrder, {"price": 5}, "either by id or by tonce"),
        (ModifyOrder, {"id": 1, "tonce": 2, "price": 5}, "either by id or by tonce"),
        (ModifyOrder, {"id": 1, "quantity_delta": 0}, "leave it out"),
        (CancelOrder, {}, "either by id or by tonce"),
        (CancelOrder, {"id": 1, "tonce": 1}, "either by id or by tonce"),
        (EstimateMarketOrder, PAIR, "either quantity"),
        (EstimateMarketOrder, {**PAIR, "total": 0}, "zero"),
        (GetTradeVolume, {"asset": "XBT"}, "asset code"),
    ],
)
def test_what_cannot_be_right_is_refused(kind: Any, members: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        kind(**members)


@pytest.mark.parametrize("value", [0.5, float("nan"), [1, [2.0]], {"a": {"b": 1e3}}])
def test_a_float_is_refused_wherever_it_stands(value: object) -> None:
    with pytest.raises(UsageError, match="not exact"):
        Raw({"method": "PlaceOrder", "price": value})


@pytest.mark.parametrize("request_", [None, [], {}, {"method": 5}, {"method": ""}, {"method": "Authenticate"}])
def test_a_raw_request_has_a_method_and_is_no_sign_in(request_: Any) -> None:
    with pytest.raises(UsageError):
        Raw(request_)


@pytest.mark.parametrize("value", [object(), float, {"a": [object()]}])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(UsageError, match="JSON"):
        live().encode(Raw({"method": "X", "member": value}), RequestId(1))


def test_a_request_of_another_venue_is_refused() -> None:
    with pytest.raises(UsageError, match="no request of CoinFLEX"):
        live().encode(Ping(), RequestId(1))


def test_tags_are_the_request_ids_whatever_the_caller_writes() -> None:
    raw = Raw({"method": "X", "tag": 99})
    assert json.loads(live().encode(raw, RequestId(5)).text) == {"tag": 5, "method": "X"}
    assert raw.parse(b'{"tag":5,"error_code":0,"a":1.50}') == {"tag": 99, "error_code": 0, "a": Decimal("1.50")}
    assert Raw({"method": "X"}).parse(b'{"tag":5,"error_code":0}') == {"error_code": 0}


def test_the_tags_of_the_venue_have_an_end() -> None:
    with pytest.raises(UsageError, match="63 bits"):
        live().encode(Raw({"method": "X"}), RequestId(2**63))


@pytest.mark.parametrize(
    ("command", "bucket", "may_wait"),
    [
        (PlaceOrder(**PAIR, quantity=1), "orders", False),
        (ModifyOrder(id=1, price=1), "orders", False),
        (CancelOrder(id=1), "orders", False),
        (EstimateMarketOrder(**PAIR, quantity=1), "orders", True),
        (GetBalances(), "information", True),
        (GetTradeVolume(asset=XBT), "information", True),
        (Raw({"method": "WatchOrders"}), None, True),
    ],
)
def test_each_command_keeps_to_its_limit_and_only_what_trades_never_waits(
    command: Any, bucket: str | None, may_wait: bool
) -> None:
    outgoing = private().encode(command, RequestId(1))
    assert (outgoing.bucket, outgoing.may_wait) == (bucket, may_wait)


def test_an_order_tells_what_it_is_while_it_is_being_sent() -> None:
    order = PlaceOrder(**PAIR, quantity=-15000, price=96010000, tonce=7, assets=ASSETS_2020)
    assert order.order() == OrderFact(
        client_order_id="7",
        market="XBT/USDT",
        side="sell",
        price=Decimal(9601),
        amount=Decimal("1.5"),
        state="sending",
    )
    bare = PlaceOrder(**PAIR, total=-15000)
    assert bare.order() == OrderFact(side="sell", state="sending")


@pytest.mark.parametrize(
    ("command", "body"),
    [
        (PlaceOrder(**PAIR, quantity=1, price=1), b'{"error_code":0,"remaining":0}'),
        (PlaceOrder(**PAIR, quantity=1), b'{"error_code":0,"id":5}'),
        (PlaceOrder(**PAIR, quantity=1, price=1), b'{"id":"x"}'),
        (GetBalances(), b'{"error_code":0}'),
        (GetBalances(), b'{"balances":[{"asset":1}]}'),
        (GetBalances(), b"{"),
        (GetTradeVolume(asset=1), b'{"volume":"x"}'),
        (CancelOrder(id=1), b'{"id":1}'),
        (Raw({"method": "X"}), b"["),
    ],
)
def test_a_reply_that_is_not_as_documented_is_a_payload_error(command: Any, body: bytes) -> None:
    with pytest.raises(PayloadError):
        command.parse(body)


def test_a_remaining_in_the_reply_to_a_limit_order_does_not_end_it() -> None:
    command = PlaceOrder(**PAIR, quantity=5, price=5, tonce=9)
    update: Any = command.parse(b'{"error_code":0,"id":7,"time":1,"remaining":0}')
    assert (update.id, update.remaining) == (7, None)
    (fact,) = live().order(update)
    assert (fact.order_id, fact.state) == (7, "live")


@pytest.mark.parametrize(
    ("measure", "side"), [({"quantity": 1}, "buy"), ({"quantity": -1}, "sell"), ({"total": 1}, "buy")]
)
def test_the_sign_of_an_order_is_its_side(measure: dict[str, Any], side: str) -> None:
    assert PlaceOrder(**PAIR, **measure).order().side == side


def test_the_reply_to_a_change_is_the_order_as_it_stands() -> None:
    body = b'{"error_code":0,"id":1,"tonce":2,"base":3,"counter":4,"quantity":5,"price":6,"time":7}'
    found = ModifyOrder(id=1, price=6).parse(body)
    assert (found.id, found.tonce, found.quantity, found.price, found.time) == (1, 2, 5, 6, 7)
    cancelled = CancelOrder(id=1).parse(body)
    assert (cancelled.id, cancelled.quantity) == (1, 5)


def test_whatever_trades_is_of_the_account_and_never_waits() -> None:
    for kind in (PlaceOrder, ModifyOrder, CancelOrder, CancelAllOrders):
        assert (kind.is_private, kind.may_wait, kind.bucket) == (True, False, "orders")
