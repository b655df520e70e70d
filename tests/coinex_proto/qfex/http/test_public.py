"""Each call without keys as the venue's OpenAPI files write it, and what may be left out."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from coinex_proto import UsageError
from coinex_proto.qfex import http

SPAN = {"fromISO": "2026-11-28T09:30:00Z", "toISO": "2026-11-28T10:30:00Z"}
ASKED = "fromISO=2026-11-28T09%3A30%3A00Z&toISO=2026-11-28T10%3A30%3A00Z"

CALLS: list[tuple[http.HttpCommand[Any], str, Any]] = [
    (http.GetCandles(symbol="S", resolution="1MIN", **SPAN), f"/candles/S?resolution=1MIN&{ASKED}", http.CandleList),
    (
        http.GetFunding(symbol="S", intervalMinutes=1, **SPAN),
        f"/funding/S?intervalMinutes=1&{ASKED}",
        http.FundingHistory,
    ),
    (
        http.GetOpenInterest(symbol="S", intervalMinutes=1, **SPAN),
        f"/open-interest/S?intervalMinutes=1&{ASKED}",
        http.OpenInterestHistory,
    ),
    (http.GetRefdata(), "/refdata", http.Refdata),
    (http.GetRefdata(ticker="S"), "/refdata?ticker=S", http.Refdata),
    (http.GetSettlementCalendar(symbol="S"), "/settlement-calendar?symbol=S", http.SettlementCalendar),
    (
        http.GetSettlementCalendar(symbol="S", time=SPAN["fromISO"]),
        "/settlement-calendar?symbol=S&time=2026-11-28T09%3A30%3A00Z",
        http.SettlementCalendar,
    ),
    (http.GetSettlementPrices(), "/settlement-prices", http.SettlementPrices),
    (
        http.GetSettlementPrices(symbol="S", start=SPAN["fromISO"], end=SPAN["fromISO"], limit=1000),
        "/settlement-prices?symbol=S&start=2026-11-28T09%3A30%3A00Z&end=2026-11-28T09%3A30%3A00Z&limit=1000",
        http.SettlementPrices,
    ),
    (
        http.GetSymbolLongShort(symbol="S", interval="1h", **SPAN),
        f"/symbol-long-short/S?interval=1h&{ASKED}",
        http.LongShortHistory,
    ),
    (
        http.GetTakerVolume(symbol="S", intervalMinutes=1, **SPAN),
        f"/taker-volume/S?intervalMinutes=1&{ASKED}",
        http.TakerVolumeHistory,
    ),
    (http.GetUnderlier(symbol="S", interval="1h", **SPAN), f"/underlier/S?interval=1h&{ASKED}", http.UnderlierHistory),
]


@pytest.mark.parametrize(("call", "target", "reads"), CALLS, ids=str)
def test_each_call_is_an_unsigned_query_as_documented(call: http.HttpCommand[Any], target: str, reads: Any) -> None:
    assert (call.method, call.target, call.body, call.reads) == ("GET", target, b"", reads)
    assert not call.is_signed


@pytest.mark.parametrize(
    ("made", "fields"),
    [
        (http.GetCandles, {"symbol": "S", "resolution": "2MIN", **SPAN}),
        (http.GetCandles, {"symbol": "s", "resolution": "1MIN", **SPAN}),
        (http.GetFunding, {"symbol": "S", "intervalMinutes": 0, **SPAN}),
        (http.GetOpenInterest, {"symbol": "S", "intervalMinutes": 0, **SPAN}),
        (http.GetTakerVolume, {"symbol": "S", "intervalMinutes": 0, **SPAN}),
        (http.GetSettlementPrices, {"limit": 0}),
        (http.GetSettlementPrices, {"limit": 1001}),
        (http.GetSymbolLongShort, {"symbol": "S", "interval": "", **SPAN}),
        (http.GetUnderlier, {"symbol": "S", "interval": "", **SPAN}),
        (http.GetUnderlier, {"symbol": "S", "interval": "1h", "fromISO": "now", "toISO": "now"}),
        (http.GetRefdata, {"ticker": "s"}),
    ],
    ids=str,
)
def test_a_call_out_of_its_documented_bounds_is_refused(made: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        made(**fields)


def test_the_smallest_limit_passes() -> None:
    assert http.GetSettlementPrices(limit=1).limit == 1


def test_an_answer_with_its_required_members_alone_is_read_and_the_rest_is_none_or_empty() -> None:
    (instrument,) = http.GetRefdata().parse(b'{"data": [{"symbol": "S", "tick_size": "0.01", "lot_size": 1}]}').data
    assert (instrument.tick_size, instrument.lot_size, instrument.status) == (D("0.01"), D(1), None)
    assert (instrument.order_types, instrument.order_time_in_force, instrument.market_hours) == ((), (), None)
    candle = b'{"startedAt": "t", "open": "1", "high": 2, "low": 0.5, "close": "1.50"}'
    (read,) = CALLS[0][0].parse(b'{"candles": [' + candle + b"]}").candles
    assert (read.close, read.trades) == (D("1.50"), None)
    for call in (call for call, _, reads in CALLS if "data" in dir(reads) and reads is not http.Refdata):
        answer = call.parse(b"{}")
        assert (answer.data, answer.count) == ((), None)
    assert CALLS[0][0].parse(b'{"candles": null}').candles == ()
