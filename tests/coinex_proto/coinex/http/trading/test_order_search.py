from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from coinex_proto import UsageError
from coinex_proto.coinex.http import HttpCommand, HttpRefused, Page, ResolvedOrder, futures, resolve, spot


def row(**changes: Any) -> spot.SpotOrder:
    fields: dict[str, Any] = {
        "order_id": 7,
        "market": "BTCUSDT",
        "market_type": "SPOT",
        "side": "buy",
        "type": "limit",
        "amount": Decimal(2),
        "price": Decimal(10),
        "unfilled_amount": Decimal(2),
        "filled_amount": Decimal(0),
        "client_id": "user1",
    }
    return spot.SpotOrder(**{**fields, **changes})


def verdict_on(
    *pages: list[Any] | Exception, market_types: Any = ("SPOT",)
) -> tuple[ResolvedOrder, list[HttpCommand[Any]]]:
    asked = []
    queries = resolve("user1", "BTCUSDT", market_types)
    left = list(pages)
    try:
        query = next(queries)
        while True:
            asked.append(query)
            answer = left.pop(0)
            if isinstance(answer, Exception):
                query = queries.throw(answer)
            else:
                query = queries.send(Page(rows=tuple(answer)))
    except StopIteration as stop:
        return stop.value, asked


def test_an_open_order_is_live() -> None:
    verdict, asked = verdict_on([row()], [])
    assert verdict.state == "live"
    assert verdict.not_searched == ()
    assert verdict.order == row()
    assert verdict.facts[0].state == "live"
    assert verdict.facts[0].client_order_id == "user1"
    assert asked[0] == spot.ListPendingOrder(market="BTCUSDT", client_id="user1", limit=100)


@pytest.mark.parametrize(("unfilled", "state"), [("0", "filled"), ("0.5", "cancelled")])
def test_a_finished_order_is_filled_when_nothing_is_left_of_it(unfilled: str, state: str) -> None:
    verdict, _ = verdict_on([], [row(unfilled_amount=Decimal(unfilled), filled_amount=Decimal("1.5"))])
    assert verdict.state == state


def test_nothing_found_is_said_as_that_and_not_as_cancelled() -> None:
    verdict, _ = verdict_on([], [])
    assert (verdict.state, verdict.orders, verdict.facts, verdict.order) == ("not_found", (), (), None)


def test_orders_of_other_client_ids_do_not_count() -> None:
    verdict, _ = verdict_on([row(client_id="user2")], [row(client_id="")])
    assert verdict.state == "not_found"


def test_an_id_that_was_used_twice_gives_both_orders_once() -> None:
    verdict, _ = verdict_on([row(), row(order_id=8)], [row(), row(order_id=9, unfilled_amount=Decimal(0))])
    assert [order.order_id for order in verdict.orders] == [7, 8, 9]
    assert [fact.state for fact in verdict.facts] == ["live", "live", "filled"]


def test_futures_and_margin_are_asked_in_their_own_places() -> None:
    _, asked = verdict_on([], [], [], [], market_types=("MARGIN", "FUTURES"))
    assert [str(query.route) for query in asked] == [
        "GET /spot/pending-order",
        "GET /spot/finished-order",
        "GET /futures/pending-order",
        "GET /futures/finished-order",
    ]
    assert asked[0] == spot.ListPendingOrder(market="BTCUSDT", market_type="MARGIN", client_id="user1", limit=100)
    assert asked[3] == futures.ListFinishedOrder(market="BTCUSDT", limit=100)


def test_a_client_id_that_cannot_be_is_refused() -> None:
    with pytest.raises(UsageError, match="client_id"):
        next(resolve("no blanks", None, ("SPOT",)))


def refusal(code: int) -> HttpRefused:
    return HttpRefused(code, "no", command=spot.ListPendingOrder(), endpoint="GET /spot/pending-order", status=200)


def test_a_market_type_that_the_venue_does_not_let_us_search_is_named() -> None:
    verdict, _ = verdict_on([], [], refusal(3639), [], [], market_types=("SPOT", "MARGIN", "FUTURES"))
    assert (verdict.state, verdict.not_searched) == ("not_found", ("MARGIN",))


def test_where_nothing_could_be_searched_the_refusal_is_raised() -> None:
    with pytest.raises(HttpRefused, match="3639"):
        verdict_on(refusal(3639))
    with pytest.raises(HttpRefused, match="4005"):
        verdict_on(refusal(4005), refusal(4011), market_types=("SPOT", "FUTURES"))


def test_a_refusal_that_may_pass_ends_the_search() -> None:
    with pytest.raises(HttpRefused, match="4213"):
        verdict_on(refusal(4213), market_types=("SPOT", "FUTURES"))
