"""Each answer is read from its own frame, at the second reading if need be, with finite numbers only."""

import contextlib
import json
from decimal import Decimal as D
from typing import Any

import pytest

from coinex_proto import PayloadError
from coinex_proto.qfex._trade import replies
from coinex_proto.qfex._trade.replies import Reply

ORDER = {"status": "ACK", "order_id": "1", "quantity": 2.5}
TRADE = {"trade_id": "t", "symbol": "A", "order_id": "1", "price": 1.5, "quantity": "2"}
LEVEL = {"symbol": "A", "leverage": "10"}
TWAP = {"twap_id": "7", "total_quantity": 3}

GOOD: list[tuple[Any, dict[str, Any]]] = [
    (replies.ORDER, {"order_response": ORDER}),
    (replies.TWAP, {"twap_response": TWAP}),
    (replies.OPEN_ORDERS, {"all_orders_response": {"orders": [ORDER], "twaps": [TWAP]}}),
    (replies.USER_TRADES, {"user_trades": [TRADE], "count": 1}),
    (replies.USER_TRADES, {"user_trades_response": [TRADE]}),
    (replies.USER_LEVERAGE, {"user_leverage_response": [LEVEL]}),
    (replies.LEVERAGE_LEVELS, {"available_leverage_levels_response": [LEVEL]}),
    (replies.order_or_twap, {"order_response": ORDER}),
    (replies.order_or_twap, {"twap_response": TWAP}),
]


def body(message: object) -> bytes:
    return json.dumps(message).encode()


@pytest.mark.parametrize(("read", "message"), GOOD)
def test_an_answer_is_read_from_its_frame(read: Any, message: dict[str, Any]) -> None:
    assert read(body(message)) is not None


@pytest.mark.parametrize(("read", "message"), GOOD)
@pytest.mark.parametrize("bad", ["NaN", "Infinity"])
def test_a_number_that_is_not_finite_never_comes_in(read: Any, message: dict[str, Any], bad: str) -> None:
    text = json.dumps(message)
    for number in ("2.5", "3", "1.5", '"2"', '"10"'):
        if number in text:
            found = None
            with contextlib.suppress(PayloadError):  # else it was a member that the record can do without
                found = read(text.replace(number, f'"{bad}"').encode())
            assert bad not in repr(found)


@pytest.mark.parametrize(("read", "message"), GOOD)
def test_what_is_not_as_documented_is_refused(read: Any, message: dict[str, Any]) -> None:
    frame = next(iter(message))
    wrongs = [b"{", b"[]", body({frame: 7}), b"{}"]
    if not isinstance(message[frame], list):
        wrongs.append(body({frame: None}))
    for wrong in wrongs:
        with pytest.raises(PayloadError):
            read(wrong)


@pytest.mark.parametrize(("read", "message"), [row for row in GOOD if isinstance(row[1][next(iter(row[1]))], list)])
def test_a_list_that_is_null_is_empty(read: Any, message: dict[str, Any]) -> None:
    found = read(body({**message, next(iter(message)): None}))
    assert getattr(found, "user_trades", found) == ()


def test_lists_within_an_answer_that_are_null_are_empty() -> None:
    found = replies.OPEN_ORDERS(body({"all_orders_response": {"orders": None, "twaps": None, "stop_orders": None}}))
    assert (found.orders, found.twaps, found.stop_orders) == ((), (), ())


def test_both_forms_of_own_trades_are_one_and_only_one_counts_them() -> None:
    first = replies.USER_TRADES(body({"user_trades": [TRADE], "count": "5"}))
    second = replies.USER_TRADES(body({"user_trades_response": [TRADE]}))
    assert first.user_trades == second.user_trades
    assert (first.count, second.count) == (5, None)
    assert first.user_trades[0].quantity == D(2)


@pytest.mark.parametrize("message", [{"order_response": ORDER}, {"all_orders_response": {"orders": [ORDER]}}])
def test_a_member_of_the_sdks_own_is_left_out(message: dict[str, Any]) -> None:
    text = json.dumps(message).replace('"status"', '"replaces": "2", "status"').encode()
    found: Any = (replies.ORDER if "order_response" in message else replies.OPEN_ORDERS)(text)
    (order,) = getattr(found, "orders", (found,))
    assert order.replaces is None


def test_the_first_frame_that_is_there_counts() -> None:
    read: Reply[int] = Reply(int, "one", "two")
    assert read(b'{"two":2}') == 2
    assert read(b'{"two":2,"one":1}') == 1
    assert read.read(b"{}") is None


def test_an_acknowledgement_has_no_result() -> None:
    assert replies.nothing(b"{") is None  # type: ignore[func-returns-value]
