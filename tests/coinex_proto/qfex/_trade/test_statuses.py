"""What each status of an order_response is about."""

from __future__ import annotations

import pytest

from coinex_proto.qfex._trade.statuses import ORDER_STATUSES, is_documented, refuses_change, refuses_request

ROWS = {
    # status: something happened to an order, it refuses a request, it answers modify_order only, it is known
    "ACK": (True, False, False, True),
    "MODIFIED": (True, False, False, True),
    "FILLED": (True, False, False, True),
    "CANCELLED": (True, False, False, True),
    "CANCELLED_STP": (True, False, False, True),
    "IOC_PARTIALLY_FILLED": (True, False, False, True),
    "IOC_CANCELLED": (True, False, False, True),
    "NO_SUCH_ORDER": (False, True, False, True),
    "CANNOT_MODIFY_NO_SUCH_ORDER": (False, True, True, True),
    "CANNOT_MODIFY_PARTIAL_FILL": (False, True, True, True),
    "CANNOT_MODIFY_ALO_WOULD_CROSS": (False, True, True, True),
    "CANNOT_MODIFY_WHAT_IS_NEW": (False, True, True, True),
    "USER_IN_LIQUIDATION": (False, True, False, True),
    "PERMISSION_DENIED": (False, True, False, True),
    "REJECTED": (False, False, False, True),
    "INVALID_PRICE": (False, False, False, True),
    "CANNOT_MATCH": (False, False, False, True),
    "FAILED_MARGIN_CHECK": (False, False, False, True),
    "BAD_SYMBOL": (False, False, False, True),
    "PRICE_TOO_FAR": (False, False, False, True),
    "QUANTITY_TOO_SMALL": (False, False, False, True),
    "RATE_LIMITED": (False, False, False, True),
    "EXPIRED": (False, False, False, False),
    "": (False, False, False, False),
    "ack": (False, False, False, False),
}


@pytest.mark.parametrize("status", ROWS)
def test_a_status_is_of_an_order_of_a_request_or_of_nobody(status: str) -> None:
    found = (status in ORDER_STATUSES, refuses_request(status), refuses_change(status), is_documented(status))
    assert found == ROWS[status]
