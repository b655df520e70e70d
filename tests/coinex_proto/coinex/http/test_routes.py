from __future__ import annotations

from typing import Any

import pytest

from coinex_proto import UsageError
from coinex_proto.coinex.http import ROUTES
from coinex_proto.coinex.http._routes import LIMITS, get, post, route_of


def test_a_route_knows_its_group_and_whether_it_is_signed() -> None:
    assert (get("/spot/ticker").group, get("/spot/ticker").is_signed) == ("ip_only", False)
    assert (post("/spot/order").group, post("/spot/order").is_signed) == ("spot_order", True)
    assert str(post("/spot/order")) == "POST /spot/order"


def test_public_calls_outside_the_public_group_are_not_signed() -> None:
    assert not get("/assets/deposit-withdraw-config").is_signed
    assert not get("/assets/amm/liquidity-pool").is_signed


def test_only_gets_are_harmless_and_only_orders_may_not_wait() -> None:
    assert not any(route.changes_something for route in ROUTES.values() if route.method == "GET")
    assert all(route.changes_something for route in ROUTES.values() if route.method == "POST")
    impatient = {route.group for route in ROUTES.values() if not route.may_wait}
    assert impatient == {"spot_order", "futures_order"}


def test_one_path_may_be_two_calls() -> None:
    assert route_of("GET", "/assets/withdraw").group == "spot_account_history"
    assert route_of("POST", "/assets/withdraw").group == "spot_account_write"


def test_an_undocumented_path_is_signed_and_counts_as_unlisted() -> None:
    route = route_of("GET", "/assets/statement")
    assert (route.group, route.is_signed) == ("unlisted", True)


@pytest.mark.parametrize("method", ["get", "DELETE", "", "GET "])
def test_other_methods_are_refused(method: str) -> None:
    with pytest.raises(UsageError, match="GET or POST"):
        route_of(method, "/spot/order")


def test_a_documented_path_with_the_wrong_method_is_refused() -> None:
    with pytest.raises(UsageError, match="/spot/order is a POST, not a GET"):
        route_of("GET", "/spot/order")


@pytest.mark.parametrize(
    "path", ["spot/order2", "/v2/spot/order", "//host/x", "/spot/ticker?market=A", "/a b", "/ä", "", "/", "https://x/y"]
)
def test_what_is_not_a_plain_path_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match="path must look like"):
        route_of("GET", path)


def test_a_path_that_is_no_text_is_refused() -> None:
    path: Any = None
    with pytest.raises(UsageError, match="path must look like /spot/order"):
        route_of("GET", path)


PER_SECOND = {
    "ip_only": 400.0,
    "unlisted": 10.0,
    "spot_order": 30.0,
    "spot_cancel": 60.0,
    "spot_batch_cancel": 40.0,
    "spot_query": 50.0,
    "spot_history": 10.0,
    "spot_account_write": 10.0,
    "spot_account_query": 10.0,
    "spot_account_history": 10.0,
    "futures_order": 20.0,
    "futures_cancel": 40.0,
    "futures_batch_cancel": 20.0,
    "futures_query": 50.0,
    "futures_history": 10.0,
    "futures_account_query": 10.0,
}


def test_every_group_regains_what_the_venue_documents_and_holds_a_second_s_worth() -> None:
    assert {group: (rate.per_second, rate.burst) for group, rate in LIMITS.items()} == {
        group: (rate, rate) for group, rate in PER_SECOND.items()
    }
    assert {route.group for route in ROUTES.values()} <= set(LIMITS)


def test_the_module_of_a_route_is_the_first_part_of_its_path() -> None:
    assert post("/spot/order").module == "spot"
    assert post("/futures/order").module == "futures"
    assert get("/time").module == "time"
