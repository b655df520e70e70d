"""Queries: what they send, their limits, and how the answer is read."""

from typing import Any

import pytest

from coinex_proto import PayloadError, UsageError
from coinex_proto.coinflex import (
    Balance,
    BalancesUpdate,
    Estimate,
    EstimateMarketOrder,
    GetBalances,
    GetOrders,
    GetTradeVolume,
    OpenOrdersUpdate,
    TradeVolumeUpdate,
)
from coinex_proto.coinflex._command import ORDERS_BUCKET, QUERIES_BUCKET

PAIR: dict[str, Any] = {"base": 1, "counter": 2}
ROWS: list[tuple[Any, dict[str, Any], str, bool, bytes, Any]] = [
    (
        GetBalances(),
        {},
        QUERIES_BUCKET,
        True,
        b'{"balances":[{"asset":1,"balance":2}]}',
        BalancesUpdate(balances=(Balance(asset=1, balance=2),)),
    ),
    (GetOrders(), {}, QUERIES_BUCKET, True, b'{"orders":[]}', OpenOrdersUpdate(orders=())),
    (
        GetTradeVolume(asset=1),
        {"asset": 1},
        QUERIES_BUCKET,
        True,
        b'{"volume":5}',
        TradeVolumeUpdate(asset=1, volume=5),
    ),
    (
        EstimateMarketOrder(**PAIR, total=-3),
        {**PAIR, "total": -3},
        ORDERS_BUCKET,
        False,
        b'{"quantity":1,"total":3}',
        Estimate(quantity=1, total=3),
    ),
]


@pytest.mark.parametrize(("query", "params", "bucket", "is_private", "body", "result"), ROWS)
def test_a_query_is_sent_limited_and_read(
    query: Any, params: dict[str, Any], bucket: str, is_private: bool, body: bytes, result: Any
) -> None:
    assert (query.params(), query.bucket, query.is_private, query.may_wait) == (params, bucket, is_private, True)
    assert query.parse(body) == result
    for wrong in (b"{", b"{}", b"[]"):
        with pytest.raises(PayloadError, match=f"the reply to {query.method}"):
            query.parse(wrong)


@pytest.mark.parametrize("code", [-1, "XBT", True, 1.0])
def test_what_is_no_asset_code_is_refused(code: Any) -> None:
    with pytest.raises(UsageError, match="asset code"):
        GetTradeVolume(asset=code)


@pytest.mark.parametrize("measure", [{}, {"quantity": 1, "total": 1}, {"quantity": 0}, {"total": 0}])
def test_an_estimate_is_of_an_amount_in_one_of_the_two_currencies(measure: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="EstimateMarketOrder: "):
        EstimateMarketOrder(**PAIR, **measure)
    assert EstimateMarketOrder(**PAIR, quantity=-1).params() == {**PAIR, "quantity": -1}
