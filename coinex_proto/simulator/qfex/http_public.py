"""What the public paths of the local QFEX answer over HTTP, out of the market of its sockets.

Source: OpenAPI files of the venue. Candles and reference data are texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from coinex_proto.simulator.market.amounts import UNIT_PLACES, to_short_text
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.qfex.catalogue import QUOTE
from coinex_proto.simulator.qfex.feeds import CANDLE_MINUTES
from coinex_proto.simulator.qfex.http_call import SYMBOL, Call, Paths, Problem, counted
from coinex_proto.simulator.qfex.wire import moment, number, uuid

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
MAX_LIMIT: Final = 1000
RATE_PLACES: Final = 8
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALL_DAY: Final = {"open": "00:00", "close": "24:00"}
MARKET_HOURS: Final[dict[str, str | dict[str, str]]] = {"tz": "America/New_York", **dict.fromkeys(WEEKDAYS, ALL_DAY)}
"""The local venue trades at any time, unless a market is halted."""


def _refdata(call: Call) -> dict[str, Any]:
    named = call.params.get("ticker")
    markets = [call.market_of(named)] if named else list(call.server.feeds.markets.values())
    return {"type": "refdata", "data": [_instrument(call, market) for market in markets]}


def _instrument(call: Call, market: Market) -> dict[str, Any]:
    spec = market.spec
    mark = call.server.exchange.marks.mark(market)
    return {
        "symbol": spec.name,
        "clobPairId": uuid("pair", spec.name),
        "status": "INACTIVE" if market.is_halted else "ACTIVE",
        "tick_size": to_short_text(1, spec.price_places),
        "lot_size": to_short_text(1, spec.amount_places),
        "min_price": to_short_text(1, spec.price_places),
        "max_price": to_short_text(10**8, spec.price_places),
        "min_quantity": to_short_text(spec.min_amount, spec.amount_places),
        "max_quantity": to_short_text(10**12, spec.amount_places),
        "base_asset": spec.base,
        "quote_asset": spec.name.rpartition("-")[2],
        "margin_asset": QUOTE,
        "underlier_price": market.price_text(call.server.exchange.marks.index(market)),
        "price_change_24h": market.price_text(mark - spec.start_price),
        "default_max_leverage": 20,
        "order_types": ["LIMIT", "MARKET", "ALO", "TAKE_PROFIT", "STOP_LOSS"],
        "order_time_in_force": ["GTC", "IOC", "FOK"],
        "market_hours": MARKET_HOURS,
        "product_category": "equity",
    }


def _candles(call: Call) -> dict[str, Any]:
    market, resolution = call.market, call.params.get("resolution", "")
    if resolution not in CANDLE_MINUTES:
        raise Problem(422, "no such resolution")
    (start, end), span = call.span(), CANDLE_MINUTES[resolution] * MINUTE_MS
    groups: dict[int, list[Any]] = {}
    for candle in market.minutes:
        groups.setdefault(candle.start_ms - candle.start_ms % span, []).append(candle)
    rows = [
        _candle(call, market, resolution, at, minutes)
        for at, minutes in sorted(groups.items(), reverse=True)
        if start <= at <= end
    ]
    return {"candles": rows[:MAX_LIMIT]}


def _candle(call: Call, market: Market, resolution: str, at: int, minutes: list[Any]) -> dict[str, Any]:
    first, last = minutes[0], minutes[-1]
    return {
        "ticker": market.spec.name,
        "startedAt": moment(at),
        "resolution": resolution,
        "open": market.price_text(first.open),
        "high": market.price_text(max(one.high for one in minutes)),
        "low": market.price_text(min(one.low for one in minutes)),
        "close": market.price_text(last.close),
        "baseTokenVolume": market.amount_text(sum(one.lots for one in minutes)),
        "usdVolume": to_short_text(sum(one.value for one in minutes), UNIT_PLACES),
        "trades": sum(
            1 for deal in market.deals if at <= deal.created_ms < at + CANDLE_MINUTES[resolution] * MINUTE_MS
        ),
        "orderbookMidPriceOpen": market.price_text(first.open),
        "orderbookMidPriceClose": market.price_text(last.close),
        "startingOpenInterest": market.amount_text(call.server.exchange.futures.open_interest(market.spec.key)),
    }


def _window(call: Call) -> int:
    """Of the parameter `intervalMinutes`, in ms."""
    return call.whole("intervalMinutes", 60, 1, 60 * 24 * 31) * MINUTE_MS


def _funding(call: Call) -> dict[str, Any]:
    market, (start, end), span = call.market, call.span(), _window(call)
    rows = [
        {"intervalMinutes": span // MINUTE_MS, "rate": number(rate, RATE_PLACES), **_at(market, at, span)}
        for at, rate in call.server.exchange.fundings.get(market.spec.key, ())
        if start <= at <= end
    ]
    return counted(rows)


def _at(market: Market, at: int, span: int) -> dict[str, Any]:
    return {"symbol": market.spec.name, "windowStart": moment(at - at % span)}


def _open_interest(call: Call) -> dict[str, Any]:
    market, (start, end), span = call.market, call.span(), _window(call)
    now, held = call.server.exchange.now_ms, call.server.exchange.futures.open_interest(market.spec.key)
    row = {
        "intervalMinutes": span // MINUTE_MS,
        "openInterest": number(held, market.spec.amount_places),
        **_at(market, now, span),
    }
    return counted([row] if start <= now <= end else [])


def _settlement_calendar(call: Call) -> dict[str, Any]:
    market, until = call.market, call.server.exchange.now_ms + 30 * DAY_MS
    return {
        "qfex_symbol": market.spec.name,
        "future_symbol": _future(market),
        "expiration": moment(until - until % DAY_MS),
        "active_until": moment(until - until % DAY_MS - 7 * DAY_MS),
    }


def _future(market: Market) -> str:
    return f"{market.spec.base}Z6"


def _settlement_prices(call: Call) -> dict[str, Any]:
    now, (start, end) = call.server.exchange.now_ms, call.span("start", "end")
    day = now - now % DAY_MS
    rows = [_settlement(call, market, day) for market in call.markets if start <= day <= end]
    return counted(rows[: call.whole("limit", 100, 1, MAX_LIMIT)])


def _settlement(call: Call, market: Market, day: int) -> dict[str, Any]:
    price = number(call.server.exchange.marks.index(market), market.spec.price_places)
    return {
        "symbol": market.spec.name,
        "asof": moment(day)[:10],
        "future_symbol": _future(market),
        "future_settlement_price": price,
        "spot_settlement_price": price,
        "spot_to_future_ratio": number(1, 0),
        "inserted_at": moment(day),
    }


def _long_short(call: Call) -> dict[str, Any]:
    market, (start, end), now = call.market, call.span(), call.server.exchange.now_ms
    held = [
        position.lots
        for position in call.server.exchange.futures.open_positions()
        if position.market == market.spec.key
    ]
    row = {
        "interval": call.params.get("interval", ""),
        "longUsers": sum(lots > 0 for lots in held),
        "shortUsers": sum(lots < 0 for lots in held),
        **_at(market, now, HOUR_MS),
    }
    return counted([row] if start <= now <= end else [])


def _taker_volume(call: Call) -> dict[str, Any]:
    market, (start, end), span = call.market, call.span(), _window(call)
    windows: dict[int, dict[str, tuple[int, int]]] = {}
    for deal in market.deals:
        if start <= deal.created_ms <= end:
            sums = windows.setdefault(deal.created_ms - deal.created_ms % span, {"buy": (0, 0), "sell": (0, 0)})
            lots, value = sums[deal.side]
            sums[deal.side] = lots + deal.lots, value + market.spec.value(deal.price, deal.lots)
    return counted([_taken(market, at, span, sums) for at, sums in sorted(windows.items(), reverse=True)])


def _taken(market: Market, at: int, span: int, sums: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    (bought, paid), (sold, got), places = sums["buy"], sums["sell"], market.spec.amount_places
    return {
        "intervalMinutes": span // MINUTE_MS,
        "netTakerQty": number(bought - sold, places),
        "takerBuyQty": number(bought, places),
        "takerBuyNotional": number(paid, UNIT_PLACES),
        "takerSellQty": number(sold, places),
        "takerSellNotional": number(got, UNIT_PLACES),
        **_at(market, at, span),
    }


def _underlier(call: Call) -> dict[str, Any]:
    market, (start, end), now = call.market, call.span(), call.server.exchange.now_ms
    price = number(call.server.exchange.marks.index(market), market.spec.price_places)
    prices = dict.fromkeys(("openPrice", "highPrice", "lowPrice", "closePrice"), price)
    row = {"interval": call.params.get("interval", ""), **prices, **_at(market, now, HOUR_MS)}
    return counted([row] if start <= now <= end else [])


PATHS: Final[Paths] = {
    ("GET", f"/candles/{SYMBOL}"): (False, _candles),
    ("GET", f"/funding/{SYMBOL}"): (False, _funding),
    ("GET", f"/open-interest/{SYMBOL}"): (False, _open_interest),
    ("GET", "/refdata"): (False, _refdata),
    ("GET", "/settlement-calendar"): (False, _settlement_calendar),
    ("GET", "/settlement-prices"): (False, _settlement_prices),
    ("GET", f"/symbol-long-short/{SYMBOL}"): (False, _long_short),
    ("GET", f"/taker-volume/{SYMBOL}"): (False, _taker_volume),
    ("GET", f"/underlier/{SYMBOL}"): (False, _underlier),
}
