from __future__ import annotations

from typing import Any

import pytest

from coinex_proto import UsageError
from coinex_proto.coinex.http import Page, call, futures, next_page, spot

QUERY = spot.ListFinishedOrder(market="BTCUSDT", side="buy")


def rows(count: int) -> tuple[Any, ...]:
    return (None,) * count


def test_the_next_page_asks_for_the_same_with_the_next_number() -> None:
    second = next_page(QUERY, Page(rows=rows(10), has_next=True))
    assert second == spot.ListFinishedOrder(market="BTCUSDT", side="buy", page=2)
    assert next_page(second, Page(rows=rows(3), has_next=True)) == spot.ListFinishedOrder(
        market="BTCUSDT", side="buy", page=3
    )


@pytest.mark.parametrize("page", [Page(rows=rows(10), has_next=False), Page(rows=(), has_next=True), Page(rows=())])
def test_after_the_last_page_there_is_none(page: Page[Any]) -> None:
    assert next_page(QUERY, page) is None


@pytest.mark.parametrize(
    ("count", "limit", "goes_on"), [(10, None, True), (9, None, False), (50, 50, True), (49, 50, False)]
)
def test_where_the_answer_does_not_say_a_short_page_is_the_last(count: int, limit: int | None, goes_on: bool) -> None:
    query = futures.ListMarketPremiumHistory(market="BTCUSDT", limit=limit)
    assert (next_page(query, Page(rows=rows(count))) is not None) is goes_on


def test_a_call_without_pages_is_refused() -> None:
    with pytest.raises(UsageError, match="Call has no pages"):
        next_page(call("GET", "/spot/finished-order"), Page(rows=()))  # type: ignore[arg-type]


def test_time_and_page_come_last_on_the_wire_in_the_document_s_order() -> None:
    sent = list(spot.ListUserDeals(market="BTCUSDT", limit=1, page=2, start_time=10**12, end_time=10**12).parameters())
    assert sent[-4:] == ["start_time", "end_time", "page", "limit"]
    assert sent[0] == "market"
