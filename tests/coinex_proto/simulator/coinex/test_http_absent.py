"""What this exchange has none of."""

from __future__ import annotations

import pytest

from tests.coinex_proto.simulator.http_peer import code, data, request
from tests.coinex_proto.simulator.peer import quiet_server


def test_its_lists_are_empty_and_an_unknown_market_is_refused() -> None:
    server = quiet_server()
    assert data(server, "GET", "/v2/assets/margin/balance?market=BTCUSDT") == []
    answer = request(server, "GET", "/v2/refer/referee")[2]
    assert (answer["data"], answer["pagination"]) == ([], {"has_next": False, "total": 0})
    assert code(request(server, "GET", "/v2/assets/amm/liquidity-pool?market=NOUSDT")) == 3639


@pytest.mark.parametrize("path", ["/assets/margin/borrow", "/assets/margin/repay", "/assets/amm/add-liquidity"])
def test_what_would_change_something_is_refused(path: str) -> None:
    answer = request(quiet_server(), "POST", f"/v2{path}", {"market": "BTCUSDT"})[2]
    assert answer["code"] == 3639
    assert "BTCUSDT has no" in answer["message"]


def test_the_credit_account_holds_nothing() -> None:
    assert data(quiet_server(), "GET", "/v2/assets/credit/info")["equity"] == "0"
