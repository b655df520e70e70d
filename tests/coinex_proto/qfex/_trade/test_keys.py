"""Whose answer it is: the keys of requests, and those of what the venue says of orders."""

from decimal import Decimal as D
from typing import Any

import pytest

from coinex_proto.qfex import OrderUpdate, TwapUpdate
from coinex_proto.qfex._trade import keys

ADD = {"symbol": "A", "side": "BUY", "order_type": "LIMIT", "quantity": D("1.50"), "price": 2}
SAID = ("A", "BUY", "LIMIT", D("1.5"), D(2))


def update(status: str, **fields: Any) -> OrderUpdate:
    return OrderUpdate(status=status, symbol="A", side="BUY", **fields)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (keys.of_add({**ADD, "client_order_id": "c"}), (("add", "c"), ("nameless echo", SAID), keys.ORDER)),
        (keys.of_add(ADD), (("nameless order", SAID), ("nameless echo", SAID), keys.ORDER)),
        (keys.of_close({"symbol": "A", "client_order_id": "c"}), (("add", "c"), keys.ORDER)),
        (keys.of_close({"symbol": "A"}), (("close", "A"), keys.ORDER)),
        (
            keys.of_modify({"order_id": "1", "symbol": "A", "side": "BUY"}),
            (
                ("modify", "1"),
                ("id", "1"),
                ("change like", "A", "BUY"),
                ("nameless change", "A", "BUY"),
                keys.ORDER,
            ),
        ),
        (keys.of_cancel({"order_id": "1"}), (("cancel", "1"), ("id", "1"), keys.ORDER)),
        (
            keys.of_cancel({"order_id": "c", "cancel_order_id_type": "client_order_id"}),
            (("cancel client", "c"), keys.ORDER),
        ),
        (keys.of_cancel({"order_id": "t", "cancel_order_id_type": "twap_id"}), (("twap", "t"), keys.ORDER)),
        (keys.of_get({"order_id": "1"}), (("get", "1"), ("id", "1"), keys.ANY_GET)),
        (keys.of_cancel_stop({"stop_order_id": "1"}), (("cancel", "1"), ("id", "1"), keys.ACK, keys.ORDER)),
        (keys.of_modify_stop({"stop_order_id": "1"}), (("modify", "1"), ("id", "1"), keys.ACK, keys.ORDER)),
        (keys.of_add_twap({"client_twap_id": "t"}), (("twap", "t"),)),
        (keys.of_add_twap({}), (keys.ADD_TWAP,)),
        (keys.of_leverage({"symbol": "A"}), (("set_user_leverage", "A"), keys.ACK)),
        (keys.of_channels("subscribed")({"channels": ["a", 7, "b"]}), (("subscribed", "a"), ("subscribed", "b"))),
        (keys.of_channels("subscribed")({"channels": "a"}), ()),
    ],
)
def test_a_request_is_found_by(found: keys.Keys, expected: keys.Keys) -> None:
    assert found == expected


@pytest.mark.parametrize("price", [2, D("2.00"), "2", "2.0"])
def test_an_echo_may_write_its_numbers_in_any_way(price: object) -> None:
    assert keys.of_add({**ADD, "price": price}) == keys.of_add(ADD)


@pytest.mark.parametrize("number", [True, "x", "NaN", None, [], "sNaN"])
def test_what_is_no_number_tells_nothing(number: object) -> None:
    assert keys.of_add({**ADD, "price": number})[0][1] == (*SAID[:4], None)


def test_the_price_of_a_market_order_tells_nothing() -> None:
    market = {**ADD, "order_type": "MARKET"}
    assert keys.of_add({**market, "price": 7}) == keys.of_add({**market, "price": None})


def test_a_known_client_id_takes_the_place_of_symbol_and_side() -> None:
    found = keys.with_client_id(keys.of_modify({"order_id": "1", "symbol": "A", "side": "BUY"}), "c")
    assert ("modify client", "c") in found
    assert "change like" not in {key[0] for key in found}
    assert "nameless change" in {key[0] for key in found}


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        (update("ACK", order_id="1", client_order_id="c"), ["add", "nameless order", "close", "get"]),
        (update("ACK", order_id="1"), ["nameless echo", "close", "get"]),
        (update("FILLED", order_id="1", client_order_id="c"), ["add", "get"]),
        (update("MODIFIED", order_id="1", client_order_id="c"), ["modify", "modify client", "change like", "get"]),
        (update("MODIFIED", order_id="1"), ["modify", "nameless change", "get"]),
        (
            update("CANCELLED", order_id="1", client_order_id="c"),
            ["cancel", "cancel client", "add", "get", "cancel all"],
        ),
        (update("CANCELLED_STP", order_id="1"), ["cancel", "get", "cancel all"]),
        (update("NO_SUCH_ORDER", order_id="1"), ["id", "cancel client", "twap"]),
        (update("NO_SUCH_ORDER"), ["order", "get any"]),
        (update("CANNOT_MODIFY_PARTIAL_FILL", order_id="1"), ["modify", "nameless change"]),
        (update("CANNOT_MODIFY_NO_SUCH_ORDER"), ["nameless change", "order", "get any"]),
        (
            update("REJECTED", client_order_id="c"),
            ["add", "cancel client", "add", "nameless order", "close"],
        ),
    ],
)
def test_what_is_said_of_an_order_may_answer(said: OrderUpdate, kinds: list[str]) -> None:
    assert [key[0] for key in keys.of_order(said)] == kinds


@pytest.mark.parametrize(
    ("twap", "expected"),
    [
        (TwapUpdate(twap_id="1", client_twap_id="c"), (("twap", "c"), ("twap", "1"))),
        (TwapUpdate(twap_id="1"), (("twap", "1"), keys.ADD_TWAP)),
        (TwapUpdate(), (keys.ADD_TWAP,)),
    ],
)
def test_what_is_said_of_a_twap_may_answer(twap: TwapUpdate, expected: keys.Keys) -> None:
    assert keys.of_twap(twap) == expected
