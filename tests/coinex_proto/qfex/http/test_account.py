"""Each signed call as the venue's OpenAPI files write it, and what may be left out."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from coinex_proto import UsageError
from coinex_proto.qfex import http

FROM = "2026-11-28T09:30:00Z"

CALLS: list[tuple[http.HttpCommand[Any], str, str, bytes, Any]] = [
    (http.GetHistoricOrdersCsv(), "GET", "/historic-orders-csv", b"", str),
    (http.GetHistoricTwapsCsv(), "GET", "/historic-twaps-csv", b"", str),
    (http.GetHistoricTwapsCsv(symbol="AAPL-USD"), "GET", "/historic-twaps-csv?symbol=AAPL-USD", b"", str),
    (http.GetTradesCsv(), "GET", "/trades-csv", b"", str),
    (http.GetAccountEquity(), "GET", "/user/account-equity", b"", http.AccountEquity),
    (http.GetAccountEquity(duration="1d"), "GET", "/user/account-equity?duration=1d", b"", http.AccountEquity),
    (http.GetFees(), "GET", "/user/fees", b"", http.Fees),
    (http.GetHistoricOrders(), "GET", "/user/historic-orders", b"", http.HistoricOrders),
    (
        http.GetHistoricOrders(symbol="AAPL-USD", client_order_id="mine", start=FROM, end=FROM, limit=1000, offset=0),
        "GET",
        (
            "/user/historic-orders?symbol=AAPL-USD&client_order_id=mine&start=2026-11-28T09%3A30%3A00Z"
            "&end=2026-11-28T09%3A30%3A00Z&limit=1000&offset=0"
        ),
        b"",
        http.HistoricOrders,
    ),
    (
        http.GetHistoricPnl(duration="1w", unit="number", symbol="AAPL-USD"),
        "GET",
        "/user/historic-pnl?duration=1w&unit=number&symbol=AAPL-USD",
        b"",
        http.HistoricPnl,
    ),
    (http.GetHistoricTwaps(limit=1), "GET", "/user/historic-twaps?limit=1", b"", http.HistoricTwaps),
    (
        http.SetLeverage(leverage="2.5", symbol="AAPL-USD"),
        "POST",
        "/user/leverage",
        b'{"leverage":2.5,"symbol":"AAPL-USD"}',
        http.LeverageSet,
    ),
    (http.GetPositions(), "GET", "/user/positions", b"", http.Positions),
    (http.GetReferralRewards(duration="1w"), "GET", "/user/referral-rewards?duration=1w", b"", http.ReferralRewards),
    (http.GetSubaccounts(), "GET", "/user/subaccounts", b"", http.Subaccounts),
    (http.CreateSubaccount(), "POST", "/user/subaccounts", b"", http.SubaccountCreated),
    (
        http.GetTrades(exchange_order_id="7", ordertype="LIMIT", orderdirection="BUY", limit=1, offset=10),
        "GET",
        "/user/trade?exchange_order_id=7&ordertype=LIMIT&orderdirection=BUY&limit=1&offset=10",
        b"",
        http.OwnTrades,
    ),
    (
        http.Transfer(src_account_id="a", dst_account_id="b", amount="1.50"),
        "POST",
        "/user/transfer?src_account_id=a&dst_account_id=b",
        b'{"amount":1.50}',
        None,
    ),
    (http.GetVolume(range="1w", symbol="AAPL-USD"), "GET", "/user/volume?range=1w&symbol=AAPL-USD", b"", http.Volume),
    (http.GetPnl(symbol="AAPL-USD", limit_hours=2160), "GET", "/pnl?symbol=AAPL-USD&limit_hours=2160", b"", http.Pnl),
]


@pytest.mark.parametrize(("call", "method", "target", "body", "reads"), CALLS, ids=str)
def test_each_call_is_signed_and_as_documented(
    call: http.HttpCommand[Any], method: str, target: str, body: bytes, reads: Any
) -> None:
    assert (call.method, call.target, call.body, call.reads) == (method, target, body, reads)
    assert call.is_signed


BOUNDS: list[tuple[Any, str, int, int | None]] = [
    # call, parameter, least, most
    (http.GetHistoricOrders, "limit", 1, 1000),
    (http.GetHistoricOrders, "offset", 0, None),
    (http.GetHistoricTwaps, "limit", 1, 1000),
    (http.GetTrades, "limit", 1, 1000),
    (http.GetTrades, "offset", 0, None),
    (http.GetPnl, "limit_hours", 1, 2160),
]


@pytest.mark.parametrize(("made", "name", "least", "most"), BOUNDS, ids=str)
def test_a_number_goes_from_its_documented_least_to_its_most(
    made: Any, name: str, least: int, most: int | None
) -> None:
    assert made().target == made.path
    for value in (least, least + 1 if most is None else most):
        assert made(**{name: value}).target == f"{made.path}?{name}={value}"
    for value in (least - 1, *(() if most is None else (most + 1,))):
        with pytest.raises(UsageError, match=name):
            made(**{name: value})


@pytest.mark.parametrize(
    ("made", "fields"),
    [
        (http.GetHistoricOrders, {"symbol": "aapl"}),
        (http.GetHistoricOrders, {"start": "yesterday"}),
        (http.GetHistoricTwapsCsv, {"symbol": "aapl"}),
        (http.GetTrades, {"end_time": "yesterday"}),
        (http.SetLeverage, {"leverage": 0, "symbol": "AAPL-USD"}),
        (http.Transfer, {"src_account_id": "", "dst_account_id": "b", "amount": 1}),
        (http.Transfer, {"src_account_id": "a", "dst_account_id": "b", "amount": 0}),
        (http.GetVolume, {"symbol": "aapl"}),
    ],
    ids=str,
)
def test_a_call_out_of_its_documented_bounds_is_refused(made: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        made(**fields)


def test_an_answer_with_its_required_members_alone_is_read_and_the_rest_is_none_or_empty() -> None:
    order, *more = http.GetHistoricOrders().parse(b'{"data": [{"order_id": "1", "symbol": "S", "side": "BUY"}]}').data
    assert (order.order_id, order.client_order_id, order.price, order.terminal_status) == ("1", None, None, None)
    assert not more
    positions = http.GetPositions().parse(b'{"balance": {"available_balance": 1.50, "deposit": "2"}}')
    assert positions.positions == ()
    assert (positions.balance.available_balance, positions.balance.deposit) == (D("1.50"), D(2))
    trade = b'{"id": "i", "order_id": "o", "symbol": "S", "side": "SELL", "price": 1, "quantity": 0.10}'
    (trade_read,) = http.GetTrades().parse(b'{"data": [' + trade + b"]}").data
    assert (trade_read.quantity, trade_read.fee) == (D("0.10"), None)
    assert http.GetSubaccounts().parse(b"{}").account_ids == ()
    assert http.CreateSubaccount().parse(b'{"account_id": "7"}').account_id == "7"
    assert http.Transfer(src_account_id="a", dst_account_id="b", amount=1).parse(b'{"any": "thing"}') == {
        "any": "thing"
    }
