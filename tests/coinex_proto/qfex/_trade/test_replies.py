"""Each answer is read from its own frame, at the second reading if need be, with finite numbers only."""

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
def test_a_number_that_is_not_finite_is_refused_wherever_it_stands(
    read: Any, message: dict[str, Any], bad: str
) -> None:
    text = json.dumps(message)
    for number in ("2.5", "3", "1.5", '"2"', '"10"'):
        if number in text:
            with pytest.raises(PayloadError, match="not finite"):
                read(text.replace(number, f'"{bad}"').encode())


@pytest.mark.parametrize(("read", "message"), GOOD)
def test_what_is_not_as_documented_is_refused(read: Any, message: dict[str, Any]) -> None:
    frame = next(iter(message))
    for wrong in (b"{", b"[]", body({frame: 7}), b"{}", body({frame: None})):
        with pytest.raises(PayloadError):
            read(wrong)


def test_both_forms_of_own_trades_are_one_and_only_one_counts_them() -> None:
    first = replies.USER_TRADES(body({"user_trades": [TRADE], "count": "5"}))
    second = replies.USER_TRADES(body({"user_trades_response": [TRADE]}))
    assert first.user_trades == second.user_trades
    assert (first.count, second.count) == (5, None)
    assert first.user_trades[0].quantity == D(2)


@pytest.mark.parametrize("message", [{"order_response": ORDER}, {"all_orders_response": {"orders": [ORDER]}}])
def test_a_member_of_the_sdks_own_is_refused(message: dict[str, Any]) -> None:
    text = json.dumps(message).replace('"status"', '"replaces": "2", "status"').encode()
    with pytest.raises(PayloadError, match="the SDK's own"):
        (replies.ORDER if "order_response" in message else replies.OPEN_ORDERS)(text)


def test_the_first_frame_that_is_there_counts() -> None:
    read: Reply[int] = Reply(int, "one", "two")
    assert read(b'{"two":2}') == 2
    assert read(b'{"two":2,"one":1}') == 1
    assert read.read(b"{}") is None


def test_an_acknowledgement_has_no_result() -> None:
    assert replies.nothing(b"{") is None  # type: ignore[func-returns-value]
